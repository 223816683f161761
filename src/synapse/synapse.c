/*
 * Calls: each is sent once, with the token of the session, and answered once.
 *
 * A refusal may mean the request or the sync user (synapse/blame.h). Before the engine is told, the
 * homeserver is asked whether anything is the matter with the sync user; only if not does the refusal stand.
 * The call waits for that answer.
 */
#include "synapse/synapse.h"

#include "base/memory.h"
#include "synapse/answer.h"
#include "synapse/blame.h"
#include "synapse/call_table.h"
#include "synapse/pulse.h"
#include "synapse/session.h"
#include "synapse/session_mas.h"
#include "synapse/sieve.h"

#include <stdlib.h>
#include <string.h>
#include <utlist.h>

/* A call that is to be answered. */
struct pending {
    struct synapse *synapse;
    struct pending *prev, *next;
    enum synapse_kind kind;
    unsigned generation;     /* of the token it was sent with, be it the one for MAS */
    enum step_name doubt;    /* what tells whose the refusal is; STEP_NONE: there is no doubt */
    struct secrets *secrets; /* that it sends; NULL: none */
    struct http_call *call;
    unsigned long number; /* of the call, for the pulse */
    struct sieve *sieve;  /* of the reply's events; NULL: it has none */
    synapse_done *done;
    void *context;
    struct synapse_reply reply; /* as far as it is known */
};

struct synapse {
    struct http *http;
    struct synapse_handlers handlers;
    struct pulse pulse;
    struct session *session;
    struct pending *sent;
    struct pending *answered; /* without having been sent */
    struct loop_timer timer;  /* to say so */
};

static bool is_of_mas(const struct pending *pending)
{
    return call_is_of_mas(pending->kind);
}

/* ---- the end of a call ---- */

static void free_pending(struct pending *pending)
{
    http_cancel(pending->call);
    sieve_free(pending->sieve);
    secrets_free(pending->secrets);
    synapse_reply_deinit(&pending->reply);
    free(pending);
}

/* Answers a call that is in no list any more. */
static void answer_call(struct pending *pending)
{
    pending->done(pending->context, &pending->reply);
    free_pending(pending);
}

static void finish(struct pending *pending)
{
    DL_DELETE(pending->synapse->sent, pending);
    answer_call(pending);
}

/* ---- replies ---- */

static struct answer_secrets secrets_of(const struct pending *pending)
{
    struct answer_secrets secrets = session_secrets(pending->synapse->session);

    secrets.of[ANSWER_SECRETS - 1] = pending->secrets;
    return secrets;
}

static void take_outcome(struct synapse_reply *reply, const struct answer *answer)
{
    reply->outcome = answer->outcome;
    memcpy(reply->errcode, answer->errcode, sizeof(reply->errcode));
    reply->problem = answer->problem;
    reply->retry_after = answer->retry_after;
    reply->unwilling = answer->outcome == SYNAPSE_FAILED && answer->status >= 400 && answer->status < 500;
}

/* What the answer says goes into the reply. */
static void read_answer(struct pending *pending, struct answer *answer)
{
    const struct call_form *form = call_form(pending->kind);
    bool success = answer->status >= 200 && answer->status <= 299;

    if (success && form->read && !form->read(answer->body, &pending->reply))
        answer_fail(answer, form->name, "the reply does not say what it should");
    pending->reply.created = answer->status == 201;
    take_outcome(&pending->reply, answer);
}

static void ask_whose(struct pending *pending);

/* While it is not known what is the matter with the sync user: when the session is there again, it is asked
 * again. */
static void shut_out(struct pending *pending)
{
    pending->reply.outcome = SYNAPSE_SHUT_OUT;
    finish(pending);
}

static bool sift(void *pending, const char *bytes, size_t size)
{
    return sieve_feed(((struct pending *)pending)->sieve, bytes, size);
}

/* Of a success that was sifted the rest is what is to be read. */
static struct http_reply sifted(const struct pending *pending, const struct http_reply *reply)
{
    struct http_reply own = *reply;

    if (pending->sieve && reply->status >= 200 && reply->status <= 299) {
        own.body = buffer_text(sieve_rest(pending->sieve));
        own.body_size = sieve_rest(pending->sieve)->size;
    }
    return own;
}

/* Whether the homeserver is there is another question. */
static void heard_of_mas(struct pending *pending, struct answer *answer)
{
    read_answer(pending, answer);
    if (answer->outcome == SYNAPSE_SHUT_OUT || answer->outcome == SYNAPSE_UNREACHABLE)
        session_lose_mas(pending->synapse->session, pending->generation, answer->problem.text);
    answer_deinit(answer);
    finish(pending);
}

