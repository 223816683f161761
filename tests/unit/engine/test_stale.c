/*
 * Answers that are some seconds old, as a homeserver of several processes gives them. (For users see also
 * test_late_answers in test_user_plan.c.)
 */
#include "base/memory.h"
#include "engine/raising.h"
#include "engine/room_facts.h"
#include "engine/room_learn.h"
#include "engine/user_learn.h"
#include "support/test.h"

#include <string.h>

enum { SENT_BEFORE = 5 /* ms: how long a reply takes */, HALF_MADE = 30 * 1000 };

static const struct engine_rules rules = {.server_name = "h", .sync_user = "@sync:h", .reactivate = true};

static struct news news_of(const struct synapse_call *call, struct synapse_reply *reply, instant now)
{
    reply->retry_after = -1;
    return (struct news){
        .call = call, .reply = reply, .rules = &rules, .sent = now - SENT_BEFORE, .now = now};
}

/* ---- users ---- */

static const struct user_wanted added = {.id = "@ada:h",
                                         .added = true,
                                         .name = "Ada",
                                         .renamed = true,
                                         .welcome = "hello",
                                         .welcome_alias = "#sync_ada:h"};

static void hear_of_user(struct user_known *known, enum synapse_kind kind, struct synapse_reply reply,
                         instant now)
{
    const struct synapse_call call = {.kind = kind, .user = added.id, .name = added.name};
    const struct news news = news_of(&call, &reply, now);

    user_learn(known, &news);
    synapse_reply_deinit(&reply);
}

static struct user_wanted since(struct user_wanted wanted, instant at)
{
    wanted.since = at;
    return wanted;
}

static struct action next_for_user(const struct user_known *known, struct user_wanted wanted, instant at,
                                   instant now)
{
    wanted = since(wanted, at);
    return user_next(known, &wanted, &rules, now);
}

static const struct user_wanted removed = {.id = "@ada:h", .removed = true};
static const struct synapse_reply absent = {.outcome = SYNAPSE_ABSENT};

static void assert_calls(struct action action, enum synapse_kind kind)
{
    assert_int_equal(action.kind, ACTION_CALL);
    assert_int_equal(action.call.kind, kind);
}

/* It is asked again after a pause, and then believed. */
static void assert_asks_again(const struct user_known *known, const struct user_wanted *wanted, instant at,
                              instant now)
{
    struct action action = next_for_user(known, *wanted, at, now);

    assert_int_equal(action.kind, ACTION_WAIT);
    assert_in_range(action.until, now + 1, now + 2000);
    assert_calls(next_for_user(known, *wanted, at, action.until), SYNAPSE_READ_USER);
}

/* The message that made the user is gone, and one that removes the user comes. */
static void test_a_user_just_made_is_not_absent(void **state)
{
    (void)state;
    for (int mirrored = 0; mirrored < 2; mirrored++) {
        struct user_known known;

        user_known_init(&known);
        hear_of_user(&known, SYNAPSE_CREATE_USER, (struct synapse_reply){.created = true}, 1000);
        known.mirrored = mirrored;
        assert_true(user_known_settle(&known));
        hear_of_user(&known, SYNAPSE_READ_USER, absent, 2000);
        assert_asks_again(&known, &removed, 1500, 2000);
        hear_of_user(&known, SYNAPSE_READ_USER, (struct synapse_reply){.outcome = SYNAPSE_OK}, 4000);
        assert_calls(next_for_user(&known, removed, 1500, 4000), SYNAPSE_DEACTIVATE_USER);
        hear_of_user(&known, SYNAPSE_READ_USER, absent, 1000 + 10000 + SENT_BEFORE);
        assert_int_equal(next_for_user(&known, removed, 1500, 11005).kind, ACTION_NONE);
        user_known_deinit(&known);
    }
}

