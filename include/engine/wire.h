#ifndef SYNC_ENGINE_WIRE_H
#define SYNC_ENGINE_WIRE_H

#include "engine/engine.h"
#include "engine/gate.h"
#include "engine/restraint.h"

/*
 * The way to the homeserver: how many calls are under way, whether one more may be sent, and how the
 * homeserver is, as far as replies tell. Whoever sends calls over it says so when their replies come.
 */
struct wire {
    struct engine_homeserver homeserver;
    unsigned concurrency; /* most calls at a time */
    bool ready;           /* the session is there */
    unsigned in_flight;   /* health aside */
    struct gate gate;
    struct restraint restraint;
    instant last_answer; /* that was of use */
    instant last_write;  /* that succeeded: reads may go well while the homeserver can write nothing */
    void (*heard)(void *context); /* of the homeserver's health: it may let calls through again */
    void *context;
};

void wire_init(struct wire *wire, const struct engine_homeserver *homeserver, unsigned concurrency,
               void (*heard)(void *context), void *context);

/* Whether a call may be sent; if not, this is to be asked again at *ret_at (INSTANT_NEVER: when something was
   answered, or the session has changed). Asks after the homeserver's health where that is due. */
bool wire_is_free(struct wire *wire, instant *ret_at);
/* Sends the call. `done` must call wire_answered() before all else. */
void wire_send(struct wire *wire, const struct synapse_call *call,
               void (*done)(void *context, struct synapse_reply *reply), void *context);
/* The reply to a call that was sent at `sent`. What nobody answered while others were answered counts as
   failed: it is that call which fails, and it must not hold up all others. */
void wire_answered(struct wire *wire, enum synapse_kind kind, struct synapse_reply *reply, instant sent);

/* Whether a write has succeeded lately: what fails now is at fault itself. */
bool wire_serves_others(const struct wire *wire, instant now);
/* Nothing is under way and nothing can be sent. */
bool wire_is_stuck(const struct wire *wire);

#endif
