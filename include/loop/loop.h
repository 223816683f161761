#ifndef SYNC_LOOP_LOOP_H
#define SYNC_LOOP_LOOP_H

#include "base/cleanup.h"
#include "base/error.h"
#include "base/instant.h"

#include <stdbool.h>
#include <stdint.h>

/*
 * The one wait of the program (epoll), on one thread. Everything that happens, happens in a callback of this
 * loop: a file descriptor became ready, a timer ran out, a signal came (a descriptor too, see
 * loop/signals.h). Callbacks must not block.
 *
 * Watches and timers are embedded in the objects that use them; the loop links to them but never owns them.
 * Both may be started, changed and stopped from within any callback, also their own; a stopped one is not
 * called again, even if its event had already been fetched.
 */
struct loop;

struct loop *loop_new(struct error *error) MUST_USE;
/* All watches and timers must have been stopped. NULL is fine. */
void loop_free(struct loop *loop);
DEFINE_CLEANUP(struct loop, loop_free)

/* Waits and calls back until loop_stop(). */
void loop_run(struct loop *loop);
/* Makes loop_run() return once the callback under way has returned. */
void loop_stop(struct loop *loop);
/* The longest time in ms that the callbacks of one turn took together: for that long nothing else was
   served. */
int64_t loop_longest_turn(const struct loop *loop);

/* ---- file descriptors ---- */

struct loop_watch {
    struct loop *loop;
    bool active; /* watching */
    int fd;
    void (*ready)(void *context, uint32_t events); /* EPOLLIN, EPOLLOUT, EPOLLERR, EPOLLHUP */
    void *context;
};

/* Says what the watch calls; it does not watch yet. */
void loop_watch_init(struct loop_watch *watch, struct loop *loop,
                     void (*ready)(void *context, uint32_t events), void *context);
/* Begins to watch; level-triggered. It must not be watching; `fd` stays the caller's. */
bool loop_watch_start(struct loop_watch *watch, int fd, uint32_t events, struct error *error) MUST_USE;
/* Other events for a watch that was started. */
void loop_watch_change(struct loop_watch *watch, uint32_t events);
/* Must come before the descriptor is closed. Not watching, or zeroed: nothing happens. */
void loop_watch_stop(struct loop_watch *watch);

/* ---- timers ---- */

struct loop_timer {
    struct loop *loop;
    struct loop_timer *next, **link; /* the loop's list; link is NULL when not set */
    instant at;
    void (*due)(void *context);
    void *context;
};

/* Says what the timer calls; it is not set yet. */
void loop_timer_init(struct loop_timer *timer, struct loop *loop, void (*due)(void *context), void *context);
/* Calls `due` once, at `at` or soon after; a time set before is replaced. INSTANT_NEVER stops the timer. */
void loop_timer_set(struct loop_timer *timer, instant at);
void loop_timer_stop(struct loop_timer *timer);
/* Whether a call is to come. */
bool loop_timer_is_set(const struct loop_timer *timer);

#endif
