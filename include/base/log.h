#ifndef SYNC_BASE_LOG_H
#define SYNC_BASE_LOG_H

#include "base/error.h"

#include <stdbool.h>
#include <stdint.h>

/*
 * One line for one event, to standard error: a fixed event name first, then key=value.
 *
 *     log_info("connected", LOG_TEXT("queue", queue), LOG_NUMBER("messages", 17));
 *     level=info event=connected queue=matrix_sync_populated messages=17
 *
 * When standard error goes to the journal, a line begins with its level (`<4>`, see sd-daemon(3)), and no
 * time is written, since the journal stamps lines itself; else `time=` comes first. Values are quoted where
 * needed and cut at 2 kB; what is hidden in them is escaped (base/visible.h). The level and format are the
 * one piece of global state of the program.
 */
enum log_level { LOG_ERROR, LOG_WARNING, LOG_INFO, LOG_DEBUG };
enum log_format { LOG_LOGFMT, LOG_JSON };

enum log_kind { LOG_KIND_END, LOG_KIND_TEXT, LOG_KIND_NUMBER };

struct log_field {
    enum log_kind kind;
    const char *key;
    const char *text;
    int64_t number;
};

/* A field with a text; one with NULL as its text is left out of the line. */
#define LOG_TEXT(key_, text_) ((struct log_field){.kind = LOG_KIND_TEXT, .key = (key_), .text = (text_)})
#define LOG_NUMBER(key_, number_)                                                                            \
    ((struct log_field){.kind = LOG_KIND_NUMBER, .key = (key_), .number = (int64_t)(number_)})

#define log_error(event, ...) log_line_(LOG_ERROR, event, ##__VA_ARGS__)
#define log_warning(event, ...) log_line_(LOG_WARNING, event, ##__VA_ARGS__)
#define log_info(event, ...) log_line_(LOG_INFO, event, ##__VA_ARGS__)
#define log_debug(event, ...) log_line_(LOG_DEBUG, event, ##__VA_ARGS__)

/* The first field is none: it only lets the others be none, too. */
#define log_line_(level, event, ...)                                                                         \
    log_write(level, event,                                                                                  \
              (const struct log_field[]){LOG_TEXT("", NULL), ##__VA_ARGS__, {.kind = LOG_KIND_END}})

/* Level and format of all lines that follow; before it: LOG_INFO, LOG_LOGFMT. */
void log_configure(enum log_level level, enum log_format format);

/* Calls this before each line that is written: what else is on the terminal may have to make way. NULL:
 * nothing.
 */
void log_call_before(void (*before)(void *context), void *context);

/* Whether lines of this level are written. */
bool log_wants(enum log_level level);

/* Writes the line; fields end with LOG_KIND_END. Use the macros above. */
void log_write(enum log_level level, const char *event, const struct log_field *fields);

#endif
