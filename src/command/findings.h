#ifndef SYNC_COMMAND_FINDINGS_H
#define SYNC_COMMAND_FINDINGS_H

#include "base/error.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

/*
 * What a check has found, line by line: how it stands, what was looked at, what was found, and what to do.
 */
enum finding_status { FINDING_OK, FINDING_WARNING, FINDING_ERROR };

struct finding {
    enum finding_status status;
    const char *area; /* "broker"; a constant */
    char *name;       /* "login" */
    char *detail;     /* what was found */
    char *advice;     /* what to do; NULL: nothing */
};

struct findings {
    struct finding *all;
    size_t count;
    size_t of[FINDING_ERROR + 1]; /* how many of each status */
    const char *area;             /* of what is added next */
};

/* Adds a line. What is hidden in words of others is made visible. */
void findings_add(struct findings *report, enum finding_status status, const char *name, const char *format,
                  ...) PRINTF_LIKE(4, 5);
/* Says what to do about the line that was added last. */
void findings_advise(struct findings *report, const char *format, ...) PRINTF_LIKE(2, 3);
/* Forgets all lines but the first `count`. */
void findings_cut(struct findings *report, size_t count);
/* The first line that is an error; NULL: there is none. */
const struct finding *findings_first_error(const struct findings *report);
/* As lines for people, or as JSON: a list of objects. False: it could not be written. */
bool findings_print(const struct findings *report, bool as_json, FILE *stream) MUST_USE;
/* A zeroed one is fine. */
void findings_deinit(struct findings *report);

#endif
