#include "base/memory.h"

#include "base/cleanup.h"

#include <malloc.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const char *last_line = "level=error event=out-of-memory\n";

void memory_set_last_line(const char *line)
{
    last_line = line;
}

void memory_must(bool success)
{
    if (success)
        return;
    (void)!write(STDERR_FILENO, last_line, strlen(last_line));
    abort();
}

static void *must_have(void *block)
{
    memory_must(block);
    return block;
}

void *memory_resize(void *block, size_t count, size_t size)
{
    return must_have(reallocarray(block, count ? count : 1, size ? size : 1));
}

/* Small ones not by calloc(): that of glibc goes past the thread's own list of free blocks (malloc/malloc.c,
   before 2.41), which costs more than to write the zeros. Large ones come from the kernel as zeros, page by
   page as they are used. */
void *memory_new(size_t count, size_t size)
{
    enum { LARGE = 128 * 1024 };
    void *block;

    if (size > 0 && count > LARGE / size)
        return must_have(calloc(count, size));
    block = memory_resize(NULL, count, size);
    (void)memset(block, 0, count * size);
    return block;
}

void *memory_malloc(size_t size)
{
    return memory_resize(NULL, size, 1);
}

void *memory_calloc(size_t count, size_t size)
{
    return must_have(calloc(count ? count : 1, size ? size : 1));
}

void *memory_realloc(void *block, size_t size)
{
    size_t room = malloc_usable_size(block);
    void *larger;

    if (block && size <= room)
        return block;
    larger = memory_malloc(size);
    if (block)
        memcpy(larger, block, room);
    memory_free_secret(block);
    return larger;
}

char *text_copy(const char *text)
{
    return text ? must_have(strdup(text)) : NULL;
}

char *text_copy_bytes(const char *bytes, size_t length)
{
    char *copy = memory_resize(NULL, length + 1, 1);

    if (length > 0)
        memcpy(copy, bytes, length);
    copy[length] = '\0';
    return copy;
}

char *text_format(const char *format, ...)
{
    va_list arguments;
    char *text = NULL;
    int length;

    va_start(arguments, format);
    length = vasprintf(&text, format, arguments);
    va_end(arguments);
    return must_have(length < 0 ? NULL : text);
}

void text_set(char **place, const char *text)
{
    char *copy = text_copy(text);

    free(*place);
    *place = copy;
}

bool text_equal(const char *a, const char *b)
{
    if (!a || !b)
        return a == b;
    return strcmp(a, b) == 0;
}

void memory_wipe(void *block)
{
    if (block)
        explicit_bzero(block, malloc_usable_size(block));
}

void memory_free_secret(void *block)
{
    memory_wipe(block);
    free(block);
}

void text_free_secret(char *text)
{
    memory_free_secret(text);
}

void freep(void *pointer)
{
    free(*(void **)pointer);
}

void text_free_secretp(char **text)
{
    text_free_secret(*text);
}

void closep(const int *fd)
{
    if (*fd >= 0)
        (void)close(*fd);
}
