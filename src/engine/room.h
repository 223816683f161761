#ifndef SYNC_ENGINE_ROOM_H
#define SYNC_ENGINE_ROOM_H

#include "engine/room_known.h"
#include "engine/rules.h"

/*
 * Rooms: what we know of one, what is wanted, and the next step from the one to the other
 * (data/README.md says what is wanted, and what a room as described is). Nothing here knows of a network;
 * time is a parameter.
 *
 * The alias is a room's identity; its id is found by it. Only rooms that are ours for that alias are touched
 * (engine/ownership.h), and not unless the alias was seen to lead there right before.
 */

/*
 * The next thing to do so that the room becomes as wanted. ACTION_NONE: it is, or all that is missing was
 * refused for good. Never: a kick, a ban, a lowered level; anything to a room that is not ours; a write of
 * levels that were not read right before it.
 */
struct action room_next(const struct room_known *known, const struct room_wanted *wanted,
                        const struct engine_rules *rules, instant now);

#endif
