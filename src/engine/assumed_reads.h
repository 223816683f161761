#ifndef SYNC_ENGINE_ASSUMED_READS_H
#define SYNC_ENGINE_ASSUMED_READS_H

#include "engine/assumed_world.h"

/* How what is assumed changes what is read. */

/* Whether the read is answered by what is assumed alone; else nothing is put into the reply. */
bool assumed_read(const struct assumed_world *world, const struct synapse_call *call,
                  struct synapse_reply *reply) MUST_USE;
/* What the homeserver is to be asked else. Only who is in a room may read its levels there; admins see them
   in its state. */
enum synapse_kind assumed_question(const struct assumed_world *world, const struct synapse_call *call);
/* Puts what is assumed into the homeserver's answer to a read. */
void assumed_amend(const struct assumed_world *world, const struct synapse_call *call,
                   struct synapse_reply *reply);

#endif
