#include "engine/simulation/clock.h"

#include <string.h>
#include <sys/epoll.h>
#include <sys/random.h>

static struct {
    instant now;
    uint64_t random; /* state of Marsaglia's xorshift; never 0 */
} simulated;

void clock_start(uint64_t seed)
{
    simulated.now = 1000000;
    simulated.random = seed * UINT64_C(0x9e3779b97f4a7c15) | 1;
}

void clock_pass(int64_t milliseconds)
{
    simulated.now += milliseconds;
}

void clock_reach(instant at)
{
    simulated.now = instant_max(simulated.now, at);
}

static uint64_t random_bits(void)
{
    simulated.random ^= simulated.random << 13;
    simulated.random ^= simulated.random >> 7;
    simulated.random ^= simulated.random << 17;
    return simulated.random;
}

unsigned chance_below(unsigned below)
{
    return (unsigned)((random_bits() >> 20) % below);
}

bool chance_percent(unsigned percent)
{
    return chance_below(100) < percent;
}

uint64_t chance_mark(void)
{
    return simulated.random;
}

void chance_return(uint64_t mark)
{
    simulated.random = mark;
}

/* ---- in the place of the real ones ---- */

instant instant_now(void)
{
    return simulated.now;
}

/* Nothing comes from outside; what is waited for is time. */
int epoll_wait(int epoll, struct epoll_event *events, int count, int timeout)
{
    (void)epoll;
    (void)events;
    (void)count;
    if (timeout > 0)
        clock_pass(timeout);
    return 0;
}

ssize_t getrandom(void *bytes, size_t size, unsigned flags)
{
    (void)flags;
    for (size_t i = 0; i < size; i++)
        ((unsigned char *)bytes)[i] = (unsigned char)(random_bits() >> 24);
    return (ssize_t)size;
}
