#ifndef SYNC_ENGINE_PACE_H
#define SYNC_ENGINE_PACE_H

#include "base/instant.h"
#include "synapse/call.h"

#include <stdbool.h>

/*
 * The pace: how many calls may be under way at a time. As many as the homeserver really works on side by
 * side; more of them would only form a queue there, in which the people who chat stand, too.
 *
 * How many that are, the replies tell. If a call takes as long beside others as it does alone, all of them
 * are being worked on; if it takes twice as long, it waited for half of the time. So of `calls` at a time
 *
 *     calls * (time that the calls take alone) / (time that they took)
 *
 * are worked on, and the rest is a queue (Little's law, as TCP Vegas has it). While there is none, one more
 * is tried; what turns out to be a queue is taken back, and the next try comes later.
 *
 * Like is compared with like: how long a call takes alone is remembered for each kind, as an average rather
 * than the least, because a room may have ten members or a thousand. It is measured whenever a call happens
 * to be alone, and if none was for a while, or none of a kind ever, some are sent alone on purpose. What
 * waits for news (SYNAPSE_READ_CHANGES and the like) tells nothing, and neither does what failed. But where
 * the homeserver asks for patience or does not answer, half as many calls will do.
 *
 * Pure: time and replies come as arguments.
 */
struct pace_kind {
    double alone; /* ms that a call takes by itself, on average */
    unsigned seen;
};

/* Of calls that were sent since then. */
struct pace_sample {
    instant since;
    unsigned replies;
    double alone, taken; /* ms: that they would have taken alone, that they took */
};

struct pace {
    bool adapts;    /* else it is always `most` */
    unsigned most;  /* calls at a time, ever */
    unsigned calls; /* that are not too many, as far as is known; from 1 to `most` */
    unsigned under_way;
    instant crowded_at;                       /* when there was last more than one under way */
    struct pace_kind kinds[2][SYNAPSE_KINDS]; /* [1]: of calls that found nothing */

    struct pace_sample round;  /* of as many calls at a time as may be */
    struct pace_sample looked; /* of calls that are sent alone on purpose */
    unsigned look;             /* so many of these are still to come */

    bool tries;        /* so many were never too few before */
    unsigned patience; /* rounds without a queue until one more is tried */
    unsigned waited;   /* of them */
    instant backed_off_at;
    instant alone_at; /* when a call was last alone */
};

/* `most` is at least 1; `adapts`: else it is always that. */
void pace_init(struct pace *pace, unsigned most, bool adapts);
void pace_set_most(struct pace *pace, unsigned most);
/* How many calls may be under way; at least 1. */
unsigned pace_calls(const struct pace *pace);

/* A call is sent. */
void pace_sent(struct pace *pace, instant now);
/* A call that was sent at `sent` was answered, or will not be. */
void pace_answered(struct pace *pace, enum synapse_kind kind, enum synapse_outcome outcome, instant sent,
                   instant now);

#endif
