#include "broker/lease.h"

#include <stddef.h>

enum { SETTLING = 1500 /* ms: mostly some hundredths of a second are enough */ };

struct lease lease_none(void)
{
    return (struct lease){.gap = INSTANT_PAST};
}

/* RabbitMQ looks every half of an interval whether it has sent anything since, so it is silent for an
   interval at most (rabbit_heartbeat.erl); some more for the way. */
void lease_begin(struct lease *lease, int heartbeat, bool after_another)
{
    lease->longest = heartbeat > 0 ? (int64_t)heartbeat * 1250 : 0;
    lease->since = lease->heard_at = instant_now();
    if (after_another)
        lease->since += SETTLING;
    lease->count++;
    lease->lost.text[0] = '\0';
}

void lease_end(struct lease *lease)
{
    lease->longest = 0;
}

void lease_renew(struct lease *lease)
{
    lease->heard_at = instant_now();
}

static bool is_in_doubt(const struct lease *lease)
{
    return lease->longest > 0 && instant_now() > lease->heard_at + lease->longest;
}

void lease_look(struct lease *lease)
{
    if (is_in_doubt(lease))
        lease->gap = instant_now();
}

const char *lease_doubt(const struct lease *lease)
{
    if (is_in_doubt(lease))
        return "the broker is silent";
    return instant_now() < lease->since ? "another had the messages until a moment ago" : NULL;
}

instant lease_since(const struct lease *lease)
{
    if (lease_doubt(lease))
        return INSTANT_NEVER;
    return instant_max(lease->since, lease->gap);
}

bool lease_covers(const struct lease *lease, instant begun)
{
    return !is_in_doubt(lease) && begun > lease->gap;
}
