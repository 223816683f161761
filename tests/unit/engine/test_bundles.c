/* What goes to the homeserver in one request is not judged as one: who is refused is refused alone. */

#include "base/memory.h"
#include "engine/simulation/scene.h"
#include "support/test.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { CROWD = 60, FEW = 10, MODERATOR = 50 };

/* ---- levels ---- */

static char *names[CROWD];

/* Puts an addRoom with so many moderators into the queue. */
static void post_moderators(struct scene *scene, size_t count)
{
    CLEANUP(buffer_deinit) struct buffer list;

    buffer_init(&list, 1 << 16);
    for (size_t i = 0; i < count; i++)
        (void)buffer_append_format(&list, "%s{'id': '@pupil_%zu:school', 'is_moderator': true}",
                                   i == 0 ? "" : ", ", i);
    stage_post(&scene->stage, "{'method': 'addRoom', 'room': {" MATHS "}, 'members': [%s]}",
               buffer_text(&list));
}

static size_t count_raised(struct scene *scene, size_t count)
{
    const struct world_room *room = world_room_of(&scene->world, MATHS_ALIAS);
    size_t raised = 0;

    assert_non_null(room);
    for (size_t i = 0; i < count; i++)
        raised += world_may(room, names[i], MODERATOR);
    return raised;
}

static size_t count_joined(struct scene *scene)
{
    const struct world_room *room = world_room_of(&scene->world, MATHS_ALIAS);

    return room ? room->state->joined : 0;
}

static unsigned count_greetings(const struct scene *scene, size_t which)
{
    return scene->world.users[WORLD_USUAL + which].greetings;
}

static struct scene *begin_with_crowd(void)
{
    struct scene *scene = scene_begin(8, true);

    world_add_crowd(&scene->world, CROWD);
    for (size_t i = 0; i < CROWD; i++)
        names[i] = scene->world.users[WORLD_USUAL + i].id;
    return scene;
}

/* The room is there, bare. */
static void make_room_first(struct scene *scene)
{
    stage_post(&scene->stage, "{'method': 'addRoom', 'room': {" MATHS "}, 'members': []}");
    assert_true(stage_run(&scene->stage, HOUR));
}

static size_t size_with(size_t count)
{
    struct levels_user users[CROWD];
    const struct levels_wanted wanted = {.invite = 70, .kick = 70, .ban = 70, .events_default = 50};
    CLEANUP(levels_freep) struct levels *levels = NULL;
    CLEANUP(freep) char *text = NULL;

    for (size_t i = 0; i < count; i++)
        users[i] = (struct levels_user){.user = names[i], .level = MODERATOR};
    levels = levels_new(&wanted, users, count);
    levels_raise(levels, &(struct levels_user){.user = "@sync:school", .level = 100});
    text = levels_print(levels);
    return strlen(text);
}

static const struct letter *last(const struct scene *scene)
{
    return &scene->stage.letters[scene->stage.letter_count - 1];
}

/* As many as fit are raised, whatever their number is; the others are told. Whoever comes later is told too,
   and it costs little. */
static void test_as_many_levels_as_fit(void **state)
{
    static const size_t fitting[] = {1, 2, 13, 32, 37, 59, 60};

    (void)state;
    for (size_t i = 0; i < sizeof(fitting) / sizeof(fitting[0]); i++)
        for (int is_new = 0; is_new < 2; is_new++) {
            struct scene *scene = begin_with_crowd();
            char said[64];
            unsigned calls;

            scene->world.largest_levels = size_with(fitting[i]);
            if (!is_new)
                make_room_first(scene);
            post_moderators(scene, CROWD);
            assert_true(stage_run(&scene->stage, HOUR));
            /* Those of one digit are a bit shorter, so that perhaps one more fits. */
            assert_in_range(count_raised(scene, CROWD), fitting[i], fitting[i] + 1);
            (void)snprintf(said, sizeof(said), "%zu of %d members", CROWD - count_raised(scene, CROWD),
                           CROWD);
            assert_int_equal(last(scene)->rejected, fitting[i] < CROWD);
            assert_int_equal(strstr(last(scene)->detail, said) != NULL, fitting[i] < CROWD);
            assert_int_equal(count_joined(scene), CROWD + 1);
            calls = scene->stage.calls;
            post_moderators(scene, CROWD);
            assert_true(stage_run(&scene->stage, HOUR));
            assert_true(scene->stage.calls - calls < CROWD + 20);
            assert_int_equal(last(scene)->rejected, fitting[i] < CROWD);
            stage_post(&scene->stage, "{'method': 'addUser', 'user': {'id': '@anna:school', 'name': 'Anna'}, "
                                      "'rooms': [{" MATHS "}]}");
            assert_true(stage_run(&scene->stage, HOUR));
            assert_false(last(scene)->rejected);
            scene_end(scene);
        }
}

