#ifndef SYNC_ENGINE_GATE_H
#define SYNC_ENGINE_GATE_H

#include "base/backoff.h"
#include "base/instant.h"
#include "synapse/call.h"
#include "synapse/sign.h"

/*
 * The gate between the engine and the homeserver. While the homeserver cannot be reached, or asks for
 * patience, no call at all goes out for a while. Where it could not be reached, that is until a sign comes
 * that it is back. Then one call goes first, and the others follow when that was answered too. Opening and
 * closing are one log line each.
 *
 * A sign that it is away shuts the gate, long before the calls under way are given up. If it is slow, they
 * are overdue: they may take their time, or their connections may be dead without a word. They are waited
 * for, but others may take their slots.
 */
struct gate {
    enum {
        GATE_OPEN,
        GATE_SHUT,   /* until it is known to be back */
        GATE_TRYING, /* from `opens` on one call at a time goes through */
    } stand;
    instant opens;
    bool tried; /* GATE_TRYING: a call went through, `opens` is how long it alone is waited for */
    instant shut_since;
    struct error reason;    /* why it shut; only while it is not open */
    struct backoff backoff; /* of who asks for patience */

    unsigned under_way;    /* calls that went through and were not answered */
    unsigned overdue;      /* so many of them */
    instant overdue_since; /* those that went through before */
};

void gate_init(struct gate *gate);

/* Whether a call may go out now; if not, *ret_opens is when something may be done again, INSTANT_NEVER where
   an answer is waited for. */
bool gate_lets_through(const struct gate *gate, instant now, instant *ret_opens);
/* A call went through. */
void gate_sent(struct gate *gate, instant now);
/* What the answer of a call that went through at `sent` says of the homeserver. True: it shut, and a sign is
   to be asked for. */
bool gate_answered(struct gate *gate, const struct synapse_reply *reply, instant sent, instant now);
/* A call was answered in a way that says nothing of it. */
void gate_ended(struct gate *gate, instant sent);
/* How many calls may be under way, where `most` may as long as all is well. */
unsigned gate_width(const struct gate *gate, unsigned most);
/* A sign came. */
void gate_told(struct gate *gate, const struct synapse_sign *sign, instant now);

#endif
