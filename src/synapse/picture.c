#include "synapse/picture.h"

#include "base/cleanup.h"
#include "base/memory.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { LARGEST = 4 * 1024 * 1024 };

static const char *content_type(const char *bytes, size_t size)
{
    static const struct {
        size_t at;
        const char *magic, *type;
    } kinds[] = {
        {0, "\x89PNG\r\n\x1a\n", "image/png"},
        {0, "\xff\xd8\xff", "image/jpeg"},
        {0, "GIF8", "image/gif"},
        {8, "WEBP", "image/webp"},
    };

    for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
        size_t length = strlen(kinds[i].magic);

        if (size >= kinds[i].at + length && memcmp(bytes + kinds[i].at, kinds[i].magic, length) == 0)
            return kinds[i].type;
    }
    return "application/octet-stream";
}

static bool read_all(int fd, char *bytes, size_t size)
{
    for (size_t done = 0; done < size;) {
        ssize_t count = read(fd, bytes + done, size - done);

        if (count <= 0)
            return false;
        done += (size_t)count;
    }
    return true;
}

bool picture_read(const char *path, struct picture *ret_picture, struct error *error)
{
    /* Not to wait where the path leads to a pipe. */
    CLEANUP(closep) int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    CLEANUP(freep) char *bytes = NULL;
    struct stat status;
    size_t size;

    if (fd < 0 || fstat(fd, &status) < 0)
        return error_set(error, "%s: %s", path, strerror(errno));
    if (!S_ISREG(status.st_mode))
        return error_set(error, "%s: not a file", path);
    if (status.st_size == 0 || status.st_size > LARGEST)
        return error_set(error, "%s: it is empty or larger than %d MiB", path, LARGEST / 1024 / 1024);
    size = (size_t)status.st_size;
    bytes = memory_new(size, 1);
    if (!read_all(fd, bytes, size))
        return error_set(error, "%s: it cannot be read", path);
    ret_picture->content_type = content_type(bytes, size);
    ret_picture->bytes = TAKE(bytes);
    ret_picture->size = size;
    return true;
}
