#include "engine/simulation/clock.h"

#include <string.h>
#include <sys/epoll.h>
#include <sys/random.h>

static struct {
    instant now;
    struct chance chance;
} simulated;

void clock_start(uint64_t seed)
{
    simulated.now = 1000000;
    simulated.chance = (struct chance){.random = seed * UINT64_C(0x9e3779b97f4a7c15) | 1};
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
    uint64_t *random = &simulated.chance.random;

    *random ^= *random << 13;
    *random ^= *random >> 7;
    *random ^= *random << 17;
    return *random;
}

void chance_follow(const uint8_t *script, size_t size)
{
    simulated.chance.script = script;
    simulated.chance.left = size;
}

/* As many bytes as a number below that may need. */
static uint64_t scripted(unsigned below)
{
    struct chance *chance = &simulated.chance;
    uint64_t number = 0;

    for (unsigned most = below - 1; most > 0 && chance->left > 0; most >>= 8, chance->left--)
        number = number << 8 | *chance->script++;
    return number;
}

unsigned chance_below(unsigned below)
{
    return (unsigned)((simulated.chance.left > 0 ? scripted(below) : random_bits() >> 20) % below);
}

bool chance_percent(unsigned percent)
{
    return chance_below(100) < percent;
}

struct chance chance_mark(void)
{
    return simulated.chance;
}

void chance_return(struct chance mark)
{
    simulated.chance = mark;
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
