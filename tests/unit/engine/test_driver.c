/* The engine in particular situations; what it does in general is in test_engine.c. */

#include "base/log.h"
#include "engine/simulation/scene.h"
#include "support/test.h"

#include <stdlib.h>
#include <string.h>

static enum membership membership_in(struct scene *scene, const char *alias, const char *user)
{
    struct world_room *room = world_room_of(&scene->world, alias);

    return room ? room_state_membership(room->state, user) : MEMBERSHIP_NONE;
}

static int64_t level_in(struct scene *scene, const char *alias, const char *user)
{
    struct world_room *room = world_room_of(&scene->world, alias);

    return room ? levels_of(room->state->levels, user) : -1;
}

/* ---- merging ---- */

static void post_crowd(struct scene *scene, unsigned count)
{
    for (unsigned i = 0; i < count; i++)
        stage_post(&scene->stage,
                   "{'method': 'addUser', 'user': {'id': '@pupil_%u:school', 'name': 'Pupil %u'}, "
                   "'welcome': {'text': 'Hello'}, 'rooms': [{" MATHS ", 'is_moderator': %s}]}",
                   i, i, i % 5 == 0 ? "true" : "false");
}

static void test_a_crowd_makes_a_room_together(void **state)
{
    enum { COUNT = 50, CONCURRENCY = 6 };
    struct scene *scene = scene_begin(CONCURRENCY, false);

    (void)state;
    world_add_crowd(&scene->world, COUNT);
    scene->stage.all_at_once = true;
    post_crowd(scene, COUNT);
    assert_true(stage_run(&scene->stage, HOUR));
    assert_int_equal(scene->world.made[SYNAPSE_CREATE_ROOM], 1);
    assert_int_equal(scene->world.made[SYNAPSE_JOIN_USER], COUNT);
    assert_int_equal(scene->world.invited, COUNT);
    assert_int_equal(scene->world.made[SYNAPSE_WRITE_LEVELS], 0);
    assert_int_equal(scene->world.made[SYNAPSE_WRITE_SETTING], 0);
    assert_int_equal(scene->stage.most_calls, CONCURRENCY);
    for (unsigned i = 0; i < COUNT; i++) {
        const struct world_user *user = &scene->world.users[WORLD_USUAL + i];

        assert_int_equal(user->greetings, 1);
        assert_int_equal(level_in(scene, MATHS_ALIAS, user->id), i % 5 == 0 ? 50 : 0);
    }
    scene_end(scene);
}

/* Levels of all who are to be raised in a room that is there are written at once. */
static void test_one_write_raises_all_members(void **state)
{
    struct scene *scene = scene_begin(4, false);

    (void)state;
    (void)world_make_room(&scene->world, MATHS_ALIAS, scene->world.rules.sync_user, STAGE_ALL);
    for (size_t i = 0; i < WORLD_PUPILS; i++)
        world_make_user(&scene->world, &scene->world.users[i], NULL, NULL);
    stage_post(&scene->stage,
               "{'method': 'addRoom', 'room': {" MATHS "}, 'members': ["
               "{'id': '@anna:school', 'is_moderator': true}, {'id': '@bert:school', 'is_moderator': true}, "
               "{'id': '@carl:school', 'is_moderator': true}, {'id': '@dora:school'}]}");
    assert_true(stage_run(&scene->stage, HOUR));
    assert_int_equal(scene->world.made[SYNAPSE_WRITE_LEVELS], 1);
    assert_int_equal(level_in(scene, MATHS_ALIAS, "@carl:school"), 50);
    scene_end(scene);
}

static void test_the_second_time_nothing_is_written(void **state)
{
    enum { COUNT = 20 };
    struct scene *scene = scene_begin(4, false);
    unsigned writes;

    (void)state;
    world_add_crowd(&scene->world, COUNT);
    post_crowd(scene, COUNT);
    assert_true(stage_run(&scene->stage, HOUR));
    writes = scene->world.writes;
    post_crowd(scene, COUNT);
    assert_true(stage_run(&scene->stage, HOUR));
    assert_int_equal(scene->world.writes, writes);
    scene_end(scene);
}

/* ---- refusals ---- */

