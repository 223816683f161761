#include "synapse/pulse.h"

#include "base/memory.h"
#include "synapse/answer.h"

enum {
    SILENCE = 2000,       /* ms after which it is asked how it is */
    PATIENCE = 2000,      /* ms for the answer to that */
    FIRST_PAUSE = 500,    /* ms after which it is asked again while it is away */
    LONGEST_PAUSE = 2000, /* ms: a refused connection is cheap */
    LASTING = 10 * 1000,  /* ms after which a homeserver that was away is back for good */
};

static void look(void *context);

void pulse_init(struct pulse *pulse, struct http *http, struct loop *loop,
                void (*tell)(void *context, const struct synapse_sign *sign), void *context)
{
    *pulse = (struct pulse){.http = http, .tell = tell, .context = context, .back_at = INSTANT_PAST};
    loop_timer_init(&pulse->timer, loop, look, pulse);
}

void pulse_deinit(struct pulse *pulse)
{
    http_cancel(TAKE(pulse->question));
    loop_timer_stop(&pulse->timer);
}

/* ---- when to look ---- */

/* Not while the next look is certain anyway: this is called for each call. */
static void await_silence(struct pulse *pulse)
{
    if (pulse->awaited > 0 && !pulse->question && !loop_timer_is_set(&pulse->timer))
        loop_timer_set(&pulse->timer, pulse->heard_at + SILENCE);
}

/* The pause begins at `since`: a question that hung was one already. */
static void ask_later(struct pulse *pulse, instant since, int64_t retry_after)
{
    instant at = since + backoff_next(&pulse->pauses, FIRST_PAUSE, LONGEST_PAUSE);
    instant wished = instant_now() + retry_after;

    loop_timer_set(&pulse->timer, at > wished ? at : wished);
}

/* ---- away, and back ---- */

/* Where some calls are answered and others never, it would be away and back without end. */
static void go_away(struct pulse *pulse)
{
    if (!pulse->away && instant_now() > pulse->back_at + LASTING)
        backoff_reset(&pulse->pauses);
    pulse->away = true;
    pulse->answered = false;
}

static void come_back(struct pulse *pulse)
{
    pulse->away = pulse->answered = false;
    pulse->back_at = pulse->heard_at = instant_now();
}

void pulse_doubt(struct pulse *pulse, int64_t retry_after)
{
    if (pulse->away && !pulse->answered)
        return;
    go_away(pulse);
    if (!pulse->question)
        ask_later(pulse, instant_now(), retry_after);
}

/* What the end of a request tells of connections. A time-out of an ordinary call is no reason to doubt
   others, for what a busy server is at work on must not be asked of it twice. And the answer to a call that
   was under way before is no sign that it can be reached again. */
static void judge_connections(struct pulse *pulse, unsigned long number, enum http_result result)
{
    bool answered = result == HTTP_ANSWERED || result == HTTP_TOO_LARGE;

    if (result == HTTP_UNREACHABLE || (!answered && number == pulse->asked)) {
        pulse->doubted = pulse->sent;
        http_doubt(pulse->http);
    } else if (answered && pulse->doubted > 0 && number > pulse->doubted) {
        pulse->doubted = 0;
        http_grace(pulse->http);
    }
}

/* ---- asking ---- */

static enum synapse_sign_kind sign_of(const struct pulse *pulse, enum synapse_outcome outcome)
{
    if (outcome == SYNAPSE_UNREACHABLE)
        return SYNAPSE_AWAY;
    if (outcome == SYNAPSE_LIMITED)
        return SYNAPSE_BUSY;
    return pulse->away ? SYNAPSE_BACK : SYNAPSE_SLOW;
}

static void heard_health(void *context, const struct http_reply *reply)
{
    struct pulse *pulse = context;
    struct synapse_sign sign;
    struct answer answer;

    pulse->question = NULL;
    judge_connections(pulse, pulse->asked, reply->result);
    answer_read_any(&answer, reply, "read-health");
    sign = (struct synapse_sign){
        .kind = sign_of(pulse, answer.outcome), .retry_after = answer.retry_after, .problem = answer.problem};
    answer_deinit(&answer);
    if (sign.kind == SYNAPSE_AWAY) {
        go_away(pulse);
        ask_later(pulse, pulse->asked_at, sign.retry_after);
    } else if (pulse->away) {
        come_back(pulse);
    } else {
        pulse->accounted = pulse->sent;
        pulse->awaited = 0;
    }
    pulse->tell(pulse->context, &sign);
    await_silence(pulse);
}

static void ask(struct pulse *pulse)
{
    pulse->asked = ++pulse->sent;
    pulse->asked_at = instant_now();
    pulse->question = http_send(
        pulse->http,
        &(struct http_request){
            .method = HTTP_GET, .route = "/health", .path = "/health", .limit = PATIENCE, .fresh = true},
        heard_health, pulse);
}

static void look(void *context)
{
    struct pulse *pulse = context;
    const struct synapse_sign back = {.kind = SYNAPSE_BACK, .retry_after = -1};

    if (pulse->answered) {
        come_back(pulse);
        pulse->tell(pulse->context, &back);
    } else if (pulse->away || (pulse->awaited > 0 && instant_now() >= pulse->heard_at + SILENCE)) {
        ask(pulse);
    }
    await_silence(pulse);
}

/* ---- calls ---- */

unsigned long pulse_sent(struct pulse *pulse)
{
    if (pulse->awaited++ == 0)
        pulse->heard_at = instant_now();
    await_silence(pulse);
    return ++pulse->sent;
}

void pulse_forget(struct pulse *pulse, unsigned long number)
{
    if (number > pulse->accounted)
        pulse->awaited--;
}

/* Which tells more than the answer to a question could. */
static void hear_life(struct pulse *pulse)
{
    http_cancel(TAKE(pulse->question));
    if (!pulse->away)
        return;
    pulse->answered = true;
    loop_timer_set(&pulse->timer, instant_now());
}

void pulse_heard(struct pulse *pulse, unsigned long number, enum http_result result,
                 enum synapse_outcome outcome)
{
    pulse_forget(pulse, number);
    pulse->heard_at = instant_now();
    judge_connections(pulse, number, result);
    if (outcome != SYNAPSE_UNREACHABLE)
        hear_life(pulse);
    await_silence(pulse);
}
