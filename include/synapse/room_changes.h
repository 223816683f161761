#ifndef SYNC_SYNAPSE_ROOM_CHANGES_H
#define SYNC_SYNAPSE_ROOM_CHANGES_H

#include "synapse/changes.h"

#include <jansson.h>

/* From the reply of GET /_matrix/client/v3/sync; NULL when it does not say where to go on. */
struct changes *changes_from_json(const json_t *reply) MUST_USE;
/* From that of GET /_matrix/client/v3/joined_rooms; NULL when it has no list. */
struct joined_rooms *joined_rooms_from_json(const json_t *reply) MUST_USE;

#endif
