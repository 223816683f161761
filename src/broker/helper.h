#ifndef SYNC_BROKER_HELPER_H
#define SYNC_BROKER_HELPER_H

#include "base/cleanup.h"
#include "base/error.h"
#include "base/instant.h"

#include <stdbool.h>

/*
 * A thread for what can block, with a wakeup in each direction:
 *
 *     loop --helper_call()--> thread        the thread waits in helper_wait()
 *     loop <--helper_ring()-- thread        the loop watches helper_wakeup()
 *
 * The thread works on a context, which is freed by `release` when both sides have let go of it. So the loop
 * never has to wait for a thread that hangs in a name look-up: it asks it to stop, waits a moment and leaves.
 */
struct helper;

/* Starts the thread: run(helper, context). On failure the context stays the caller's. */
struct helper *helper_start(void (*run)(struct helper *helper, void *context), void *context,
                            void (*release)(void *context), struct error *error) MUST_USE;
/*
 * The helper of who may block as it is, a command without a loop: what is "from the thread" is called from
 * the thread that made it, and nothing ever asks it to stop.
 */
struct helper *helper_of_caller(struct error *error) MUST_USE;
/*
 * From the loop: asks the thread to stop, cuts the socket it guards, waits for it for up to a second and lets
 * go. The context must not be touched afterwards. NULL is fine.
 */
void helper_stop(struct helper *helper);
DEFINE_CLEANUP(struct helper, helper_stop)

/* From the loop: ends the wait of the thread. */
void helper_call(struct helper *helper);
/* From the loop: becomes readable when the thread rings and when it has come to its end. */
int helper_wakeup(const struct helper *helper);
/* From the loop: silences the wakeup until it is rung again. */
void helper_silence(struct helper *helper);
/* Whether `run` has returned: the context is then the loop's alone until helper_stop(). */
bool helper_is_finished(const struct helper *helper);

/* From the thread: rings. */
void helper_ring(struct helper *helper);
/* From the thread: whether it was asked to stop. */
bool helper_is_stopping(const struct helper *helper);
/* From the thread: until called, until `fd` is ready for `events` (-1: none), or until the time; the
 * earliest. */
void helper_wait(struct helper *helper, int fd, short events, instant until);
/*
 * From the thread: a socket that helper_stop() is to shut down, so that nothing blocks in it any longer; -1:
 * none. Must be taken back before the socket is closed.
 */
void helper_guard(struct helper *helper, int fd);

#endif
