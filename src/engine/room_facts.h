#ifndef SYNC_ENGINE_ROOM_FACTS_H
#define SYNC_ENGINE_ROOM_FACTS_H

#include "engine/room_known.h"
#include "engine/rules.h"

/*
 * What a room is like, and how that differs from what is wanted: the facts on which the room's planner
 * decides and its reports rest. A part of engine/room.h.
 */

enum {
    LEVEL_OF_SYNC_USER = 100,
    HALF_MADE_LIMIT = 30 * 1000, /* ms unchanged before it is not being made any more */
    ALIAS_LIFE = 1000, /* ms: an alias that was looked up longer ago is looked up again before a write */
};

/* The levels of a room as described. */
struct levels_wanted room_levels_wanted(const struct room_wanted *wanted);
/* Whether the alias is of the kind that welcome rooms have. NULL is not. */
bool alias_is_of_welcome(const char *alias);

/* Whether it lacks what every finished room has. */
bool room_is_half_made(const struct room_state *state);
/* The same, or nobody is in it: nothing can be done with it but to make it anew. The state of a room may be
   told as it was some time ago, and that of one which is just being made looks like that of a dead one. So it
   is not done at once. */
bool room_may_be_renewed(const struct room_state *state);
/* Whether the sync user has less power in it than the creator of a room gets. */
bool room_lacks_power(const struct room_state *state, const struct engine_rules *rules);
/* Whether the member has less than the level that is wanted, and is not banned. */
bool room_is_too_low(const struct room_state *state, const struct levels_user *member);

/* The value that a setting is to have; NULL: none is wanted. */
const char *room_setting_wanted(enum room_setting setting, const struct room_wanted *wanted);
/* Whether the setting must be written to have this value (NULL: any will do). No topic and an empty one are
   the same. */
bool room_setting_differs(const struct room_state *state, enum room_setting setting, const char *value);
/* Whether the marker says that the room is kept in line. */
bool room_is_managed(const struct room_state *state);

#endif
