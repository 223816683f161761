#ifndef SYNC_BASE_BUFFER_H
#define SYNC_BASE_BUFFER_H

#include "base/error.h"

#include <stdbool.h>
#include <stddef.h>

/*
 * A growing run of bytes that names its maximum when it is made. The bytes are always followed by a NUL that
 * does not count. An append that would pass the maximum appends nothing and returns false; the buffer then
 * remembers it (`overflowed`), so that a series of appends can be checked once at its end.
 */
struct buffer {
    char *bytes; /* NULL until the first append */
    size_t size;
    size_t capacity;
    size_t maximum;
    bool overflowed;
    bool secret; /* the bytes are overwritten before they are freed */
};

void buffer_init(struct buffer *buffer, size_t maximum);
/* Of bytes that may hold a secret, in their first 64 KiB: these are overwritten wherever they have been. */
void buffer_init_secret(struct buffer *buffer, size_t maximum);
/* Frees the bytes; the buffer may be used again. A zeroed buffer is fine. */
void buffer_deinit(struct buffer *buffer);
/* Forgets the bytes and the overflow, keeps the memory. */
void buffer_clear(struct buffer *buffer);

bool buffer_append(struct buffer *buffer, const void *bytes, size_t size);
bool buffer_append_text(struct buffer *buffer, const char *text);
bool buffer_append_char(struct buffer *buffer, char byte);
bool buffer_append_format(struct buffer *buffer, const char *format, ...) PRINTF_LIKE(2, 3);

/* The bytes as a terminated text, "" when there are none; owned by the buffer. */
const char *buffer_text(const struct buffer *buffer);
/* The bytes as a terminated text that the caller frees; the buffer is empty afterwards. */
char *buffer_take(struct buffer *buffer) MUST_USE;

#endif
