#include "command/question.h"

#include "base/backoff.h"
#include "base/memory.h"
#include "command/setup.h"

#include <stdlib.h>

enum {
    LOOK = 50,             /* ms between looks at whether the session is ready */
    OPENING_LIMIT = 30000, /* ms */
    FIRST_PAUSE = 500,     /* ms before a question is asked again */
    LONGEST_PAUSE = 10000,
    MOST_ATTEMPTS = 20,
};

struct question_desk {
    struct loop *loop;
    struct http *http;
    struct synapse *synapse;
    struct loop_timer timer;
    instant until;
    struct synapse_reply reply;
};

/* ---- the session ---- */

static void look(void *context)
{
    struct question_desk *desk = context;
    instant now = instant_now();

    if (synapse_is_ready(desk->synapse) || synapse_is_refused(desk->synapse) || now >= desk->until)
        loop_stop(desk->loop);
    else
        loop_timer_set(&desk->timer, now + LOOK);
}

static bool await_session(struct question_desk *desk, struct error *error)
{
    desk->until = instant_now() + OPENING_LIMIT;
    loop_timer_init(&desk->timer, desk->loop, look, desk);
    loop_timer_set(&desk->timer, instant_now());
    loop_run(desk->loop);
    loop_timer_stop(&desk->timer);
    return synapse_is_ready(desk->synapse) || error_set(error, "%s", synapse_trouble(desk->synapse));
}

/* Both are looked at when they matter. */
static void changed(void *context, bool ready)
{
    (void)context;
    (void)ready;
}

static void told(void *context, const struct synapse_sign *sign)
{
    (void)context;
    (void)sign;
}

struct question_desk *question_open(const struct config *config, const char *sync_user, struct error *error)
{
    struct question_desk *desk = NEW(struct question_desk);
    const struct synapse_handlers handlers = {.changed = changed, .told = told, .context = desk};
    const struct http_config http = setup_http(config);

    desk->loop = loop_new(error);
    desk->http = desk->loop ? http_new(&http, desk->loop, error) : NULL;
    if (desk->http) {
        desk->synapse = setup_synapse(config, sync_user, &handlers, &http, desk->http, desk->loop);
        synapse_only_read(desk->synapse);
    }
    if (desk->synapse && await_session(desk, error))
        return desk;
    question_close(desk);
    return NULL;
}

void question_close(struct question_desk *desk)
{
    if (!desk)
        return;
    synapse_free(desk->synapse);
    http_free(desk->http);
    loop_free(desk->loop);
    free(desk);
}

/* ---- questions ---- */

/* What the reply owns is ours from now on. */
static void answered(void *context, struct synapse_reply *reply)
{
    struct question_desk *desk = context;

    desk->reply = *reply;
    *reply = (struct synapse_reply){.outcome = reply->outcome, .retry_after = -1};
    loop_stop(desk->loop);
}

static void over(void *context)
{
    loop_stop(context);
}

static void pause_for(struct question_desk *desk, int64_t pause)
{
    loop_timer_init(&desk->timer, desk->loop, over, desk->loop);
    loop_timer_set(&desk->timer, instant_now() + pause);
    loop_run(desk->loop);
    loop_timer_stop(&desk->timer);
}

static bool is_answer(enum synapse_outcome outcome)
{
    switch (outcome) {
    case SYNAPSE_OK:
    case SYNAPSE_ABSENT:
    case SYNAPSE_TAKEN:
    case SYNAPSE_REFUSED:
        return true;
    case SYNAPSE_FAILED:
    case SYNAPSE_LIMITED:
    case SYNAPSE_UNREACHABLE:
    case SYNAPSE_SHUT_OUT:
        break;
    }
    return false;
}

bool question_ask(struct question_desk *desk, const struct synapse_call *call,
                  struct synapse_reply *ret_reply, struct error *error)
{
    struct backoff attempts = {0};

    for (int i = 0; i < MOST_ATTEMPTS; i++) {
        int64_t pause = backoff_next(&attempts, FIRST_PAUSE, LONGEST_PAUSE);

        if (!synapse_is_ready(desk->synapse) && !await_session(desk, error))
            return false;
        synapse_send(desk->synapse, call, answered, desk);
        loop_run(desk->loop);
        if (is_answer(desk->reply.outcome)) {
            *ret_reply = desk->reply;
            return true;
        }
        *error = desk->reply.problem;
        if (desk->reply.retry_after > pause)
            pause = desk->reply.retry_after;
        synapse_reply_deinit(&desk->reply);
        pause_for(desk, pause);
    }
    return false;
}

unsigned long question_count(const struct question_desk *desk)
{
    return http_count(desk->http);
}
