/* The mirror in the engine: what it costs, and what becomes of it when something goes wrong. */

#include "base/log.h"
#include "engine/simulation/scene.h"
#include "support/test.h"

#include <stdlib.h>
#include <string.h>

static void post_anna(struct scene *scene)
{
    stage_post(&scene->stage, "{'method': 'addUser', 'user': {'id': '@anna:school', 'name': 'Anna'}, "
                              "'welcome': {'text': 'Hello'}, 'rooms': [{" MATHS ", 'is_moderator': true}]}");
}

/* Requests that the last message made for itself. */
static unsigned cost(const struct scene *scene)
{
    return scene->stage.letters[scene->stage.letter_count - 1].requests;
}

static unsigned cost_of_anna(struct scene *scene)
{
    post_anna(scene);
    assert_true(stage_run(&scene->stage, HOUR));
    return cost(scene);
}

static struct world_room *maths(struct scene *scene)
{
    struct world_room *room = world_room_of(&scene->world, MATHS_ALIAS);

    if (!room)
        abort();
    return room;
}

/* ---- cost ---- */

static void post_class(struct scene *scene, unsigned count)
{
    for (unsigned i = 0; i < count; i++)
        stage_post(&scene->stage,
                   "{'method': 'addUser', 'user': {'id': '@pupil_%u:school', 'name': 'Pupil %u'}, "
                   "'welcome': {'text': 'Hello'}, 'rooms': [{" MATHS ", 'is_moderator': %s}]}",
                   i, i, i % 5 == 0 ? "true" : "false");
}

static void test_many_that_are_in_sync_cost_one_catch_up(void **state)
{
    enum { CLASS = 40, MOST_CATCH_UPS = 2 };
    struct scene *scene = scene_begin(4, true);
    unsigned calls;

    (void)state;
    world_add_crowd(&scene->world, CLASS);
    scene->stage.all_at_once = true;
    post_class(scene, CLASS);
    assert_true(stage_run(&scene->stage, HOUR));
    calls = scene->stage.calls;
    post_class(scene, CLASS);
    assert_true(stage_run(&scene->stage, HOUR));
    assert_in_range(scene->stage.calls - calls, 1,
                    2 * MOST_CATCH_UPS); /* changes, and which rooms there are */
    for (size_t i = CLASS; i < scene->stage.letter_count; i++)
        assert_int_equal(scene->stage.letters[i].requests, 0);
    scene_end(scene);
}

/* Right after the room was made, too: the list of rooms, which is older, does not know it. */
static void test_the_second_time_costs_nothing(void **state)
{
    struct scene *scene = scene_begin(4, true);

    (void)state;
    assert_in_range(cost_of_anna(scene), 1, 20);
    assert_int_equal(cost_of_anna(scene), 0);
    clock_pass(5 * MINUTE);
    assert_int_equal(cost_of_anna(scene), 0);
    scene_end(scene);
}

/* Alias and user are trusted for ten minutes, a state for an hour. */
static void test_sometimes_all_is_read_again(void **state)
{
    struct scene *scene = scene_begin(4, true);

    (void)state;
    (void)cost_of_anna(scene);
    clock_pass(11 * MINUTE);
    assert_int_equal(cost_of_anna(scene), 2);
    assert_int_equal(cost_of_anna(scene), 0);
    clock_pass(61 * MINUTE);
    assert_in_range(cost_of_anna(scene), 1,
                    3); /* alias and state; and Anna, whom the room did not vouch for */
    assert_int_equal(cost_of_anna(scene), 0);
    scene_end(scene);
}

static void test_without_memory_all_is_read_again(void **state)
{
    struct scene *scene = scene_begin(4, true);

    (void)state;
    stage_use_mirror(&scene->stage, 0);
    (void)cost_of_anna(scene);
    assert_in_range(cost_of_anna(scene), 3, 5); /* user, record, alias, state */
    scene_end(scene);
}

/* ---- what others do ---- */

