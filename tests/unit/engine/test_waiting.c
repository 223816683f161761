#include "engine/simulation/scene.h"
#include "support/capture.h"
#include "support/test.h"

#include <string.h>

/* What waits, and for what, as it is said to who asks. */

/* What is said now; the caller frees it. */
static char *said(struct scene *scene, const char *trouble)
{
    struct capture capture;

    capture_begin(&capture);
    engine_say_waiting(scene->stage.engine, trouble);
    return capture_end(&capture);
}

static void assert_said(struct scene *scene, const char *trouble, const char *line)
{
    CLEANUP(freep) char *log = said(scene, trouble);

    if (!strstr(log, line))
        fail_msg("%s\n does not hold\n%s", log, line);
}

static void post_user(struct scene *scene)
{
    stage_post(&scene->stage, "{'method': 'addUser', 'user': {'id': '@anna:school', 'name': 'Anna'}}");
}

static void post_room(struct scene *scene)
{
    stage_post(&scene->stage,
               "{'method': 'addRoom', 'room': {" MATHS "}, 'members': [{'id': '@anna:school'}]}");
}

static void post_room_of_two(struct scene *scene)
{
    stage_post(&scene->stage, "{'method': 'addRoom', 'room': {" MATHS "}, 'members': ["
                              "{'id': '@anna:school'}, {'id': '@bert:school'}]}");
}

static unsigned count_of(const char *text, const char *what)
{
    unsigned count = 0;

    for (const char *found = strstr(text, what); found; found = strstr(found + 1, what))
        count++;
    return count;
}

/* One line for each that waits, and the sum. */
static void assert_lines(struct scene *scene, unsigned count, const char *sum)
{
    CLEANUP(freep) char *log = said(scene, NULL);

    assert_int_equal(count_of(log, "event=waiting "), count);
    if (!strstr(log, sum))
        fail_msg("%s\n does not hold\n%s", log, sum);
}

static void test_nobody_waits(void **state)
{
    struct scene *scene = scene_begin(1, false);

    (void)state;
    assert_lines(scene, 0, "event=waiting-in-all subjects=0 messages=0 calls=0");
    post_user(scene);
    assert_true(stage_run(&scene->stage, HOUR));
    assert_lines(scene, 0, "event=waiting-in-all subjects=0 messages=0 calls=0");
    scene_end(scene);
}

static void test_a_call_and_a_slot(void **state)
{
    struct scene *scene = scene_begin(1, false);

    (void)state;
    scene->stage.all_at_once = true;
    post_user(scene);
    post_user(scene);
    post_room(scene);
    stage_run_for(&scene->stage, 1);
    assert_said(scene, NULL, "subject=@anna:school for=call call=read-user since_ms=1 messages=3 behind=2\n");
    assert_said(scene, NULL, "subject=" MATHS_ALIAS " for=slot since_ms=1 messages=1 behind=0\n");
    assert_lines(scene, 2, "event=waiting-in-all subjects=2 messages=3 calls=1\n");
    assert_true(stage_run(&scene->stage, HOUR));
    scene_end(scene);
}

static void test_an_obstacle_and_who_waits_for_it(void **state)
{
    struct scene *scene = scene_begin(4, false);

    (void)state;
    scene_curse(scene, FATE_FAILED, NULL, SYNAPSE_CREATE_ROOM);
    post_room_of_two(scene);
    stage_run_for(&scene->stage, 20 * SECOND);
    assert_said(scene, NULL,
                "subject=@anna:school for=another other=" MATHS_ALIAS
                " since_ms=20000 messages=1 behind=0\n");
    assert_said(scene, NULL, "subject=@bert:school for=another other=" MATHS_ALIAS " since_ms=20000");
    assert_said(scene, NULL,
                "subject=" MATHS_ALIAS
                " for=obstacle call=create-room reason=\"simulated: M_UNKNOWN\" since_ms=19");
    scene_curse(scene, FATE_NORMAL, NULL, -1);
    assert_true(stage_run(&scene->stage, HOUR));
    scene_end(scene);
}

/* A room is made when its members are there; it is not what it waits for itself. */
static void test_a_room_that_waits_for_a_member(void **state)
{
    struct scene *scene = scene_begin(4, false);

    (void)state;
    scene_curse(scene, FATE_FAILED, "@bert:school", SYNAPSE_CREATE_USER);
    post_room_of_two(scene);
    stage_run_for(&scene->stage, 20 * SECOND);
    assert_said(scene, NULL, "subject=" MATHS_ALIAS " for=another other=@bert:school since_ms=20000");
    assert_said(scene, NULL, "subject=@bert:school for=obstacle call=create-user ");
    scene_curse(scene, FATE_NORMAL, NULL, -1);
    assert_true(stage_run(&scene->stage, HOUR));
    scene_end(scene);
}

