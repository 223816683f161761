#ifndef SYNC_ENGINE_OUTLET_H
#define SYNC_ENGINE_OUTLET_H

#include "engine/engine.h"
#include "engine/gate.h"
#include "engine/pace.h"
#include "engine/rest.h"
#include "engine/restraint.h"

/*
 * The way out to the homeserver: how many calls are under way (each has a slot), whether one more may be
 * sent, and how the homeserver is, as far as replies tell. Whoever sends calls through it says so when their
 * replies come.
 */

/* How calls of one kind fare. */
struct outlet_kind {
    instant succeeded;  /* when one last did what it is for */
    const void *failed; /* the subject that one failed for since; NULL: none did */
    bool several;       /* and another subject, too */
};

struct outlet {
    struct engine_homeserver homeserver;
    bool ready; /* the session is there */
    unsigned in_flight;
    struct gate gate;
    struct pace pace;
    struct rest rest;
    struct restraint restraint;
    instant last_answer; /* that was of use */
    instant last_write;  /* that succeeded: reads may go well while the homeserver can write nothing */
    struct outlet_kind kinds[SYNAPSE_KINDS];
    uint64_t ended[SYNAPSE_OUTCOMES]; /* calls, by what came of them */
};

/* As many calls at a time as the config says. */
void outlet_init(struct outlet *outlet, const struct engine_homeserver *homeserver,
                 const struct engine_config *config);

/* How many calls may be under way now. */
unsigned outlet_width(const struct outlet *outlet);

/* Whether a call may be sent; if not, this is to be asked again at *ret_at (INSTANT_NEVER: when something was
   answered, a sign came, or the session has changed). */
bool outlet_is_free(struct outlet *outlet, instant *ret_at);
/* Sends the call. `done` must call outlet_answered() before all else. */
void outlet_send(struct outlet *outlet, const struct synapse_call *call,
                 void (*done)(void *context, struct synapse_reply *reply), void *context);
/* The reply to a call that was sent at `sent`. What nobody answered while others were answered counts as
   failed: it is that call which fails, and it must not hold up all others. */
void outlet_answered(struct outlet *outlet, enum synapse_kind kind, struct synapse_reply *reply,
                     instant sent);

/*
 * Whether a call that failed with this reply is at fault itself, since others succeeded lately; takes note of
 * the failure. Others of its kind are proof. Writes of other kinds will do as long as the homeserver could
 * not and nobody else has met the same; but where it would not (reply->unwilling), this kind may be refused
 * to the sync user altogether.
 */
bool outlet_serves_others(struct outlet *outlet, enum synapse_kind kind, const struct synapse_reply *reply,
                          const void *subject, instant now);
/* Why no call goes out although the session is there, in the homeserver's words; NULL: calls do. */
const char *outlet_trouble(const struct outlet *outlet);
/* Nothing is under way and nothing can be sent. */
bool outlet_is_stuck(const struct outlet *outlet);

#endif
