#include "engine/simulation/adversary.h"

#include "base/memory.h"
#include "loop/loop.h"
#include "synapse/call_table.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MOST_BODIES = 10, MOST_MESSAGES = 32, A_SECOND = 1000 /* ms */ };

/* ---- what it can say ---- */

#define EVENT(type, key, content) "{'type': '" type "', 'state_key': '" key "', 'content': {" content "}}"
#define CREATOR(user)                                                                                        \
    "{'type': 'm.room.create', 'state_key': '', 'sender': '" user "', 'content': {'creator': '" user "'}}"
#define UPGRADED(room)                                                                                       \
    "{'type': 'm.room.create', 'state_key': '', 'sender': '@sync:school', 'content': {'predecessor': "       \
    "{'room_id': '" room "'}}}"
#define MADE_FOR(alias)                                                                                      \
    "{'type': 'm.room.create', 'state_key': '', 'sender': '@sync:school', 'content': "                       \
    "{'io.github.synapse_sync': {'alias': '" alias "'}}}"
#define LEFT_BEHIND                                                                                          \
    "{'type': 'm.room.create', 'state_key': '', 'sender': '@sync:school', 'content': "                       \
    "{'io.github.synapse_sync': {'alias': '$A'}, 'io.github.synapse_sync.attempt': '$M'}}"
#define LEVELS                                                                                               \
    "'users': {'@sync:school': 100}, 'invite': 70, 'kick': 70, 'ban': 70, 'events_default': 50, "            \
    "'state_default': 50"
#define IN(user) EVENT("m.room.member", user, "'membership': 'join'")
#define ALIASED EVENT("m.room.canonical_alias", "", "'alias': '$A'")
#define STATE(events) "{'state': [" events "]}"
#define TELL(rooms) "{'next_batch': 's$N', 'rooms': {" rooms "}}"

/* $A: the alias that the call is about, $U: the user, $N: another number each time, $M: the mark of the last
   creation. */
