#ifndef SYNC_MONITOR_HISTORY_H
#define SYNC_MONITOR_HISTORY_H

#include "base/instant.h"
#include "monitor/monitor.h"

#include <time.h>

/*
 * What has happened, as far as the page tells of it: the last messages, how many ended in each minute of the
 * last hour, and how many were rejected for which reason.
 */
enum { HISTORY_MESSAGES = 25, HISTORY_MINUTES = 60, HISTORY_CODES = 16 };

struct history_message {
    time_t ended;
    bool is_rejected;
    int64_t duration;
    char *method, *subject, *code, *detail, *changes; /* NULL: none */
};

struct history_minute {
    unsigned done, rejected;
};

struct history_code {
    char *code; /* NULL: this and what follows is free */
    uint64_t count;
};

/* Zeroed before. */
struct history {
    struct history_message messages[HISTORY_MESSAGES]; /* a ring */
    size_t count;                                      /* of all that were told */
    struct history_minute minutes[HISTORY_MINUTES];    /* a ring, by number */
    int64_t minute;                                    /* number of the newest */
    struct history_code codes[HISTORY_CODES];          /* in the order in which they came */
};

void history_deinit(struct history *history);

void history_add(struct history *history, const struct monitor_message *message, instant now);

/* The newest message is number 0; NULL: there are no more. */
const struct history_message *history_message(const struct history *history, size_t number);
/* What ended in that minute: 0 is the one that is under way, below HISTORY_MINUTES. */
struct history_minute history_minute(const struct history *history, int64_t ago, instant now);

#endif
