#ifndef SYNC_ENGINE_ASSUMED_H
#define SYNC_ENGINE_ASSUMED_H

#include "engine/engine.h"

/*
 * A homeserver that is only read: it stands between an engine and the real one. Reads are passed on. Writes
 * never are: they are taken for carried out, and what is read later is as if they had been. So the engine
 * does all that it would do, and nothing has happened.
 *
 * Each write is assumed to succeed, so what the homeserver would refuse (a module's veto, a limit) is not
 * foreseen. The one exception is a welcome room, whose alias nobody has looked at before: it is looked up.
 */
struct assumed;

/* `rules` are those of the engine; their resolve_first must be set, for rooms are made unseen else. */
struct assumed *assumed_new(const struct engine_homeserver *real, const struct engine_rules *rules,
                            struct loop *loop) MUST_USE;
/* After the engine, and when the real homeserver answers no more. NULL is fine. */
void assumed_free(struct assumed *assumed);
DEFINE_CLEANUP(struct assumed, assumed_free)

/* For engine_new(). */
struct engine_homeserver assumed_homeserver(struct assumed *assumed);

#endif
