/* Obstacles, and the reports that are made of them. */

#include "engine/plan.h"
#include "support/test.h"

#include <string.h>

static const int64_t SECOND = 1000, MINUTE = 60000; /* ms */

static const struct synapse_call join = {.kind = SYNAPSE_JOIN_USER, .user = "@a:s"};
static const struct synapse_call other = {.kind = SYNAPSE_JOIN_USER, .user = "@b:s"};
static const struct synapse_call make = {.kind = SYNAPSE_CREATE_ROOM, .alias = "#r:s"};
static const struct synapse_call topic = {.kind = SYNAPSE_WRITE_SETTING, .setting = ROOM_TOPIC};
static const struct synapse_reply reply = {.problem = {.text = "it went wrong"}, .retry_after = -1};

/* ACTION_CALL, ACTION_WAIT or ACTION_NONE: what becomes of the call now. */
static struct action step(const struct obstacles *obstacles, const struct synapse_call *call, instant now)
{
    struct plan plan = plan_begin(obstacles, now);

    return plan_step(&plan, call);
}

static void test_what_calls_are_about(void **state)
{
    (void)state;
    assert_string_equal(call_about(&join), "@a:s");
    assert_string_equal(call_about(&topic), "topic");
    assert_null(call_about(&make));
    assert_null(call_about(&(struct synapse_call){.kind = SYNAPSE_READ_USER, .user = "@a:s"}));
}

/* Only that call is held up, and only for a while, which grows. */
static void test_failures(void **state)
{
    struct obstacles obstacles = {0};
    instant now = 1, longest = 0;

    (void)state;
    for (int i = 0; i < 12; i++) {
        struct action action;

        assert_int_equal(step(&obstacles, &join, now).kind, ACTION_CALL);
        obstacle_fail(&obstacles, &join, &reply, false, now);
        action = step(&obstacles, &join, now);
        assert_int_equal(action.kind, ACTION_WAIT);
        assert_true(action.until > now && action.until <= now + MINUTE);
        assert_int_equal(step(&obstacles, &other, now).kind, ACTION_CALL);
        assert_int_equal(step(&obstacles, &make, now).kind, ACTION_CALL);
        longest = instant_max(longest, action.until - now);
        now = action.until;
    }
    assert_true(longest > 2 * SECOND);
    obstacle_clear(&obstacles, &join);
    assert_null(obstacles.table);
}

static void test_the_homeserver_may_ask_for_more_patience(void **state)
{
    const struct synapse_reply patient = {.retry_after = 5 * MINUTE};
    struct obstacles obstacles = {0};

    (void)state;
    obstacle_fail(&obstacles, &make, &patient, false, 1);
    assert_int_equal(step(&obstacles, &make, 1).until, 1 + 5 * MINUTE);
    obstacles_deinit(&obstacles);
}

/* Fails every 20 seconds for so long; whether others succeed. Returns whether it is given up. */
static bool fails_for(int64_t length, bool others_succeed)
{
    struct obstacles obstacles = {0};
    bool barred;

    for (instant now = 1; now <= 1 + length; now += 20 * SECOND)
        obstacle_fail(&obstacles, &make, &reply, others_succeed, now);
    barred = plan_is_barred(&obstacles, make.kind);
    assert_int_equal(step(&obstacles, &make, 100 * MINUTE).kind, barred ? ACTION_NONE : ACTION_CALL);
    obstacles_deinit(&obstacles);
    return barred;
}

static void test_ten_minutes(void **state)
{
    (void)state;
    assert_false(fails_for(10 * MINUTE - 20 * SECOND, true));
    assert_true(fails_for(10 * MINUTE, true));
    assert_false(fails_for(90 * MINUTE, false));
}

/* It is the failing that lasts ten minutes, not the time since a failure long ago. */
static void test_a_long_gap_begins_anew(void **state)
{
    struct obstacles obstacles = {0};
    instant now = 1;

    (void)state;
    obstacle_fail(&obstacles, &make, &reply, true, now);
    now += 60 * MINUTE;
    obstacle_fail(&obstacles, &make, &reply, true, now);
    assert_false(plan_is_barred(&obstacles, make.kind));
    for (int i = 0; i < 30; i++)
        obstacle_fail(&obstacles, &make, &reply, true, now += 20 * SECOND);
    assert_true(plan_is_barred(&obstacles, make.kind));
    obstacles_deinit(&obstacles);
}

/* When all is well again, the one that fails once more has not failed for long while others succeeded. */
static void test_the_failing_of_all_does_not_count(void **state)
{
    struct obstacles obstacles = {0};
    instant now = 1;

    (void)state;
    for (; now < 30 * MINUTE; now += 20 * SECOND)
        obstacle_fail(&obstacles, &make, &reply, false, now);
    for (instant begun = now; now < begun + 10 * MINUTE; now += 20 * SECOND) {
        obstacle_fail(&obstacles, &make, &reply, true, now);
        assert_false(plan_is_barred(&obstacles, make.kind));
    }
    obstacle_fail(&obstacles, &make, &reply, true, now);
    assert_true(plan_is_barred(&obstacles, make.kind));
    obstacles_deinit(&obstacles);
}

