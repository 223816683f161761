#ifndef SYNC_ENGINE_WITNESS_H
#define SYNC_ENGINE_WITNESS_H

#include "engine/mirror.h"
#include "engine/order.h"

/*
 * Witnesses: the rooms that the mirror keeps up to date, for what they say of users.
 *
 * What is known of a user is not told by the mirror: neither that an admin deactivates them nor that they
 * change their name where nobody sees it. But who is in the rooms, under the name that we know, is there. So
 * where the rooms of a message show that all which the message asks for is there already, nothing will be
 * written about the user, and what is known of them is good enough. Otherwise they are read.
 */

/* What a room says of a member of its message: their places in it. */
enum witness witness_by_room(const struct mirror *mirror, const struct place *room,
                             const struct place *member) MUST_USE;

/* The least that any room of its message says of the user whose place it is. None, if there is no room, or if
   the user may be reactivated, which rooms do not show. */
enum witness witness_of_user(const struct mirror *mirror, const struct place *user) MUST_USE;

#endif
