#ifndef SYNC_SYNAPSE_LEVELS_H
#define SYNC_SYNAPSE_LEVELS_H

#include "synapse/state.h"

#include <jansson.h>

/* What the rest of this module needs of power levels (see synapse/state.h for what others use). */

/* From the event's content, of which a reference is kept; NULL when it is not an object. */
struct levels *levels_from_json(json_t *content) MUST_USE;

/*
 * The power_level_content_override of a createRoom (Synapse: handlers/room.py). `creator` is the user who
 * makes the room: they get level 100, unless creators reign in the version of the room to be made; then they
 * must not be among the users. NULL: nobody.
 */
json_t *levels_override(const struct levels_wanted *wanted, const struct levels_user *users, size_t count,
                        const char *creator, bool creators_reign) MUST_USE;

/* Whether both have the same content. NULL means no levels, and equals only NULL. */
bool levels_equal(const struct levels *a, const struct levels *b);

/* Bytes of memory that they take, estimated; NULL takes none. It takes as long as they have entries. */
size_t levels_weight(const struct levels *levels);

#endif
