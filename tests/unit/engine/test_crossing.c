/*
 * Answers that cross: what one call brings may be older than what another one, which was answered before it,
 * has changed. The test answers the calls by hand.
 */
#include "engine/simulation/clock.h"

#include "base/memory.h"
#include "engine/engine.h"
#include "support/test.h"

#include <stdlib.h>
#include <string.h>

enum { MOST_CALLS = 64 };

struct desk {
    struct {
        enum synapse_kind kind;
        void (*done)(void *context, struct synapse_reply *reply); /* NULL: answered */
        void *context;
    } calls[MOST_CALLS];
    size_t count;
};

static void take(void *context, const struct synapse_call *call,
                 void (*done)(void *context, struct synapse_reply *reply), void *done_context)
{
    struct desk *desk = context;

    assert_true(desk->count < MOST_CALLS);
    desk->calls[desk->count].kind = call->kind;
    desk->calls[desk->count].done = done;
    desk->calls[desk->count++].context = done_context;
}

/* How many calls of the kind were made. */
static unsigned count_of(const struct desk *desk, enum synapse_kind kind)
{
    unsigned count = 0;

    for (size_t i = 0; i < desk->count; i++)
        count += desk->calls[i].kind == kind;
    return count;
}

/* Answers the call of that kind, a moment later. */
static void answer(struct desk *desk, enum synapse_kind kind, struct synapse_reply reply)
{
    size_t i = 0;

    while (i < desk->count && (desk->calls[i].kind != kind || !desk->calls[i].done))
        i++;
    if (i == desk->count)
        fail_msg("there is no %s to be answered", synapse_kind_name(kind));
    clock_pass(10);
    reply.retry_after = -1;
    desk->calls[i].done(desk->calls[i].context, &reply);
    desk->calls[i].done = NULL;
    synapse_reply_deinit(&reply);
}

static void ended(void *context, struct engine_message *message, const struct engine_verdict *verdict)
{
    (void)message;
    assert_false(verdict->rejected);
    (*(unsigned *)context)++;
}

static struct engine_message *submit(struct engine *engine, const char *body)
{
    const struct request_rules rules = {.server_name = "s", .sync_user = "@sync:s", .largest_body = 4096};
    CLEANUP(freep) char *json = text_copy(body);
    struct request_complaint complaint;
    struct request *request;

    for (char *c = json; *c; c++) /* ' is easier to write than " */
        if (*c == '\'')
            *c = '"';
    request = request_parse(json, strlen(json), &rules, &complaint);
    assert_non_null(request);
    return engine_submit(engine, request, NULL);
}

static void stop(void *context)
{
    loop_stop(context);
}

/* Lets the loop do what is to be done at once. */
static void turn(struct loop *loop)
{
    struct loop_timer timer;

    loop_timer_init(&timer, loop, stop, loop);
    loop_timer_set(&timer, instant_now() + 1);
    loop_run(loop);
    loop_timer_stop(&timer);
}

/* A room as the messages below want it, with Anna in it. */
static struct room_state *room_with_anna(void)
{
    static const char text[] =
        "{\"state\": ["
        "{\"type\": \"m.room.create\", \"state_key\": \"\", \"sender\": \"@sync:s\", \"content\": {}},"
        "{\"type\": \"m.room.member\", \"state_key\": \"@sync:s\", \"content\": {\"membership\": \"join\"}},"
        "{\"type\": \"m.room.member\", \"state_key\": \"@anna:s\", \"content\": {\"membership\": \"join\"}},"
        "{\"type\": \"m.room.name\", \"state_key\": \"\", \"content\": {\"name\": \"R\"}},"
        "{\"type\": \"m.room.join_rules\", \"state_key\": \"\", \"content\": {\"join_rule\": \"invite\"}},"
        "{\"type\": \"m.room.guest_access\", \"state_key\": \"\", \"content\": {\"guest_access\": "
        "\"forbidden\"}},"
        "{\"type\": \"m.room.canonical_alias\", \"state_key\": \"\", \"content\": {\"alias\": "
        "\"#room_r:s\"}},"
        "{\"type\": \"m.room.sync\", \"state_key\": \"\", \"content\": {\"mode\": \"managed\"}},"
        "{\"type\": \"m.room.power_levels\", \"state_key\": \"\", \"content\": {\"invite\": 70, \"kick\": "
        "70, "
        "\"ban\": 70, \"events_default\": 50, \"users\": {\"@sync:s\": 100}}}]}";
    struct room_state *state = room_state_parse(text, sizeof(text) - 1);

    assert_non_null(state);
    return state;
}

static const struct synapse_reply ok = {.outcome = SYNAPSE_OK};

