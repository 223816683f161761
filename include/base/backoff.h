#ifndef SYNC_BASE_BACKOFF_H
#define SYNC_BASE_BACKOFF_H

#include <stdint.h>

/*
 * Growing pauses with full jitter: the n-th pause is drawn evenly from 0 to first × 2^n, at most `longest`,
 * so that many waiters do not come back all at once. A small part (`first` / 4) is always waited.
 */
struct backoff {
    unsigned attempts;
};

/* The length of the next pause in milliseconds; counts the attempt. */
int64_t backoff_next(struct backoff *backoff, int64_t first, int64_t longest);
/* Success: the next pause is a short one again. */
void backoff_reset(struct backoff *backoff);

#endif
