#ifndef SYNC_ENGINE_HELD_H
#define SYNC_ENGINE_HELD_H

#include "engine/order.h"

/*
 * What is held, in the log: why, in the homeserver's words, and how many messages. One line when it begins,
 * one a minute while it lasts, one when it is over.
 *
 * There is one cause for each kind of call that keeps failing, whatever it is about, so that the lines are
 * few however many messages there are; and one for the homeserver as a whole, which goes before them. What
 * passes within a second is not worth a line.
 */
struct held_cause {
    unsigned messages;
    char *reason;    /* NULL: there is nothing held for this */
    instant since;   /* it began */
    instant seen_at; /* last */
    instant told_at; /* last; INSTANT_PAST: not yet */
};

enum { HELD_CAUSES = SYNAPSE_KINDS + 1 }; /* the last is the homeserver as a whole */

/* Zeroed before. */
struct held {
    struct held_cause causes[HELD_CAUSES];
};

void held_deinit(struct held *held);

/* Looks at all messages (linked by `newer`), and says what is to be said by now; to be called about once a
   second. `trouble`: why no call at all goes out; NULL: calls do. */
void held_look(struct held *held, const struct engine_message *messages, const char *trouble, instant now);

#endif