static const char *const bodies[ADVERSARY_KINDS][MOST_BODIES] = {
    [SYNAPSE_READ_USER] = {"{'name': '$U', 'displayname': 'Other', 'admin': false, 'deactivated': false}",
                           "{'name': '$U', 'displayname': 'Anna', 'admin': false, 'deactivated': false}",
                           "{'name': '$U', 'admin': false, 'deactivated': true}",
                           "{'name': '$U', 'admin': true, 'deactivated': false}"},
    [SYNAPSE_READ_EMAIL_OWNER] = {"{'user_id': '@other:school'}", "{'user_id': '$U'}"},
    [SYNAPSE_CREATE_USER] = {"{'name': '$U'}"},
    [SYNAPSE_SET_DISPLAY_NAME] = {"{'name': '$U'}"},
    [SYNAPSE_ADD_EMAIL] = {"{'name': '$U'}"},
    [SYNAPSE_REACTIVATE_USER] = {"{'name': '$U'}"},
    [SYNAPSE_DEACTIVATE_USER] = {"{'id_server_unbind_result': 'success'}"},
    [SYNAPSE_READ_JOINED_ROOMS] = {"{'joined_rooms': []}", "{'joined_rooms': ['!1:school']}"},
    [SYNAPSE_READ_RECORDS] = {"{'account_data': {'global': {}}}",
                              "{'account_data': {'global': {'io.github.synapse_sync.user.anna:school': "
                              "{'open': true, 'email': true}}}}"},
    [SYNAPSE_WRITE_RECORDS] = {"{}"},
    [SYNAPSE_RESOLVE_ALIAS] = {"{'room_id': '!1:school'}", "{'room_id': '!$N:school'}"},
    [SYNAPSE_DELETE_ALIAS] = {"{}"},
    [SYNAPSE_CREATE_ROOM] = {"{'room_id': '!$N:school'}", "{'room_id': '!1:school'}"},
    [SYNAPSE_READ_ROOM] = {"{'creator': '@sync:school', 'joined_local_members': 2, 'state_events': 9}",
                           "{'creator': '@sync:school', 'joined_local_members': 0, 'state_events': 9}",
                           "{'creator': '@other:school', 'joined_local_members': 2, 'state_events': 9}"},
    [SYNAPSE_READ_STATE] =
        {STATE(CREATOR("@sync:school") ", " EVENT("m.room.power_levels", "",
                                                  LEVELS) ", " IN("@sync:school") ", " ALIASED),
         STATE(MADE_FOR("$A") ", " EVENT("m.room.power_levels", "", LEVELS) ", " IN("@sync:school")),
         STATE(CREATOR("@sync:school") ", " EVENT("m.room.power_levels", "", LEVELS) ", " IN("@sync:school")),
         STATE(CREATOR("@sync:school") ", " IN("@sync:school")),
         STATE(CREATOR("@sync:school") ", " EVENT("m.room.power_levels", "", LEVELS) ", " ALIASED),
         STATE(CREATOR("@sync:school") ", " EVENT("m.room.power_levels", "",
                                                  LEVELS) ", " IN("@other:school") ", " ALIASED),
         STATE(CREATOR("@sync:school") ", " EVENT(
             "m.room.power_levels", "",
             "'users': {'@other:school': 100}") ", " IN("@sync:school") ", " ALIASED),
         STATE(CREATOR("@other:school") ", " EVENT("m.room.power_levels", "",
                                                   LEVELS) ", " IN("@sync:school") ", " ALIASED),
         STATE(LEFT_BEHIND ", " IN("@sync:school")), STATE("")},
    [SYNAPSE_READ_CREATION] = {STATE(CREATOR("@sync:school")), STATE(CREATOR("@other:school")), STATE(""),
                               STATE(UPGRADED("!$N:school")), STATE(UPGRADED("!1:school")),
                               STATE(MADE_FOR("$A")), STATE(MADE_FOR("#other:school"))},
    [SYNAPSE_READ_ALIASES] = {"{'aliases': ['$A']}", "{'aliases': []}",
                              "{'aliases': ['$A', '#other:school']}"},
    [SYNAPSE_READ_LEVELS] = {"{" LEVELS "}", "{}", "{'users': {'@other:school': 100}}"},
    [SYNAPSE_WRITE_LEVELS] = {"{'event_id': '$1'}"},
    [SYNAPSE_WRITE_SETTING] = {"{'event_id': '$1'}"},
    [SYNAPSE_JOIN_USER] = {"{'room_id': '!1:school'}"},
    [SYNAPSE_REGAIN_ROOM] = {"{}"},
    [SYNAPSE_ENTER_ROOM] = {"{'room_id': '!1:school'}"},
    [SYNAPSE_DELETE_ROOM] = {"{'delete_id': 'x'}"},
    [SYNAPSE_READ_DELETION] = {"{'results': [{'status': 'complete'}]}", "{'results': [{'status': 'failed'}]}",
                               "{'results': [{'status': 'active'}]}"},
    [SYNAPSE_CREATE_WELCOME_ROOM] = {"{'room_id': '!$N:school'}"},
    [SYNAPSE_INVITE_USER] = {"{'event_id': '$1'}"},
    [SYNAPSE_READ_WELCOME] = {"{'chunk': []}", "{'chunk': [{'type': 'm.room.message'}]}"},
    [SYNAPSE_SEND_WELCOME] = {"{'event_id': '$1'}"},
    [SYNAPSE_READ_POSITION] = {"{'next_batch': 's$N'}"},
    [SYNAPSE_READ_CHANGES] = {TELL(""), TELL("'leave': {'!1:school': {}}"),
                              TELL("'join': {'!1:school': {'state': {'events': [{'type': 'm.room.member', "
                                   "'state_key': '@anna:school', 'sender': '@anna:school', 'content': "
                                   "{'membership': 'leave'}}]}}}")},
    [SYNAPSE_READ_JOINED] = {"{'joined_rooms': ['!1:school']}", "{'joined_rooms': []}"},
    [SYNAPSE_MARK_ROOM] = {"{}"},
    [ADVERSARY_HEALTH] = {"{}"},
};

/* What can become of any call; those of no use come first. */
static const struct {
    enum synapse_outcome outcome;
    const char *word;
} outcomes[] = {{SYNAPSE_FAILED, "500"},  {SYNAPSE_REFUSED, "403"},  {SYNAPSE_UNREACHABLE, "no answer"},
                {SYNAPSE_LIMITED, "429"}, {SYNAPSE_SHUT_OUT, "401"}, {SYNAPSE_ABSENT, "404"},
                {SYNAPSE_TAKEN, "in use"}};
enum { OUTCOMES = sizeof(outcomes) / sizeof(outcomes[0]) };

static unsigned body_count(unsigned kind)
{
    unsigned count = 0;

    while (count < MOST_BODIES && bodies[kind][count])
        count++;
    return count;
}