static void test_conflicts_do_not_stop_the_rest(void **state)
{
    struct scene *scene = scene_begin(4, false);
    const struct letter *letter = &scene->stage.letters[0];

    (void)state;
    (void)world_make_room(&scene->world, "#team_1:school", "@stranger:school", STAGE_ALL);
    (void)world_make_room(&scene->world, "#news_7:school", "@stranger:school", STAGE_ALL);
    stage_post(&scene->stage, "{'method': 'addUser', 'user': {'id': '@anna:school'}, 'rooms': ["
                              "{'id': '1', 'type': 'team', 'name': 'Team'}, {" MATHS "}, "
                              "{'id': '7', 'type': 'news', 'name': 'News'}]}");
    assert_true(stage_run(&scene->stage, HOUR));
    assert_true(letter->rejected);
    assert_int_equal(letter->code, REQUEST_ALIAS_CONFLICT);
    assert_non_null(strstr(letter->detail, "#team_1:school"));
    assert_non_null(strstr(letter->detail, "#news_7:school"));
    assert_null(strstr(letter->detail, MATHS_ALIAS));
    assert_int_equal(membership_in(scene, MATHS_ALIAS, "@anna:school"), MEMBERSHIP_JOIN);
    scene_end(scene);
}

static void post_maths(struct scene *scene)
{
    stage_post(&scene->stage, "{'method': 'addRoom', 'room': {" MATHS "}, 'members': ["
                              "{'id': '@anna:school'}, {'id': '@bert:school'}, {'id': '@carl:school'}]}");
}

static void check_refused_member(int kind)
{
    struct scene *scene = scene_begin(2, false);
    const struct letter *letter = &scene->stage.letters[0];

    scene_curse(scene, FATE_REFUSED, "@bert:school", kind);
    post_maths(scene);
    assert_true(stage_run(&scene->stage, HOUR));
    assert_true(letter->rejected);
    assert_int_equal(letter->code, REQUEST_HOMESERVER_REJECTED);
    assert_non_null(strstr(letter->detail, "@bert:school"));
    assert_null(strstr(letter->detail, "@anna:school"));
    assert_int_equal(membership_in(scene, MATHS_ALIAS, "@anna:school"), MEMBERSHIP_JOIN);
    assert_int_not_equal(membership_in(scene, MATHS_ALIAS, "@bert:school"), MEMBERSHIP_JOIN);
    assert_int_equal(membership_in(scene, MATHS_ALIAS, "@carl:school"), MEMBERSHIP_JOIN);
    scene_end(scene);
}

static void test_a_refused_member_does_not_stop_the_rest(void **state)
{
    (void)state;
    check_refused_member(SYNAPSE_JOIN_USER);
    check_refused_member(SYNAPSE_CREATE_USER);
    check_refused_member(SYNAPSE_READ_USER);
}

/* What was refused to one message is tried again for the next. */
static void test_the_next_message_tries_again(void **state)
{
    struct scene *scene = scene_begin(2, false);

    (void)state;
    scene_curse(scene, FATE_REFUSED, MATHS_ALIAS, SYNAPSE_CREATE_ROOM);
    post_maths(scene);
    assert_true(stage_run(&scene->stage, HOUR));
    assert_true(scene->stage.letters[0].rejected);
    scene_curse(scene, FATE_NORMAL, NULL, -1);
    post_maths(scene);
    assert_true(stage_run(&scene->stage, HOUR));
    assert_false(scene->stage.letters[1].rejected);
    scene_end(scene);
}

static void test_admins_are_protected(void **state)
{
    struct scene *scene = scene_begin(2, false);

    (void)state;
    stage_post(&scene->stage, "{'method': 'removeUser', 'user': {'id': '@boss:school'}}");
    stage_post(&scene->stage,
               "{'method': 'addUser', 'user': {'id': '@boss:school', 'name': 'B'}, 'rooms': [{" MATHS "}]}");
    assert_true(stage_run(&scene->stage, HOUR));
    assert_int_equal(scene->stage.letters[0].code, REQUEST_PROTECTED_USER);
    assert_true(scene->stage.letters[0].rejected);
    assert_false(scene->stage.letters[1].rejected);
    assert_int_equal(membership_in(scene, MATHS_ALIAS, "@boss:school"), MEMBERSHIP_JOIN);
    scene_end(scene);
}

static void test_warnings(void **state)
{
    struct scene *scene = scene_begin(2, false);
    struct world_room *room =
        world_make_room(&scene->world, MATHS_ALIAS, scene->world.rules.sync_user, STAGE_ALL);

    (void)state;
    world_make_user(&scene->world, &scene->world.users[0], NULL, NULL);
    world_deactivate(&scene->world, &scene->world.users[0], true);
    world_make_user(&scene->world, &scene->world.users[1], NULL, NULL);
    room_state_set_membership(room->state, "@bert:school", MEMBERSHIP_BAN);
    post_maths(scene);
    assert_true(stage_run(&scene->stage, HOUR));
    assert_false(scene->stage.letters[0].rejected);
    assert_non_null(strstr(scene->stage.letters[0].warnings, "@anna:school is deactivated"));
    assert_non_null(strstr(scene->stage.letters[0].warnings, "@bert:school is banned"));
    assert_int_equal(membership_in(scene, MATHS_ALIAS, "@carl:school"), MEMBERSHIP_JOIN);
    scene_end(scene);
}

