#ifndef SYNC_ENGINE_ERRANDS_H
#define SYNC_ENGINE_ERRANDS_H

#include "engine/ledger.h"
#include "engine/mirror.h"
#include "engine/outlet.h"

/*
 * The calls that no subject makes for itself: those of the mirror and of the ledger, whom subjects wait for.
 * Sees to it that they go out before all else, and tells those who waited when they were answered.
 */
struct errand_handlers {
    /* A subject that waited for the mirror may look again. */
    void (*woken)(void *context, struct subject *subject);
    /* As of when the records must be known that the subject is told. */
    instant (*as_of)(void *context, const struct subject *subject);
    /* Since when nobody else can have been at work on our messages. */
    instant (*lease_since)(const void *context);
    /* The flight's call was answered by the ledger, and is over; `reply` NULL: it is to be made again. The
       flight is the callee's now, the reply's records are not. */
    void (*answered)(void *context, struct flight *flight, struct synapse_reply *reply);
    /* All who waited have been told. */
    void (*done)(void *context);
    void *context;
};

struct errands {
    struct outlet *outlet;
    struct mirror mirror;
    struct ledger ledger;
    struct errand_handlers handlers;
};

/* All is borrowed. The mirror is initialized by itself, with what it has to know (mirror_init()). */
void errands_init(struct errands *errands, struct outlet *outlet, const struct errand_handlers *handlers);
void errands_deinit(struct errands *errands);

/* The flight, for SYNAPSE_READ_RECORDS or SYNAPSE_WRITE_RECORDS, is answered at once, or later. */
void errands_ask(struct errands *errands, struct flight *flight);

/*
 * Sends the next call, if there is one; false: there is none, and *ret_at is when to ask again
 * (INSTANT_NEVER: not before something happens). `quiet`: nobody is about to come who might join. *ret_asker
 * is the subject that the call is counted for; NULL: none.
 */
bool errands_send(struct errands *errands, bool quiet, instant *ret_at, const struct subject **ret_asker);

#endif
