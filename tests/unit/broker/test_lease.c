#include "broker/lease.h"
#include "engine/simulation/clock.h"
#include "support/test.h"

enum { HEARTBEAT = 4 /* seconds */, LONGEST = 5000 /* ms: an interval, and some for the way */ };

static struct lease begun(void)
{
    struct lease lease = lease_none();

    clock_start(20261129);
    lease_begin(&lease, HEARTBEAT, false);
    return lease;
}

static void lasts_while_something_comes(void **state)
{
    struct lease lease = begun();
    instant start = instant_now();

    (void)state;
    for (int i = 0; i < 10; i++) {
        clock_pass(LONGEST);
        lease_look(&lease);
        lease_renew(&lease);
    }
    assert_int_equal(lease_since(&lease), start);
    assert_true(lease_covers(&lease, start));
}

static void is_in_doubt_after_a_silence(void **state)
{
    struct lease lease = begun();

    (void)state;
    clock_pass(LONGEST + 1);
    assert_int_equal(lease_since(&lease), INSTANT_NEVER);
    assert_string_equal(lease_doubt(&lease), "the broker is silent");
    assert_false(lease_covers(&lease, instant_now()));
}

/* What was begun before the end of a gap is not covered, not even after the next connection. */
static void remembers_a_gap(void **state)
{
    struct lease lease = begun();
    instant end;

    (void)state;
    clock_pass(LONGEST + 1);
    lease_look(&lease);
    lease_renew(&lease);
    end = instant_now();
    assert_int_equal(lease_since(&lease), end);
    assert_false(lease_covers(&lease, end));
    lease_end(&lease);
    clock_pass(1);
    lease_begin(&lease, HEARTBEAT, false);
    assert_false(lease_covers(&lease, end));
    assert_true(lease_covers(&lease, end + 1));
}

/* Renewed before it is looked at, a silence would not be seen. */
static void without_heartbeats_it_is_never_in_doubt(void **state)
{
    struct lease lease = lease_none();

    (void)state;
    clock_start(1);
    lease_begin(&lease, 0, false);
    clock_pass(INT64_C(3600) * 1000);
    lease_look(&lease);
    assert_true(lease_covers(&lease, INSTANT_PAST + 1));
    assert_true(lease_since(&lease) < instant_now());
}

/* What the one before did comes to rest; what is rejected in the meantime may be. */
static void begins_later_behind_another(void **state)
{
    struct lease lease = lease_none();
    instant start;

    (void)state;
    clock_start(1);
    start = instant_now();
    lease_begin(&lease, HEARTBEAT, true);
    assert_int_equal(lease_since(&lease), INSTANT_NEVER);
    assert_true(lease_covers(&lease, start));
    clock_pass(1000);
    assert_int_equal(lease_since(&lease), INSTANT_NEVER);
    assert_string_equal(lease_doubt(&lease), "another had the messages until a moment ago");
    clock_pass(1000);
    assert_null(lease_doubt(&lease));
    assert_true(lease_since(&lease) > start + 1000 && lease_since(&lease) <= instant_now());
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(lasts_while_something_comes),
        cmocka_unit_test(is_in_doubt_after_a_silence),
        cmocka_unit_test(remembers_a_gap),
        cmocka_unit_test(without_heartbeats_it_is_never_in_doubt),
        cmocka_unit_test(begins_later_behind_another),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