static void test_only_what_differs_is_written(void **state)
{
    struct scene *scene = scene_begin(4, true);

    (void)state;
    (void)cost_of_anna(scene);
    text_set(&maths(scene)->state->settings[ROOM_TOPIC], "By hand");
    assert_int_equal(cost_of_anna(scene), 2); /* where the alias leads, and then it is written */
    assert_null(strstr(maths(scene)->state->settings[ROOM_TOPIC], "hand"));
    world_set_user_level(maths(scene), "@anna:school", 0);
    assert_int_equal(cost_of_anna(scene),
                     4); /* her status, the alias, the levels, and then they are written */
    assert_int_equal(levels_of(maths(scene)->state->levels, "@anna:school"), 50);
    scene_end(scene);
}

/* Nothing tells that it was done; so she is asked for before anything is done with her. */
static void test_who_was_deactivated_is_not_written_about(void **state)
{
    struct scene *scene = scene_begin(4, true);
    struct world_user *anna = &scene->world.users[0];

    (void)state;
    (void)cost_of_anna(scene);
    anna->deactivated = true; /* and leaves the rooms later */
    stage_post(&scene->stage,
               "{'method': 'addUser', 'user': {'id': '@anna:school', 'name': 'Annabel'}, 'rooms': "
               "[{" MATHS ", 'is_moderator': true}]}");
    assert_true(stage_run(&scene->stage, HOUR));
    assert_string_equal(anna->name, "Anna");
    world_set_user_level(maths(scene), "@anna:school", 0);
    (void)cost_of_anna(scene);
    assert_int_equal(levels_of(maths(scene)->state->levels, "@anna:school"), 0);
    scene_end(scene);
}

/* As if they had never been: whoever is made again by hand, or has to be made again, is found out. */
static void test_who_has_vanished_is_made_again(void **state)
{
    struct scene *scene = scene_begin(4, true);
    struct world_user *anna = &scene->world.users[0];

    (void)state;
    (void)cost_of_anna(scene);
    world_move(&scene->world, maths(scene), anna->id, MEMBERSHIP_LEAVE);
    anna->here = false;
    stage_post(&scene->stage,
               "{'method': 'addRoom', 'room': {" MATHS "}, 'members': [{'id': '@anna:school'}]}");
    assert_true(stage_run(&scene->stage, HOUR));
    assert_true(anna->here);
    assert_int_equal(room_state_membership(maths(scene)->state, anna->id), MEMBERSHIP_JOIN);
    scene_end(scene);
}

static void test_a_room_that_was_purged_by_hand(void **state)
{
    struct scene *scene = scene_begin(4, true);
    const struct world_room *before;

    (void)state;
    (void)cost_of_anna(scene);
    for (int i = 0; i < 10; i++) { /* which the homeserver tells of, or not */
        clock_pass(2 * SECOND);    /* so old may the list of rooms be, and a bit */
        before = maths(scene);
        world_purge(&scene->world, maths(scene));
        (void)cost_of_anna(scene);
        assert_ptr_not_equal(maths(scene), before);
        assert_int_equal(room_state_membership(maths(scene)->state, "@anna:school"), MEMBERSHIP_JOIN);
        assert_int_equal(cost_of_anna(scene), 0);
    }
    scene_end(scene);
}

/* It was there before the daemon. One mark is enough to know that silence is proof. */
static void test_a_room_in_which_nothing_happens(void **state)
{
    struct scene *scene = scene_begin(4, true);

    (void)state;
    (void)cost_of_anna(scene);
    stage_restart(&scene->stage);
    (void)cost_of_anna(scene);
    for (int i = 0; i < 20; i++)
        assert_int_equal(cost_of_anna(scene), 0);
    assert_in_range(scene->world.made[SYNAPSE_MARK_ROOM], 0, 1);
    scene_end(scene);
}

