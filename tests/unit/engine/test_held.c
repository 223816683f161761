#include "engine/simulation/scene.h"
#include "support/capture.h"
#include "support/test.h"

#include <string.h>

/* What is held: it is said, and it counts against a message only where it is the message's. */

/* There are so many in the simulated world. */
static void post_room(struct scene *scene, unsigned number)
{
    static const char *const rooms[WORLD_ALIASES] = {
        "'type': 'course', 'id': '1'", "'type': 'course', 'id': '2'", "'type': 'team', 'id': '1'",
        "'type': 'news', 'id': '7'"};

    stage_post(&scene->stage,
               "{'method': 'addRoom', 'room': {%s, 'name': 'A room'}, 'members': [{'id': '@anna:school'}]}",
               rooms[number]);
}

static void post_user(struct scene *scene, unsigned number)
{
    stage_post(&scene->stage, "{'method': 'addUser', 'user': {'id': '@pupil_%u:school'}}", number);
}

static const struct letter *letter_at(const struct scene *scene, size_t index)
{
    return &scene->stage.letters[index];
}

/* For half an hour users are created, which goes well. */
static void pass_half_an_hour(struct scene *scene)
{
    for (unsigned i = 0; i < 60; i++) {
        post_user(scene, i);
        stage_run_for(&scene->stage, 30 * SECOND);
    }
}

/* Alias rules, say, by which the sync user may make no room: first one message meets them, then several. */
static void test_what_is_denied_to_all_counts_against_none(void **state)
{
    for (unsigned rooms = 1; rooms <= 3; rooms++) {
        struct scene *scene = scene_begin(4, false);

        (void)state;
        scene->stage.all_at_once = true;
        world_add_crowd(&scene->world, 60);
        scene_curse(scene, FATE_DENIED, NULL, SYNAPSE_CREATE_ROOM);
        for (unsigned i = 0; i < rooms; i++)
            post_room(scene, i);
        pass_half_an_hour(scene);
        for (size_t i = 0; i < rooms; i++)
            assert_false(letter_at(scene, i)->ended);
        assert_true(letter_at(scene, rooms)->ended);
        scene_curse(scene, FATE_NORMAL, NULL, -1);
        assert_true(stage_run(&scene->stage, HOUR));
        for (size_t i = 0; i < rooms; i++)
            assert_false(letter_at(scene, i)->rejected);
        scene_end(scene);
    }
}

/* A module that breaks in each creation of a room. */
static void test_what_fails_for_several_and_succeeds_for_none(void **state)
{
    struct scene *scene = scene_begin(4, false);

    (void)state;
    scene->stage.all_at_once = true;
    world_add_crowd(&scene->world, 60);
    scene_curse(scene, FATE_FAILED, NULL, SYNAPSE_CREATE_ROOM);
    post_room(scene, 0);
    post_room(scene, 1);
    pass_half_an_hour(scene);
    assert_false(letter_at(scene, 0)->ended);
    assert_false(letter_at(scene, 1)->ended);
    scene_curse(scene, FATE_NORMAL, NULL, -1);
    assert_true(stage_run(&scene->stage, HOUR));
    assert_false(letter_at(scene, 0)->rejected);
    scene_end(scene);
}

/* Other rooms are made meanwhile, so it is this one's. */
static void test_what_is_denied_to_one(void **state)
{
    struct scene *scene = scene_begin(4, false);
    instant begun = instant_now();

    (void)state;
    scene->stage.all_at_once = true;
    scene_curse(scene, FATE_DENIED, "#course_1:school", SYNAPSE_CREATE_ROOM);
    post_room(scene, 0);
    for (unsigned i = 0; i < 30 && !letter_at(scene, 0)->ended; i++) {
        post_room(scene, 1);
        stage_post(&scene->stage, "{'method': 'removeRoom', 'room': {'type': 'course', 'id': '2'}}");
        stage_run_for(&scene->stage, 30 * SECOND);
    }
    assert_true(letter_at(scene, 0)->rejected);
    assert_int_equal(letter_at(scene, 0)->code, REQUEST_HOMESERVER_FAILING);
    assert_in_range(letter_at(scene, 0)->ended_at - begun, 10 * MINUTE, 13 * MINUTE);
    scene_end(scene);
}

