#ifndef SYNC_ENGINE_GATE_H
#define SYNC_ENGINE_GATE_H

#include "base/backoff.h"
#include "base/instant.h"
#include "synapse/call.h"

/*
 * The gate between the engine and the homeserver. While the homeserver cannot be reached, or asks for
 * patience, no call at all goes out for a while. Where it could not be reached it is then asked how it is
 * (SYNAPSE_READ_HEALTH), which costs it nothing. When that was answered one call goes first, and the others
 * follow when that was answered too. Opening and closing are one log line each.
 *
 * Its health is asked for also when calls are under way and none is answered for a while. If it is not well,
 * the gate shuts, long before those calls are given up. If it is, they are overdue: they may be slow, or
 * their connections may be dead without a word. They are waited for, but others may take their slots.
 */
struct gate {
    enum {
        GATE_OPEN,
        GATE_SHUT,   /* until `opens`; then its health is asked for */
        GATE_ASKING, /* it was, and is not answered */
        GATE_TRYING, /* from `opens` on one call at a time goes through */
    } stand;
    instant opens;
    bool tried; /* GATE_TRYING: a call went through, `opens` is how long it alone is waited for */
    instant shut_since, opened_at;
    bool was_away;       /* else it had asked for patience */
    struct error reason; /* why it shut; only while it is not open */
    struct backoff backoff;

    unsigned under_way;    /* calls that went through and were not answered */
    unsigned overdue;      /* so many of them */
    instant heard_at;      /* when one was last answered, or went through when there was none */
    instant overdue_since; /* those that went through before */
    bool listening;        /* the health was asked for because of a silence */
};

void gate_init(struct gate *gate);

/* Whether a call may go out now; if not, *ret_opens is when something may be done again, INSTANT_NEVER where
   an answer is waited for. */
bool gate_lets_through(const struct gate *gate, instant now, instant *ret_opens);
/* A call went through. */
void gate_sent(struct gate *gate, instant now);
/* What the answer of a call that went through at `sent` says of the homeserver. */
void gate_answered(struct gate *gate, const struct synapse_reply *reply, instant sent, instant now);
/* A call was answered in a way that says nothing of it. */
void gate_ended(struct gate *gate, instant sent, instant now);
/* How many calls may be under way, where `most` may as long as all is well. */
unsigned gate_width(const struct gate *gate, unsigned most);
/* When gate_wants_health() is to be asked; INSTANT_NEVER: not before something happens. */
instant gate_next_look(const struct gate *gate);

/* Whether the health is to be asked for now; gate_asked() when it is. */
bool gate_wants_health(const struct gate *gate, instant now);
void gate_asked(struct gate *gate);
/* The answer to that. */
void gate_heard(struct gate *gate, const struct synapse_reply *reply, instant now);

#endif
