/* The pulse with a clock of its own, and questions that are answered by hand in the place of http. */
#include "engine/simulation/clock.h"

#include "support/test.h"
#include "synapse/pulse.h"

#include <string.h>

/* ms */
static const int64_t SECOND = 1000, MINUTE = 60000, HOUR = 3600000;
static const int64_t LONG_ENOUGH = 2000; /* of silence */

/* ---- in the place of http ---- */

struct http {
    http_done *done; /* of the question under way; NULL: there is none */
    void *context;
    unsigned questions;
    bool refuses; /* each question, at once */
    struct loop_timer refusal;
    char trust[16]; /* 'd' and 'g' for each doubt and each grace */
};

struct http_call *http_send(struct http *http, const struct http_request *request, http_done *done,
                            void *context)
{
    assert_string_equal(request->path, "/health");
    assert_true(request->fresh);
    assert_null(request->bearer);
    assert_null(http->done);
    http->questions++;
    http->done = done;
    http->context = context;
    if (http->refuses)
        loop_timer_set(&http->refusal, instant_now());
    return (struct http_call *)http;
}

void http_cancel(struct http_call *call)
{
    if (call)
        ((struct http *)call)->done = NULL;
}

static void note_trust(struct http *http, char what)
{
    size_t length = strlen(http->trust);

    if (length < sizeof(http->trust) - 1)
        http->trust[length] = what;
}

void http_doubt(struct http *http)
{
    note_trust(http, 'd');
}

void http_grace(struct http *http)
{
    note_trust(http, 'g');
}

static void reply_to_question(struct http *http, enum http_result result, long status, int64_t retry_after)
{
    const struct http_reply reply = {
        .result = result, .status = status, .body = "", .retry_after = retry_after, .problem = "h:1: gone"};
    http_done *done = http->done;

    assert_non_null(done);
    http->done = NULL;
    done(http->context, &reply);
}

static void refuse(void *context)
{
    reply_to_question(context, HTTP_UNREACHABLE, 0, -1);
}

/* ---- the workbench ---- */

static struct {
    struct http http;
    struct loop *loop;
    struct loop_timer until;
    struct pulse pulse;
    char told[64]; /* a letter for each sign: a(way), b(ack), s(low), p(atience) */
    struct error problem;
    int64_t retry_after;
    bool restarts; /* sends a call when it is told something */
} bench;

static void note_sign(void *context, const struct synapse_sign *sign)
{
    size_t length = strlen(bench.told);

    (void)context;
    assert_true(length < sizeof(bench.told) - 1);
    bench.told[length] = "absp"[sign->kind];
    bench.retry_after = sign->retry_after;
    bench.problem = sign->problem;
    if (bench.restarts)
        (void)pulse_sent(&bench.pulse);
}

static void ignore_sign(void *context, const struct synapse_sign *sign)
{
    (void)context;
    (void)sign;
}

static void stop(void *context)
{
    (void)context;
    loop_stop(bench.loop);
}

static void run_for(int64_t milliseconds)
{
    loop_timer_set(&bench.until, instant_now() + milliseconds);
    loop_run(bench.loop);
}

static int begin(void **state)
{
    struct error error;

    (void)state;
    clock_start(1);
    memset(&bench, 0, sizeof(bench));
    bench.loop = loop_new(&error);
    assert_non_null(bench.loop);
    loop_timer_init(&bench.until, bench.loop, stop, NULL);
    loop_timer_init(&bench.http.refusal, bench.loop, refuse, &bench.http);
    pulse_init(&bench.pulse, &bench.http, bench.loop, note_sign, NULL);
    return 0;
}

static int end(void **state)
{
    (void)state;
    pulse_deinit(&bench.pulse);
    loop_timer_stop(&bench.http.refusal);
    loop_free(bench.loop);
    return 0;
}

static bool is_asked(void)
{
    return bench.http.done != NULL;
}

static void be_well(void)
{
    reply_to_question(&bench.http, HTTP_ANSWERED, 200, -1);
}

static void be_gone(void)
{
    reply_to_question(&bench.http, HTTP_BROKEN, 0, -1);
}

static void answer(unsigned long call)
{
    pulse_heard(&bench.pulse, call, HTTP_ANSWERED, SYNAPSE_OK);
}

static void refuse_call(unsigned long call)
{
    pulse_heard(&bench.pulse, call, HTTP_UNREACHABLE, SYNAPSE_UNREACHABLE);
}