static void never(void *homeserver, int64_t retry_after)
{
    (void)homeserver;
    (void)retry_after;
    fail();
}

/* While the room is being read, Synapse takes a deactivated user out of it, and she is reactivated. */
static void test_a_room_that_is_read_while_somebody_comes_back(void **state)
{
    struct error error;
    struct desk desk = {.count = 0};
    unsigned ends = 0;
    const struct engine_config config = {
        .rules = {.server_name = "s", .sync_user = "@sync:s", .reactivate = true},
        .concurrency = 4,
        .ended = ended,
        .context = &ends};
    const struct engine_homeserver homeserver = {.homeserver = &desk, .send = take, .doubt = never};
    struct loop *loop = loop_new(&error);
    struct engine *engine;

    (void)state;
    clock_start(1);
    engine = engine_new(&config, &homeserver, loop);
    engine_set_ready(engine, true);
    (void)submit(engine, "{'method': 'addRoom', 'room': {'id': 'r', 'name': 'R'}, 'members': []}");
    turn(loop);
    answer(&desk, SYNAPSE_CREATE_ROOM, (struct synapse_reply){.outcome = SYNAPSE_TAKEN});
    (void)submit(engine,
                 "{'method': 'addUser', 'user': {'id': '@anna:s'}, 'rooms': [{'id': 'r', 'name': 'R'}]}");
    turn(loop);
    answer(&desk, SYNAPSE_RESOLVE_ALIAS, (struct synapse_reply){.text = text_copy("!1:s")});
    answer(&desk, SYNAPSE_READ_USER, (struct synapse_reply){.user = {.deactivated = true}});
    answer(&desk, SYNAPSE_READ_JOINED_ROOMS, (struct synapse_reply){.joined_rooms = 0});
    answer(&desk, SYNAPSE_REACTIVATE_USER, ok);
    answer(&desk, SYNAPSE_READ_USER, ok);
    answer(&desk, SYNAPSE_READ_STATE, (struct synapse_reply){.state = room_with_anna()}); /* of before */
    answer(&desk, SYNAPSE_READ_RECORDS, (struct synapse_reply){.records = records_new()});
    assert_int_equal(count_of(&desk, SYNAPSE_READ_STATE), 2);
    answer(&desk, SYNAPSE_READ_STATE, (struct synapse_reply){.state = room_with_anna()});
    assert_int_equal(ends, 2);
    engine_free(engine);
    loop_free(loop);
}

static struct records *open_record_of(const char *user)
{
    struct records *records = records_new();

    records_set(records, user, (struct synapse_record){.open = true});
    return records;
}

/* A call of ours hangs while a stand-by is at work, which creates the user; then it is our turn again. */
static void test_a_call_that_hangs_while_another_process_is_at_work(void **state)
{
    struct error error;
    struct desk desk = {.count = 0};
    unsigned ends = 0;
    const struct engine_config config = {.rules = {.server_name = "s", .sync_user = "@sync:s"},
                                         .concurrency = 4,
                                         .ended = ended,
                                         .context = &ends};
    const struct engine_homeserver homeserver = {.homeserver = &desk, .send = take, .doubt = never};
    struct loop *loop = loop_new(&error);
    struct engine_message *message;
    struct engine *engine;

    (void)state;
    clock_start(1);
    engine = engine_new(&config, &homeserver, loop);
    engine_set_ready(engine, true);
    message =
        submit(engine, "{'method': 'addUser', 'user': {'id': '@anna:s'}, 'welcome': {'text': 'Hello'}}");
    turn(loop);
    answer(&desk, SYNAPSE_READ_USER, (struct synapse_reply){.outcome = SYNAPSE_ABSENT});
    answer(&desk, SYNAPSE_READ_RECORDS, (struct synapse_reply){.records = records_new()});
    assert_int_equal(count_of(&desk, SYNAPSE_WRITE_RECORDS), 1);
    engine_leave(engine, message);
    turn(loop);
    (void)submit(engine, "{'method': 'addUser', 'user': {'id': '@anna:s'}, 'welcome': {'text': 'Hello'}}");
    turn(loop);
    answer(&desk, SYNAPSE_WRITE_RECORDS, ok);
    answer(&desk, SYNAPSE_READ_USER, ok);
    answer(&desk, SYNAPSE_READ_RECORDS, (struct synapse_reply){.records = open_record_of("@anna:s")});
    assert_int_equal(count_of(&desk, SYNAPSE_CREATE_WELCOME_ROOM), 1);
    assert_int_equal(count_of(&desk, SYNAPSE_WRITE_RECORDS), 1);
    engine_free(engine);
    loop_free(loop);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_room_that_is_read_while_somebody_comes_back),
        cmocka_unit_test(test_a_call_that_hangs_while_another_process_is_at_work),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
