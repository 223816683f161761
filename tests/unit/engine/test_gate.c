/* The gate by itself; and that what hangs does not hold it shut: while one call is never answered, others go
 * on. */
#include "engine/simulation/clock.h"

#include "base/log.h"
#include "base/memory.h"
#include "engine/engine.h"
#include "engine/gate.h"

#include <stdlib.h>
#include <string.h>

#include "support/capture.h"
#include "support/test.h"

/* ---- the gate ---- */

static struct gate gate;
static instant now;

static int begin(void **state)
{
    (void)state;
    clock_start(1);
    now = instant_now();
    gate_init(&gate);
    return 0;
}

static struct synapse_reply reply_of(enum synapse_outcome outcome, int64_t retry_after)
{
    return (struct synapse_reply){.outcome = outcome, .retry_after = retry_after};
}

/* Whether a sign is asked for. */
static bool be_answered(enum synapse_outcome outcome, int64_t retry_after)
{
    const struct synapse_reply reply = reply_of(outcome, retry_after);

    if (gate.under_way == 0)
        gate.under_way = 1;
    return gate_answered(&gate, &reply, now, now);
}

static void be_told(enum synapse_sign_kind kind)
{
    const struct synapse_sign sign = {.kind = kind, .retry_after = -1};

    gate_told(&gate, &sign, now);
}

static bool lets_through(void)
{
    instant opens = INSTANT_PAST;
    bool open = gate_lets_through(&gate, now, &opens);

    if (!open)
        assert_true(opens > now);
    return open;
}

static void wait_until_it_opens(void)
{
    instant opens = INSTANT_PAST;

    assert_false(gate_lets_through(&gate, now, &opens));
    assert_int_not_equal(opens, INSTANT_NEVER);
    now = opens;
}

static bool is_shut(void)
{
    instant opens = INSTANT_PAST;

    return !gate_lets_through(&gate, now, &opens) && opens == INSTANT_NEVER;
}

static void test_a_sign_is_waited_for_after_an_outage(void **state)
{
    (void)state;
    assert_true(lets_through());
    assert_true(be_answered(SYNAPSE_UNREACHABLE, -1));
    assert_true(is_shut());
    be_told(SYNAPSE_AWAY);
    assert_true(is_shut());
    be_told(SYNAPSE_BACK);
    assert_true(lets_through());
    gate_sent(&gate, now);
    assert_false(lets_through()); /* one at a time */
    assert_false(be_answered(SYNAPSE_OK, -1));
    assert_true(lets_through());
    gate_sent(&gate, now);
    assert_true(lets_through());
}

/* A call that is not answered either begins it anew. */
static void test_a_long_outage(void **state)
{
    (void)state;
    assert_true(be_answered(SYNAPSE_UNREACHABLE, -1));
    for (int i = 0; i < 20; i++) {
        now += 1000;
        assert_true(is_shut());
        be_told(SYNAPSE_BACK);
        assert_true(lets_through());
        gate_sent(&gate, now);
        assert_true(be_answered(SYNAPSE_UNREACHABLE, -1));
    }
    assert_true(is_shut());
}

static void test_silence(void **state)
{
    (void)state;
    gate_sent(&gate, now);
    gate_sent(&gate, now);
    assert_int_equal(gate_width(&gate, 8), 8);
    be_told(SYNAPSE_SLOW);
    assert_true(lets_through());
    assert_int_equal(gate_width(&gate, 8), 10); /* others may take their slots */
    assert_int_equal(gate_width(&gate, 1), 2);
    (void)be_answered(SYNAPSE_OK, -1);
    assert_int_equal(gate_width(&gate, 8), 9);
}

/* Long before the calls that are under way are given up; whose end is no news then. */
static void test_silence_of_who_is_away(void **state)
{
    const struct synapse_reply reply = reply_of(SYNAPSE_UNREACHABLE, -1);
    instant sent = now;

    (void)state;
    gate_sent(&gate, now);
    now += 4000;
    be_told(SYNAPSE_AWAY);
    assert_true(is_shut());
    now += 1000;
    be_told(SYNAPSE_BACK);
    assert_false(gate_answered(&gate, &reply, sent, now));
    assert_true(lets_through());
}