/* Until the question that follows a pause. */
static void await_question(void)
{
    run_for(3 * SECOND);
    assert_true(is_asked());
}

/* ---- silence ---- */

static void test_nothing_is_asked_where_calls_are_answered(void **state)
{
    (void)state;
    run_for(MINUTE);
    for (int i = 0; i < 20; i++) {
        unsigned long call = pulse_sent(&bench.pulse);

        run_for(LONG_ENOUGH - 1);
        answer(call);
        run_for(SECOND);
    }
    run_for(MINUTE);
    assert_int_equal(bench.http.questions, 0);
    assert_string_equal(bench.told, "");
}

/* What is sent into it does not end it. */
static void test_silence_is_that_of_the_homeserver(void **state)
{
    (void)state;
    (void)pulse_sent(&bench.pulse);
    run_for(LONG_ENOUGH - 1);
    (void)pulse_sent(&bench.pulse);
    run_for(1);
    assert_int_equal(bench.http.questions, 1);
}

/* What was answered last counts, not who waits longest. */
static void test_silence_is_that_of_all(void **state)
{
    unsigned long other;

    (void)state;
    (void)pulse_sent(&bench.pulse);
    for (int i = 0; i < 5; i++) {
        other = pulse_sent(&bench.pulse);
        run_for(LONG_ENOUGH - 1);
        answer(other);
    }
    assert_int_equal(bench.http.questions, 0);
    run_for(LONG_ENOUGH - 1);
    assert_int_equal(bench.http.questions, 0);
    run_for(1);
    assert_int_equal(bench.http.questions, 1);
}

static void test_it_is_slow_and_that_is_told_once(void **state)
{
    unsigned long slow = pulse_sent(&bench.pulse), next;

    (void)state;
    run_for(LONG_ENOUGH);
    be_well();
    assert_string_equal(bench.told, "s");
    run_for(MINUTE);
    assert_int_equal(bench.http.questions, 1);
    next = pulse_sent(&bench.pulse);
    run_for(LONG_ENOUGH);
    assert_int_equal(bench.http.questions, 2); /* on account of another call */
    be_well();
    answer(next);
    answer(slow);
    next = pulse_sent(&bench.pulse);
    answer(next);
    run_for(MINUTE);
    assert_int_equal(bench.http.questions, 2);
    assert_string_equal(bench.told, "ss");
    assert_string_equal(bench.http.trust, "");
}

/* Who waits for a reply that must not take long sends again when told that it is slow. */
static void test_it_is_asked_again_for_who_wants_it(void **state)
{
    (void)state;
    bench.restarts = true;
    (void)pulse_sent(&bench.pulse);
    for (unsigned i = 1; i < 5; i++) {
        run_for(LONG_ENOUGH);
        assert_int_equal(bench.http.questions, i);
        be_well();
    }
    assert_string_equal(bench.told, "ssss");
}

static void test_nobody_waits_for_what_is_forgotten(void **state)
{
    (void)state;
    pulse_forget(&bench.pulse, pulse_sent(&bench.pulse));
    run_for(MINUTE);
    assert_int_equal(bench.http.questions, 0);
}

/* A call that is answered tells more than the question. */
static void test_an_answer_ends_the_question(void **state)
{
    unsigned long call = pulse_sent(&bench.pulse);

    (void)state;
    (void)pulse_sent(&bench.pulse);
    run_for(LONG_ENOUGH);
    assert_true(is_asked());
    answer(call);
    assert_false(is_asked());
    run_for(LONG_ENOUGH);
    assert_int_equal(bench.http.questions, 2); /* about the other one */
    assert_string_equal(bench.told, "");
}

/* ---- away, and back ---- */

static void test_it_is_away_and_back(void **state)
{
    (void)state;
    (void)pulse_sent(&bench.pulse);
    run_for(LONG_ENOUGH);
    be_gone();
    assert_string_equal(bench.told, "a");
    assert_string_equal(bench.problem.text, "read-health: h:1: gone");
    await_question();
    reply_to_question(&bench.http, HTTP_ANSWERED, 502, -1);
    assert_string_equal(bench.told, "aa");
    await_question();
    be_well();
    assert_string_equal(bench.told, "aab");
}

