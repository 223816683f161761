#ifndef SYNC_BROKER_ATTEMPT_H
#define SYNC_BROKER_ATTEMPT_H

#include "base/error.h"
#include "broker/takeover.h"
#include "loop/loop.h"

/* One attempt to take the queue over (broker/takeover.h), in a helper thread, as the loop sees it. */
struct attempt;

struct attempt_plan {
    struct broker_settings *settings; /* shared */
    bool wary;                        /* see takeover_consumer() */
    struct takeover_found found;      /* what is known of the queue before */
    void (*ended)(void *context);     /* it has; calls attempt_free() */
    void *context;
};

struct attempt *attempt_start(const struct attempt_plan *plan, struct loop *loop,
                              struct error *error) MUST_USE;
/* Once it has ended: the connection, which is consuming and the caller's now; NULL: it failed. */
struct connection *attempt_take(struct attempt *attempt, struct takeover_found *ret_found,
                                struct error *error) MUST_USE;
/* Ends it wherever it is. NULL is fine. */
void attempt_free(struct attempt *attempt);
DEFINE_CLEANUP(struct attempt, attempt_free)

#endif
