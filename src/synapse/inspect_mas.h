#ifndef SYNC_SYNAPSE_INSPECT_MAS_H
#define SYNC_SYNAPSE_INSPECT_MAS_H

#include "synapse/inspector.h"

/* Who keeps the accounts, if not the homeserver; and whether we are let in there. */
void inspect_mas(struct synapse_inspector *inspector, struct synapse_sight *sight);

#endif