static void test_who_is_held_to_be_away_is_asked_for(void **state)
{
    (void)state;
    pulse_doubt(&bench.pulse, -1);
    assert_false(is_asked()); /* not at once */
    assert_string_equal(bench.told, "");
    pulse_doubt(&bench.pulse, -1);
    await_question();
    assert_int_equal(bench.http.questions, 1);
    be_well();
    assert_string_equal(bench.told, "b");
    run_for(MINUTE);
    assert_int_equal(bench.http.questions, 1);
}

/* What was under way has as much time as if it had been sent then. */
static void test_silence_begins_anew_when_it_is_back(void **state)
{
    (void)state;
    (void)pulse_sent(&bench.pulse);
    pulse_doubt(&bench.pulse, -1);
    run_for(MINUTE);
    be_well();
    run_for(LONG_ENOUGH - 1);
    assert_false(is_asked());
    run_for(1);
    be_well();
    assert_string_equal(bench.told, "bs");
}

/* Also one that was sent before. Told from the loop, so that it does not come before what the call brings. */
static void test_any_answer_shows_that_it_is_back(void **state)
{
    unsigned long call = pulse_sent(&bench.pulse), other = pulse_sent(&bench.pulse);

    (void)state;
    pulse_doubt(&bench.pulse, -1);
    pulse_heard(&bench.pulse, other, HTTP_BROKEN, SYNAPSE_UNREACHABLE);
    run_for(1);
    assert_string_equal(bench.told, "");
    pulse_heard(&bench.pulse, call, HTTP_ANSWERED, SYNAPSE_FAILED);
    assert_string_equal(bench.told, "");
    run_for(1);
    assert_string_equal(bench.told, "b");
    run_for(MINUTE);
    assert_int_equal(bench.http.questions, 0);
}

/* In the same moment; who is told that it is back must not have said so before. */
static void test_a_doubt_comes_after_an_answer(void **state)
{
    unsigned long call = pulse_sent(&bench.pulse);

    (void)state;
    pulse_doubt(&bench.pulse, -1);
    answer(call);
    pulse_doubt(&bench.pulse, -1);
    run_for(1);
    assert_string_equal(bench.told, "");
    await_question();
    be_well();
    assert_string_equal(bench.told, "b");
}

static void test_a_doubt_while_it_is_asked(void **state)
{
    (void)state;
    (void)pulse_sent(&bench.pulse);
    run_for(LONG_ENOUGH);
    pulse_doubt(&bench.pulse, -1);
    run_for(LONG_ENOUGH);
    assert_int_equal(bench.http.questions, 1);
    be_well();
    assert_string_equal(bench.told, "b"); /* for who doubts, it is not only slow */
}

static void test_wishes_are_granted(void **state)
{
    (void)state;
    pulse_doubt(&bench.pulse, 20 * SECOND);
    run_for(20 * SECOND - 1);
    assert_false(is_asked());
    run_for(1);
    reply_to_question(&bench.http, HTTP_ANSWERED, 503, 30 * SECOND);
    run_for(30 * SECOND - 1);
    assert_false(is_asked());
    run_for(1);
    reply_to_question(&bench.http, HTTP_ANSWERED, 429, 40 * SECOND);
    assert_string_equal(bench.told, "ap");
    assert_int_equal(bench.retry_after, 40 * SECOND);
    run_for(MINUTE); /* it is there, and who wants something of it knows when */
    assert_false(is_asked());
}

/* ---- pauses ---- */

static void test_a_long_outage(void **state)
{
    (void)state;
    bench.pulse.tell = ignore_sign;
    bench.http.refuses = true;
    pulse_doubt(&bench.pulse, -1);
    run_for(HOUR);
    assert_in_range(bench.http.questions, HOUR / (2 * SECOND), HOUR / SECOND);
}

/* So it is known to be back as soon as possible where nothing comes through. */
static void test_a_question_that_hung_was_a_pause(void **state)
{
    (void)state;
    bench.pulse.tell = ignore_sign;
    pulse_doubt(&bench.pulse, -1);
    await_question();
    for (unsigned i = 1; i < 10; i++) {
        assert_int_equal(bench.http.questions, i);
        run_for(2 * SECOND);
        be_gone();
        run_for(1);
        assert_true(is_asked());
    }
}

static int64_t pause_of_an_outage(void)
{
    instant began = instant_now();

    pulse_doubt(&bench.pulse, -1);
    while (!is_asked())
        run_for(1);
    be_well();
    return instant_now() - began;
}

