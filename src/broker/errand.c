#include "broker/errand.h"

#include "base/memory.h"

#include <poll.h>
#include <stdlib.h>
#include <sys/epoll.h>

struct errand {
    struct helper *helper;
    struct loop_watch wakeup;
    void (*ended)(void *context);
    void *context;
};

static void woken(void *context, uint32_t events)
{
    struct errand *errand = context;

    (void)events;
    helper_silence(errand->helper);
    if (helper_is_finished(errand->helper))
        errand->ended(errand->context);
}

struct errand *errand_start(const struct errand_plan *plan, void *job, struct loop *loop, struct error *error)
{
    CLEANUP(errand_freep) struct errand *errand = NEW(struct errand);

    errand->ended = plan->ended;
    errand->context = plan->context;
    errand->helper = helper_start(plan->run, job, plan->release, error);
    if (!errand->helper) {
        plan->release(job);
        return NULL;
    }
    loop_watch_init(&errand->wakeup, loop, woken, errand);
    if (!loop_watch_start(&errand->wakeup, helper_wakeup(errand->helper), EPOLLIN, error))
        return NULL;
    return TAKE(errand);
}

void errand_await(const struct errand *errand, int64_t milliseconds)
{
    struct pollfd wakeup = {.fd = helper_wakeup(errand->helper), .events = POLLIN};

    (void)poll(&wakeup, 1, (int)milliseconds);
}

void errand_free(struct errand *errand)
{
    if (!errand)
        return;
    loop_watch_stop(&errand->wakeup);
    helper_stop(errand->helper);
    free(errand);
}
