#ifndef SYNC_ENGINE_ROOM_LEARN_H
#define SYNC_ENGINE_ROOM_LEARN_H

#include "engine/news.h"
#include "engine/room.h"

/* Takes in the reply to a call that room_next() asked for. */
void room_learn(struct room_known *known, const struct news *news);
/* Whether a call of this kind may be one of those. */
bool room_learns(enum synapse_kind kind);

#endif