/* Else somebody else would seem to have made the user, who would not be greeted. */
static void test_a_user_just_made_is_not_made_again(void **state)
{
    struct user_known known;

    (void)state;
    user_known_init(&known);
    hear_of_user(&known, SYNAPSE_WRITE_RECORDS, (struct synapse_reply){.outcome = SYNAPSE_OK}, 900);
    known.record = RECORD_OPEN;
    hear_of_user(&known, SYNAPSE_CREATE_USER, (struct synapse_reply){.created = true}, 1000);
    hear_of_user(&known, SYNAPSE_READ_USER, absent, 2000);
    assert_int_equal(known.presence, PRESENCE_HERE);
    assert_asks_again(&known, &added, 1500, 2000);
    hear_of_user(&known, SYNAPSE_READ_USER, (struct synapse_reply){.user.name = text_copy("Ada")}, 4000);
    assert_false(known.by_another);
    assert_calls(next_for_user(&known, added, 1500, 4000), SYNAPSE_CREATE_WELCOME_ROOM);
    user_known_deinit(&known);
}

static void test_who_was_just_removed_is_not_active(void **state)
{
    struct user_known known;

    (void)state;
    user_known_init(&known);
    hear_of_user(&known, SYNAPSE_DEACTIVATE_USER, (struct synapse_reply){.outcome = SYNAPSE_OK}, 1000);
    assert_true(user_known_settle(&known));
    hear_of_user(&known, SYNAPSE_READ_USER, (struct synapse_reply){.user.name = text_copy("Ada")}, 2000);
    assert_asks_again(&known, &added, 1500, 2000);
    user_known_deinit(&known);
}

static void test_who_was_just_reactivated_is_not_removed_already(void **state)
{
    struct user_known known;

    (void)state;
    user_known_init(&known);
    hear_of_user(&known, SYNAPSE_REACTIVATE_USER, (struct synapse_reply){.outcome = SYNAPSE_OK}, 1000);
    assert_true(user_known_settle(&known));
    hear_of_user(&known, SYNAPSE_READ_USER, (struct synapse_reply){.user.deactivated = true}, 2000);
    assert_asks_again(&known, &removed, 1500, 2000);
    user_known_deinit(&known);
}

/* ---- rooms ---- */

static const struct levels_wanted levels_of_room = {
    .invite = 70, .kick = 70, .ban = 70, .events_default = 50};
static const struct levels_user ada = {.user = "@ada:h", .level = 50}, bob = {.user = "@bob:h", .level = 50};
static const struct room_wanted wanted_room = {.alias = "#room_r:h",
                                               .exists = true,
                                               .name = "R",
                                               .topic = "",
                                               .members = &ada,
                                               .member_count = 1,
                                               .since = 1000};

static struct synapse_reply state_of(bool finished, bool inhabited)
{
    struct room_state *state = room_state_new();

    state->creator = finished || inhabited ? text_copy(rules.sync_user) : NULL;
    state->made_for_alias = text_copy(wanted_room.alias);
    if (finished)
        state->levels =
            levels_new(&levels_of_room, &(struct levels_user){.user = rules.sync_user, .level = 100}, 1);
    for (int setting = 0; finished && setting < ROOM_SETTINGS; setting++)
        state->settings[setting] = text_copy(room_setting_wanted((enum room_setting)setting, &wanted_room));
    if (inhabited)
        room_state_set_membership(state, rules.sync_user, MEMBERSHIP_JOIN);
    return (struct synapse_reply){.state = state};
}

static void hear_of_room(struct room_known *known, enum synapse_kind kind, struct synapse_reply reply,
                         instant now)
{
    const struct synapse_call call = {.kind = kind, .alias = wanted_room.alias, .room = "!r:h"};
    const struct news news = news_of(&call, &reply, now);

    room_learn(known, &news);
    synapse_reply_deinit(&reply);
}

/* A room of ours, as it is told to be. */
static struct room_known room_found(struct synapse_reply state, instant now)
{
    struct room_known known;

    room_known_init(&known);
    hear_of_room(&known, SYNAPSE_RESOLVE_ALIAS, (struct synapse_reply){.text = text_copy("!r:h")}, now);
    hear_of_room(&known, SYNAPSE_READ_STATE, state, now + SENT_BEFORE);
    return known;
}