/* Without a session nothing else matters, and its trouble is somebody else's to tell. */
static void test_the_session_and_then_the_lease(void **state)
{
    struct scene *scene = scene_begin(4, false);

    (void)state;
    scene->stage.out_of_touch = true;
    post_user(scene);
    stage_run_for(&scene->stage, 3 * SECOND);
    engine_set_ready(scene->stage.engine, false);
    assert_said(scene, "a secret handshake",
                "for=session reason=\"a secret handshake\" since_ms=3000 messages=1 behind=0\n");
    engine_set_ready(scene->stage.engine, true);
    assert_said(scene, NULL, "for=lease reason=\"out of touch\" since_ms=3000 messages=1 behind=0\n");
    scene->stage.out_of_touch = false;
    stage_lose_connection(&scene->stage); /* as it turns out; the message comes again */
    assert_true(stage_run(&scene->stage, HOUR));
    scene_end(scene);
}

static void test_the_gate(void **state)
{
    struct scene *scene = scene_begin(4, false);

    (void)state;
    scene_curse(scene, FATE_LOST, NULL, -1);
    post_user(scene);
    stage_run_for(&scene->stage, 20 * SECOND);
    assert_said(
        scene, NULL,
        "subject=@anna:school for=gate reason=\"\" since_ms=19"); /* the pulse's words are not simulated */
    scene_curse(scene, FATE_NORMAL, NULL, -1);
    assert_true(stage_run(&scene->stage, HOUR));
    scene_end(scene);
}

/* Whatever the message was about stays in line until the queue knows that it has ended. */
static void test_an_acknowledgement(void **state)
{
    struct scene *scene = scene_begin(4, false);
    const struct letter *letter = scene->stage.letters;

    (void)state;
    scene->stage.acks_at_once = false;
    for (unsigned i = 0; i < 20 && !(letter->ended && !letter->gone); i++) {
        letter = &scene->stage.letters[scene->stage.letter_count];
        post_user(scene);
        for (unsigned passed = 0; passed < 1000 && !letter->ended; passed++)
            stage_run_for(&scene->stage, 1);
    }
    assert_true(letter->ended && !letter->gone);
    assert_said(scene, NULL, "subject=@anna:school for=acknowledgement since_ms=");
    assert_true(stage_run(&scene->stage, HOUR));
    scene_end(scene);
}

/* Until that is said, a minute at most. */
static void await_said(struct scene *scene, const char *line)
{
    for (int64_t passed = 0; passed < MINUTE; passed++) {
        CLEANUP(freep) char *log = said(scene, NULL);

        if (strstr(log, line))
            return;
        stage_run_for(&scene->stage, 1);
    }
    fail_msg("%s is never said", line);
}

/* It has to know where the changes begin before anything is read; and later what has changed, lest she be
   read again. */
static void test_the_mirror(void **state)
{
    struct scene *scene = scene_begin(4, true);

    (void)state;
    post_room(scene);
    stage_run_for(&scene->stage, 1);
    assert_said(scene, NULL, "subject=@anna:school for=mirror since_ms=1 messages=1 behind=0\n");
    assert_true(stage_run(&scene->stage, HOUR));
    post_room(scene);
    await_said(scene, "subject=@anna:school for=mirror since_ms=");
    assert_true(stage_run(&scene->stage, HOUR));
    scene_end(scene);
}

/* So many fail that all the others have to wait. */
static void test_a_pause_after_failures(void **state)
{
    enum { COUNT = 60 };
    struct scene *scene = scene_begin(4, false);

    (void)state;
    world_add_crowd(&scene->world, COUNT);
    scene_curse(scene, FATE_REFUSED, NULL, SYNAPSE_READ_USER);
    for (size_t i = 0; i < COUNT; i++)
        stage_post(&scene->stage, "{'method': 'addUser', 'user': {'id': '%s'}}",
                   scene->world.users[WORLD_USUAL + i].id);
    scene->stage.all_at_once = true;
    await_said(scene, "for=pause-after-failures since_ms=");
    assert_true(stage_run(&scene->stage, HOUR));
    scene_end(scene);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_nobody_waits),
        cmocka_unit_test(test_a_call_and_a_slot),
        cmocka_unit_test(test_an_obstacle_and_who_waits_for_it),
        cmocka_unit_test(test_a_room_that_waits_for_a_member),
        cmocka_unit_test(test_the_session_and_then_the_lease),
        cmocka_unit_test(test_the_gate),
        cmocka_unit_test(test_an_acknowledgement),
        cmocka_unit_test(test_the_mirror),
        cmocka_unit_test(test_a_pause_after_failures),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
