#ifndef SYNC_TESTS_ENGINE_MODEL_H
#define SYNC_TESTS_ENGINE_MODEL_H

#include "engine/simulation/world.h"
#include "request/request.h"

/*
 * What each request brings about, in its shortest form, done in one go to a world. Against it
 * the engine's doings are held.
 */

/* Whether the request is done; else it is rejected (as far as something can be done, it is done). */
bool model_apply(struct world *world, const struct request *request);
/* What differs, in one sentence; "" when nothing does. Ids of rooms do not count. */
void model_compare(const struct world *expected, const struct world *actual, struct buffer *ret_difference);

#endif