static struct action next_for_room(const struct room_known *known, instant now)
{
    return room_next(known, &wanted_room, &rules, now);
}

/* Bob was promoted a moment ago, of which the whole state does not know yet. */
static void test_levels_are_looked_at_by_themselves_before_they_are_written(void **state)
{
    struct room_known known = room_found(state_of(true, true), 2000);
    const struct levels_user now_there[] = {{.user = rules.sync_user, .level = 100}, bob};
    struct action action;
    struct levels *written;

    (void)state;
    assert_calls(next_for_room(&known, 2010), SYNAPSE_READ_LEVELS);
    hear_of_room(&known, SYNAPSE_READ_LEVELS,
                 (struct synapse_reply){.levels = levels_new(&levels_of_room, now_there, 2)}, 2020);
    action = next_for_room(&known, 2030);
    assert_calls(action, SYNAPSE_WRITE_LEVELS);
    written = raising_levels(&known, &action.call);
    assert_int_equal(levels_of(written, bob.user), bob.level);
    assert_int_equal(levels_of(written, ada.user), ada.level);
    levels_free(written);
    room_known_deinit(&known);
}

/* `state` is what is told first, statistics included; half a minute later the truth is. */
static void assert_ripens(bool finished, bool inhabited, bool is_dead)
{
    struct room_known known = room_found(state_of(finished, inhabited), 2000);
    struct action action;

    hear_of_room(&known, SYNAPSE_READ_ROOM,
                 (struct synapse_reply){.room.creator = text_copy(rules.sync_user)}, 2010);
    action = next_for_room(&known, 2010);
    assert_int_equal(action.kind, ACTION_WAIT);
    assert_in_range(action.until, 2000 + HALF_MADE, 2010 + HALF_MADE);
    assert_calls(next_for_room(&known, action.until), SYNAPSE_READ_STATE);
    hear_of_room(&known, SYNAPSE_READ_STATE, state_of(finished || !is_dead, inhabited || !is_dead),
                 action.until + SENT_BEFORE);
    known.alias_seen_at = action.until + SENT_BEFORE;
    assert_calls(next_for_room(&known, action.until + SENT_BEFORE),
                 is_dead ? SYNAPSE_DELETE_ROOM : SYNAPSE_READ_LEVELS);
    room_known_deinit(&known);
}

static void test_a_room_that_seems_dead_is_looked_at_again(void **state)
{
    (void)state;
    for (int is_dead = 0; is_dead < 2; is_dead++) {
        assert_ripens(true, false, is_dead);
        assert_ripens(false, false, is_dead);
        assert_ripens(false, true, is_dead);
    }
}

/* Others are in it, the sync user is not. */
static struct synapse_reply left_alone(void)
{
    struct synapse_reply reply = state_of(true, false);

    room_state_set_membership(reply.state, bob.user, MEMBERSHIP_JOIN);
    return reply;
}

static void refuse_entry(struct room_known *known, instant now)
{
    const struct synapse_reply refused = {.outcome = SYNAPSE_REFUSED, .errcode = "M_FORBIDDEN"};

    known->alias_seen_at = now;
    assert_calls(next_for_room(known, now), SYNAPSE_ENTER_ROOM);
    hear_of_room(known, SYNAPSE_ENTER_ROOM, refused, now);
    if (known->read_at == INSTANT_PAST)
        hear_of_room(known, SYNAPSE_READ_STATE, left_alone(), now);
}

