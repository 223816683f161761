#ifndef SYNC_COMMAND_CHECK_HOMESERVER_H
#define SYNC_COMMAND_CHECK_HOMESERVER_H

#include "command/findings.h"
#include "synapse/inspect.h"

/* What the check makes of what was seen of the homeserver, in words of the person who has to mend it. */

/* What is known beforehand of the homeserver. */
struct check_homeserver_terms {
    const char *uri, *server_name, *sync_user; /* the last a full id */
    enum { CHECK_BY_TOKEN, CHECK_BY_PASSWORD, CHECK_BY_SECRET } way;
    const char *room_version; /* that is wanted; NULL: the default */
    bool lifts_rate_limit;
    bool is_near; /* it is on this machine */
};
void check_homeserver(const struct synapse_sight *sight, const struct check_homeserver_terms *terms,
                      struct findings *report);

#endif
