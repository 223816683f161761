#ifndef SYNC_ENGINE_WANTS_H
#define SYNC_ENGINE_WANTS_H

#include "engine/mirror.h"
#include "engine/order.h"
#include "engine/user.h"

/* What the places of a line want, in the planners' terms; and how it stands with the members of rooms.
   The mirror is asked for what rooms show of users (engine/witness.h). */

/* What one place wants of its user; and what all of the front want that are not settled. */
struct user_wanted wants_user(const struct mirror *mirror, const struct place *place);
struct user_wanted wants_of_user(const struct mirror *mirror, const struct subject *subject);

/* How it stands with the members whom a room's place brings. */
struct members_state {
    size_t pending, delayed, ready;
    size_t expected; /* of those who count as ready: see user_is_expected() */
};
/* Adds the members of the place who are ready to `members`, which has room for all of them. As soon as one is
   found who is pending, nothing else is told: the others do not matter then. */
struct members_state wants_ready_members(const struct mirror *mirror, const struct place *place,
                                         const struct engine_rules *rules, instant now,
                                         struct levels_user *members);
/* The same, where those count as ready who are known and on their way, and only those as pending who were not
   read yet. Members for whom an earlier message is at work are left out. */
struct members_state wants_coming_members(const struct mirror *mirror, const struct place *place,
                                          const struct engine_rules *rules, instant now,
                                          struct levels_user *members);
/* The number of members that the place brings. */
size_t wants_member_count(const struct place *place);
/* What a room's place wants of the room, without its members. */
struct room_wanted wants_room(const struct place *place);

#endif
