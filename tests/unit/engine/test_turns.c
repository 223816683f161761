/* A turn of the engine ends after a while, whatever is left to be done: the loop has other things to do. */

#include "base/buffer.h"
#include "engine/engine.h"
#include "support/test.h"

#include <stdlib.h>

/* In the place of the real one: each look at the time takes a millisecond. */
static instant time_now = 1000000;

instant instant_now(void)
{
    return time_now++;
}

enum { MEMBERS = 60, CALLS = 64, LONG = 40 /* calls that take longer than a turn may */ };

static unsigned sent;

static void note_call(void *homeserver, const struct synapse_call *call,
                      void (*done)(void *context, struct synapse_reply *reply), void *context)
{
    (void)homeserver;
    (void)call;
    (void)done;
    (void)context;
    sent++;
}

static void ended(void *context, struct engine_message *message, const struct engine_verdict *verdict)
{
    (void)context;
    (void)message;
    (void)verdict;
    fail();
}

static struct request *crowd(void)
{
    const struct request_rules rules = {.server_name = "h", .sync_user = "@sync:h", .largest_body = 100000};
    struct request_complaint complaint;
    struct request *request;
    struct buffer text;

    buffer_init(&text, 100000);
    (void)buffer_append_text(&text,
                             "{\"method\":\"addRoom\",\"room\":{\"id\":\"a\",\"name\":\"A\"},\"members\":[");
    for (unsigned i = 0; i < MEMBERS; i++)
        (void)buffer_append_format(&text, "%s{\"id\":\"@u%u:h\"}", i > 0 ? "," : "", i);
    (void)buffer_append_text(&text, "]}");
    request = request_parse(text.bytes, text.size, &rules, &complaint);
    buffer_deinit(&text);
    assert_non_null(request);
    return request;
}

static void never(void *homeserver, int64_t retry_after)
{
    (void)homeserver;
    (void)retry_after;
    fail();
}

static void stop(void *context)
{
    loop_stop(context);
}

static void go_round(struct loop *loop)
{
    struct loop_timer timer;

    loop_timer_init(&timer, loop, stop, loop);
    loop_timer_set(&timer, time_now);
    loop_run(loop);
    loop_timer_stop(&timer);
}

static void test_a_long_turn_is_cut_and_goes_on(void **state)
{
    struct error error;
    struct loop *loop = loop_new(&error);
    struct engine *engine =
        engine_new(&(struct engine_config){.rules = {.server_name = "h", .sync_user = "@sync:h"},
                                           .concurrency = CALLS,
                                           .most_memory = 100000,
                                           .ended = ended},
                   &(struct engine_homeserver){.send = note_call, .doubt = never}, loop);
    unsigned before = 0;

    (void)state;
    (void)engine_submit(engine, crowd(), NULL);
    engine_set_ready(engine, true);
    assert_in_range(sent, 1, LONG);
    for (unsigned turns = 0; sent < MEMBERS && turns < MEMBERS; turns++) {
        before = sent;
        go_round(loop);
        assert_in_range(sent - before, 0, LONG);
    }
    assert_int_equal(sent, MEMBERS);
    engine_free(engine);
    loop_free(loop);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_long_turn_is_cut_and_goes_on),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
