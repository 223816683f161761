#include "engine/rest.h"

void rest_init(struct rest *rest)
{
    *rest = (struct rest){.until = INSTANT_PAST};
}

void rest_set_factor(struct rest *rest, unsigned factor)
{
    rest->factor = factor;
    if (factor == 0)
        rest->until = INSTANT_PAST;
}

unsigned rest_width(const struct rest *rest, unsigned most)
{
    return rest->factor > 0 ? 1 : most;
}

void rest_written(struct rest *rest, instant sent, instant now)
{
    int64_t length = (int64_t)rest->factor * (now - sent);

    if (rest->factor > 0)
        rest->until = now + (length < LONGEST_REST ? length : LONGEST_REST);
}
