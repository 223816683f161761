#ifndef SYNC_COMMAND_CHECK_SET_UP_H
#define SYNC_COMMAND_CHECK_SET_UP_H

#include "command/check_homeserver.h"

/* The part of check_homeserver() that only an admin sees. */
void check_set_up(const struct synapse_sight *sight, const struct check_homeserver_terms *terms,
                  struct findings *report);

#endif
