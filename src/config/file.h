#ifndef SYNC_CONFIG_FILE_H
#define SYNC_CONFIG_FILE_H

#include "base/error.h"

#include <stddef.h>

enum file_result {
    FILE_READ,
    FILE_MISSING, /* there is no such file */
    FILE_FAILED,  /* it cannot be read, or is larger than the limit; the error says which */
};

/* Reads a whole file of at most `limit` bytes; the caller frees *ret_bytes, which are terminated. For
   FILE_MISSING there is an error text, too. The error does not tell the path, which may be a secret that
   somebody put in its place. */
enum file_result file_read(const char *path, size_t limit, char **ret_bytes, size_t *ret_size,
                           struct error *error) MUST_USE;

/*
 * Reads a secret: a file of at most 64 KiB without NUL bytes; one line break at its end does not count. The
 * caller frees *ret_secret with text_free_secret(); it may be empty.
 */
enum file_result file_read_secret(const char *path, char **ret_secret, struct error *error) MUST_USE;

#endif