/* Levels that did not fit do when there is room again. */
static void test_levels_that_fit_later(void **state)
{
    struct scene *scene = begin_with_crowd();

    (void)state;
    scene->world.largest_levels = size_with(FEW);
    post_moderators(scene, CROWD);
    assert_true(stage_run(&scene->stage, HOUR));
    assert_true(last(scene)->rejected);
    scene->world.largest_levels = 0;
    post_moderators(scene, CROWD);
    assert_true(stage_run(&scene->stage, HOUR));
    assert_false(last(scene)->rejected);
    assert_int_equal(count_raised(scene, CROWD), CROWD);
    scene_end(scene);
}

/* Whose level is refused is refused alone, wherever in the line, with and without the room's own levels. */
static void test_one_whose_level_is_refused(void **state)
{
    static const size_t which[] = {0, 1, 29, 30, 58, 59};

    (void)state;
    for (size_t i = 0; i < sizeof(which) / sizeof(which[0]); i++)
        for (int differs = 0; differs < 2; differs++) {
            struct scene *scene = begin_with_crowd();
            const char *unraised = names[which[i]];
            instant begun;

            make_room_first(scene);
            if (differs)
                world_set_level(world_room_of(&scene->world, MATHS_ALIAS), "invite", 0);
            clock_pass(HOUR); /* after which it is read again */
            scene->world.unraised = unraised;
            post_moderators(scene, CROWD);
            begun = instant_now();
            assert_true(stage_run(&scene->stage, HOUR));
            assert_int_equal(count_raised(scene, CROWD), CROWD - 1);
            assert_true(last(scene)->rejected);
            assert_non_null(strstr(last(scene)->detail, unraised));
            assert_null(strstr(last(scene)->detail, "; "));
            assert_true(instant_now() - begun < 10 * SECOND); /* no pause */
            assert_true(scene->world.made[SYNAPSE_WRITE_LEVELS] < FEW);
            scene_end(scene);
        }
}

/* Ten messages, of which one asks for what is refused. */
static void test_of_many_messages_one_fails(void **state)
{
    struct scene *scene = begin_with_crowd();

    (void)state;
    make_room_first(scene);
    scene->world.unraised = names[3];
    scene->stage.all_at_once = true;
    for (size_t i = 0; i < FEW; i++)
        stage_post(&scene->stage,
                   "{'method': 'addUser', 'user': {'id': '%s', 'name': 'Pupil'}, "
                   "'rooms': [{" MATHS ", 'is_moderator': true}]}",
                   names[i]);
    assert_true(stage_run(&scene->stage, HOUR));
    for (size_t i = 0; i < FEW; i++)
        assert_int_equal(scene->stage.letters[1 + i].rejected, i == 3);
    assert_int_equal(count_raised(scene, FEW), FEW - 1);
    scene_end(scene);
}

/* What the room itself needs and whom it has are two things. */
static void test_levels_that_are_no_users_keep_nobody_down(void **state)
{
    struct scene *scene = begin_with_crowd();

    (void)state;
    make_room_first(scene);
    world_set_level(world_room_of(&scene->world, MATHS_ALIAS), "invite", 0);
    clock_pass(HOUR);
    scene->world.keeps_levels = true;
    post_moderators(scene, FEW);
    assert_true(stage_run(&scene->stage, HOUR));
    assert_true(last(scene)->rejected);
    assert_non_null(strstr(last(scene)->detail, "levels: "));
    assert_int_equal(count_raised(scene, FEW), FEW);
    scene_end(scene);
}

/* ---- rooms ---- */

