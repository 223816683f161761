#ifndef SYNC_SYNAPSE_INSPECTOR_ENTRY_H
#define SYNC_SYNAPSE_INSPECTOR_ENTRY_H

#include "synapse/inspector.h"

/* Shows the token if there is one, logs in if there is none; fills in entry, owner and what they tell. */
void inspector_come_in(struct synapse_inspector *inspector, struct synapse_sight *sight);

#endif
