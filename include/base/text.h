#ifndef SYNC_BASE_TEXT_H
#define SYNC_BASE_TEXT_H

#include <stddef.h>
#include <stdint.h>

/*
 * Texts as characters: UTF-8 (RFC 3629), as libunistring reads it.
 */

/* The number of bytes of the character that the text begins with, and its code; 0 if it begins with none, or
   is at its end. A terminated text is not read beyond its end. */
size_t text_read(const char *text, uint32_t *ret_code);

/* How much of the text fits into `most` bytes: the length of its longest beginning that does not end inside
   of a character. What is behind a byte that is no text does not fit. */
size_t text_cut(const char *text, size_t most);

/* The bytes as hexadecimal digits in lower case (RFC 4648, 8), and their end: 2 * size + 1 characters. */
void text_write_hex(char *ret_text, const void *bytes, size_t size);

#endif
