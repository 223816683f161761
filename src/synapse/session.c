/*
 * The session: a walk through the steps of src/synapse/steps.c.
 *
 *     find-accounts ─ who-am-i ─┐               ┌─ set-own-name ─ upload-avatar ─ … ─ lift-rate-limit ─┐
 *                               ├─ read-self ─ …                                                       ├─
 * ready log-in ───┘               └───────── (when all that was done before) ────────────┘
 *
 * Steps that are not wanted are skipped. A step that fails is taken again after a pause, so the session is
 * always in one of three states: ready, waiting for a reply, or waiting for its timer. Two things lead back:
 *
 * - the token is refused, in the walk or in mid-run: back to the beginning. The first time that is done at
 *   once, for tokens do end now and then; but if the new token is not accepted either, the pauses grow, since
 *   logging in is limited to a few times in many minutes.
 * - the sync user is no admin any more, suspended, or may not write: back to read-self, and try-to-write,
 *   after pauses that grow likewise.
 *
 * Only a request that succeeds (session_prove) when the session has lasted for a while makes the next setback
 * a first one again: who lets one request pass and refuses the next would be asked without end.
 *
 * Several requests that are under way may meet the refusal of the same token. Each token has a number, its
 * generation; what is said of an earlier one is no news.
 *
 * An optional step that is refused, or fails a few times, leaves a warning in the log and no more. But while
 * the homeserver cannot be reached no step is passed over.
 *
 * While a step is not answered, the pulse (synapse/pulse.h) may find that the homeserver is away, and later
 * that it is back: what was sent before is not waited for any longer then, and the step is taken again.
 */
#include "synapse/session_state.h"

#include "base/log.h"
#include "base/memory.h"

#include <stdlib.h>
#include <string.h>

enum { OPTIONAL_ATTEMPTS = 3 };
enum { LASTING = 2000 /* after which a session was a good one; tokens may live for seconds only */ };

/* ---- from step to step ---- */

static void become_ready(struct session *session)
{
    const char *version = session->facts.room_version;

    session->facts.is_prepared = true;
    session->terms = (struct call_terms){
        .sync_user = session->facts.user,
        .room_version = version,
        .creators_reign = room_version_creators_reign(version),
    };
    session->ready = true;
    session->ready_since = instant_now();
    session->is_refused = false;
    session_note(session, NULL);
    if (!session->renews)
        log_info("homeserver-ready", LOG_TEXT("user", session->facts.user),
                 LOG_TEXT("room_version", facts_are_told_by(&session->facts, version) ? NULL : version));
    session->renews = false;
    session->handlers.changed(session->handlers.context, true);
}

/* The step is done, or done without. */
static void pass(struct session *session)
{
    backoff_reset(&session->attempts);
    session->next++;
    while (session->next < STEP_NONE && !step_at(session->next)->is_wanted(&session->facts))
        session->next++;
    if (session->next == STEP_NONE)
        become_ready(session);
    else
        session_wait(session, 0);
}

static void begin(struct session *session, int64_t pause)
{
    session->renews = false;
    session->next = STEP_FIND_MAS; /* which is always wanted */
    session_wait(session, pause);
}

/* The step was refused, or what was answered is not what it must be. */
static void refuse(struct session *session, const struct step *step, const char *problem)
{
    if (step->optional) {
        log_warning("homeserver-setting-failed", LOG_TEXT("what", step->refused),
                    LOG_TEXT("problem", problem));
        pass(session);
        return;
    }
    session_say(session, true, problem);
    session_wait(session, backoff_next(&session->attempts, FIRST_PAUSE, LONGEST_REFUSED_PAUSE));
}

static void refuse_reply(struct session *session, const struct step *step, const struct answer *answer)
{
    CLEANUP(freep) char *problem = text_format("%s (%s)", step->refused, answer->problem.text);

    refuse(session, step, step->optional ? answer->problem.text : problem);
}

static void fail(struct session *session, const struct step *step, const struct answer *answer)
{
    if (step->optional && answer->outcome == SYNAPSE_FAILED &&
        session->attempts.attempts + 1 >= OPTIONAL_ATTEMPTS) {
        refuse(session, step, answer->problem.text);
        return;
    }
    session_say(session, false, answer->problem.text);
    session_wait(session, backoff_next(&session->attempts, FIRST_PAUSE, LONGEST_PAUSE));
}

