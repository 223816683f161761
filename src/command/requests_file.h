#ifndef SYNC_COMMAND_REQUESTS_FILE_H
#define SYNC_COMMAND_REQUESTS_FILE_H

#include "request/split.h"

#include <stdio.h>

/*
 * A file of requests: one, a JSON array, or one per line (request/split.h). Its bytes are held as a whole,
 * the requests are made of them one after the other, as they are needed.
 */
struct requests_file {
    const char *name; /* for people */
    char *bytes;      /* may hold passwords (secret) */
    size_t size;
};

/* Reads it; NULL or "-" is the standard input. False: it cannot be read, or is too large. */
bool requests_file_read(struct requests_file *file, const char *name, struct error *error) MUST_USE;
void requests_file_deinit(struct requests_file *file);

/* Looks at all requests, and prints a line for each that is none: where, and what was expected. False: there
   are some; else *ret_count is how many requests there are. */
bool requests_file_check(const struct requests_file *file, const struct request_rules *rules,
                         FILE *complaints, size_t *ret_count) MUST_USE;

/* Where a request stands: `line 7`, or `[2], line 7` for the third one of an array. The caller frees it. */
char *requests_file_place(const struct request_part *part) MUST_USE;

/* The next request of a file that was checked; NULL: that was all. */
struct request *requests_file_next(struct request_split *split, const struct request_rules *rules,
                                   struct request_part *ret_part) MUST_USE;

#endif