static bool makes_a_room(unsigned kind)
{
    return kind == SYNAPSE_CREATE_ROOM || kind == SYNAPSE_CREATE_WELCOME_ROOM;
}

static unsigned outcome_count(unsigned kind)
{
    if (kind == ADVERSARY_HEALTH)
        return 3;
    return makes_a_room(kind) ? OUTCOMES : OUTCOMES - 1;
}

unsigned adversary_answers(unsigned kind)
{
    return body_count(kind) + outcome_count(kind);
}

const char *adversary_word(unsigned kind, unsigned answer)
{
    unsigned count = body_count(kind);

    return answer < count ? bodies[kind][answer] : outcomes[answer - count].word;
}

unsigned adversary_failure(unsigned kind, unsigned which)
{
    return body_count(kind) + (kind == ADVERSARY_HEALTH ? which % 3 : which);
}

/* ---- a run ---- */

struct siege {
    struct adversary_run *run;
    struct loop *loop;
    struct engine *engine;
    struct pulse pulse;
    struct request_rules rules;
    struct loop_timer answers, health, session, deadline, queue;
    struct {
        struct synapse_call call;
        char *user, *alias;
        unsigned long number; /* for the pulse */
        void (*done)(void *context, struct synapse_reply *reply);
        void *context;
    } waiting[ADVERSARY_CALLS]; /* the first is answered next */
    size_t waiting_count;
    unsigned turns[ADVERSARY_KINDS];
    unsigned number;
    char mark[32];
    instant begun, last[ADVERSARY_CALLS]; /* when the last calls were made, a ring */
    size_t posted, under_way;
};

static char *fill_in(const struct siege *siege, const char *body, const char *user, const char *alias)
{
    CLEANUP(buffer_deinit) struct buffer text;
    CLEANUP(freep) char *number = text_format("%u", siege->number);

    buffer_init(&text, 1 << 14);
    for (; *body; body++) {
        const char *piece = NULL;

        if (*body == '$' && body[1] != '1')
            piece = *++body == 'A' ? alias : *body == 'U' ? user : *body == 'M' ? siege->mark : number;
        if (piece)
            (void)buffer_append_text(&text, piece);
        else
            (void)buffer_append_text(&text, *body == '\'' ? "\"" : (char[]){*body, '\0'});
    }
    return buffer_take(&text);
}

static void read_body(struct siege *siege, const struct synapse_call *call, const char *body,
                      struct synapse_reply *reply)
{
    const struct call_form *form = call_form(call->kind);
    CLEANUP(freep)
    char *text = fill_in(siege, body, call->user ? call->user : "", call->alias ? call->alias : "");
    json_auto_t *json = json_loads(text, 0, NULL);

    if (!json || (form->read && !form->read(json, reply)))
        reply->outcome = SYNAPSE_FAILED;
}

static unsigned choose(struct siege *siege, unsigned kind)
{
    const struct adversary_policy *policy = siege->run->policy;
    unsigned length = policy->length[kind];

    return length == 0 ? chance_below(adversary_answers(kind))
                       : policy->answers[kind][siege->turns[kind]++ % length];
}

static void make_reply(struct siege *siege, const struct synapse_call *call, struct synapse_reply *reply)
{
    unsigned answer = choose(siege, call->kind), count = body_count(call->kind);

    siege->number++;
    *reply = (struct synapse_reply){.outcome = SYNAPSE_OK, .retry_after = -1};
    if (answer < count) {
        read_body(siege, call, bodies[call->kind][answer], reply);
        siege->run->rooms += makes_a_room(call->kind);
        return;
    }
    reply->outcome = outcomes[answer - count].outcome;
    (void)error_set(&reply->problem, "%s", outcomes[answer - count].word);
}

static void answers_due(void *context)
{
    struct siege *siege = context;
    struct synapse_reply reply;
    struct synapse_call call = siege->waiting[0].call;
    char *user = siege->waiting[0].user, *alias = siege->waiting[0].alias;
    void (*done)(void *done_context, struct synapse_reply *done_reply) = siege->waiting[0].done;
    void *done_context = siege->waiting[0].context;
    unsigned long number = siege->waiting[0].number;

    siege->waiting_count--;
    memmove(siege->waiting, siege->waiting + 1, siege->waiting_count * sizeof(siege->waiting[0]));
    call.user = user;
    call.alias = alias;
    make_reply(siege, &call, &reply);
    pulse_heard(&siege->pulse, number,
                reply.outcome == SYNAPSE_UNREACHABLE ? HTTP_UNREACHABLE : HTTP_ANSWERED, reply.outcome);
    if (reply.outcome == SYNAPSE_SHUT_OUT) {
        engine_set_ready(siege->engine, false);
        loop_timer_set(&siege->session, instant_now() + 1);
    }
    if (siege->waiting_count > 0)
        loop_timer_set(&siege->answers, instant_now() + 1);
    done(done_context, &reply);
    synapse_reply_deinit(&reply);
    free(user);
    free(alias);
}

