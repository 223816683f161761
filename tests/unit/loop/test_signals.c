#include "loop/signals.h"
#include "support/test.h"

#include <errno.h>
#include <signal.h>
#include <unistd.h>

struct record {
    struct loop *loop;
    int numbers[8];
    size_t count, end;
};

static void received(void *context, int number)
{
    struct record *record = context;

    record->numbers[record->count++] = number;
    if (record->count == record->end)
        loop_stop(record->loop);
}

static void send_signal(void *context)
{
    (void)context;
    assert_int_equal(kill(getpid(), SIGTERM), 0);
}

static void test_signals_are_calls_of_the_loop(void **state)
{
    struct error error;
    struct record record = {.loop = loop_new(&error)};
    struct signals signals = {0};
    struct loop_timer timer;

    (void)state;
    assert_non_null(record.loop);
    signals_stop(&signals); /* not started */
    if (!signals_start(&signals, record.loop, received, &record, &error))
        fail_msg("%s", error.text);
    /* both are there before the loop runs */
    assert_int_equal(kill(getpid(), SIGTERM), 0);
    assert_int_equal(kill(getpid(), SIGINT), 0);
    record.end = 2;
    loop_run(record.loop);
    assert_int_equal(record.numbers[0] + record.numbers[1], SIGTERM + SIGINT);
    /* a second one, while the loop waits */
    loop_timer_init(&timer, record.loop, send_signal, NULL);
    loop_timer_set(&timer, instant_now() + 2);
    record.end = 3;
    loop_run(record.loop);
    assert_int_equal(record.numbers[2], SIGTERM);
    signals_stop(&signals);
    signals_stop(&signals);
    /* they stay blocked: this one does not end the test */
    assert_int_equal(kill(getpid(), SIGINT), 0);
    loop_free(record.loop);
}

static void end(void *context)
{
    loop_stop(context);
}

/* Each is sent to the process, whatever it usually does, and lets it live; but those that stop it for a
   while. */
static void test_none_ends_the_process(void **state)
{
    struct error error;
    struct record record = {.loop = loop_new(&error)};
    struct signals signals = {0};
    struct loop_timer timer;
    sigset_t blocked;

    (void)state;
    assert_non_null(record.loop);
    assert_true(signals_start(&signals, record.loop, received, &record, &error));
    assert_int_equal(sigprocmask(SIG_BLOCK, NULL, &blocked), 0);
    for (int number = 1; number < 32; number++) {
        bool stops = number == SIGTSTP || number == SIGTTIN || number == SIGTTOU;

        if (number == SIGKILL || number == SIGSTOP)
            continue;
        assert_int_equal(sigismember(&blocked, number), !stops);
        if (stops || number == SIGPIPE)
            continue;
        record.count = 0;
        record.end = 1;
        assert_int_equal(kill(getpid(), number), 0);
        loop_timer_init(&timer, record.loop, end, record.loop);
        loop_timer_set(&timer, instant_now() + 60000);
        loop_run(record.loop);
        loop_timer_stop(&timer);
        assert_int_equal(record.numbers[0], number);
    }
    signals_stop(&signals);
    loop_free(record.loop);
}

static void test_broken_pipe_is_an_error_code(void **state)
{
    struct error error;
    struct loop *loop = loop_new(&error);
    struct signals signals;
    int ends[2];

    (void)state;
    assert_non_null(loop);
    assert_true(signals_start(&signals, loop, received, NULL, &error));
    assert_int_equal(pipe(ends), 0);
    (void)close(ends[0]);
    assert_int_equal(write(ends[1], "x", 1), -1);
    assert_int_equal(errno, EPIPE);
    (void)close(ends[1]);
    signals_stop(&signals);
    loop_free(loop);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_signals_are_calls_of_the_loop),
        cmocka_unit_test(test_none_ends_the_process),
        cmocka_unit_test(test_broken_pipe_is_an_error_code),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
