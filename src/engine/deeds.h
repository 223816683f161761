#ifndef SYNC_ENGINE_DEEDS_H
#define SYNC_ENGINE_DEEDS_H

#include "engine/order.h"

/*
 * What was changed on the homeserver, and for which message. A call may serve several messages: who is joined
 * or raised is counted for a message that brings that very user into that room, all else for the one whose
 * turn it is with the subject.
 *
 * Whoever wants to know each of them is called (`changed` of the configuration).
 *
 * To be told of each reply before it is learnt from, since only what was not so already is a change.
 */
void deeds_note(const struct subjects *subjects, const struct engine_config *config,
                const struct subject *subject, const struct synapse_call *call,
                const struct synapse_reply *reply);

#endif