static void wait_as_told(struct session *session, const struct answer *answer)
{
    int64_t pause = backoff_next(&session->attempts, FIRST_PAUSE, LONGEST_PAUSE);

    session_say(session, false, answer->problem.text);
    session_wait(session, pause > answer->retry_after ? pause : answer->retry_after);
}

/* ---- tokens ---- */

/* The token was refused: begins anew, to get another, or to ask again about the one that was given. */
static void replace_token(struct session *session, const char *problem)
{
    bool given = session->facts.given_token != NULL;
    bool at_once = !given && session->setbacks.attempts == 0;
    int64_t pause = backoff_next(&session->setbacks, FIRST_PAUSE, LONGEST_REFUSED_PAUSE);

    session->generation++;
    session_say(session, given, problem);
    begin(session, at_once ? 0 : pause);
}

static void refuse_token(struct session *session, const struct step *step, const struct answer *answer)
{
    CLEANUP(freep) char *problem = NULL;

    if (step->anonymous) { /* so there was none that could be refused */
        refuse_reply(session, step, answer);
        return;
    }
    problem = text_format("%s (%s)",
                          session->facts.given_token ? "the token that was given is refused"
                                                     : "the token is refused",
                          answer->problem.text);
    replace_token(session, problem);
}

/* ---- asking and hearing ---- */

static void learn(struct session *session, const struct step *step, const struct answer *answer)
{
    struct error problem;

    if (!step->learn || step->learn(&session->facts, answer->body, &problem))
        pass(session);
    else
        refuse(session, step, problem.text);
}

static void heard(void *context, const struct http_reply *reply)
{
    struct session *session = context;
    const struct step *step = step_at(session->next);
    struct answer_secrets secrets = session_secrets(session);
    struct answer answer;

    session->call = NULL;
    answer_read(&answer, reply, step->name, step->own, &secrets);
    if (!step->of_mas)
        pulse_heard(session->pulse, session->number, reply->result, answer.outcome);
    switch (answer.outcome) {
    case SYNAPSE_OK:
        learn(session, step, &answer);
        break;
    case SYNAPSE_ABSENT:
    case SYNAPSE_TAKEN:
    case SYNAPSE_REFUSED:
        refuse_reply(session, step, &answer);
        break;
    case SYNAPSE_SHUT_OUT:
        refuse_token(session, step, &answer);
        break;
    case SYNAPSE_LIMITED:
        wait_as_told(session, &answer);
        break;
    case SYNAPSE_FAILED:
    case SYNAPSE_UNREACHABLE:
        fail(session, step, &answer);
        break;
    }
    answer_deinit(&answer);
}

static void take_step(void *context)
{
    struct session *session = context;
    const struct step *step = step_at(session->next);
    struct question question = {0};
    struct error error;
    struct http *http = step->of_mas ? ways_to(&session->ways, session->facts.mas, &error) : session->http;
    CLEANUP(text_free_secretp) char *bearer = session_bearer(session, step);

    if (!http || !step->ask(&session->facts, &question, &error)) {
        question_deinit(&question);
        refuse(session, step, error.text);
        return;
    }
    session->call = http_send(http,
                              &(struct http_request){
                                  .method = question.method,
                                  .route = question.route,
                                  .path = question.path,
                                  .bearer = bearer,
                                  .basic = step->by_client,
                                  .content_type = question.content_type,
                                  .body = question.body,
                                  .body_size = question.body_size,
                                  .limit = step->limit,
                              },
                              heard, session);
    session->number = step->of_mas ? 0 : pulse_sent(session->pulse);
    session->away = false;
    question_deinit(&question);
}

void session_hear_sign(struct session *session, const struct synapse_sign *sign)
{
    if (!session->call || step_at(session->next)->of_mas)
        return;
    if (sign->kind == SYNAPSE_AWAY) {
        session->away = true;
        session_say(session, false, sign->problem.text);
        return;
    }
    pulse_forget(session->pulse, session->number);
    if (session->away) {
        http_cancel(TAKE(session->call));
        take_step(session);
    } else { /* a step is not to take long: it is asked again and again */
        session->number = pulse_sent(session->pulse);
    }
}

/* ---- from outside ---- */

struct session *session_new(const struct synapse_config *config, const struct synapse_handlers *handlers,
                            struct http *http, struct pulse *pulse, struct loop *loop)
{
    struct session *session = NEW(struct session);

    session->http = http;
    session->pulse = pulse;
    session->handlers = *handlers;
    facts_init(&session->facts, config);
    ways_init(&session->ways, config->mas_http, loop);
    loop_timer_init(&session->timer, loop, take_step, session);
    session_note(session, "the homeserver has not answered yet");
    begin(session, 0);
    return session;
}