static void heard(void *context, const struct http_reply *whole)
{
    struct pending *pending = context;
    const struct http_reply reply = sifted(pending, whole);
    struct session *session = pending->synapse->session;
    const struct call_form *form = call_form(pending->kind);
    struct answer_secrets secrets = secrets_of(pending);
    struct answer answer;

    pending->call = NULL;
    answer_read(&answer, &reply, form->name, form->own, &secrets);
    if (is_of_mas(pending)) {
        heard_of_mas(pending, &answer);
        return;
    }
    pulse_heard(&pending->synapse->pulse, pending->number, reply.result, answer.outcome);
    read_answer(pending, &answer);
    pending->doubt = blame_step(pending->kind, answer.status, answer.errcode);
    if (!session_may_ask(session, pending->doubt))
        pending->doubt = STEP_NONE;
    answer_deinit(&answer);
    if (pending->reply.outcome == SYNAPSE_OK)
        session_prove(session, pending->generation);
    else if (pending->reply.outcome == SYNAPSE_SHUT_OUT)
        session_refuse_token(session, pending->generation);
    if (pending->doubt == STEP_NONE)
        finish(pending);
    else if (session_is_ready(session))
        ask_whose(pending);
    else
        shut_out(pending);
}

/* ---- a refusal that may be the sync user's ---- */

/* Whose the refusal is, was answered; what says nothing of that is no answer. */
static void read_whose(const struct pending *pending, const struct http_reply *http_reply,
                       struct answer *answer)
{
    const struct step *step = step_at(pending->doubt);
    struct answer_secrets secrets = secrets_of(pending);
    struct synapse_reply self = {0};

    answer_read(answer, http_reply, step->name, step->own, &secrets);
    if (answer->outcome == SYNAPSE_ABSENT || answer->outcome == SYNAPSE_TAKEN ||
        (answer->outcome == SYNAPSE_OK && pending->doubt == STEP_READ_SELF &&
         !call_form(SYNAPSE_READ_USER)->read(answer->body, &self)))
        answer_fail(answer, step->name, "it does not tell whether it was for the sync user");
    synapse_reply_deinit(&self);
}

static void heard_whose(void *context, const struct http_reply *http_reply)
{
    struct pending *pending = context;
    struct session *session = pending->synapse->session;
    struct answer answer;

    pending->call = NULL;
    read_whose(pending, http_reply, &answer);
    pulse_heard(&pending->synapse->pulse, pending->number, http_reply->result, answer.outcome);
    if (answer.outcome == SYNAPSE_SHUT_OUT)
        session_refuse_token(session, pending->generation);
    else
        answer.outcome = session_judge(session, pending->generation, pending->doubt, &answer);
    if (answer.outcome != SYNAPSE_OK)
        take_outcome(&pending->reply, &answer);
    pending->reply.asked_in_vain = answer.outcome != SYNAPSE_OK;
    answer_deinit(&answer);
    finish(pending);
}

static void ask_whose(struct pending *pending)
{
    struct session *session = pending->synapse->session;

    pending->generation = session_generation(session);
    pending->number = pulse_sent(&pending->synapse->pulse);
    pending->call = session_ask(session, pending->doubt, heard_whose, pending);
}

/* ---- sending ---- */

/* Not to be sent: the answer is given from the loop. */
static void answer_later(struct pending *pending, enum synapse_outcome outcome, const char *problem)
{
    struct synapse *synapse = pending->synapse;

    pending->reply.outcome = outcome;
    (void)error_set(&pending->reply.problem, "%s: %s", synapse_kind_name(pending->kind), problem);
    DL_APPEND(synapse->answered, pending);
    loop_timer_set(&synapse->timer, instant_now());
}

static void answer_unsent(void *context)
{
    struct synapse *synapse = context;
    struct pending *list = synapse->answered, *pending;

    session_renew_mas(synapse->session); /* if that is why */
    synapse->answered = NULL;            /* what is answered now may bring further ones */
    while ((pending = list)) {
        DL_DELETE(list, pending);
        answer_call(pending);
    }
}

static struct session_way way_of(const struct pending *pending)
{
    const struct synapse *synapse = pending->synapse;

    return is_of_mas(pending) ? session_mas(synapse->session)
                              : (struct session_way){.http = synapse->http,
                                                     .bearer = session_token(synapse->session),
                                                     .generation = session_generation(synapse->session)};
}

