#ifndef SYNC_BROKER_TAKEOVER_H
#define SYNC_BROKER_TAKEOVER_H

#include "base/error.h"
#include "broker/connection.h"
#include "broker/queue_kind.h"
#include "broker/settings.h"

/*
 * From nothing to a connection that is consuming; blocks, for a helper thread. Sees to it that the queue and
 * its dead-letter queue exist, and stands by as long as someone else consumes the queue; both may take for
 * ever, so it ends early when the helper is asked to stop. `wary`: messages are to come one at a time at
 * first. Not from a classic queue that goes with its consumer, for there one at a time can only be ended by
 * leaving the queue without one (see consumer.c).
 *
 * What kind of queue it is is learnt, and logged, when it is not known yet or the queue was missing.
 */
struct takeover_found {
    uint32_t messages; /* that were waiting */
    uint16_t prefetch; /* most messages that are unacknowledged at a time */
    bool knows_kind;   /* to begin with: the queue was looked at, and has been watched since */
    bool said_kind;    /* the log tells of it */
    bool stood_by;     /* as long as another consumed it */
    struct queue_kind kind;
};

struct connection *takeover_consumer(const struct broker_settings *settings, bool wary, struct helper *helper,
                                     struct takeover_found *found, struct error *error) MUST_USE;

#endif