static void count_call(struct siege *siege, unsigned kind)
{
    struct adversary_run *run = siege->run;
    instant now = instant_now();
    unsigned within = 0;

    siege->last[run->calls++ % ADVERSARY_CALLS] = now;
    for (unsigned i = 0; i < ADVERSARY_CALLS && i < run->calls; i++)
        within += siege->last[i] > now - A_SECOND;
    run->in_a_second = within > run->in_a_second ? within : run->in_a_second;
    run->lately += now - siege->begun > run->length / 10 * 9;
    if (run->asked[kind]++ == 0)
        run->order[run->kinds++] = kind;
    if (run->calls >= run->most)
        loop_stop(siege->loop);
}

static void take_call(void *context, const struct synapse_call *call,
                      void (*done)(void *context, struct synapse_reply *reply), void *done_context)
{
    struct siege *siege = context;

    if (siege->waiting_count == ADVERSARY_CALLS)
        abort();
    if (call->mark)
        (void)snprintf(siege->mark, sizeof(siege->mark), "%s", call->mark);
    count_call(siege, call->kind);
    siege->waiting[siege->waiting_count].call = *call;
    siege->waiting[siege->waiting_count].user = text_copy(call->user);
    siege->waiting[siege->waiting_count].alias = text_copy(call->alias);
    siege->waiting[siege->waiting_count].number = pulse_sent(&siege->pulse);
    siege->waiting[siege->waiting_count].done = done;
    siege->waiting[siege->waiting_count].context = done_context;
    if (siege->waiting_count++ == 0)
        loop_timer_set(&siege->answers, instant_now() + 1);
}

/* ---- in the place of http, for the pulse alone ---- */

struct http {
    struct siege *siege;
    http_done *done; /* of the question under way; NULL: there is none */
    void *context;
};

static struct http at_siege;

struct http_call *http_send(struct http *http, const struct http_request *request, http_done *done,
                            void *context)
{
    (void)request;
    http->done = done;
    http->context = context;
    count_call(http->siege, ADVERSARY_HEALTH);
    loop_timer_set(&http->siege->health, instant_now() + 1);
    return (struct http_call *)http; /* one at a time */
}

void http_cancel(struct http_call *call)
{
    if (call)
        loop_timer_stop(&at_siege.siege->health);
}

/* Only for a way to MAS, to which none leads here. */
struct http *http_new(const struct http_config *config, struct loop *loop, struct error *error)
{
    return config && loop && error ? &at_siege : NULL;
}

void http_free(struct http *http)
{
    (void)http;
}

bool http_is_idle(const struct http *http)
{
    return !http->done;
}

void http_doubt(struct http *http)
{
    (void)http;
}

void http_grace(struct http *http)
{
    (void)http;
}

static void health_due(void *context)
{
    static const struct http_reply replies[] = {
        {.result = HTTP_ANSWERED, .status = 200, .body = "{}", .retry_after = -1},
        {.result = HTTP_ANSWERED, .status = 500, .body = "{}", .retry_after = -1},
        {.result = HTTP_ANSWERED, .status = 403, .body = "{}", .retry_after = -1},
        {.result = HTTP_BROKEN, .body = "", .retry_after = -1, .problem = "no answer"}};

    at_siege.done(at_siege.context, &replies[choose(context, ADVERSARY_HEALTH)]);
}

static void take_doubt(void *context, int64_t retry_after)
{
    struct siege *siege = context;

    pulse_doubt(&siege->pulse, retry_after);
}

static void tell(void *context, const struct synapse_sign *sign)
{
    const struct siege *siege = context;

    engine_told(siege->engine, sign);
}

static void session_due(void *context)
{
    const struct siege *siege = context;

    engine_set_ready(siege->engine, true);
}

static void deadline_due(void *context)
{
    const struct siege *siege = context;

    loop_stop(siege->loop);
}

/* ---- messages ---- */

