#ifndef SYNC_ENGINE_TOLD_H
#define SYNC_ENGINE_TOLD_H

#include "engine/subjects.h"

/*
 * Which rooms /sync tells of. Silence about a room proves nothing where nothing would be said: Synapse leaves
 * out the rooms that exclude_rooms_from_sync names (config/server.py, handlers/sync.py).
 *
 * A room is told when a reply of /sync has named it within the last hour. Rooms that we made, and rooms in
 * which something happens, are named without our doing. In any other room that a message rests on we leave a
 * mark: account data of the sync user, of which nobody else hears. If the next catch-up does not name the
 * room either, it is silent: it is read each time, and marked again an hour later.
 *
 * A question without a position, for these rooms only, would need no mark. But Synapse answers it by going
 * through all rooms of the sync user, whatever the filter says (_get_room_changes_for_initial_sync() in
 * handlers/sync.py): about 10 ms for each of them.
 */

/* A reply to a question that was asked at that time names the room. */
void told_note(struct room_known *room, instant asked_at);
/* Whether the room was named lately: what is not told of it has not happened. */
bool told_is(const struct room_known *room, instant now) MUST_USE;
/* Whether it was marked lately and was not named since. */
bool told_is_silent(const struct room_known *room, instant now) MUST_USE;

/* A mirrored room with messages that may be silent, and in which no mark was left lately. Catch-ups went on
   up to `mirrored_at`: a room that was read since then may yet be named by the next one. NULL: there is
   none. */
struct subject *told_to_mark(const struct subjects *subjects, instant mirrored_at, instant now);
/* A catch-up is over, which was asked for at that time: what is silent is not mirrored any more. */
void told_settle(struct subjects *subjects, instant asked_at);

#endif
