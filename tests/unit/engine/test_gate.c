/* What hangs must not hold the gate shut: while one call is never answered, another one probes. */
#include "engine/simulation/clock.h"

#include "base/memory.h"
#include "engine/engine.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

enum { MOST_CALLS = 8 };

struct silent {
    struct {
        void (*done)(void *context, struct synapse_reply *reply);
        void *context;
        char *user;
    } calls[MOST_CALLS];
    size_t count;
    struct loop *loop;
};

static void hear(void *context, const struct synapse_call *call,
                 void (*done)(void *context, struct synapse_reply *reply), void *done_context)
{
    struct silent *silent = context;

    assert_true(silent->count < MOST_CALLS);
    silent->calls[silent->count].done = done;
    silent->calls[silent->count].context = done_context;
    silent->calls[silent->count++].user = text_copy(call->user);
    loop_stop(silent->loop);
}

static void answer(struct silent *silent, size_t number, enum synapse_outcome outcome)
{
    struct synapse_reply reply = {.outcome = outcome, .retry_after = -1};

    silent->calls[number].done(silent->calls[number].context, &reply);
    synapse_reply_deinit(&reply);
}

static void too_late(void *context)
{
    loop_stop(context);
}

static void ended(void *context, struct message *message, const struct engine_verdict *verdict)
{
    (void)context;
    (void)message;
    (void)verdict;
}

static void submit(struct engine *engine, const char *user)
{
    struct request *request = NEW(struct request);

    request->method = REQUEST_REMOVE_USER;
    request->user.id = text_copy(user);
    (void)engine_submit(engine, request, NULL);
}

static void test_a_call_that_hangs_does_not_hold_the_gate_shut(void **state)
{
    struct error error;
    struct silent silent = {.loop = loop_new(&error)};
    const struct engine_config config = {
        .rules = {.server_name = "h", .sync_user = "@sync:h"}, .concurrency = 4, .ended = ended};
    const struct engine_homeserver homeserver = {.homeserver = &silent, .send = hear};
    struct loop_timer deadline;
    struct engine *engine;

    (void)state;
    clock_start(1);
    engine = engine_new(&config, &homeserver, silent.loop);
    loop_timer_init(&deadline, silent.loop, too_late, silent.loop);
    loop_timer_set(&deadline, instant_now() + 60 * 1000);
    engine_set_ready(engine, true);
    submit(engine, "@a:h");
    submit(engine, "@b:h");
    loop_run(silent.loop);
    assert_int_equal(silent.count, 2);
    answer(&silent, 1, SYNAPSE_UNREACHABLE); /* the first one hangs, for good */
    loop_run(silent.loop);                   /* until a call is made */
    assert_int_equal(silent.count, 3);
    assert_string_equal(silent.calls[2].user, "@b:h");
    loop_timer_stop(&deadline);
    engine_free(engine);
    loop_free(silent.loop);
    for (size_t i = 0; i < silent.count; i++)
        free(silent.calls[i].user);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_call_that_hangs_does_not_hold_the_gate_shut),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