static void test_the_call_that_goes_first_may_hang(void **state)
{
    (void)state;
    (void)be_answered(SYNAPSE_UNREACHABLE, -1);
    be_told(SYNAPSE_BACK);
    gate_sent(&gate, now);
    wait_until_it_opens();
    assert_true(lets_through()); /* another one */
    gate_sent(&gate, now);
    assert_false(lets_through());
}

/* Then the homeserver is known to be away at once. */
static void test_the_call_that_goes_first_may_be_lost(void **state)
{
    (void)state;
    (void)be_answered(SYNAPSE_UNREACHABLE, -1);
    be_told(SYNAPSE_BACK);
    gate_sent(&gate, now);
    be_told(SYNAPSE_AWAY);
    assert_true(is_shut());
    be_told(SYNAPSE_BACK);
    assert_true(lets_through());
}

/* The homeserver is there, and only wants patience. */
static void test_no_sign_is_waited_for_from_who_asks_for_patience(void **state)
{
    instant asked = now;

    (void)state;
    assert_false(be_answered(SYNAPSE_LIMITED, 20000));
    assert_false(be_answered(SYNAPSE_OK, -1)); /* those that were under way */
    assert_false(be_answered(SYNAPSE_UNREACHABLE, -1));
    assert_false(be_answered(SYNAPSE_LIMITED, 100));
    be_told(SYNAPSE_AWAY);
    assert_true(is_shut());
    assert_false(be_answered(SYNAPSE_LIMITED, 100));
    be_told(SYNAPSE_BACK);
    wait_until_it_opens();
    assert_int_equal(now - asked, 20000);
    gate_sent(&gate, now);
    assert_false(lets_through());
    assert_false(be_answered(SYNAPSE_OK, -1));
    assert_true(lets_through());
}

static void test_more_patience_is_granted(void **state)
{
    static const enum synapse_outcome before[] = {SYNAPSE_LIMITED, SYNAPSE_UNREACHABLE};

    for (size_t i = 0; i < 2; i++)
        for (int told = 0; told < 2; told++) {
            const struct synapse_sign busy = {.kind = SYNAPSE_BUSY, .retry_after = 30000};
            instant asked;

            (void)begin(state);
            (void)be_answered(before[i], 10);
            asked = now;
            if (told)
                gate_told(&gate, &busy, now);
            else
                assert_false(be_answered(SYNAPSE_LIMITED, 30000));
            be_told(SYNAPSE_BACK);
            wait_until_it_opens();
            assert_int_equal(now - asked, 30000);
        }
}

/* Who asks for it again and again gets more. */
/* Its health is answered with less patience than it had asked for before it went away. */
static void test_who_asks_for_less_patience_is_there(void **state)
{
    const struct synapse_sign busy = {.kind = SYNAPSE_BUSY, .retry_after = 100};
    instant asked = now;

    (void)state;
    assert_false(be_answered(SYNAPSE_LIMITED, 20000));
    be_told(SYNAPSE_AWAY);
    assert_true(is_shut());
    gate_told(&gate, &busy, now);
    wait_until_it_opens();
    assert_int_equal(now - asked, 20000);
}

static void test_patience_grows(void **state)
{
    int64_t longest = 0;

    (void)state;
    for (int i = 0; i < 20; i++) {
        instant asked = now;

        (void)be_answered(SYNAPSE_LIMITED, -1);
        wait_until_it_opens();
        longest = now - asked > longest ? now - asked : longest;
        gate_sent(&gate, now);
    }
    assert_in_range(longest, 1000, 5000);
    assert_false(be_answered(SYNAPSE_OK, -1));
    assert_false(be_answered(SYNAPSE_LIMITED, -1));
    assert_true(gate.opens - now <= 500); /* that was another time */
}

/* Also by what was under way when the call that goes first was told of it. */
static void test_patience_lasts(void **state)
{
    (void)state;
    assert_false(be_answered(SYNAPSE_LIMITED, -1));
    wait_until_it_opens();
    gate_sent(&gate, now);
    assert_false(be_answered(SYNAPSE_LIMITED, 20000));
    assert_false(be_answered(SYNAPSE_OK, -1));
    assert_false(lets_through());
}

/* All those that were under way tell of one outage. */
static void test_one_outage_counts_once(void **state)
{
    (void)state;
    assert_true(be_answered(SYNAPSE_UNREACHABLE, -1));
    for (int i = 0; i < 10; i++)
        assert_false(be_answered(SYNAPSE_UNREACHABLE, -1));
}

