#ifndef SYNC_TESTS_ENGINE_CLOCK_H
#define SYNC_TESTS_ENGINE_CLOCK_H

#include "base/instant.h"

#include <stdbool.h>
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
/* What has come by chance so far; to have the same again. */
uint64_t chance_mark(void);
void chance_return(uint64_t mark);

#endif
