#ifndef SYNC_ENGINE_USER_LEARN_H
#define SYNC_ENGINE_USER_LEARN_H

#include "engine/news.h"
#include "engine/user.h"

/*
 * Takes in the reply to a call that user_next() asked for. Refusals and failures become obstacles; after an
 * unanswered write what it may have changed is unknown again.
 */
void user_learn(struct user_known *known, const struct news *news);
/* Whether a call of this kind may be one of those. */
bool user_learns(enum synapse_kind kind);

#endif
