#ifndef SYNC_BASE_INSTANT_H
#define SYNC_BASE_INSTANT_H

#include <stdint.h>

/*
 * A point in time: milliseconds of the monotonic clock. Times given around are deadlines (an instant), not
 * time-outs (a length), so that waiting in several steps does not add up. Lengths are int64_t milliseconds.
 */
typedef int64_t instant;

/* Earlier than any time the clock gives. */
#define INSTANT_PAST INT64_MIN
/* Later than any time the clock gives. */
#define INSTANT_NEVER INT64_MAX

/* Now. */
instant instant_now(void);

/* The earlier of two. */
static inline instant instant_min(instant a, instant b)
{
    return a < b ? a : b;
}

/* The later of two. */
static inline instant instant_max(instant a, instant b)
{
    return a > b ? a : b;
}

#endif