/* The homeserver says that the sync user has its power again, and it has not: once is enough. */
static void test_power_that_cannot_be_regained(void **state)
{
    struct scene *scene = scene_begin(2, false);
    struct world_room *room =
        world_make_room(&scene->world, MATHS_ALIAS, scene->world.rules.sync_user, STAGE_ALL);

    (void)state;
    others_weaken_sync(&scene->world, room);
    scene_curse(scene, FATE_IDLE, NULL, SYNAPSE_REGAIN_ROOM);
    post_maths(scene);
    assert_true(stage_run(&scene->stage, HOUR));
    assert_true(scene->stage.letters[0].rejected);
    assert_in_range(scene->stage.calls, 1, 60);
    scene_end(scene);
}

/* ---- users of others ---- */

static void post_anna(struct scene *scene)
{
    stage_post(&scene->stage, "{'method': 'addUser', 'user': {'id': '@anna:school', 'name': 'Anna', "
                              "'email': 'anna@school.example'}, 'welcome': {'text': 'Hello'}}");
}

static void check_not_greeted(struct scene *scene)
{
    const struct world_user *anna = &scene->world.users[0];

    assert_true(stage_run(&scene->stage, HOUR));
    assert_false(scene->stage.letters[0].rejected);
    assert_int_equal(anna->greetings, 0);
    assert_false(anna->has_record && anna->record.open);
    assert_string_equal(anna->name, "Anna");
    scene_end(scene);
}

/* Somebody creates the user at the very moment that we do, or a while before, when we had looked already. */
static void test_who_was_created_by_another_is_not_greeted(void **state)
{
    struct scene *scene = scene_begin(2, false);

    (void)state;
    scene_curse(scene, FATE_RACE, "@anna:school", SYNAPSE_CREATE_USER);
    post_anna(scene);
    check_not_greeted(scene);

    scene = scene_begin(2, false);
    scene_curse(scene, FATE_LOST, "@anna:school", SYNAPSE_WRITE_RECORDS);
    post_anna(scene);
    stage_run_for(&scene->stage, 10 * SECOND);
    others_create(&scene->world, &scene->world.users[0]);
    scene_curse(scene, FATE_NORMAL, NULL, -1);
    check_not_greeted(scene);
}

/* ---- failures ---- */

/* The rest of the message is done long before what keeps failing is given up. */
static void test_a_message_that_keeps_failing(void **state)
{
    struct scene *scene = scene_begin(2, false);
    const struct letter *letter = &scene->stage.letters[0];
    instant begun = instant_now();

    (void)state;
    world_add_crowd(&scene->world, 60);
    scene_curse(scene, FATE_FAILED, "@bert:school", SYNAPSE_JOIN_USER);
    post_maths(scene);
    stage_run_for(&scene->stage, 10 * SECOND);
    assert_int_equal(membership_in(scene, MATHS_ALIAS, "@anna:school"), MEMBERSHIP_JOIN);
    assert_int_equal(membership_in(scene, MATHS_ALIAS, "@carl:school"), MEMBERSHIP_JOIN);
    for (unsigned i = 0; i < 50 && !letter->ended; i++) {
        stage_post(&scene->stage, "{'method': 'addUser', 'user': {'id': '@pupil_%u:school'}}", i);
        stage_run_for(&scene->stage, 20 * SECOND);
    }
    assert_true(letter->rejected);
    assert_int_equal(letter->code, REQUEST_HOMESERVER_FAILING);
    assert_in_range(letter->ended_at - begun, 10 * MINUTE, 13 * MINUTE);
    assert_non_null(strstr(letter->detail, "@bert:school"));
    scene_end(scene);
}

/* Nothing else succeeds: it is not the message that is bad. */
static void test_a_failing_homeserver_is_waited_for(void **state)
{
    struct scene *scene = scene_begin(2, false);
    const struct letter *letter = &scene->stage.letters[0];

    (void)state;
    scene_curse(scene, FATE_FAILED, "@bert:school", SYNAPSE_JOIN_USER);
    post_maths(scene);
    stage_run_for(&scene->stage, HOUR);
    assert_false(letter->ended);
    scene_curse(scene, FATE_NORMAL, NULL, -1);
    assert_true(stage_run(&scene->stage, 2 * MINUTE));
    assert_false(letter->rejected);
    scene_end(scene);
}