/* The simulation judges what is deleted: nothing that somebody may still be making. */
static struct scene *begin_strictly(void)
{
    struct scene *scene = begin_with_crowd();

    scene->world.lenient = false;
    return scene;
}

static size_t count_rooms(const struct scene *scene)
{
    size_t count = 0;

    for (size_t i = 0; i < scene->world.room_count; i++)
        count += scene->world.rooms[i].exists;
    return count;
}

static void post_pupils(struct scene *scene, const char *fields)
{
    scene->stage.all_at_once = true;
    for (size_t i = 0; i < FEW; i++)
        stage_post(&scene->stage,
                   "{'method': 'addUser', 'user': {'id': '%s', 'name': 'Pupil'}, 'rooms': [{" MATHS "}]%s}",
                   names[i], fields);
}

/* Ten wait for the same new room, and one of them is vetoed. What is left of the room that was refused goes
   at once, for nobody is making it any more. */
static void test_of_many_who_wait_for_a_room_one_is_vetoed(void **state)
{
    (void)state;
    for (size_t which = 0; which < FEW; which++) {
        struct scene *scene = begin_strictly();

        scene->world.vetoed = names[which];
        post_pupils(scene, "");
        assert_true(stage_run(&scene->stage, HOUR));
        for (size_t i = 0; i < FEW; i++) {
            assert_int_equal(scene->stage.letters[i].rejected, i == which);
            assert_true(scene->stage.letters[i].ended_at - scene->stage.letters[i].delivered_at <
                        15 * SECOND);
        }
        assert_non_null(strstr(scene->stage.letters[which].detail, names[which]));
        assert_int_equal(count_joined(scene), FEW); /* and the sync */
        assert_int_equal(count_rooms(scene), 1);
        scene_end(scene);
    }
}

/* A room that is refused however it is made: rejected soon, and nothing is left behind, however often. */
static void test_rooms_that_are_always_refused(void **state)
{
    struct scene *scene = begin_strictly();

    (void)state;
    scene->world.no_rooms = true;
    for (int i = 0; i < 3; i++) {
        post_pupils(scene, "");
        assert_true(stage_run(&scene->stage, HOUR));
        assert_true(last(scene)->rejected);
        assert_int_equal(last(scene)->code, REQUEST_HOMESERVER_REJECTED);
        assert_non_null(strstr(last(scene)->detail, MATHS_ALIAS ": simulated: M_FORBIDDEN"));
        assert_true(last(scene)->ended_at - last(scene)->delivered_at < 30 * SECOND);
        assert_null(world_alias(&scene->world, MATHS_ALIAS)->room);
        assert_int_equal(count_rooms(scene), 0);
        clock_pass(MINUTE);
    }
    scene->world.no_rooms = false;
    post_pupils(scene, "");
    assert_true(stage_run(&scene->stage, HOUR));
    assert_false(last(scene)->rejected);
    scene_end(scene);
}

/* While ours was refused, somebody else began to make the room: that one is theirs to finish. */
static void test_a_refused_room_is_not_taken_for_another(void **state)
{
    for (enum world_stage stage = STAGE_CREATED; stage < STAGE_ALL; stage++) {
        struct scene *scene = begin_strictly();

        (void)state;
        world_dedicate(world_make_room(&scene->world, MATHS_ALIAS, scene->world.rules.sync_user, stage),
                       MATHS_ALIAS);
        scene_curse(scene, FATE_REFUSED, MATHS_ALIAS, SYNAPSE_CREATE_ROOM);
        post_pupils(scene, "");
        stage_run_for(&scene->stage, 5 * SECOND);
        scene_curse(scene, FATE_NORMAL, NULL, -1);
        assert_non_null(world_room_of(&scene->world, MATHS_ALIAS));
        assert_true(stage_run(&scene->stage, HOUR));
        scene_end(scene); /* the simulation judges whether it was deleted too early */
    }
}

/* ---- welcome rooms ---- */

#define WELCOME ", 'welcome': {'text': 'Hello'}"

