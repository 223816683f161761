#ifndef SYNC_ENGINE_FRONT_H
#define SYNC_ENGINE_FRONT_H

#include "engine/mirror.h"
#include "engine/order.h"

/*
 * The front of a line and the planners: which of its places are done, and what is to be done next for the
 * others. Nothing here is sent or changed but the places.
 */

struct front {
    const struct mirror *mirror;
    const struct engine_rules *rules;
    instant now;
    /* Nothing is left to be done for the place. */
    void (*settled)(void *context, struct place *place);
    /* A user's place that was settled, because the room showed that nothing was to be done, is open again. */
    void (*reopened)(void *context, struct place *place);
    /* The next action for the places that are not settled; its texts live as long as the messages, but for
       the members of a room, which live during the call. */
    void (*next)(void *context, struct subject *subject, const struct action *action);
    void *context;
};

/* Settles and reopens places, and says what is to be done next. */
void front_attend(const struct front *front, struct subject *subject);
/* The message whose turn it is with this subject; NULL: none asks for it. */
struct engine_message *front_message(const struct subject *subject);
/* A call was made for it. */
void front_count_request(const struct subject *subject);
/* When the youngest of those messages came; INSTANT_PAST: there is none. */
instant front_arrived(const struct subject *subject);

#endif
