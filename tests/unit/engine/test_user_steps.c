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

/* The alias of the welcome leads to a room of which nothing but the creator, or not even that, can be read.
   The creator is taken over. */
static void assert_said_of_room_in_the_way(char *creator, const char *words)
{
    const struct user_wanted added = {
        .id = "@ada:h", .added = true, .welcome = "Hello", .welcome_alias = "#sync_ada:h", .since = 1000};
    const struct synapse_call call = {.kind = SYNAPSE_READ_ROOM, .room = "!r:h"};
    struct synapse_reply reply = {.room = {.creator = creator}, .retry_after = -1};
    struct news news = {.call = &call, .reply = &reply, .rules = &rules, .sent = 1090, .now = 1100};
    struct user_known known = absent_with_record(false);
    struct report report;

    known.welcome.room = text_copy("!r:h");
    assert_true(welcome_learn(&known.welcome, &news));
    assert_int_equal(known.welcome.standing, WELCOME_FOREIGN);
    report_init(&report);
    welcome_report(&known.welcome, &added, &report);
    assert_non_null(strstr(buffer_text(&report.refusals), words));
    assert_null(strstr(buffer_text(&report.refusals), "(null)"));
    report_deinit(&report);
    synapse_reply_deinit(&reply);
    user_known_deinit(&known);
}

static void test_whose_room_is_in_the_way_of_a_welcome_is_said(void **state)
{
    (void)state;
    assert_said_of_room_in_the_way(text_copy("@eve:h"), "@eve:h");
    assert_said_of_room_in_the_way(NULL, "an unknown user");
}

/* ---- a welcome room that is gone ---- */

static const struct user_wanted greeted = {.id = "@ada:h",
                                           .added = true,
                                           .name = "Ada",
                                           .welcome = "Hello",
                                           .welcome_alias = "#sync_ada:h",
                                           .since = 1000};

/* There, and to be greeted in a room that was there already. */
static struct user_known to_be_greeted(void)
{
    struct user_known known = absent_with_record(false);

    known.presence = PRESENCE_HERE;
    text_set(&known.name, "Ada");
    known.welcome.taken = true;
    known.welcome.room = text_copy("!r:h");
    return known;
}

/* The next call is of that kind, about the room or its alias, and that is the answer. */
static void carry_out(struct user_known *known, enum synapse_kind kind, enum synapse_outcome outcome,
                      instant now)
{
    struct action action = user_next(known, &greeted, &rules, now);
    struct synapse_reply reply = {.outcome = outcome, .retry_after = -1};
    struct news news = {.call = &action.call, .reply = &reply, .rules = &rules, .sent = now, .now = now + 1};

    assert_int_equal(action.kind, ACTION_CALL);
    assert_int_equal(action.call.kind, kind);
    assert_string_equal(action.call.alias, "#sync_ada:h");
    user_learn(known, &news);
    synapse_reply_deinit(&reply);
}

static void hear_of_alias(struct user_known *known, const char *room, instant now)
{
    struct action action = user_next(known, &greeted, &rules, now);
    struct synapse_reply reply = {.text = text_copy(room), .retry_after = -1};
    struct news news = {.call = &action.call, .reply = &reply, .rules = &rules, .sent = now, .now = now + 1};

    assert_int_equal(action.kind, ACTION_CALL);
    assert_int_equal(action.call.kind, SYNAPSE_RESOLVE_ALIAS);
    user_learn(known, &news);
    synapse_reply_deinit(&reply);
}

/* The alias still leads there, so nothing else can have it. */
static void test_the_alias_of_a_welcome_room_that_is_gone_is_freed(void **state)
{
    struct user_known known = to_be_greeted();

    (void)state;
    carry_out(&known, SYNAPSE_READ_STATE, SYNAPSE_ABSENT, 1100);
    carry_out(&known, SYNAPSE_DELETE_ALIAS, SYNAPSE_OK, 1110);
    carry_out(&known, SYNAPSE_CREATE_WELCOME_ROOM, SYNAPSE_OK, 1120);
    user_known_deinit(&known);

    known = to_be_greeted();
    known.welcome.standing = WELCOME_BARE;
    carry_out(&known, SYNAPSE_READ_ROOM, SYNAPSE_ABSENT, 1100);
    carry_out(&known, SYNAPSE_DELETE_ALIAS, SYNAPSE_ABSENT, 1110); /* somebody else did it */
    carry_out(&known, SYNAPSE_CREATE_WELCOME_ROOM, SYNAPSE_OK, 1120);
    user_known_deinit(&known);
}