/* Some calls are answered and others never are: it is away and back, at growing intervals. That it stays for
   a while makes the next outage a first one. */
static void test_being_back_for_a_moment_is_no_end(void **state)
{
    enum { FIRST_PAUSE = 500 };
    int64_t longest = 0;

    (void)state;
    for (int i = 0; i < 30; i++) {
        int64_t pause = pause_of_an_outage();

        longest = pause > longest ? pause : longest;
    }
    assert_true(longest > FIRST_PAUSE);
    for (int i = 0; i < 10; i++) {
        run_for(MINUTE);
        assert_in_range(pause_of_an_outage(), 1, FIRST_PAUSE);
    }
}

/* ---- connections ---- */

static void test_connections_are_doubted_until_a_later_call_is_answered(void **state)
{
    unsigned long before = pulse_sent(&bench.pulse), lost = pulse_sent(&bench.pulse), later;

    (void)state;
    refuse_call(lost);
    assert_string_equal(bench.http.trust, "d");
    answer(before);
    later = pulse_sent(&bench.pulse);
    pulse_heard(&bench.pulse, later, HTTP_BROKEN, SYNAPSE_UNREACHABLE);
    assert_string_equal(bench.http.trust, "d");
    later = pulse_sent(&bench.pulse);
    pulse_heard(&bench.pulse, later, HTTP_ANSWERED, SYNAPSE_UNREACHABLE); /* 502: somebody is there */
    assert_string_equal(bench.http.trust, "dg");
    answer(pulse_sent(&bench.pulse));
    assert_string_equal(bench.http.trust, "dg");
}

static void test_a_question_tells_of_connections(void **state)
{
    (void)state;
    (void)pulse_sent(&bench.pulse);
    run_for(LONG_ENOUGH);
    be_gone();
    assert_string_equal(bench.http.trust, "d");
    await_question();
    be_well();
    assert_string_equal(bench.http.trust, "dg");
}

/* A server that is too busy for one request must not get the others twice. */
static void test_a_time_out_is_no_reason_to_doubt_connections(void **state)
{
    unsigned long call = pulse_sent(&bench.pulse);

    (void)state;
    pulse_heard(&bench.pulse, call, HTTP_BROKEN, SYNAPSE_UNREACHABLE);
    answer(pulse_sent(&bench.pulse));
    assert_string_equal(bench.http.trust, "");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_nothing_is_asked_where_calls_are_answered, begin, end),
        cmocka_unit_test_setup_teardown(test_silence_is_that_of_the_homeserver, begin, end),
        cmocka_unit_test_setup_teardown(test_silence_is_that_of_all, begin, end),
        cmocka_unit_test_setup_teardown(test_it_is_slow_and_that_is_told_once, begin, end),
        cmocka_unit_test_setup_teardown(test_it_is_asked_again_for_who_wants_it, begin, end),
        cmocka_unit_test_setup_teardown(test_nobody_waits_for_what_is_forgotten, begin, end),
        cmocka_unit_test_setup_teardown(test_an_answer_ends_the_question, begin, end),
        cmocka_unit_test_setup_teardown(test_it_is_away_and_back, begin, end),
        cmocka_unit_test_setup_teardown(test_who_is_held_to_be_away_is_asked_for, begin, end),
        cmocka_unit_test_setup_teardown(test_silence_begins_anew_when_it_is_back, begin, end),
        cmocka_unit_test_setup_teardown(test_any_answer_shows_that_it_is_back, begin, end),
        cmocka_unit_test_setup_teardown(test_a_doubt_comes_after_an_answer, begin, end),
        cmocka_unit_test_setup_teardown(test_a_doubt_while_it_is_asked, begin, end),
        cmocka_unit_test_setup_teardown(test_wishes_are_granted, begin, end),
        cmocka_unit_test_setup_teardown(test_a_long_outage, begin, end),
        cmocka_unit_test_setup_teardown(test_a_question_that_hung_was_a_pause, begin, end),
        cmocka_unit_test_setup_teardown(test_being_back_for_a_moment_is_no_end, begin, end),
        cmocka_unit_test_setup_teardown(test_connections_are_doubted_until_a_later_call_is_answered, begin,
                                        end),
        cmocka_unit_test_setup_teardown(test_a_question_tells_of_connections, begin, end),
        cmocka_unit_test_setup_teardown(test_a_time_out_is_no_reason_to_doubt_connections, begin, end),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