void session_free(struct session *session)
{
    if (!session)
        return;
    http_cancel(session->call);
    ways_deinit(&session->ways);
    loop_timer_stop(&session->timer);
    facts_deinit(&session->facts);
    free(session->trouble);
    free(session);
}

bool session_is_ready(const struct session *session)
{
    return session->ready;
}

const char *session_trouble(const struct session *session)
{
    return session->trouble;
}

void session_only_read(struct session *session)
{
    session->facts.only_reads = session->facts.is_prepared = true;
}

bool session_is_refused(const struct session *session)
{
    return session->is_refused;
}

const char *session_token(const struct session *session)
{
    return session->facts.token;
}

unsigned session_generation(const struct session *session)
{
    return session->generation;
}

const struct call_terms *session_terms(const struct session *session)
{
    return &session->terms;
}

struct answer_secrets session_secrets(const struct session *session)
{
    return (struct answer_secrets){{session->facts.secrets, session->facts.tokens}};
}

void session_prove(struct session *session, unsigned generation)
{
    if (generation == session->generation && session->ready && instant_now() - session->ready_since > LASTING)
        backoff_reset(&session->setbacks);
}

void session_refuse_token(struct session *session, unsigned generation)
{
    if (generation != session->generation || !session->ready)
        return;
    session->ready = false;
    replace_token(session, session->facts.given_token ? "the token that was given is refused"
                                                      : "the token is refused; logging in again");
    session->handlers.changed(session->handlers.context, false);
}

/* A step under way asks with what counts no more. */
static void drop_call(struct session *session)
{
    if (!session->call)
        return;
    http_cancel(TAKE(session->call));
    if (!step_at(session->next)->of_mas)
        pulse_forget(session->pulse, session->number);
}

void session_set_credentials(struct session *session, const struct synapse_config *config)
{
    bool was_ready = session->ready;

    drop_call(session);
    facts_set_credentials(&session->facts, config);
    session->generation++;
    session->mas_generation++;
    session->ready = session->is_refused = false;
    backoff_reset(&session->attempts);
    backoff_reset(&session->setbacks);
    session_note(session, "logging in with other credentials");
    begin(session, 0);
    if (was_ready)
        session->handlers.changed(session->handlers.context, false);
}

/* ---- whether something is the matter with the sync user ---- */

static void lose(struct session *session, enum step_name name, const char *problem)
{
    if (!session->ready)
        return;
    session->ready = false;
    session->next = STEP_READ_SELF;
    session->facts.may_not_write = name == STEP_TRY_WRITE;
    session_say(session, true, problem);
    session_wait(session, backoff_next(&session->setbacks, FIRST_PAUSE, LONGEST_REFUSED_PAUSE));
    session->handlers.changed(session->handlers.context, false);
}

bool session_may_ask(const struct session *session, enum step_name name)
{
    return name != STEP_TRY_WRITE || !session->facts.only_reads;
}

struct http_call *session_ask(struct session *session, enum step_name name, http_done *done, void *context)
{
    const struct step *step = step_at(name);
    struct question question = {0};
    struct http_call *call;
    struct error error;

    (void)step->ask(&session->facts, &question, &error); /* those that concern it alone can be asked */
    call = http_send(session->http,
                     &(struct http_request){.method = question.method,
                                            .route = question.route,
                                            .path = question.path,
                                            .bearer = session->facts.token,
                                            .body = question.body,
                                            .body_size = question.body_size},
                     done, context);
    question_deinit(&question);
    return call;
}

enum synapse_outcome session_judge(struct session *session, unsigned generation, enum step_name name,
                                   struct answer *answer)
{
    const struct step *step = step_at(name);
    struct error problem;

    if (generation != session->generation)
        return SYNAPSE_SHUT_OUT;
    if (answer->outcome == SYNAPSE_REFUSED)
        (void)error_set(&problem, "%s (%s)", step->refused, answer->problem.text);
    else if (answer->outcome != SYNAPSE_OK || step->learn(&session->facts, answer->body, &problem))
        return answer->outcome;
    lose(session, name, problem.text);
    answer->problem = problem;
    return SYNAPSE_SHUT_OUT;
}

void session_probe(struct session *session)
{
    if (!session->ready)
        return;
    session->ready = false;
    session->next = STEP_READ_SELF;
    session_note(session, "the homeserver is being asked whether it is well");
    session_wait(session, 0);
    session->handlers.changed(session->handlers.context, false);
}
