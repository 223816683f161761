#ifndef SYNC_COMMAND_CHECK_PARTS_H
#define SYNC_COMMAND_CHECK_PARTS_H

#include "broker/broker.h"
#include "broker/inspect.h"
#include "command/findings.h"
#include "config/config.h"
#include "synapse/inspect.h"

#include <stdbool.h>

/* What each part of the check makes of what was seen, in words of the person who has to mend it. */

/* Settings in force, and what is doubtful about them together. */
void check_settings(const struct config *config, struct findings *report);

/* What is known beforehand of the broker. */
struct check_broker_terms {
    enum broker_declare declare; /* what the daemon does when the queue is missing */
    bool is_near;                /* it is on this machine */
};
void check_broker(const struct broker_sight *sight, const struct check_broker_terms *terms,
                  struct findings *report);

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
/* The part of it that needs a sync user who is let in. */
void check_sync_user(const struct synapse_sight *sight, const struct check_homeserver_terms *terms,
                     struct findings *report);
/* The part of it that only an admin sees. */
void check_set_up(const struct synapse_sight *sight, const struct check_homeserver_terms *terms,
                  struct findings *report);

#endif
