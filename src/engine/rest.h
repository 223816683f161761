#ifndef SYNC_ENGINE_REST_H
#define SYNC_ENGINE_REST_H

#include "base/instant.h"

#include <stdbool.h>

/*
 * Rests: while nobody is in a hurry, calls go out one at a time, and after each write none for as long as the
 * write took, times `factor`. So the homeserver has as much time for the people who chat as it spends on us.
 *
 * Pure: time comes as an argument.
 */
struct rest {
    unsigned factor; /* 0: there are no rests */
    instant until;   /* no call is begun before */
};

enum { LONGEST_REST = 10 * 1000 /* ms: however long a write took, nobody waits for long */ };

void rest_init(struct rest *rest);
/* Ends a rest unless there are to be some. */
void rest_set_factor(struct rest *rest, unsigned factor);
/* How many calls may be under way, where `most` may otherwise. */
unsigned rest_width(const struct rest *rest, unsigned most);
/* A write that was sent at `sent` was answered, or will not be. */
void rest_written(struct rest *rest, instant sent, instant now);

#endif