/* A failure now and one much later are not ten minutes of failing. */
static void test_failures_far_apart(void **state)
{
    struct scene *scene = scene_begin(2, false);
    const struct letter *letter = &scene->stage.letters[0];

    (void)state;
    world_add_crowd(&scene->world, 60);
    scene_curse(scene, FATE_FAILED, "@bert:school", SYNAPSE_JOIN_USER);
    post_maths(scene);
    stage_run_for(&scene->stage, SECOND);
    scene_curse(scene, FATE_LOST, NULL, -1);
    stage_run_for(&scene->stage, HOUR);
    scene_curse(scene, FATE_FAILED, "@bert:school", SYNAPSE_JOIN_USER);
    stage_post(&scene->stage, "{'method': 'addUser', 'user': {'id': '@pupil_0:school'}}");
    for (unsigned i = 1; i < 10; i++) {
        stage_post(&scene->stage, "{'method': 'addUser', 'user': {'id': '@pupil_%u:school'}}", i);
        stage_run_for(&scene->stage, 20 * SECOND);
    }
    assert_false(letter->ended);
    scene_end(scene);
}

static void test_an_outage(void **state)
{
    struct scene *scene = scene_begin(8, false);

    (void)state;
    world_add_crowd(&scene->world, 20);
    post_crowd(scene, 20);
    stage_run_for(&scene->stage, 50);
    scene_curse(scene, FATE_LOST, NULL, -1);
    stage_run_for(&scene->stage, 5 * SECOND);
    scene->stage.calls = scene->stage.most_calls = 0;
    stage_run_for(&scene->stage, HOUR);
    assert_int_equal(scene->stage.calls, 0); /* the pulse alone asks how it is */
    assert_true(engine_is_stuck(scene->stage.engine));
    scene_curse(scene, FATE_NORMAL, NULL, -1);
    assert_true(stage_run(&scene->stage, MINUTE));
    scene_end(scene);
}

static void test_nothing_is_sent_before_the_session_is_there(void **state)
{
    struct scene *scene = scene_begin(8, false);

    (void)state;
    post_maths(scene);
    loop_timer_set(&scene->stage.session, instant_now() + MINUTE);
    stage_run_for(&scene->stage, 30 * SECOND);
    assert_int_equal(scene->stage.calls, 0);
    assert_true(engine_is_stuck(scene->stage.engine));
    assert_true(stage_run(&scene->stage, HOUR));
    scene_end(scene);
}

/* ---- names ---- */

/* The alias of the welcome room of such a user is not made of the local part. */
static void test_the_longest_user_id(void **state)
{
    struct scene *scene = scene_begin(2, false);
    char id[256] = "@";
    struct world_user *user;

    (void)state;
    memset(id + 1, 'x', 247);
    memcpy(id + 248, ":school", sizeof(":school"));
    user = world_new_user(&scene->world, text_copy(id));
    assert_int_equal(strlen(id), 255);
    stage_post(&scene->stage, "{'method': 'addUser', 'user': {'id': '%s'}, 'welcome': {'text': 'Hello'}}",
               id);
    scene->stage.homeserver.curse = FATE_LATE; /* so that the alias is looked up */
    scene->stage.homeserver.cursed_kind = SYNAPSE_CREATE_WELCOME_ROOM;
    stage_run_for(&scene->stage, 200);
    assert_int_equal(scene->world.made[SYNAPSE_CREATE_WELCOME_ROOM], 1);
    scene->stage.homeserver.curse = FATE_NORMAL;
    assert_true(stage_run(&scene->stage, HOUR));
    assert_int_equal(user->greetings, 1);
    scene_end(scene);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_crowd_makes_a_room_together),
        cmocka_unit_test(test_one_write_raises_all_members),
        cmocka_unit_test(test_the_second_time_nothing_is_written),
        cmocka_unit_test(test_conflicts_do_not_stop_the_rest),
        cmocka_unit_test(test_a_refused_member_does_not_stop_the_rest),
        cmocka_unit_test(test_the_next_message_tries_again),
        cmocka_unit_test(test_admins_are_protected),
        cmocka_unit_test(test_warnings),
        cmocka_unit_test(test_power_that_cannot_be_regained),
        cmocka_unit_test(test_who_was_created_by_another_is_not_greeted),
        cmocka_unit_test(test_a_message_that_keeps_failing),
        cmocka_unit_test(test_a_failing_homeserver_is_waited_for),
        cmocka_unit_test(test_failures_far_apart),
        cmocka_unit_test(test_an_outage),
        cmocka_unit_test(test_nothing_is_sent_before_the_session_is_there),
        cmocka_unit_test(test_the_longest_user_id),
    };

    log_configure(LOG_ERROR, LOG_LOGFMT);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
