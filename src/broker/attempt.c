#include "broker/attempt.h"

#include "base/memory.h"
#include "broker/helper.h"

#include <stdlib.h>
#include <sys/epoll.h>

/* What the helper works on: the loop touches it only when the helper has finished. */
struct job {
    struct broker_settings *settings;
    bool wary;
    struct connection *connection; /* NULL: it failed */
    struct takeover_found found;
    struct error error;
};

struct attempt {
    struct job *job;
    struct helper *helper;
    struct loop_watch wakeup;
    void (*ended)(void *context);
    void *context;
};

/* ---- in the helper ---- */

static void job_release(void *context)
{
    struct job *job = context;

    connection_free(job->connection);
    broker_settings_free(job->settings);
    free(job);
}

static void job_run(struct helper *helper, void *context)
{
    struct job *job = context;

    job->connection = takeover_consumer(job->settings, job->wary, helper, &job->found, &job->error);
}

static struct job *job_new(const struct attempt_plan *plan)
{
    struct job *job = NEW(struct job);

    job->settings = broker_settings_share(plan->settings);
    job->wary = plan->wary;
    job->found = plan->found;
    return job;
}

/* ---- in the loop ---- */

static void woken(void *context, uint32_t events)
{
    struct attempt *attempt = context;

    (void)events;
    helper_silence(attempt->helper);
    if (helper_is_finished(attempt->helper))
        attempt->ended(attempt->context);
}

struct attempt *attempt_start(const struct attempt_plan *plan, struct loop *loop, struct error *error)
{
    CLEANUP(attempt_freep) struct attempt *attempt = NEW(struct attempt);

    attempt->ended = plan->ended;
    attempt->context = plan->context;
    attempt->job = job_new(plan);
    attempt->helper = helper_start(job_run, attempt->job, job_release, error);
    if (!attempt->helper) {
        job_release(attempt->job);
        return NULL;
    }
    loop_watch_init(&attempt->wakeup, loop, woken, attempt);
    if (!loop_watch_start(&attempt->wakeup, helper_wakeup(attempt->helper), EPOLLIN, error))
        return NULL;
    return TAKE(attempt);
}

struct connection *attempt_take(struct attempt *attempt, struct takeover_found *ret_found,
                                struct error *error)
{
    *ret_found = attempt->job->found;
    *error = attempt->job->error;
    return TAKE(attempt->job->connection);
}

void attempt_free(struct attempt *attempt)
{
    if (!attempt)
        return;
    loop_watch_stop(&attempt->wakeup);
    helper_stop(attempt->helper);
    free(attempt);
}
