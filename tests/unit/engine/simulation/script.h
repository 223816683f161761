#ifndef SYNC_TESTS_ENGINE_SCRIPT_H
#define SYNC_TESTS_ENGINE_SCRIPT_H

#include "engine/simulation/model.h"
#include "engine/simulation/stage.h"

/* Random plays: worlds to begin with, messages, and whether all is in the end as it should be. */

/* A world in which nothing is broken. The same seed makes the same. */
struct world *script_world(uint64_t seed);
void script_world_free(struct world *world);

/* Posts a message about some of the users and rooms of the world. */
void script_post(struct stage *stage);
/* Applies the messages, from that number on, to the expected world, one after the other; what differs then is
   a crime. */
void script_check(struct world *expected, struct stage *stage, size_t first);

#endif