static void test_refusals(void **state)
{
    struct obstacles obstacles = {0};

    (void)state;
    obstacle_refuse(&obstacles, &join, &reply);
    assert_int_equal(step(&obstacles, &join, 100 * MINUTE).kind, ACTION_NONE);
    assert_int_equal(step(&obstacles, &other, 1).kind, ACTION_CALL);
    obstacles_forget_final(&obstacles, INSTANT_NEVER);
    assert_int_equal(step(&obstacles, &join, 1).kind, ACTION_CALL);
    assert_null(obstacles.table);
}

/* What kept failing is kept while a message waits that was there from the beginning. */
static void test_what_is_forgotten_when_a_message_leaves(void **state)
{
    struct obstacles obstacles = {0};

    (void)state;
    for (instant now = 5; now < 5 + 11 * MINUTE; now += 20 * SECOND)
        obstacle_fail(&obstacles, &make, &reply, true, now);
    obstacle_refuse(&obstacles, &join, &reply);
    assert_true(plan_is_barred(&obstacles, make.kind));
    obstacles_forget_final(&obstacles, 5);
    assert_true(plan_is_barred(&obstacles, make.kind));
    assert_int_equal(step(&obstacles, &join, 20 * MINUTE).kind, ACTION_CALL);
    obstacles_forget_final(&obstacles, 6);
    assert_null(obstacles.table);
}

/* The second refusal counts, whatever else failed before. */
static void test_doubts(void **state)
{
    struct obstacles obstacles = {0};
    struct plan plan;

    (void)state;
    obstacle_fail(&obstacles, &join, &reply, false, 1);
    plan = plan_begin(&obstacles, 2);
    assert_false(plan_was_refused(&plan, &join));
    assert_false(obstacle_doubt(&obstacles, &join, &reply, 2));
    assert_true(plan_was_refused(&plan, &join));
    assert_int_equal(step(&obstacles, &join, 2).kind, ACTION_CALL);
    assert_true(obstacle_doubt(&obstacles, &join, &reply, 3));
    assert_int_equal(step(&obstacles, &join, 100 * MINUTE).kind, ACTION_NONE);
    obstacles_deinit(&obstacles);
}

/* What can be done is done; else the earliest of all times is waited for; else there is nothing to do. */
static void test_rest(void **state)
{
    struct obstacles obstacles = {0};
    struct plan plan = plan_begin(&obstacles, 10);

    (void)state;
    assert_int_equal(plan_rest(&plan).kind, ACTION_NONE);
    plan_wait(&plan, 500);
    plan_wait(&plan, 300);
    plan_wait(&plan, 400);
    assert_int_equal(plan_rest(&plan).kind, ACTION_WAIT);
    assert_int_equal(plan_rest(&plan).until, 300);
    assert_true(plan_may(&plan, SYNAPSE_CREATE_ROOM, NULL));
}

/* ---- reports ---- */

static bool is_anna(const void *context, const char *about)
{
    (void)context;
    return strcmp(about, "@a:s") == 0;
}

static void test_reports(void **state)
{
    struct obstacles obstacles = {0};
    struct report report;

    (void)state;
    report_init(&report);
    obstacle_fail(&obstacles, &topic, &reply, false, 1);
    report_obstacles(&report, &obstacles, "#r:s", NULL, NULL);
    assert_false(report.rejected); /* it is not final */
    obstacle_refuse(&obstacles, &join, &reply);
    obstacle_refuse(&obstacles, &other, &reply);
    obstacle_refuse(&obstacles, &make, &reply);
    report_obstacles(&report, &obstacles, "#r:s", is_anna, NULL);
    assert_true(report.rejected);
    assert_int_equal(report.code, REQUEST_HOMESERVER_REJECTED);
    assert_string_equal(buffer_text(&report.refusals), "#r:s: @a:s: it went wrong; #r:s: it went wrong");
    report_refusal(&report, REQUEST_ALIAS_CONFLICT, "and %d more", 3);
    assert_int_equal(report.code, REQUEST_HOMESERVER_REJECTED); /* of the first */
    report_warning(&report, "a %s", "warning");
    report_warning(&report, "another");
    assert_string_equal(buffer_text(&report.warnings), "a warning; another");
    report_deinit(&report);
    obstacles_deinit(&obstacles);
}

/* A message with a thousand refused members has a report that is cut, but no worse. */
static void test_reports_are_bounded(void **state)
{
    struct report report;

    (void)state;
    report_init(&report);
    for (int i = 0; i < 5000; i++)
        report_refusal(&report, REQUEST_HOMESERVER_REJECTED, "member %d was refused", i);
    assert_true(report.rejected);
    assert_in_range(report.refusals.size, 1024, 32 * 1024);
    report_deinit(&report);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_what_calls_are_about),
        cmocka_unit_test(test_failures),
        cmocka_unit_test(test_the_homeserver_may_ask_for_more_patience),
        cmocka_unit_test(test_ten_minutes),
        cmocka_unit_test(test_a_long_gap_begins_anew),
        cmocka_unit_test(test_the_failing_of_all_does_not_count),
        cmocka_unit_test(test_refusals),
        cmocka_unit_test(test_what_is_forgotten_when_a_message_leaves),
        cmocka_unit_test(test_doubts),
        cmocka_unit_test(test_rest),
        cmocka_unit_test(test_reports),
        cmocka_unit_test(test_reports_are_bounded),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
