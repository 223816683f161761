#ifndef SYNC_COMMAND_CHECK_BROKER_H
#define SYNC_COMMAND_CHECK_BROKER_H

#include "broker/broker.h"
#include "broker/inspect.h"
#include "command/findings.h"

/* What the check makes of what was seen of the broker, in words of the person who has to mend it. */

/* What is known beforehand of the broker. */
struct check_broker_terms {
    enum broker_declare declare; /* what the daemon does when the queue is missing */
    bool is_near;                /* it is on this machine */
};
void check_broker(const struct broker_sight *sight, const struct check_broker_terms *terms,
                  struct findings *report);

#endif
