#include "broker/helper.h"
#include "support/test.h"

#include <poll.h>
#include <stdatomic.h>
#include <sys/socket.h>
#include <unistd.h>

struct work {
    atomic_int calls, released;
    int socket;
};

static void release(void *context)
{
    struct work *work = context;

    atomic_fetch_add(&work->released, 1);
}

static void await_bell(struct helper *helper)
{
    struct pollfd wakeup = {.fd = helper_wakeup(helper), .events = POLLIN};

    assert_int_equal(poll(&wakeup, 1, 10000), 1);
    helper_silence(helper);
    assert_int_equal(poll(&wakeup, 1, 0), 0);
}

static void end_at_once(struct helper *helper, void *context)
{
    struct work *work = context;

    (void)helper;
    atomic_fetch_add(&work->calls, 1);
}

static void test_finishes(void **state)
{
    struct work work = {0};
    struct error error;
    struct helper *helper = helper_start(end_at_once, &work, release, &error);

    (void)state;
    assert_non_null(helper);
    await_bell(helper);
    assert_true(helper_is_finished(helper));
    assert_int_equal(work.calls, 1);
    assert_int_equal(work.released, 0);
    helper_stop(helper);
    assert_int_equal(work.released, 1);
}

static void answer_calls(struct helper *helper, void *context)
{
    struct work *work = context;

    while (!helper_is_stopping(helper)) {
        atomic_fetch_add(&work->calls, 1);
        helper_ring(helper);
        helper_wait(helper, -1, 0, INSTANT_NEVER);
    }
}

static void test_both_bells(void **state)
{
    struct work work = {0};
    struct error error;
    struct helper *helper = helper_start(answer_calls, &work, release, &error);

    (void)state;
    for (int i = 0; i < 5; i++) {
        await_bell(helper);
        assert_int_equal(work.calls, i + 1);
        assert_false(helper_is_finished(helper));
        helper_call(helper);
    }
    await_bell(helper);
    helper_stop(helper);
    assert_int_equal(work.released, 1);
}

static void block_in_socket(struct helper *helper, void *context)
{
    struct work *work = context;
    char byte;

    helper_guard(helper, work->socket);
    helper_ring(helper);
    (void)!read(work->socket, &byte, 1);
}

static void test_stop_cuts_the_guarded_socket(void **state)
{
    struct work work = {0};
    struct error error;
    struct helper *helper;
    int pair[2];

    (void)state;
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair), 0);
    work.socket = pair[0];
    helper = helper_start(block_in_socket, &work, release, &error);
    await_bell(helper);
    helper_stop(helper); /* joins: the read has returned */
    assert_int_equal(work.released, 1);
    (void)close(pair[0]);
    (void)close(pair[1]);
}

/* A thread that hangs is left to itself; the context lives on until it ends. */
static void hang(struct helper *helper, void *context)
{
    struct work *work = context;
    char byte;

    (void)helper;
    (void)!read(work->socket, &byte, 1);
}

static void test_leaves_a_hanging_thread(void **state)
{
    static struct work work;
    struct error error;
    struct helper *helper;
    int pair[2];

    (void)state;
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair), 0);
    work.socket = pair[0];
    helper = helper_start(hang, &work, release, &error);
    helper_stop(helper);
    assert_int_equal(work.released, 0);
    (void)close(pair[1]);
    for (int i = 0; i < 1000 && work.released == 0; i++)
        (void)poll(NULL, 0, 10);
    assert_int_equal(work.released, 1);
    (void)close(pair[0]);
}

static void test_stop_of_nothing(void **state)
{
    (void)state;
    helper_stop(NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_finishes),
        cmocka_unit_test(test_both_bells),
        cmocka_unit_test(test_stop_cuts_the_guarded_socket),
        cmocka_unit_test(test_leaves_a_hanging_thread),
        cmocka_unit_test(test_stop_of_nothing),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
