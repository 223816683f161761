#ifndef SYNC_BROKER_SETUP_H
#define SYNC_BROKER_SETUP_H

#include "base/error.h"
#include "broker/link.h"
#include "broker/settings.h"
#include "broker/shape.h"

/*
 * From nothing to a connection that is consuming; blocks, for a helper thread. Sees to it that the queue and
 * its dead-letter queue exist, and stands by as long as someone else consumes the queue; both may take for
 * ever, so it ends early when the helper is asked to stop. `prefetch`: most messages that are unacknowledged
 * at a time.
 *
 * What kind of queue it is is learnt, and logged, when it is not known yet or the queue was missing.
 */
struct setup_found {
    uint32_t messages; /* that were waiting */
    bool knows_shape;  /* to begin with: the queue was looked at, and has been watched since */
    bool said_shape;   /* the log tells of it */
    struct shape shape;
};

struct link *setup_consumer(const struct broker_settings *settings, uint16_t prefetch, struct helper *helper,
                            struct setup_found *found, struct error *error) MUST_USE;

#endif
