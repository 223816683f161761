#ifndef SYNC_SYNAPSE_STATE_JSON_H
#define SYNC_SYNAPSE_STATE_JSON_H

#include "synapse/state.h"

#include <jansson.h>

/* Reading states from JSON (see synapse/state.h for what others see of them). */

/* The key in a create event's content that says what the room was made for: {"alias": alias}, or {"welcome":
   user id} of a welcome room. And the key of the mark by which this attempt to make it is told from
   others. */
#define ROOM_PURPOSE "io.github.synapse_sync"
#define ROOM_ATTEMPT "io.github.synapse_sync.attempt"

/* As room_state_parse(), from the parsed reply. */
struct room_state *room_state_from_json(const json_t *reply) MUST_USE;

/* Puts one event into the state, given as text. False: it is no JSON object, or the members are more than can
   be kept. */
bool room_state_take(struct room_state *state, const char *event, size_t size) MUST_USE;

/* Whether events of this type have a part in a state; NULL has none. */
bool room_state_reads(const char *type);
/* Puts the event into the state; one that is malformed or has no part in it changes nothing. */
void room_state_read(struct room_state *state, const json_t *event);
/* Whether the state would be the same with it, except for the time of its last change. */
bool room_state_has(const struct room_state *state, const json_t *event);

/* What a m.room.member event says of its member. */
enum membership room_state_membership_in(const json_t *event);

#endif
