#ifndef SYNC_COMMAND_INIT_ACCOUNTS_H
#define SYNC_COMMAND_INIT_ACCOUNTS_H

#include "config/config.h"

#include <stdbool.h>

/* Whether the Matrix Authentication Service keeps the accounts of the homeserver, and does not take the
   token. False as well where there is no token or no answer: `check` tells what is wrong then. Asks both of
   them; each question has ten seconds. Configures the log. */
bool init_needs_mas_client(const struct config *config);

#endif
