#ifndef SYNC_BASE_MEMORY_H
#define SYNC_BASE_MEMORY_H

#include "base/error.h"

#include <stdbool.h>
#include <stddef.h>

/*
 * Allocation that does not fail: when memory runs out, one line goes to standard error and the process
 * aborts (see base/error.h for why that loses nothing). Everything here is released with free().
 */

/* Ends the process like that if there is no such thing: of a library's function that can fail only for want
   of memory. */
void memory_must(bool success);
/* The line that is written then, newline included; it must stay. Before it: one in logfmt. */
void memory_set_last_line(const char *line);

/* Zeroed memory for `count` objects of `size` bytes. */
void *memory_new(size_t count, size_t size) MUST_USE __attribute__((malloc));

/* The block enlarged to `count` objects of `size` bytes; new bytes are undefined. */
void *memory_resize(void *block, size_t count, size_t size) MUST_USE;

/* Like those of C, for libraries that are told what to allocate with; memory_free_secret() is their free():
   what a library sends or reads for us may be a secret, so no block is given back, or left for a larger one,
   with what stood in it. */
void *memory_malloc(size_t size) MUST_USE;
void *memory_calloc(size_t count, size_t size) MUST_USE;
void *memory_realloc(void *block, size_t size) MUST_USE;

/* A zeroed object of the given type. */
#define NEW(type) ((type *)memory_new(1, sizeof(type)))

/* A copy of the text; NULL gives NULL. */
char *text_copy(const char *text) MUST_USE;

/* A copy of the first `length` bytes, terminated. */
char *text_copy_bytes(const char *bytes, size_t length) MUST_USE;

/* A new text by printf rules. */
char *text_format(const char *format, ...) MUST_USE PRINTF_LIKE(1, 2);

/* Puts a copy of the text, or NULL, in the place of what is there, which is freed. */
void text_set(char **place, const char *text);

/* Both NULL, or both equal. */
bool text_equal(const char *a, const char *b);

/* Overwrites the whole block, in a way that the compiler cannot leave out: a secret does not end at the first
   NUL, and a block may hold more than what was asked for. NULL is fine. */
void memory_wipe(void *block);
/* The same, and frees it. */
void memory_free_secret(void *block);
/* The same for a text. */
void text_free_secret(char *text);

#endif