static void post(struct siege *siege)
{
    const struct adversary_run *run = siege->run;
    CLEANUP(freep) char *text = fill_in(siege, run->messages[siege->posted++ % run->message_count], "", "");
    struct request_complaint complaint;
    struct request *request = request_parse(text, strlen(text), &siege->rules, &complaint);

    if (!request)
        abort(); /* the messages of tests are good ones */
    siege->number++;
    siege->under_way++;
    (void)engine_submit(siege->engine, request, NULL);
}

static void queue_due(void *context)
{
    struct siege *siege = context;
    const struct adversary_run *run = siege->run;

    while ((run->endless || siege->posted < run->message_count) &&
           (run->prefetch == 0 ? siege->posted < run->message_count : siege->under_way < run->prefetch))
        post(siege);
}

static void message_ended(void *context, struct engine_message *message, const struct engine_verdict *verdict)
{
    struct siege *siege = context;

    (void)verdict;
    siege->run->ended++;
    siege->under_way--;
    engine_leave(siege->engine, message);
    loop_timer_set(&siege->queue, instant_now());
}

static void forget_waiting(struct siege *siege)
{
    for (size_t i = 0; i < siege->waiting_count; i++) {
        free(siege->waiting[i].user);
        free(siege->waiting[i].alias);
    }
}

static void siege_init(struct siege *siege, struct adversary_run *run)
{
    const struct engine_config config = {
        .rules = {.server_name = "school", .sync_user = "@sync:school", .reactivate = true},
        .concurrency = 8,
        .mirrors = run->mirrors,
        .most_memory = 1 << 20,
        .ended = message_ended,
        .context = siege};
    struct error error;

    *siege = (struct siege){
        .run = run,
        .begun = instant_now(),
        .rules = {.server_name = "school", .sync_user = "@sync:school", .largest_body = 1 << 16}};
    for (size_t i = 0; i < ADVERSARY_CALLS; i++)
        siege->last[i] = INSTANT_PAST;
    siege->loop = loop_new(&error);
    if (!siege->loop)
        abort();
    siege->engine = engine_new(
        &config, &(struct engine_homeserver){.homeserver = siege, .send = take_call, .doubt = take_doubt},
        siege->loop);
    at_siege = (struct http){.siege = siege};
    pulse_init(&siege->pulse, &at_siege, siege->loop, tell, siege);
    loop_timer_init(&siege->health, siege->loop, health_due, siege);
    loop_timer_init(&siege->answers, siege->loop, answers_due, siege);
    loop_timer_init(&siege->session, siege->loop, session_due, siege);
    loop_timer_init(&siege->deadline, siege->loop, deadline_due, siege);
    loop_timer_init(&siege->queue, siege->loop, queue_due, siege);
}

static void siege_deinit(struct siege *siege)
{
    engine_free(siege->engine);
    pulse_deinit(&siege->pulse);
    forget_waiting(siege);
    loop_timer_stop(&siege->answers);
    loop_timer_stop(&siege->session);
    loop_timer_stop(&siege->deadline);
    loop_timer_stop(&siege->queue);
    loop_free(siege->loop);
}

void adversary_play(struct adversary_run *run)
{
    struct siege *siege = NEW(struct siege);

    clock_start(20241129);
    siege_init(siege, run);
    loop_timer_set(&siege->queue, instant_now());
    loop_timer_set(&siege->deadline, instant_now() + run->length);
    engine_set_ready(siege->engine, true);
    loop_run(siege->loop);
    siege_deinit(siege);
    free(siege);
}

void adversary_tell(const struct adversary_run *run)
{
    (void)fprintf(stderr, "%u calls (%u in a second, %u lately), %u rooms, %u messages ended\n", run->calls,
                  run->in_a_second, run->lately, run->rooms, run->ended);
    for (unsigned i = 0; i < run->kinds; i++) {
        unsigned kind = run->order[i];
        const char *name = kind == ADVERSARY_HEALTH ? "health" : synapse_kind_name((enum synapse_kind)kind);

        (void)fprintf(stderr, "  %5u %s:", run->asked[kind], name);
        if (run->policy->length[kind] == 0)
            (void)fprintf(stderr, " by chance");
        for (unsigned turn = 0; turn < run->policy->length[kind]; turn++)
            (void)fprintf(stderr, " | %s", adversary_word(kind, run->policy->answers[kind][turn]));
        (void)fprintf(stderr, "\n");
    }
}