/* Whom nobody may invite is not greeted, and no room is left that was made for it. */
static void test_one_whom_nobody_may_invite(void **state)
{
    struct scene *scene = begin_with_crowd();

    (void)state;
    scene->world.uninvited = names[2];
    post_pupils(scene, WELCOME);
    assert_true(stage_run(&scene->stage, HOUR));
    for (size_t i = 0; i < FEW; i++) {
        assert_int_equal(scene->stage.letters[i].rejected, i == 2);
        assert_int_equal(count_greetings(scene, i), i != 2);
        assert_true(scene->stage.letters[i].ended_at - scene->stage.letters[i].delivered_at < 20 * SECOND);
    }
    assert_int_equal(count_joined(scene), FEW + 1);
    assert_int_equal(count_rooms(scene), FEW);
    scene->world.uninvited = NULL;
    post_pupils(scene, WELCOME);
    assert_true(stage_run(&scene->stage, HOUR));
    for (size_t i = 0; i < FEW; i++) {
        assert_false(scene->stage.letters[FEW + i].rejected);
        assert_int_equal(count_greetings(scene, i), 1);
    }
    scene_end(scene);
}

/* An invitation that does not go with the creation may well go by itself. */
static void test_invitations_that_go_by_themselves(void **state)
{
    struct scene *scene = begin_with_crowd();

    (void)state;
    scene->world.no_invitations = true;
    post_pupils(scene, WELCOME);
    assert_true(stage_run(&scene->stage, HOUR));
    for (size_t i = 0; i < FEW; i++) {
        assert_false(scene->stage.letters[i].rejected);
        assert_int_equal(count_greetings(scene, i), 1);
        assert_true(scene->stage.letters[i].ended_at - scene->stage.letters[i].delivered_at < 20 * SECOND);
    }
    assert_int_equal(count_rooms(scene), FEW + 1);
    scene_end(scene);
}

/* ---- records ---- */

static void test_one_whose_record_is_refused(void **state)
{
    struct scene *scene = begin_with_crowd();

    (void)state;
    scene->world.unrecorded = names[7];
    post_moderators(scene, CROWD);
    assert_true(stage_run(&scene->stage, HOUR));
    assert_true(last(scene)->rejected);
    assert_non_null(strstr(last(scene)->detail, names[7]));
    assert_null(strstr(last(scene)->detail, "; "));
    assert_int_equal(count_raised(scene, CROWD), CROWD - 1);
    assert_true(last(scene)->ended_at - last(scene)->delivered_at < 10 * SECOND);
    scene_end(scene);
}

/* Each that comes with a room takes Synapse longer than the one before it. */
static void test_so_many_come_with_a_room(void **state)
{
    enum { MOST = 100, MANY = MOST + 5 };
    CLEANUP(buffer_deinit) struct buffer list;
    struct scene *scene = scene_begin(8, false);

    (void)state;
    buffer_init(&list, 1 << 16);
    world_add_crowd(&scene->world, MANY);
    for (size_t i = 0; i < MANY; i++) {
        struct world_user *user = &scene->world.users[WORLD_USUAL + i];

        world_make_user(&scene->world, user, NULL, NULL);
        (void)buffer_append_format(&list, "%s{'id': '%s'}", i == 0 ? "" : ", ", user->id);
    }
    stage_post(&scene->stage, "{'method': 'addRoom', 'room': {" MATHS "}, 'members': [%s]}",
               buffer_text(&list));
    assert_true(stage_run(&scene->stage, HOUR));
    assert_int_equal(scene->world.invited, MOST);
    assert_int_equal(count_joined(scene), MANY + 1);
    scene_end(scene);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_as_many_levels_as_fit),
        cmocka_unit_test(test_levels_that_fit_later),
        cmocka_unit_test(test_one_whose_level_is_refused),
        cmocka_unit_test(test_of_many_messages_one_fails),
        cmocka_unit_test(test_levels_that_are_no_users_keep_nobody_down),
        cmocka_unit_test(test_of_many_who_wait_for_a_room_one_is_vetoed),
        cmocka_unit_test(test_rooms_that_are_always_refused),
        cmocka_unit_test(test_a_refused_room_is_not_taken_for_another),
        cmocka_unit_test(test_one_whom_nobody_may_invite),
        cmocka_unit_test(test_invitations_that_go_by_themselves),
        cmocka_unit_test(test_one_whose_record_is_refused),
        cmocka_unit_test(test_so_many_come_with_a_room),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
