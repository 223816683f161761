#ifndef SYNC_SYNAPSE_ROOM_STATE_H
#define SYNC_SYNAPSE_ROOM_STATE_H

#include "synapse/state.h"

#include <jansson.h>

/* As room_state_parse(), from the parsed reply. */
struct room_state *room_state_from_json(const json_t *reply) MUST_USE;

#endif
