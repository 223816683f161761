#ifndef SYNC_BROKER_ERRAND_H
#define SYNC_BROKER_ERRAND_H

#include "base/cleanup.h"
#include "base/error.h"
#include "broker/helper.h"
#include "loop/loop.h"

#include <stdint.h>

/* Something that blocks and is done once, in a helper thread, as the loop sees it. */
struct errand;

struct errand_plan {
    void (*run)(struct helper *helper, void *job); /* in the helper */
    void (*release)(void *job);                    /* when both sides have let go of it */
    void (*ended)(void *context);                  /* in the loop: `run` has returned; calls errand_free() */
    void *context;
};

/* Takes the job over, even where it fails. The loop touches it only between the end and errand_free(). */
struct errand *errand_start(const struct errand_plan *plan, void *job, struct loop *loop,
                            struct error *error) MUST_USE;
/* Waits until it has ended, so many milliseconds at most; `ended` is not called. */
void errand_await(const struct errand *errand, int64_t milliseconds);
/* Ends it wherever it is. NULL is fine. */
void errand_free(struct errand *errand);
DEFINE_CLEANUP(struct errand, errand_free)

#endif
