#ifndef SYNC_TESTS_ENGINE_CLOCK_H
#define SYNC_TESTS_ENGINE_CLOCK_H

#include "base/instant.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * Time and chance under control. A test program that links this has its own instant_now(), epoll_wait() and
 * getrandom() in the place of the real ones, so that the real loop, waiting for ten minutes, takes no time at
 * all, and each run is the same for the same seed.
 */

/* Time and chance begin anew. */
void clock_start(uint64_t seed);
/* Time passes. */
void clock_pass(int64_t milliseconds);
/* It is that time now, unless it is later already. */
void clock_reach(instant at);

/* Random numbers: 0 … below - 1; true in so many of a hundred cases. */
unsigned chance_below(unsigned below);
bool chance_percent(unsigned percent);

/* Where chance comes from. */
struct chance {
    uint64_t random; /* state of Marsaglia's xorshift; never 0 */
    const uint8_t *script;
    size_t left; /* bytes of the script */
};
/* From now on the two functions above take their numbers from these bytes, one for each number below 256,
   until there are none left; then they go on as before. Borrowed; clock_start() forgets them. What the daemon
   draws for itself (getrandom) is none of it. */
void chance_follow(const uint8_t *script, size_t size);
/* What has come by chance so far; to have the same again. */
struct chance chance_mark(void);
void chance_return(struct chance mark);

#endif
