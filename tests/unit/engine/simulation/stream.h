#ifndef SYNC_TESTS_ENGINE_STREAM_H
#define SYNC_TESTS_ENGINE_STREAM_H

#include "engine/simulation/clock.h"
#include "engine/simulation/world.h"

/*
 * The stream of what has changed in the rooms of the sync user, as GET /sync tells it of a world.
 *
 * Rooms are looked at when somebody asks, and when the sync has changed something, and are compared with what
 * they were like the last time. What has changed since gets the next position. That is all that an asker can
 * see: of each state event only the newest is told.
 *
 * As with Synapse, the same question (position and attempt) gets the same answer for two minutes, unless that
 * answer was that nothing has changed. Of a room that was purged nothing may be told at all. New names of
 * users show in the rooms a while later, if the world lags. Of a room that is kept silent nothing is told.
 */

/* The sync has changed something: it will be told, whatever others do after that. */
void stream_note(struct world *world);

/* The sync user has left a mark in the room. */
void stream_mark(struct world *world, struct world_room *room);

/* The replies' JSON; the caller drops it. */
json_t *stream_position(struct world *world);
json_t *stream_changes(struct world *world, const char *position, unsigned attempt);
json_t *stream_joined_rooms(const struct world *world);

#endif
