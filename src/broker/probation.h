#ifndef SYNC_BROKER_PROBATION_H
#define SYNC_BROKER_PROBATION_H

#include "base/error.h"
#include "base/instant.h"
#include "broker/message.h"

#include <stdbool.h>
#include <stdint.h>

/*
 * Which messages may be why processes before us are no more. Knows no socket; the consumer asks it.
 *
 * Probation: after a start messages are taken one at a time, until a fresh one comes or the first has been
 * here for a while. One that kills the process then takes no others along, and, being the only one that was
 * delivered, is the first again after the next start.
 *
 * Afterwards the consumer is cancelled and asked for again, on the same channel, where deliveries stay valid
 * (broker/successor.h). The one message that is there was delivered to the earlier consumer, so the new one
 * is given one less than the prefetch.
 *
 * So only the first message after a start can be suspected, and only if it was delivered five times without
 * an end. A process that lives on has seen that its messages do no harm, however often its connection is cut.
 */
struct probation {
    bool on;
    bool innocent; /* nobody is suspected */
    instant end;   /* INSTANT_NEVER: no message has come yet */
};

/* Before RabbitMQ 4.3 what was given back in good order (an orderly stop, an outage) counts just the same. */
enum { PROBATION_DELIVERIES = 5 };

/* Quorum queues have no limit of deliveries unless they are given one, before RabbitMQ 4.0. */
#define PROBATION_NO_LIMIT UINT64_MAX

struct probation probation_start(void);
/* One at a time for a while, for another reason than that one may do harm. */
struct probation probation_for_size(void);
/* Whether this message, which has come, may be suspected: then it matters how often it was delivered. */
bool probation_may_suspect(const struct probation *probation, const struct broker_message *message);
/*
 * A message came: what is to be thought of it? `limit`: so many deliveries does the broker count before it
 * drops the message, or PROBATION_NO_LIMIT.
 */
enum broker_suspicion probation_judge(struct probation *probation, const struct broker_message *message,
                                      uint64_t limit, instant now) MUST_USE;
/* Whether it is on and should be no longer. */
bool probation_is_served(const struct probation *probation, instant now);

#endif
