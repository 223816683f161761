/*
 * The loop: one epoll instance and a list of timers.
 *
 * There are few timers (one per module, not one per request), so a list in no order, looked through before
 * each wait, is the simplest thing that is fast enough.
 *
 * Why not libuv or libevent: what is needed of them is no longer than this file, and with epoll itself it is
 * in our hands that a stopped watch is not called again, and that nothing is allocated for a watch or a
 * timer.
 *
 * Events are fetched in batches. A callback may stop a watch whose event lies further on in the batch, and
 * the object around that watch may be freed: stopping a watch therefore strikes it out of the batch.
 */
#include "loop/loop.h"

#include "base/memory.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <unistd.h>

enum { BATCH = 32, LONGEST_WAIT = 60000 };

struct loop {
    int epoll;
    bool stopping;
    int64_t longest_turn;
    struct loop_timer *timers;
    struct epoll_event batch[BATCH];
    int batch_size;
};

struct loop *loop_new(struct error *error)
{
    struct loop *loop = NEW(struct loop);

    loop->epoll = epoll_create1(EPOLL_CLOEXEC);
    if (loop->epoll < 0) {
        (void)error_set(error, "epoll_create1: %s", strerror(errno));
        free(loop);
        return NULL;
    }
    return loop;
}

void loop_free(struct loop *loop)
{
    if (!loop)
        return;
    (void)close(loop->epoll);
    free(loop);
}

void loop_watch_init(struct loop_watch *watch, struct loop *loop,
                     void (*ready)(void *context, uint32_t events), void *context)
{
    *watch = (struct loop_watch){.loop = loop, .ready = ready, .context = context};
}

bool loop_watch_start(struct loop_watch *watch, int fd, uint32_t events, struct error *error)
{
    struct epoll_event event = {.events = events, .data = {.ptr = watch}};

    if (epoll_ctl(watch->loop->epoll, EPOLL_CTL_ADD, fd, &event) < 0)
        return error_set(error, "epoll_ctl: %s", strerror(errno));
    watch->active = true;
    watch->fd = fd;
    return true;
}

void loop_watch_change(struct loop_watch *watch, uint32_t events)
{
    struct epoll_event event = {.events = events, .data = {.ptr = watch}};

    if (watch->active)
        (void)epoll_ctl(watch->loop->epoll, EPOLL_CTL_MOD, watch->fd, &event);
}

void loop_watch_stop(struct loop_watch *watch)
{
    struct loop *loop = watch->loop;

    if (!watch->active)
        return;
    (void)epoll_ctl(loop->epoll, EPOLL_CTL_DEL, watch->fd, NULL);
    for (int i = 0; i < loop->batch_size; i++)
        if (loop->batch[i].data.ptr == watch)
            loop->batch[i].data.ptr = NULL;
    watch->active = false;
}

void loop_timer_init(struct loop_timer *timer, struct loop *loop, void (*due)(void *context), void *context)
{
    *timer = (struct loop_timer){.loop = loop, .due = due, .context = context};
}

static void link_timer(struct loop_timer **list, struct loop_timer *timer)
{
    timer->next = *list;
    timer->link = list;
    if (timer->next)
        timer->next->link = &timer->next;
    *list = timer;
}

void loop_timer_set(struct loop_timer *timer, instant at)
{
    loop_timer_stop(timer);
    if (at == INSTANT_NEVER)
        return;
    timer->at = at;
    link_timer(&timer->loop->timers, timer);
}

void loop_timer_stop(struct loop_timer *timer)
{
    if (!timer->link)
        return;
    *timer->link = timer->next;
    if (timer->next)
        timer->next->link = timer->link;
    timer->next = NULL;
    timer->link = NULL;
}

bool loop_timer_is_set(const struct loop_timer *timer)
{
    return timer->link != NULL;
}

static struct loop_timer *earliest_timer(struct loop_timer *list)
{
    struct loop_timer *earliest = list;

    for (struct loop_timer *timer = list; timer; timer = timer->next)
        if (timer->at < earliest->at)
            earliest = timer;
    return earliest;
}

/* Milliseconds until the next timer; the wait is bounded, which a later change of a timer does not need. */
static int wait_length(const struct loop *loop)
{
    const struct loop_timer *timer = earliest_timer(loop->timers);
    instant now = instant_now();

    if (!timer)
        return LONGEST_WAIT;
    if (timer->at <= now)
        return 0;
    return timer->at - now < LONGEST_WAIT ? (int)(timer->at - now) : LONGEST_WAIT;
}

static void move_timer(struct loop_timer **list, struct loop_timer *timer)
{
    loop_timer_stop(timer);
    link_timer(list, timer);
}

/*
 * Only timers that are due now, the earliest first, equal ones as they were set. They are put aside for it,
 * so that one which sets itself anew for "now" waits for the next turn; what is left when the loop is stopped
 * goes back.
 */
static void call_timers(struct loop *loop)
{
    struct loop_timer *due = NULL, *timer, *next;
    instant now = instant_now();

    for (timer = loop->timers; timer; timer = next) {
        next = timer->next;
        if (timer->at <= now)
            move_timer(&due, timer); /* newest first becomes oldest first */
    }
    while (due && !loop->stopping) {
        timer = earliest_timer(due);
        loop_timer_stop(timer);
        timer->due(timer->context);
    }
    while (due)
        move_timer(&loop->timers, due);
}

static void call_watches(struct loop *loop)
{
    for (int i = 0; i < loop->batch_size && !loop->stopping; i++) {
        struct loop_watch *watch = loop->batch[i].data.ptr;

        if (watch)
            watch->ready(watch->context, loop->batch[i].events);
    }
    loop->batch_size = 0;
}

void loop_run(struct loop *loop)
{
    loop->stopping = false;
    while (!loop->stopping) {
        int count = epoll_wait(loop->epoll, loop->batch, BATCH, wait_length(loop));
        instant woken = instant_now();
        int64_t length;

        loop->batch_size = count > 0 ? count : 0;
        call_watches(loop);
        call_timers(loop);
        length = instant_now() - woken;
        if (length > loop->longest_turn)
            loop->longest_turn = length;
    }
}

int64_t loop_longest_turn(const struct loop *loop)
{
    return loop->longest_turn;
}

void loop_stop(struct loop *loop)
{
    loop->stopping = true;
}
