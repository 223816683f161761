#include "broker/attempt.h"

#include "base/memory.h"
#include "broker/errand.h"

#include <stdlib.h>

/* What the helper works on. */
struct job {
    struct broker_settings *settings;
    bool wary;
    struct connection *connection; /* NULL: it failed */
    struct takeover_found found;
    struct error error;
};

struct attempt {
    struct job *job; /* the errand's */
    struct errand *errand;
};

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

struct attempt *attempt_start(const struct attempt_plan *plan, struct loop *loop, struct error *error)
{
    const struct errand_plan errand = {
        .run = job_run, .release = job_release, .ended = plan->ended, .context = plan->context};
    CLEANUP(attempt_freep) struct attempt *attempt = NEW(struct attempt);

    attempt->job = job_new(plan);
    attempt->errand = errand_start(&errand, attempt->job, loop, error);
    return attempt->errand ? TAKE(attempt) : NULL;
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
    errand_free(attempt->errand);
    free(attempt);
}
