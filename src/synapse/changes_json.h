#ifndef SYNC_SYNAPSE_CHANGES_JSON_H
#define SYNC_SYNAPSE_CHANGES_JSON_H

#include "base/buffer.h"
#include "synapse/changes.h"

#include <jansson.h>

/* From the reply of GET /_matrix/client/v3/sync; NULL when it does not say where to go on. */
struct changes *changes_from_json(const json_t *reply) MUST_USE;
/* Puts into the array that `rest` ends in what is needed of this event (see synapse/sieve.h); of one that
   cannot be read, that the room is doubtful. */
void changes_keep_needed(const char *event, size_t size, struct buffer *rest);

/* From that of GET /_matrix/client/v3/joined_rooms; NULL when it has no list. */
struct joined_rooms *joined_rooms_from_json(const json_t *reply) MUST_USE;

#endif
