#ifndef SYNC_CONFIG_DOTENV_H
#define SYNC_CONFIG_DOTENV_H

#include "base/error.h"

#include <stdbool.h>
#include <stddef.h>

/* One assignment of a .env file. The texts live during the call. */
struct dotenv_entry {
    const char *name;
    const char *value; /* without its quotes (may be a secret) */
    unsigned line;     /* from 1 */
    bool
        ended_by_comment; /* unquoted, and the # of a comment follows it without a blank: perhaps a mistake */
};

typedef void dotenv_found(void *context, const struct dotenv_entry *entry);

/*
 * Reads the bytes of a .env file and calls `found` for each assignment, in the order of the file; of two with
 * the same name the later one counts, which is the caller's to see to. On failure `*ret_line` is the line
 * that cannot be read and the error says why, without quoting it; assignments before it have been found by
 * then.
 */
bool dotenv_parse(const char *bytes, size_t size, dotenv_found *found, void *context, unsigned *ret_line,
                  struct error *error) MUST_USE;

#endif
