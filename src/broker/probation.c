#include "broker/probation.h"

enum {
    PROBATION = 2000, /* ms for the first message to do harm */
    /* While it is found out whether a suspect may be judged (see broker_delivery_suspicion()). */
    SUSPECT_PROBATION = 10000,
    MOST_DOUBLINGS = 4,
};

struct probation probation_start(void)
{
    return (struct probation){.on = true, .end = INSTANT_NEVER};
}

struct probation probation_for_size(void)
{
    return (struct probation){.on = true, .innocent = true, .end = INSTANT_NEVER};
}

/* What the broker would drop soon is lost then; with some deliveries to spare, since they may come
   quickly. */
static bool is_near(uint64_t deliveries, uint64_t limit)
{
    return limit != PROBATION_NO_LIMIT && deliveries > 0 && deliveries >= limit - limit / 4;
}

/* The more often, the longer it is alone: else the one behind it, that ends the process, would make it the
   suspect. */
static int64_t length(uint64_t deliveries)
{
    return (int64_t)PROBATION << (deliveries < MOST_DOUBLINGS ? deliveries : MOST_DOUBLINGS);
}

static bool is_first(const struct probation *probation)
{
    return probation->on && probation->end == INSTANT_NEVER;
}

bool probation_may_suspect(const struct probation *probation, const struct broker_message *message)
{
    return message->redelivered && is_first(probation) && !probation->innocent;
}

enum broker_suspicion probation_judge(struct probation *probation, const struct broker_message *message,
                                      uint64_t limit, instant now)
{
    bool first = is_first(probation);
    enum broker_suspicion suspicion = BROKER_UNSUSPECTED;

    if (message->redelivered && is_near(message->deliveries, limit))
        suspicion = BROKER_LAST_DELIVERY;
    else if (probation_may_suspect(probation, message) && message->deliveries >= PROBATION_DELIVERIES)
        suspicion = BROKER_SUSPECT;
    if (first)
        probation->end =
            now + (suspicion == BROKER_SUSPECT ? SUSPECT_PROBATION : length(message->deliveries));
    if (!message->redelivered)
        probation->end = now;
    return suspicion;
}

bool probation_is_served(const struct probation *probation, instant now)
{
    return probation->on && now >= probation->end;
}
