#ifndef SYNC_FUZZ_H
#define SYNC_FUZZ_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * What the targets share. A target is a function that takes any bytes and holds what comes of them against
 * the plainest words about it, and a bound on what it may cost. How they are run is in tests/fuzz/README.md.
 */

/* Tries the input; to be defined by each target. */
void fuzz_try(const uint8_t *data, size_t size);

/*
 * What an input may cost for each of its bytes, whereby one that is shorter counts as one of FUZZ_LEAST
 * bytes. Each target defines its own. None of it is time, which nobody can foretell: it is counted, so that
 * the same input costs the same each time.
 */
struct fuzz_bound {
    size_t memory; /* bytes that are allocated at a time */
    size_t blocks; /* allocations in all */
    size_t steps;  /* what code of ours reads from memory, in all; what libraries do is not seen */
};
extern const struct fuzz_bound fuzz_bound;

enum { FUZZ_LEAST = 1024 };

/* Ends the process, and with it the search, unless it holds. */
void must(bool holds);

/* Bytes that are allocated now, more than when the input came; 0 where they are not counted (without the
   address sanitizer). */
size_t fuzz_held(void);

/* ---- inputs of several parts ---- */

/* What is left of an input. */
struct fuzz_rest {
    const uint8_t *data;
    size_t size;
};

/* The next byte; 0: there is none. */
uint8_t fuzz_byte(struct fuzz_rest *rest);
/* A copy of what comes before the next NUL, or of the rest, terminated. The caller frees it. */
char *fuzz_text(struct fuzz_rest *rest);

#endif
