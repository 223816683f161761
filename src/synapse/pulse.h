#ifndef SYNC_SYNAPSE_PULSE_H
#define SYNC_SYNAPSE_PULSE_H

#include "base/backoff.h"
#include "base/instant.h"
#include "http/http.h"
#include "loop/loop.h"
#include "synapse/call.h"
#include "synapse/sign.h"

#include <stdbool.h>

/*
 * The pulse of the homeserver: whether it is there, where the replies to calls do not tell.
 *
 * When calls are under way and none is answered for a while, GET /health is asked over a fresh connection,
 * which costs the homeserver nothing. If that is answered, it is slow; this is told once, and not asked again
 * on account of the same calls. If not, it is away, long before those calls run out of time. It may also be
 * said to be away (pulse_doubt). While it is, /health is asked for after pauses that grow, until that or any
 * call is answered: then it is back.
 *
 * It tells http, too, when connections are to be doubted, and when the server answers again.
 *
 * Whatever is told is told from the loop, never from within one of these functions.
 */
struct pulse {
    struct http *http;
    void (*tell)(void *context, const struct synapse_sign *sign);
    void *context;
    struct loop_timer timer;    /* when to look again; not set while it is asked how it is */
    struct http_call *question; /* that is under way; NULL: none */
    unsigned long sent;         /* requests, which are numbered from 1 on */
    unsigned long asked;        /* number of the last question */
    instant asked_at;
    unsigned long accounted; /* the last call that is known to be slow */
    unsigned long doubted;   /* the last one on a doubtful connection; 0: none is in doubt */
    unsigned awaited;        /* calls under way that are not known to be slow */
    instant heard_at;        /* when one last ended, or was sent when there was none */
    bool away;
    bool answered; /* while away; so it is back, which is told next */
    struct backoff pauses;
    instant back_at; /* when it came back last; INSTANT_PAST: never */
};

/* Both are borrowed. */
void pulse_init(struct pulse *pulse, struct http *http, struct loop *loop,
                void (*tell)(void *context, const struct synapse_sign *sign), void *context);
/* Must come before http_free(). Zeroed: nothing happens. */
void pulse_deinit(struct pulse *pulse);

/* A call is sent; its number. */
unsigned long pulse_sent(struct pulse *pulse);
/* It ended so. */
void pulse_heard(struct pulse *pulse, unsigned long number, enum http_result result,
                 enum synapse_outcome outcome);
/* It is not waited for any more. */
void pulse_forget(struct pulse *pulse, unsigned long number);

/* It is held to be away: asks for /health after a pause, of `retry_after` ms at least (-1: of any length). */
void pulse_doubt(struct pulse *pulse, int64_t retry_after);

#endif