/* Who answers is there, whatever was said of it before. */
static void test_an_answer_opens_it(void **state)
{
    (void)state;
    (void)be_answered(SYNAPSE_UNREACHABLE, -1);
    (void)be_answered(SYNAPSE_REFUSED, -1);
    assert_true(lets_through());
    be_told(SYNAPSE_BACK); /* comes late */
    gate_sent(&gate, now);
    assert_true(lets_through());
}

static unsigned count_of(const char *text, const char *what)
{
    unsigned count = 0;

    for (const char *found = strstr(text, what); found; found = strstr(found + 1, what))
        count++;
    return count;
}

static void test_one_line_when_it_shuts_and_one_when_it_opens(void **state)
{
    CLEANUP(freep) char *lines = NULL;
    struct capture capture;

    (void)state;
    capture_begin(&capture);
    (void)be_answered(SYNAPSE_UNREACHABLE, -1);
    (void)be_answered(SYNAPSE_UNREACHABLE, -1);
    be_told(SYNAPSE_AWAY);
    be_told(SYNAPSE_BACK);
    gate_sent(&gate, now);
    (void)be_answered(SYNAPSE_LIMITED, 100);
    wait_until_it_opens();
    now = 1000000 + 9000;
    (void)be_answered(SYNAPSE_OK, -1);
    (void)be_answered(SYNAPSE_OK, -1);
    lines = capture_end(&capture);
    assert_int_equal(count_of(lines, "event=homeserver-paused"), 1);
    assert_int_equal(count_of(lines, "event=homeserver-resumed after_ms=9000"), 1);
    assert_int_equal(count_of(lines, "\n"), 2);
}

/* ---- a call that hangs ---- */

enum { MOST_CALLS = 8 };

struct silent {
    struct {
        void (*done)(void *context, struct synapse_reply *reply);
        void *context;
        char *user;
    } calls[MOST_CALLS];
    size_t count;
    unsigned doubts;
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

static void doubt(void *context, int64_t retry_after)
{
    struct silent *silent = context;

    (void)retry_after;
    silent->doubts++;
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

static void ended(void *context, struct engine_message *message, const struct engine_verdict *verdict)
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
    const struct engine_homeserver homeserver = {.homeserver = &silent, .send = hear, .doubt = doubt};
    const struct synapse_sign back = {.kind = SYNAPSE_BACK, .retry_after = -1};
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
    assert_int_equal(silent.doubts, 1);
    assert_int_equal(silent.count, 2);
    engine_told(engine, &back);
    assert_int_equal(silent.count, 3);
    assert_string_equal(silent.calls[2].user, "@b:h");
    answer(&silent, 2, SYNAPSE_UNREACHABLE);
    assert_int_equal(silent.doubts, 2);
    loop_timer_stop(&deadline);
    engine_free(engine);
    loop_free(silent.loop);
    for (size_t i = 0; i < silent.count; i++)
        free(silent.calls[i].user);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(test_a_sign_is_waited_for_after_an_outage, begin),
        cmocka_unit_test_setup(test_a_long_outage, begin),
        cmocka_unit_test_setup(test_silence, begin),
        cmocka_unit_test_setup(test_silence_of_who_is_away, begin),
        cmocka_unit_test_setup(test_the_call_that_goes_first_may_hang, begin),
        cmocka_unit_test_setup(test_the_call_that_goes_first_may_be_lost, begin),
        cmocka_unit_test_setup(test_no_sign_is_waited_for_from_who_asks_for_patience, begin),
        cmocka_unit_test_setup(test_more_patience_is_granted, begin),
        cmocka_unit_test_setup(test_who_asks_for_less_patience_is_there, begin),
        cmocka_unit_test_setup(test_patience_grows, begin),
        cmocka_unit_test_setup(test_patience_lasts, begin),
        cmocka_unit_test_setup(test_one_outage_counts_once, begin),
        cmocka_unit_test_setup(test_an_answer_opens_it, begin),
        cmocka_unit_test_setup(test_one_line_when_it_shuts_and_one_when_it_opens, begin),
        cmocka_unit_test(test_a_call_that_hangs_does_not_hold_the_gate_shut),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
