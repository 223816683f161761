#ifndef SYNC_COMMAND_CHECK_SYNC_USER_H
#define SYNC_COMMAND_CHECK_SYNC_USER_H

#include "command/check_homeserver.h"

/* The part of check_homeserver() that needs a sync user who is let in. */
void check_sync_user(const struct synapse_sight *sight, const struct check_homeserver_terms *terms,
                     struct findings *report);

#endif
