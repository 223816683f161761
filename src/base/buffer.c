#include "base/buffer.h"

#include "base/memory.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { FIRST_CAPACITY = 256 };

/* What is larger is enlarged where it is, if that can be done, rather than copied and overwritten. */
enum { LARGEST_SECRET = 65536 };

void buffer_init(struct buffer *buffer, size_t maximum)
{
    *buffer = (struct buffer){.maximum = maximum};
}

void buffer_init_secret(struct buffer *buffer, size_t maximum)
{
    *buffer = (struct buffer){.maximum = maximum, .secret = true};
}

void buffer_deinit(struct buffer *buffer)
{
    if (buffer->secret)
        memory_free_secret(buffer->bytes);
    else
        free(buffer->bytes);
    *buffer = (struct buffer){.maximum = buffer->maximum, .secret = buffer->secret};
}

void buffer_clear(struct buffer *buffer)
{
    buffer->size = 0;
    buffer->overflowed = false;
    if (buffer->bytes)
        buffer->bytes[0] = '\0';
}

static void enlarge(struct buffer *buffer, size_t capacity)
{
    char *bytes;

    if (buffer->secret && buffer->capacity <= LARGEST_SECRET) {
        bytes = memory_resize(NULL, capacity, 1);
        if (buffer->bytes)
            memcpy(bytes, buffer->bytes, buffer->size + 1);
        memory_free_secret(buffer->bytes);
        buffer->bytes = bytes;
    } else {
        buffer->bytes = memory_resize(buffer->bytes, capacity, 1);
    }
    buffer->capacity = capacity;
}

/* Room for `more` bytes and the NUL behind them. */
static bool reserve(struct buffer *buffer, size_t more)
{
    size_t needed, capacity = buffer->capacity ? buffer->capacity : FIRST_CAPACITY;

    if (buffer->overflowed || more > buffer->maximum - buffer->size) {
        buffer->overflowed = true;
        return false;
    }
    needed = buffer->size + more + 1;
    while (capacity < needed)
        capacity *= 2;
    if (capacity != buffer->capacity)
        enlarge(buffer, capacity);
    return true;
}

bool buffer_append(struct buffer *buffer, const void *bytes, size_t size)
{
    if (!reserve(buffer, size))
        return false;
    if (size > 0)
        memcpy(buffer->bytes + buffer->size, bytes, size);
    buffer->size += size;
    buffer->bytes[buffer->size] = '\0';
    return true;
}

bool buffer_append_text(struct buffer *buffer, const char *text)
{
    return buffer_append(buffer, text, strlen(text));
}

bool buffer_append_char(struct buffer *buffer, char byte)
{
    return buffer_append(buffer, &byte, 1);
}

bool buffer_append_format(struct buffer *buffer, const char *format, ...)
{
    char text[256]; /* most are short, and need to be formatted only once */
    va_list arguments, again;
    bool fits = false;
    int length;

    va_start(arguments, format);
    va_copy(again, arguments);
    length = vsnprintf(text, sizeof(text), format, arguments);
    if (length >= 0 && (size_t)length < sizeof(text)) {
        fits = buffer_append(buffer, text, (size_t)length);
    } else if (length >= 0 && reserve(buffer, (size_t)length)) {
        (void)vsnprintf(buffer->bytes + buffer->size, (size_t)length + 1, format, again);
        buffer->size += (size_t)length;
        fits = true;
    }
    va_end(again);
    va_end(arguments);
    return fits;
}

const char *buffer_text(const struct buffer *buffer)
{
    return buffer->bytes ? buffer->bytes : "";
}

char *buffer_take(struct buffer *buffer)
{
    char *bytes = buffer->bytes ? buffer->bytes : text_copy("");

    buffer->bytes = NULL;
    buffer_deinit(buffer);
    return bytes;
}
