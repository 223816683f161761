/*
 * Single steps of the planner of users, which are hard to come by at random (test_user_plan.c).
 */
#include "base/memory.h"
#include "engine/user_learn.h"
#include "engine/welcome.h"
#include "support/test.h"

#include <string.h>

static const struct engine_rules rules = {.server_name = "h", .sync_user = "@sync:h"};

/* Not there, with a record that was opened before; nobody has the address. */
static struct user_known absent_with_record(bool record_email)
{
    struct user_known known;

    user_known_init(&known);
    known.presence = PRESENCE_ABSENT;
    known.read_at = known.seen_at = 1050;
    known.record = RECORD_OPEN;
    known.record_email = record_email;
    known.email = text_copy("ada@example.org");
    return known;
}

/* Else nobody would know, after a crash, that it is still to be set. */
static void test_the_record_says_that_an_address_follows(void **state)
{
    const struct user_wanted added = {
        .id = "@ada:h", .added = true, .name = "Ada", .email = "ada@example.org", .since = 1000};
    struct user_known known = absent_with_record(false);
    struct action action = user_next(&known, &added, &rules, 1100);

    (void)state;
    assert_int_equal(action.kind, ACTION_CALL);
    assert_int_equal(action.call.kind, SYNAPSE_WRITE_RECORDS);
    assert_true(action.call.record.open && action.call.record.email);
    user_known_deinit(&known);

    known = absent_with_record(true);
    action = user_next(&known, &added, &rules, 1100);
    assert_int_equal(action.call.kind, SYNAPSE_CREATE_USER);
    user_known_deinit(&known);
}

static void test_who_is_not_there_is_expected_until_something_fails(void **state)
{
    const struct synapse_call call = {.kind = SYNAPSE_CREATE_USER, .user = "@ada:h"};
    struct synapse_reply reply = {.outcome = SYNAPSE_REFUSED, .errcode = "M_UNKNOWN", .retry_after = -1};
    struct news news = {.call = &call, .reply = &reply, .rules = &rules, .sent = 1090, .now = 1100};
    struct user_known known = absent_with_record(false);

    (void)state;
    assert_true(user_is_expected(&known));
    user_learn(&known, &news);
    assert_false(user_is_expected(&known));
    user_known_deinit(&known);

    user_known_init(&known);
    known.presence = PRESENCE_HERE;
    assert_false(user_is_expected(&known));
    user_known_deinit(&known);
}

/* The alias of the welcome leads to a room of which nothing but the creator can be read. */
static void test_whose_room_is_in_the_way_of_a_welcome_is_said(void **state)
{
    const struct user_wanted added = {
        .id = "@ada:h", .added = true, .welcome = "Hello", .welcome_alias = "#sync_ada:h", .since = 1000};
    const struct synapse_call call = {.kind = SYNAPSE_READ_ROOM, .room = "!r:h"};
    struct synapse_reply reply = {.room = {.creator = text_copy("@eve:h")}, .retry_after = -1};
    struct news news = {.call = &call, .reply = &reply, .rules = &rules, .sent = 1090, .now = 1100};
    struct user_known known = absent_with_record(false);
    struct report report;

    (void)state;
    known.welcome.room = text_copy("!r:h");
    assert_true(welcome_learn(&known.welcome, &news));
    assert_int_equal(known.welcome.standing, WELCOME_FOREIGN);
    report_init(&report);
    welcome_report(&known.welcome, &added, &report);
    assert_non_null(strstr(buffer_text(&report.refusals), "@eve:h"));
    assert_null(strstr(buffer_text(&report.refusals), "(null)"));
    report_deinit(&report);
    synapse_reply_deinit(&reply);
    user_known_deinit(&known);
}

/* They were deactivated long before, and came back. */
static void test_who_is_deactivated_again_is_waited_for_again(void **state)
{
    enum { HOUR = 60 * 60 * 1000 };
    struct synapse_call call = {.kind = SYNAPSE_DEACTIVATE_USER, .user = "@ada:h"};
    struct synapse_reply reply = {.retry_after = -1, .joined_rooms = 2};
    struct news news = {.call = &call, .reply = &reply, .rules = &rules};
    struct user_known known = absent_with_record(false);

    (void)state;
    for (int round = 1; round <= 2; round++) {
        news.sent = news.now = round * HOUR;
        call.kind = SYNAPSE_DEACTIVATE_USER;
        user_learn(&known, &news);
        call.kind = SYNAPSE_READ_JOINED_ROOMS;
        user_learn(&known, &news);
        assert_false(known.parting.complete);
    }
    reply.joined_rooms = 0;
    user_learn(&known, &news);
    assert_true(known.parting.complete);
    user_known_deinit(&known);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_the_record_says_that_an_address_follows),
        cmocka_unit_test(test_who_is_not_there_is_expected_until_something_fails),
        cmocka_unit_test(test_whose_room_is_in_the_way_of_a_welcome_is_said),
        cmocka_unit_test(test_who_is_deactivated_again_is_waited_for_again),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