static void transmit(struct pending *pending, const struct synapse_call *call)
{
    struct synapse *synapse = pending->synapse;
    const struct call_form *form = call_form(call->kind);
    const struct call_terms *terms = session_terms(synapse->session);
    CLEANUP(freep) char *path = call_path(call, terms);
    char *body = form->body ? form->body(call, terms) : NULL;
    const struct session_way way = way_of(pending);

    if (form->body && !body) {
        answer_later(pending, SYNAPSE_FAILED, "it cannot be put into JSON");
        return;
    }
    if (form->events)
        pending->sieve = sieve_new(form->events, form->largest_rest, form->take, &pending->reply);
    pending->generation = way.generation;
    pending->number = is_of_mas(pending) ? 0 : pulse_sent(&synapse->pulse);
    DL_APPEND(synapse->sent, pending);
    pending->call = http_send(way.http,
                              &(struct http_request){
                                  .method = form->method,
                                  .route = form->path,
                                  .path = path,
                                  .bearer = way.bearer,
                                  .body = body,
                                  .body_size = body ? strlen(body) : 0,
                                  .limit = form->limit,
                                  .take = pending->sieve ? sift : NULL,
                                  .taker = pending,
                              },
                              heard, pending);
    text_free_secret(body);
}

/* What nobody but the homeserver is to see of the call: a password, and an e-mail address. */
static struct secrets *secrets_sent(const struct synapse_call *call)
{
    struct secrets *secrets = NULL;

    if (call->password || call->email) {
        secrets = secrets_new();
        secrets_add(secrets, call->password);
        secrets_add(secrets, call->email);
    }
    return secrets;
}

/* Not what is asked of MAS while its token ends, or where there is none any more. */
static bool may_transmit(const struct pending *pending)
{
    const struct session *session = pending->synapse->session;

    return !is_of_mas(pending) || (session_mas(session).http && !session_mas_ends(session));
}

void synapse_send(struct synapse *synapse, const struct synapse_call *call, synapse_done *done, void *context)
{
    struct pending *pending = NEW(struct pending);

    *pending = (struct pending){
        .synapse = synapse,
        .kind = call->kind,
        .secrets = secrets_sent(call),
        .done = done,
        .context = context,
        .reply = {.retry_after = -1},
    };
    if (session_is_ready(synapse->session) && may_transmit(pending))
        transmit(pending, call);
    else
        answer_later(pending, SYNAPSE_SHUT_OUT,
                     session_is_ready(synapse->session) ? "there is no token for it now"
                                                        : session_trouble(synapse->session));
}

/* ---- the object ---- */

static void told(void *context, const struct synapse_sign *sign)
{
    const struct synapse *synapse = context;

    session_hear_sign(synapse->session, sign);
    synapse->handlers.told(synapse->handlers.context, sign);
}

struct synapse *synapse_new(const struct synapse_config *config, const struct synapse_handlers *handlers,
                            struct http *http, struct loop *loop)
{
    struct synapse *synapse = NEW(struct synapse);

    synapse->http = http;
    synapse->handlers = *handlers;
    pulse_init(&synapse->pulse, http, loop, told, synapse);
    synapse->session = session_new(config, handlers, http, &synapse->pulse, loop);
    loop_timer_init(&synapse->timer, loop, answer_unsent, synapse);
    return synapse;
}

static void free_all(struct pending *list)
{
    struct pending *pending, *next;

    DL_FOREACH_SAFE (list, pending, next)
        free_pending(pending);
}

void synapse_free(struct synapse *synapse)
{
    if (!synapse)
        return;
    free_all(synapse->sent);
    free_all(synapse->answered);
    loop_timer_stop(&synapse->timer);
    session_free(synapse->session);
    pulse_deinit(&synapse->pulse);
    free(synapse);
}

bool synapse_has_mas(const struct synapse *synapse)
{
    return session_has_mas(synapse->session);
}

bool synapse_is_ready(const struct synapse *synapse)
{
    return session_is_ready(synapse->session);
}

const char *synapse_trouble(const struct synapse *synapse)
{
    return session_trouble(synapse->session);
}

bool synapse_is_refused(const struct synapse *synapse)
{
    return session_is_refused(synapse->session);
}

void synapse_only_read(struct synapse *synapse)
{
    session_only_read(synapse->session);
}

void synapse_probe(struct synapse *synapse)
{
    session_probe(synapse->session);
}

void synapse_set_credentials(struct synapse *synapse, const struct synapse_config *config)
{
    session_set_credentials(synapse->session, config);
}

void synapse_doubt(struct synapse *synapse, int64_t retry_after)
{
    pulse_doubt(&synapse->pulse, retry_after);
}

void synapse_aliases_free(char **aliases)
{
    for (char **alias = aliases; alias && *alias; alias++)
        free(*alias);
    free(aliases);
}

void synapse_reply_deinit(struct synapse_reply *reply)
{
    free(reply->text);
    records_free(reply->records);
    free(reply->user.name);
    free(reply->user.avatar);
    free(reply->room.creator);
    free(reply->room.canonical_alias);
    room_state_free(reply->state);
    synapse_aliases_free(reply->aliases);
    levels_free(reply->levels);
    changes_free(reply->changes);
    joined_rooms_free(reply->joined);
    listing_free(reply->listing);
    *reply = (struct synapse_reply){.outcome = reply->outcome, .retry_after = -1};
}
