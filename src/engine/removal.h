#ifndef SYNC_ENGINE_REMOVAL_H
#define SYNC_ENGINE_REMOVAL_H

#include "engine/brake.h"
#include "engine/subjects.h"

/*
 * Whether the call, which is about to be sent for the subject, is one that the brake does not let through.
 * The subject has learnt it then, as if the call had been refused (REQUEST_REMOVAL_BRAKE). Concerned are
 * calls by which a message removes something; a room that is deleted to be made anew is none.
 */
bool removal_is_braked(struct brake *brake, struct subject *subject, const struct synapse_call *call,
                       instant now);

#endif