/* What others do there is seen all the same, since it is read each time. */
static void test_a_room_of_which_nothing_is_told(void **state)
{
    struct scene *scene = scene_begin(4, true);
    unsigned marks;

    (void)state;
    (void)cost_of_anna(scene);
    stage_restart(&scene->stage);
    maths(scene)->silent = true;
    for (int i = 0; i < 20; i++) {
        text_set(&maths(scene)->state->settings[ROOM_TOPIC], "By hand");
        (void)cost_of_anna(scene);
        assert_null(strstr(maths(scene)->state->settings[ROOM_TOPIC], "hand"));
    }
    assert_int_equal(scene->world.made[SYNAPSE_MARK_ROOM], 1);
    clock_pass(61 * MINUTE);
    maths(scene)->silent = false;
    for (int i = 0; i < 3; i++)
        (void)cost_of_anna(scene);
    assert_int_equal(cost_of_anna(scene), 0);
    marks = scene->world.made[SYNAPSE_MARK_ROOM];
    maths(scene)->silent = true; /* noticed within the hour */
    clock_pass(61 * MINUTE);
    (void)cost_of_anna(scene);
    text_set(&maths(scene)->state->settings[ROOM_TOPIC], "By hand");
    (void)cost_of_anna(scene);
    assert_null(strstr(maths(scene)->state->settings[ROOM_TOPIC], "hand"));
    assert_int_equal(scene->world.made[SYNAPSE_MARK_ROOM], marks + 1);
    scene_end(scene);
}

static void test_the_sync_user_is_put_out(void **state)
{
    struct scene *scene = scene_begin(4, true);

    (void)state;
    (void)cost_of_anna(scene);
    world_set_user_level(maths(scene), "@anna:school", 100);
    world_move(&scene->world, maths(scene), "@sync:school", MEMBERSHIP_LEAVE);
    (void)cost_of_anna(scene);
    assert_int_equal(room_state_membership(maths(scene)->state, "@sync:school"), MEMBERSHIP_JOIN);
    assert_int_equal(cost_of_anna(scene), 0);
    scene_end(scene);
}

/* ---- trouble ---- */

/* What is read before the position is known would not be mirrored. But nothing waits for it for long. */
static void test_the_position_comes_first(void **state)
{
    struct scene *scene = scene_begin(4, true);

    (void)state;
    scene_curse(scene, FATE_LIMITED, NULL, SYNAPSE_READ_POSITION);
    post_anna(scene);
    assert_true(stage_run(&scene->stage, 10 * MINUTE));
    scene_end(scene);
}

static void test_where_it_is_refused_all_works_without(void **state)
{
    static const enum synapse_kind kinds[] = {SYNAPSE_READ_POSITION, SYNAPSE_READ_CHANGES,
                                              SYNAPSE_READ_JOINED};

    (void)state;
    for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
        struct scene *scene = scene_begin(4, true);

        scene_curse(scene, FATE_REFUSED, NULL, (int)kinds[i]);
        (void)cost_of_anna(scene);
        assert_in_range(cost_of_anna(scene), 2, 4);
        text_set(&maths(scene)->state->settings[ROOM_TOPIC], "By hand");
        (void)cost_of_anna(scene);
        assert_null(strstr(maths(scene)->state->settings[ROOM_TOPIC], "hand"));
        scene_end(scene);
    }
}

/* After a failure it comes back, and what others did meanwhile is seen. */
static void test_a_mirror_that_was_lost(void **state)
{
    static const enum synapse_kind kinds[] = {SYNAPSE_READ_CHANGES, SYNAPSE_READ_JOINED};

    (void)state;
    for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
        struct scene *scene = scene_begin(4, true);

        (void)cost_of_anna(scene);
        scene_curse(scene, FATE_FAILED, NULL, (int)kinds[i]);
        clock_pass(2 * SECOND);
        assert_in_range(cost_of_anna(scene), 2, 4);
        scene_curse(scene, FATE_NORMAL, NULL, -1);
        text_set(&maths(scene)->state->settings[ROOM_TOPIC], "By hand");
        clock_pass(MINUTE);
        (void)cost_of_anna(scene);
        assert_null(strstr(maths(scene)->state->settings[ROOM_TOPIC], "hand"));
        for (int k = 0; k < 5; k++) /* what was read before the new position came is not mirrored */
            (void)cost_of_anna(scene);
        assert_int_equal(cost_of_anna(scene), 0);
        scene_end(scene);
    }
}