/* It may lead to a room of somebody else by the time that it can be deleted. */
static void test_an_alias_is_freed_right_after_a_look(void **state)
{
    enum { LATER = 60 * 60 * 1000 };
    struct user_known known = to_be_greeted();

    (void)state;
    carry_out(&known, SYNAPSE_READ_STATE, SYNAPSE_ABSENT, 1100);
    carry_out(&known, SYNAPSE_DELETE_ALIAS, SYNAPSE_FAILED, 1110);
    assert_int_equal(user_next(&known, &greeted, &rules, 1120).kind, ACTION_WAIT);
    carry_out(&known, SYNAPSE_RESOLVE_ALIAS, SYNAPSE_ABSENT, LATER); /* it is free by now */
    carry_out(&known, SYNAPSE_CREATE_WELCOME_ROOM, SYNAPSE_OK, LATER + 10);
    user_known_deinit(&known);

    known = to_be_greeted();
    carry_out(&known, SYNAPSE_READ_STATE, SYNAPSE_ABSENT, 1100);
    carry_out(&known, SYNAPSE_DELETE_ALIAS, SYNAPSE_FAILED, 1110);
    hear_of_alias(&known, "!r:h", LATER); /* it still leads there */
    carry_out(&known, SYNAPSE_READ_STATE, SYNAPSE_ABSENT, LATER + 10);
    carry_out(&known, SYNAPSE_DELETE_ALIAS, SYNAPSE_OK, LATER + 20);
    user_known_deinit(&known);
}

/* That is no success: else it would be made and lost again without a pause. */
static void test_who_cannot_be_invited_since_the_room_is_gone(void **state)
{
    struct user_known known = to_be_greeted();
    struct action action;

    (void)state;
    known.welcome.standing = WELCOME_SOUND;
    known.welcome.uninvited = true;
    carry_out(&known, SYNAPSE_INVITE_USER, SYNAPSE_ABSENT, 1100);
    assert_null(known.welcome.room);
    assert_false(known.welcome.uninvited);
    assert_non_null(known.obstacles.table);
    action = user_next(&known, &greeted, &rules, 1110);
    assert_int_equal(action.kind, ACTION_CALL);
    assert_int_equal(action.call.kind, SYNAPSE_CREATE_WELCOME_ROOM);
    user_known_deinit(&known);
}

/* ---- removals ---- */

static void test_who_is_gone_when_they_are_to_be_removed_is_removed(void **state)
{
    const struct user_wanted removed = {.id = "@ada:h", .removed = true, .since = 1000};
    const struct synapse_call call = {.kind = SYNAPSE_DEACTIVATE_USER, .user = "@ada:h"};
    struct synapse_reply reply = {.outcome = SYNAPSE_ABSENT, .retry_after = -1};
    struct news news = {.call = &call, .reply = &reply, .rules = &rules, .sent = 1110, .now = 1120};
    struct user_known known = to_be_greeted();

    (void)state;
    assert_int_equal(user_next(&known, &removed, &rules, 1100).call.kind, SYNAPSE_DEACTIVATE_USER);
    user_learn(&known, &news);
    assert_int_equal(known.presence, PRESENCE_ABSENT);
    assert_int_equal(user_next(&known, &removed, &rules, 1130).kind, ACTION_NONE);
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
        cmocka_unit_test(test_the_alias_of_a_welcome_room_that_is_gone_is_freed),
        cmocka_unit_test(test_an_alias_is_freed_right_after_a_look),
        cmocka_unit_test(test_who_cannot_be_invited_since_the_room_is_gone),
        cmocka_unit_test(test_who_is_gone_when_they_are_to_be_removed_is_removed),
        cmocka_unit_test(test_who_is_deactivated_again_is_waited_for_again),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
