#ifndef SYNC_COMMAND_CHECK_MAS_H
#define SYNC_COMMAND_CHECK_MAS_H

#include "command/check_homeserver.h"

/* What the check makes of who keeps the accounts. */
void check_mas(const struct synapse_sight *sight, const struct check_homeserver_terms *terms,
               struct findings *report);

#endif