/* The right was given through one process, and is asked for at another, which may be some seconds behind. */
static void test_the_way_back_into_a_room_is_tried_until_all_have_heard(void **state)
{
    enum { GIVEN = 2020, LATEST = GIVEN + 10 * 1000 + SENT_BEFORE };
    struct room_known known = room_found(left_alone(), 2000);
    instant now = GIVEN + 20;
    unsigned refusals = 0;

    (void)state;
    assert_calls(next_for_room(&known, 2010), SYNAPSE_REGAIN_ROOM);
    hear_of_room(&known, SYNAPSE_REGAIN_ROOM, (struct synapse_reply){.outcome = SYNAPSE_OK}, GIVEN);
    hear_of_room(&known, SYNAPSE_READ_STATE, left_alone(), GIVEN + 10);
    for (; now < LATEST; refusals++) {
        struct action action;

        refuse_entry(&known, now);
        action = next_for_room(&known, now);
        assert_int_equal(action.kind, ACTION_WAIT);
        assert_true(action.until > now);
        now = action.until;
    }
    assert_in_range(refusals, 3, 10);
    refuse_entry(&known, now); /* as any call inside a room it is made twice */
    refuse_entry(&known, now);
    assert_int_equal(next_for_room(&known, now).kind, ACTION_NONE);
    assert_true(plan_is_barred(&known.obstacles, SYNAPSE_ENTER_ROOM));
    room_known_deinit(&known);
}

static void hear_of_deed(struct room_known *known, const struct synapse_call *call, instant now)
{
    struct synapse_reply reply = {.outcome = SYNAPSE_OK};
    const struct news news = news_of(call, &reply, now);

    room_learn(known, &news);
}

/* The name was set: that does not show in a state that was read right behind. */
static void test_a_state_that_lacks_what_was_set_is_read_again(void **state)
{
    const struct synapse_call deed = {
        .kind = SYNAPSE_WRITE_SETTING, .setting = ROOM_NAME, .value = "Renamed", .room = "!r:h"};
    struct room_known known = room_found(state_of(true, true), 2000);
    struct synapse_reply reply = state_of(true, true);
    struct action action;

    (void)state;
    hear_of_deed(&known, &deed, 2100);
    assert_true(room_known_settle(&known));
    hear_of_room(&known, SYNAPSE_READ_STATE, state_of(true, true), 3000);
    assert_null(known.state);
    action = next_for_room(&known, 3000);
    assert_int_equal(action.kind, ACTION_WAIT);
    assert_calls(next_for_room(&known, action.until), SYNAPSE_READ_STATE);
    text_set(&reply.state->settings[ROOM_NAME], "Renamed");
    hear_of_room(&known, SYNAPSE_READ_STATE, reply, 5000);
    assert_string_equal(known.state->settings[ROOM_NAME], "Renamed");
    hear_of_room(&known, SYNAPSE_READ_STATE, state_of(true, true), 2100 + 10000 + SENT_BEFORE);
    assert_string_equal(known.state->settings[ROOM_NAME], wanted_room.name);
    room_known_deinit(&known);
}

/* Many things take a member out again, a removeUser of ours among them; who only seems to be out is joined
   once more, which changes nothing. */
static void test_who_is_no_member_any_more_is_believed_at_once(void **state)
{
    const struct synapse_call deed = {.kind = SYNAPSE_JOIN_USER, .user = ada.user, .room = "!r:h"};
    struct room_known known = room_found(state_of(true, true), 2000);

    (void)state;
    hear_of_deed(&known, &deed, 2100);
    assert_true(room_known_settle(&known));
    hear_of_room(&known, SYNAPSE_READ_STATE, state_of(true, true), 3000);
    assert_non_null(known.state);
    assert_int_equal(room_state_membership(known.state, ada.user), MEMBERSHIP_NONE);
    room_known_deinit(&known);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_user_just_made_is_not_absent),
        cmocka_unit_test(test_a_user_just_made_is_not_made_again),
        cmocka_unit_test(test_who_was_just_removed_is_not_active),
        cmocka_unit_test(test_who_was_just_reactivated_is_not_removed_already),
        cmocka_unit_test(test_a_state_that_lacks_what_was_set_is_read_again),
        cmocka_unit_test(test_who_is_no_member_any_more_is_believed_at_once),
        cmocka_unit_test(test_levels_are_looked_at_by_themselves_before_they_are_written),
        cmocka_unit_test(test_a_room_that_seems_dead_is_looked_at_again),
        cmocka_unit_test(test_the_way_back_into_a_room_is_tried_until_all_have_heard),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