/* ---- the log ---- */

static unsigned count_of(const char *text, const char *what)
{
    unsigned count = 0;

    for (const char *found = strstr(text, what); found; found = strstr(found + 1, what))
        count++;
    return count;
}

static void look_for(struct scene *scene, int64_t length, const char *trouble)
{
    for (int64_t passed = 0; passed < length; passed += SECOND) {
        const instant next = instant_now() + SECOND;

        stage_run_for(&scene->stage, SECOND);
        if (instant_now() < next) /* no message was left */
            clock_pass(next - instant_now());
        engine_look(scene->stage.engine, trouble, NULL);
    }
}

/* One line when it begins and one a minute, however many messages; one when it is over. */
static void test_what_is_said(void **state)
{
    enum { COUNT = WORLD_ALIASES };
    struct scene *scene = scene_begin(8, false);
    CLEANUP(freep) char *log = NULL;
    struct capture capture;

    (void)state;
    scene->stage.all_at_once = true;
    scene_curse(scene, FATE_DENIED, NULL, SYNAPSE_CREATE_ROOM);
    for (unsigned i = 0; i < COUNT; i++)
        post_room(scene, i);
    capture_begin(&capture);
    look_for(scene, 150 * SECOND, NULL);
    scene_curse(scene, FATE_NORMAL, NULL, -1);
    look_for(scene, 60 * SECOND, NULL);
    log = capture_end(&capture);
    assert_int_equal(count_of(log, "level=warning event=held messages=4 call=create-room reason="), 3);
    assert_int_equal(count_of(log, "level=info event=held-no-more call=create-room"), 1);
    assert_int_equal(count_of(log, "event=held"), 4);
    assert_true(stage_run(&scene->stage, HOUR));
    scene_end(scene);
}

/* What has passed within a second is not worth a line. */
static void test_what_passes_is_not_said(void **state)
{
    struct scene *scene = scene_begin(8, false);
    CLEANUP(freep) char *log = NULL;
    struct capture capture;

    (void)state;
    capture_begin(&capture);
    post_room(scene, 1);
    scene_curse(scene, FATE_DENIED, NULL, SYNAPSE_CREATE_ROOM);
    stage_run_for(&scene->stage, 900);
    engine_look(scene->stage.engine, NULL, NULL);
    scene_curse(scene, FATE_NORMAL, NULL, -1);
    look_for(scene, 10 * SECOND, NULL);
    log = capture_end(&capture);
    assert_int_equal(count_of(log, "event=held"), 0);
    scene_end(scene);
}

/* While there is no session, that is why, whatever failed before. And where nothing waits nothing is held. */
static void test_trouble_with_the_homeserver_as_a_whole(void **state)
{
    struct scene *scene = scene_begin(8, false);
    CLEANUP(freep) char *log = NULL;
    struct capture capture;

    (void)state;
    scene->stage.all_at_once = true;
    capture_begin(&capture);
    look_for(scene, 90 * SECOND, "it is suspended");
    log = capture_end(&capture);
    assert_int_equal(count_of(log, "event=held"), 0);
    free(TAKE(log));

    scene_curse(scene, FATE_DENIED, NULL, SYNAPSE_CREATE_ROOM);
    post_room(scene, 1);
    post_room(scene, 2);
    stage_run_for(&scene->stage, SECOND);
    capture_begin(&capture);
    look_for(scene, 90 * SECOND, "it is suspended");
    log = capture_end(&capture);
    assert_int_equal(count_of(log, "event=held messages=2 reason=\"it is suspended\""), 2);
    assert_int_equal(count_of(log, "event=held"), 2);
    scene_curse(scene, FATE_NORMAL, NULL, -1);
    assert_true(stage_run(&scene->stage, HOUR));
    scene_end(scene);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_what_is_denied_to_all_counts_against_none),
        cmocka_unit_test(test_what_fails_for_several_and_succeeds_for_none),
        cmocka_unit_test(test_what_is_denied_to_one),
        cmocka_unit_test(test_what_is_said),
        cmocka_unit_test(test_what_passes_is_not_said),
        cmocka_unit_test(test_trouble_with_the_homeserver_as_a_whole),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
