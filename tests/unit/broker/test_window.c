#include "broker/window.h"
#include "engine/simulation/clock.h"
#include "support/test.h"

/* Only where the window is one, and the queue not classic, is one more taken by who was told to stop. */
static void takes_one_more_only_from_a_window_of_one(void **state)
{
    static const enum queue_type types[] = {QUEUE_UNKNOWN, QUEUE_CLASSIC, QUEUE_QUORUM};

    (void)state;
    clock_start(1);
    for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++)
        for (unsigned size = 1; size <= 2; size++) {
            struct window window = {0};
            bool one_more = size == 1 && types[i] != QUEUE_CLASSIC;

            window_open(&window, types[i], size);
            assert_true(window_takes(&window));
            assert_false(window_keeps_ack(&window));
            window_close(&window);
            assert_int_equal(window_takes(&window), one_more);
            assert_int_equal(window_keeps_ack(&window), one_more);
        }
}

/* For a moment, if there is room for another; on a classic queue none comes behind the one that is acked. */
static void awaits_what_may_be_on_its_way(void **state)
{
    struct window window = {0};

    (void)state;
    clock_start(1);
    window_open(&window, QUEUE_QUORUM, 2);
    window.unacked = 2;
    assert_false(window_awaits_last(&window, instant_now()));
    window_close(&window);
    assert_false(window_awaits_last(&window, instant_now()));
    window_acked(&window, 1);
    assert_int_equal(window.unacked, 1);
    assert_true(window_awaits_last(&window, instant_now()));
    clock_pass(1000);
    assert_false(window_awaits_last(&window, instant_now()));
    window_acked(&window, 1);
    assert_true(window_awaits_last(&window, instant_now()));
    window.type = QUEUE_CLASSIC;
    assert_false(window_awaits_last(&window, instant_now()));
}

/* A connection that is made anew while it closes does not open it again. */
static void stays_closed(void **state)
{
    struct window window = {0};

    (void)state;
    window_close(&window);
    window_open(&window, QUEUE_CLASSIC, 64);
    assert_false(window_takes(&window));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(takes_one_more_only_from_a_window_of_one),
        cmocka_unit_test(awaits_what_may_be_on_its_way),
        cmocka_unit_test(stays_closed),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
