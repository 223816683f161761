#ifndef SYNC_ENGINE_FRONT_H
#define SYNC_ENGINE_FRONT_H

#include "engine/order.h"

/*
 * The front of a line and the planners: which of its places are done, and what is to be done next for the
 * others. Nothing here is sent or changed but the places.
 */

/* Settles each place at the front for which nothing is left to do, and says so. */
void front_settle(const struct order *order, struct subject *subject, const struct engine_rules *rules,
                  instant now, void (*settled)(void *context, struct place *place), void *context);
/* Opens again the places of users that were settled because the room showed that nothing is to be done for
   them (enum witness), where it does not show that any more; and says so. */
void front_reopen(const struct order *order, const struct subject *room,
                  void (*reopened)(void *context, struct place *place), void *context);
/* The next action for those that are not settled; the texts of its call live as long as the messages. */
struct action front_next(const struct order *order, struct subject *subject, const struct engine_rules *rules,
                         instant now, struct levels_user *members);
/* Whether there is such a one. */
bool front_is_open(const struct subject *subject);
/* The message whose turn it is with this subject; NULL: none asks for it. */
struct message *front_message(const struct subject *subject);
/* When the youngest of those messages came; INSTANT_PAST: there is none. */
instant front_arrived(const struct subject *subject);
/* Room for all that front_next() may gather; the caller frees it. */
struct levels_user *front_members(const struct subject *subject) MUST_USE;

#endif
