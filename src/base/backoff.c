#include "base/backoff.h"

#include <sys/random.h>

enum { MOST_DOUBLINGS = 20 };

static uint32_t random_number(void)
{
    uint32_t number = 0;

    if (getrandom(&number, sizeof(number), GRND_NONBLOCK) != (ssize_t)sizeof(number))
        return UINT32_MAX; /* no randomness yet, at boot: the longest pause */
    return number;
}

int64_t backoff_next(struct backoff *backoff, int64_t first, int64_t longest)
{
    unsigned doublings = backoff->attempts < MOST_DOUBLINGS ? backoff->attempts : MOST_DOUBLINGS;
    int64_t ceiling = first << doublings;
    int64_t least = first / 4;

    backoff->attempts++;
    if (ceiling > longest)
        ceiling = longest;
    if (ceiling <= least)
        return ceiling;
    return least + (ceiling - least) * random_number() / UINT32_MAX;
}

void backoff_reset(struct backoff *backoff)
{
    backoff->attempts = 0;
}
