#ifndef SYNC_FUZZ_COST_H
#define SYNC_FUZZ_COST_H

#include <stddef.h>

/* Counts what is done between a beginning and an end, on one thread. */
struct cost {
    size_t memory; /* the most bytes that were allocated at a time, on top of those at the beginning */
    size_t blocks; /* allocations */
    size_t steps;  /* readings of memory */
};

void cost_begin(void);
struct cost cost_end(void);
/* Bytes that are allocated now, on top of those at the beginning. */
size_t cost_held(void);

#endif
