#include "broker/probation.h"
#include "support/test.h"

static struct broker_message message(bool redelivered, uint64_t deliveries)
{
    return (struct broker_message){.redelivered = redelivered, .deliveries = deliveries};
}

static enum broker_suspicion judge(struct probation *probation, struct broker_message one, instant now)
{
    return probation_judge(probation, &one, PROBATION_NO_LIMIT, now);
}

static void test_a_fresh_message_ends_it(void **state)
{
    struct probation probation = probation_start();

    (void)state;
    assert_false(probation_is_served(&probation, 1000000));
    assert_int_equal(judge(&probation, message(false, 0), 5), BROKER_UNSUSPECTED);
    assert_true(probation_is_served(&probation, 5));
    probation.on = false;
    assert_false(probation_is_served(&probation, 5));
}

/* The clock is that of the first one: a long row of them does not go on one by one for ever. */
static void test_it_lasts_from_the_first_message_on(void **state)
{
    struct probation probation = probation_start();

    (void)state;
    assert_int_equal(judge(&probation, message(true, 0), 1000), BROKER_UNSUSPECTED);
    assert_false(probation_is_served(&probation, 2999));
    (void)judge(&probation, message(true, 1), 2999);
    assert_true(probation_is_served(&probation, 3000));
}

static void test_the_oftener_it_came_back_the_longer_it_is_alone(void **state)
{
    (void)state;
    for (uint64_t deliveries = 0; deliveries < PROBATION_DELIVERIES; deliveries++) {
        struct probation probation = probation_start();

        assert_int_equal(judge(&probation, message(true, deliveries), 0), BROKER_UNSUSPECTED);
        assert_int_equal(probation.end, 2000 << deliveries);
    }
}

static void test_the_first_message_is_suspected_after_five_deliveries(void **state)
{
    struct probation probation = probation_start();

    (void)state;
    assert_int_equal(judge(&probation, message(true, 5), 0), BROKER_SUSPECT);
    assert_false(probation_is_served(&probation, 9999)); /* nobody comes in between */
    assert_true(probation_is_served(&probation, 10000));
    assert_int_equal(judge(&probation, message(true, 100), 1), BROKER_UNSUSPECTED);
}

static void test_what_is_too_large_to_come_together_is_not_suspected(void **state)
{
    struct probation probation = probation_for_size();

    (void)state;
    assert_int_equal(judge(&probation, message(true, 5), 0), BROKER_UNSUSPECTED);
    assert_true(probation_is_served(&probation, 2000 << 4));
}

/* What a producer writes into a fresh message counts nothing. */
static void test_a_fresh_message_is_never_suspected(void **state)
{
    struct probation probation = probation_start();

    (void)state;
    assert_int_equal(judge(&probation, message(false, 100), 0), BROKER_UNSUSPECTED);
    probation = probation_start();
    assert_int_equal(judge(&probation, message(true, 4), 0), BROKER_UNSUSPECTED);
    assert_int_equal(judge(&probation, message(true, 5), 0), BROKER_UNSUSPECTED);
}

static enum broker_suspicion near(uint64_t deliveries, uint64_t limit)
{
    struct probation served = {.on = false};
    struct broker_message one = message(true, deliveries);

    return probation_judge(&served, &one, limit, 0);
}

static void test_what_comes_near_the_limit_is_at_its_last_delivery(void **state)
{
    struct probation served = {.on = false};
    struct broker_message fresh = message(false, 19);

    (void)state;
    assert_int_equal(probation_judge(&served, &fresh, 20, 0), BROKER_UNSUSPECTED);
    assert_int_equal(near(14, 20), BROKER_UNSUSPECTED);
    assert_int_equal(near(15, 20), BROKER_LAST_DELIVERY);
    assert_int_equal(near(21, 20), BROKER_LAST_DELIVERY);
    assert_int_equal(near(1, 1), BROKER_LAST_DELIVERY);
    assert_int_equal(near(0, 1), BROKER_UNSUSPECTED);
    assert_int_equal(near(0, 0), BROKER_UNSUSPECTED);
    assert_int_equal(near(1000000, PROBATION_NO_LIMIT), BROKER_UNSUSPECTED);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_fresh_message_ends_it),
        cmocka_unit_test(test_it_lasts_from_the_first_message_on),
        cmocka_unit_test(test_the_oftener_it_came_back_the_longer_it_is_alone),
        cmocka_unit_test(test_the_first_message_is_suspected_after_five_deliveries),
        cmocka_unit_test(test_what_is_too_large_to_come_together_is_not_suspected),
        cmocka_unit_test(test_a_fresh_message_is_never_suspected),
        cmocka_unit_test(test_what_comes_near_the_limit_is_at_its_last_delivery),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
