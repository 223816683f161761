#include "config/file.h"

#include "base/cleanup.h"
#include "base/memory.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

enum { LARGEST_SECRET = 65536 };

static enum file_result fail(int number, struct error *error)
{
    (void)error_set(error, "%s", strerror(number));
    return number == ENOENT || number == ENOTDIR ? FILE_MISSING : FILE_FAILED;
}

/* Reads until the end or until the block is full; -1: errno tells why. */
static ssize_t read_all(int fd, char *block, size_t capacity)
{
    size_t size = 0;

    while (size < capacity) {
        ssize_t count = read(fd, block + size, capacity - size);

        if (count < 0 && errno != EINTR)
            return -1;
        if (count == 0)
            break;
        if (count > 0)
            size += (size_t)count;
    }
    return (ssize_t)size;
}

enum file_result file_read(const char *path, size_t limit, char **ret_bytes, size_t *ret_size,
                           struct error *error)
{
    CLEANUP(closep) int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
    CLEANUP(text_free_secretp) char *bytes = NULL;
    ssize_t size;

    if (fd < 0)
        return fail(errno, error);
    bytes = memory_new(limit + 2, 1); /* one more than allowed, and a NUL */
    size = read_all(fd, bytes, limit + 1);
    if (size < 0)
        return fail(errno, error);
    if ((size_t)size > limit) {
        (void)error_set(error, "it is larger than %zu bytes", limit);
        return FILE_FAILED;
    }
    *ret_bytes = TAKE(bytes);
    *ret_size = (size_t)size;
    return FILE_READ;
}

enum file_result file_read_secret(const char *path, char **ret_secret, struct error *error)
{
    char *bytes = NULL;
    size_t size = 0;
    enum file_result result = file_read(path, LARGEST_SECRET, &bytes, &size, error);

    if (result != FILE_READ)
        return result;
    if (strlen(bytes) < size) {
        text_free_secret(bytes);
        (void)error_set(error, "it holds a NUL byte");
        return FILE_FAILED;
    }
    if (size > 0 && bytes[size - 1] == '\n')
        bytes[--size] = '\0';
    if (size > 0 && bytes[size - 1] == '\r')
        bytes[--size] = '\0';
    *ret_secret = bytes;
    return FILE_READ;
}