/* Carried out, but the answer is lost: asked again in the same way it would be the same answer. */
static void test_an_answer_that_is_lost(void **state)
{
    struct scene *scene = scene_begin(4, true);

    (void)state;
    (void)cost_of_anna(scene);
    text_set(&maths(scene)->state->settings[ROOM_NAME], "Something that is told");
    scene_curse(scene, FATE_UNANSWERED, NULL, SYNAPSE_READ_CHANGES);
    post_anna(scene);
    stage_run_for(&scene->stage, 10 * SECOND);
    assert_true(scene->world.answer.reply != NULL);
    text_set(&maths(scene)->state->settings[ROOM_TOPIC], "By hand");
    post_anna(scene);
    scene_curse(scene, FATE_NORMAL, NULL, -1);
    assert_true(stage_run(&scene->stage, MINUTE));
    assert_null(strstr(maths(scene)->state->settings[ROOM_TOPIC], "hand"));
    scene_end(scene);
}

/* The connection to the queue is lost while everybody waits for a catch-up, again and again. */
static void test_messages_leave_in_the_middle(void **state)
{
    struct scene *scene = scene_begin(4, true);

    (void)state;
    (void)cost_of_anna(scene);
    for (int64_t wait = 0; wait < 40; wait++) {
        clock_pass(1);
        if (wait % 3 == 0)
            text_set(&maths(scene)->state->settings[ROOM_TOPIC], "By hand");
        post_anna(scene);
        stage_run_for(&scene->stage, wait);
        stage_lose_connection(&scene->stage);
        assert_true(stage_run(&scene->stage, HOUR));
        assert_false(text_equal(maths(scene)->state->settings[ROOM_TOPIC], "By hand"));
    }
    scene_end(scene);
}

/* The same, and the messages do not come back; what nobody asks for is forgotten at once. */
static void test_messages_leave_for_good(void **state)
{
    struct scene *scene = scene_begin(4, true);

    (void)state;
    for (int64_t wait = 0; wait < 60; wait++) {
        struct letter *letter;

        stage_use_mirror(&scene->stage, wait % 2 == 0 ? 0 : MUCH_MEMORY);
        scene->stage.ready = false;
        (void)cost_of_anna(scene);
        post_anna(scene);
        letter = &scene->stage.letters[scene->stage.letter_count - 1];
        stage_run_for(&scene->stage, wait);
        if (letter->message)
            stage_acknowledge(&scene->stage, letter);
        clock_pass(SECOND);
    }
    scene_end(scene);
}

/* With a catch-up under way, and somebody who waits for it. */
static void test_the_engine_ends_in_the_middle(void **state)
{
    (void)state;
    for (int64_t wait = 0; wait < 30; wait++) {
        struct scene *scene = scene_begin(4, true);

        (void)cost_of_anna(scene);
        post_anna(scene);
        stage_run_for(&scene->stage, wait);
        scene_end(scene);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_many_that_are_in_sync_cost_one_catch_up),
        cmocka_unit_test(test_the_second_time_costs_nothing),
        cmocka_unit_test(test_sometimes_all_is_read_again),
        cmocka_unit_test(test_without_memory_all_is_read_again),
        cmocka_unit_test(test_only_what_differs_is_written),
        cmocka_unit_test(test_who_was_deactivated_is_not_written_about),
        cmocka_unit_test(test_who_has_vanished_is_made_again),
        cmocka_unit_test(test_a_room_that_was_purged_by_hand),
        cmocka_unit_test(test_a_room_in_which_nothing_happens),
        cmocka_unit_test(test_a_room_of_which_nothing_is_told),
        cmocka_unit_test(test_the_sync_user_is_put_out),
        cmocka_unit_test(test_the_position_comes_first),
        cmocka_unit_test(test_where_it_is_refused_all_works_without),
        cmocka_unit_test(test_a_mirror_that_was_lost),
        cmocka_unit_test(test_an_answer_that_is_lost),
        cmocka_unit_test(test_messages_leave_in_the_middle),
        cmocka_unit_test(test_messages_leave_for_good),
        cmocka_unit_test(test_the_engine_ends_in_the_middle),
    };

    log_configure(LOG_ERROR, LOG_LOGFMT);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
