/* What was tried, and the pauses that come of it. */

#include "engine/attempts.h"
#include "engine/restraint.h"
#include "support/test.h"

static const int64_t SECOND = 1000, MINUTE = 60000; /* ms */

static const struct synapse_call make = {.kind = SYNAPSE_CREATE_ROOM};
static const struct synapse_call join = {.kind = SYNAPSE_JOIN_USER, .user = "@a:s"};
static const struct synapse_call look = {.kind = SYNAPSE_READ_STATE};
static const struct synapse_call ask = {.kind = SYNAPSE_READ_DELETION};

static struct attempts attempts;
static instant now;

static int begin(void **state)
{
    (void)state;
    attempts = (struct attempts){.table = NULL};
    now = 1000000;
    return 0;
}

static int end(void **state)
{
    (void)state;
    attempts_deinit(&attempts);
    return 0;
}

static int64_t pause_before(const struct synapse_call *call)
{
    instant until = attempts_until(&attempts, call->kind, call->user);

    return until > now ? until - now : 0;
}

static void try_once(const struct synapse_call *call)
{
    attempts_begin(&attempts, call, call->user, now);
}

static void try_often(const struct synapse_call *call, unsigned count)
{
    for (; count > 0; count--) {
        now += pause_before(call);
        try_once(call);
    }
}

static void test_twice_for_nothing(void **state)
{
    (void)state;
    assert_int_equal(pause_before(&make), 0);
    try_once(&make);
    assert_int_equal(pause_before(&make), 0);
    try_once(&make);
    assert_true(pause_before(&make) > 0);
    assert_int_equal(pause_before(&join), 0);
    assert_int_equal(attempts_until(&attempts, SYNAPSE_JOIN_USER, "@b:s"), INSTANT_PAST);
}

static void test_pauses_grow(void **state)
{
    int64_t longest = 0;

    (void)state;
    try_often(&make, 12);
    for (int i = 0; i < 10; i++) {
        try_often(&make, 1);
        longest = pause_before(&make) > longest ? pause_before(&make) : longest;
    }
    assert_in_range(longest, 2 * SECOND, 15 * SECOND);
}

/* Each write that is new may be looked at; one that is not is no reason to read again. */
static void test_reads_go_with_what_is_new(void **state)
{
    (void)state;
    try_often(&look, 2);
    assert_true(pause_before(&look) > 0);
    try_once(&join);
    assert_int_equal(pause_before(&look), 0);
    try_often(&look, 2);
    try_once(&join);
    try_often(&look, 2);
    now += MINUTE;
    try_once(&join); /* the third time */
    try_once(&look);
    assert_true(pause_before(&look) > 0);
    attempts_expect_news(&attempts);
    assert_int_equal(pause_before(&look), 0);
}

static void test_polls_are_not_counted_while_they_are_answered(void **state)
{
    (void)state;
    for (int i = 0; i < 20; i++) {
        try_once(&ask);
        attempts_answered(&attempts, ask.kind, NULL);
        assert_int_equal(pause_before(&ask), 0);
    }
    try_often(&ask, 2);
    assert_true(pause_before(&ask) > 0);
}

static void test_levels_for_other_users_are_new(void **state)
{
    struct synapse_call write = {.kind = SYNAPSE_WRITE_LEVELS, .raised_count = 10};

    (void)state;
    for (; write.raised_count < 20; write.raised_count++) {
        assert_int_equal(pause_before(&write), 0);
        try_once(&write);
    }
    for (write.raised_count = 9; write.raised_count > 5; write.raised_count--) {
        assert_int_equal(pause_before(&write), 0);
        try_once(&write);
    }
    write.raised_count = 15;
    try_often(&write, 1);
    assert_true(pause_before(&write) > 0);
}

static void test_nobody_was_there(void **state)
{
    (void)state;
    try_often(&join, 30);
    attempts_relent(&attempts, join.kind, join.user, now);
    assert_true(pause_before(&join) <= 2 * SECOND);
}

/* What makes rooms is forgotten only with a removal. */
static void test_getting_on(void **state)
{
    (void)state;
    try_often(&join, 2);
    try_often(&make, 2);
    attempts_forget(&attempts, false);
    assert_int_equal(pause_before(&join), 0);
    assert_true(pause_before(&make) > 0);
    attempts_forget(&attempts, true);
    assert_int_equal(pause_before(&make), 0);
    assert_null(attempts.table);
}

static void test_long_ago(void **state)
{
    (void)state;
    try_often(&make, 12);
    now += 11 * MINUTE;
    try_once(&make);
    assert_int_equal(pause_before(&make), 0);
}

/* ---- all together ---- */

static void fail_often(struct restraint *restraint, unsigned count)
{
    for (; count > 0; count--)
        restraint_failed(restraint, 1, now);
}

static void test_some_may_fail(void **state)
{
    struct restraint restraint;

    (void)state;
    restraint_init(&restraint);
    fail_often(&restraint, RESTRAINT_AT_ONCE);
    assert_true(restraint.paid_till <= now);
    fail_often(&restraint, 10);
    assert_int_equal(restraint.paid_till, now + SECOND);
    for (int i = 0; i < 10; i++)
        restraint_succeeded(&restraint);
    assert_true(restraint.paid_till <= now);
}

static void test_no_more_is_saved_up(void **state)
{
    struct restraint restraint;

    (void)state;
    restraint_init(&restraint);
    restraint_succeeded(&restraint);
    fail_often(&restraint, 1);
    for (int i = 0; i < 1000; i++)
        restraint_succeeded(&restraint);
    fail_often(&restraint, RESTRAINT_AT_ONCE + 1);
    assert_true(restraint.paid_till > now);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_twice_for_nothing, begin, end),
        cmocka_unit_test_setup_teardown(test_pauses_grow, begin, end),
        cmocka_unit_test_setup_teardown(test_reads_go_with_what_is_new, begin, end),
        cmocka_unit_test_setup_teardown(test_polls_are_not_counted_while_they_are_answered, begin, end),
        cmocka_unit_test_setup_teardown(test_levels_for_other_users_are_new, begin, end),
        cmocka_unit_test_setup_teardown(test_nobody_was_there, begin, end),
        cmocka_unit_test_setup_teardown(test_getting_on, begin, end),
        cmocka_unit_test_setup_teardown(test_long_ago, begin, end),
        cmocka_unit_test_setup_teardown(test_some_may_fail, begin, end),
        cmocka_unit_test_setup_teardown(test_no_more_is_saved_up, begin, end),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
