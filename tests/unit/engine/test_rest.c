/* Rests after writes, for messages that are not urgent. That none is cut short is watched by the stage, here
   as in test_engine.c. */

#include "engine/rest.h"

#include "engine/simulation/scene.h"
#include "support/test.h"

/* ---- the rest alone ---- */

static void test_as_long_as_the_write_took(void **state)
{
    (void)state;
    for (unsigned factor = 1; factor <= 10; factor++) {
        struct rest rest;

        rest_init(&rest);
        rest_set_factor(&rest, factor);
        assert_true(rest.until == INSTANT_PAST);
        assert_int_equal(rest_width(&rest, 16), 1);
        rest_written(&rest, 1000, 1070);
        assert_int_equal(rest.until, 1070 + 70 * factor);
    }
}

static void test_never_for_long(void **state)
{
    struct rest rest;

    (void)state;
    rest_init(&rest);
    rest_set_factor(&rest, 10);
    rest_written(&rest, 0, 10 * MINUTE);
    assert_int_equal(rest.until, 10 * MINUTE + LONGEST_REST);
}

static void test_no_rests(void **state)
{
    struct rest rest;

    (void)state;
    rest_init(&rest);
    rest_written(&rest, 0, 50);
    assert_true(rest.until == INSTANT_PAST);
    assert_int_equal(rest_width(&rest, 16), 16);
}

static void test_a_rest_ends_when_somebody_hurries(void **state)
{
    struct rest rest;

    (void)state;
    rest_init(&rest);
    rest_set_factor(&rest, 3);
    rest_written(&rest, 0, 50);
    rest_set_factor(&rest, 2); /* that alone is no hurry */
    assert_int_equal(rest.until, 200);
    rest_set_factor(&rest, 0);
    assert_true(rest.until == INSTANT_PAST);
}

/* ---- the engine ---- */

enum { COUNT = 30 };

static void post_some(struct scene *scene)
{
    world_add_crowd(&scene->world, COUNT);
    scene->stage.all_at_once = true;
    for (unsigned i = 0; i < COUNT; i++)
        stage_post(&scene->stage,
                   "{'method': 'addUser', 'user': {'id': '@pupil_%u:school', 'name': 'P'}, 'rooms': [{" MATHS
                   "}]}",
                   i);
}

/* How long it takes. */
static instant length_with(unsigned factor)
{
    struct scene *scene = scene_begin(8, false);
    instant begun = instant_now(), length;

    post_some(scene);
    stage_set_rest(&scene->stage, factor);
    assert_true(stage_run(&scene->stage, HOUR));
    length = instant_now() - begun;
    assert_int_equal(scene->stage.most_calls == 1, factor > 0);
    scene_end(scene);
    return length;
}

static void test_the_engine_rests(void **state)
{
    instant one = length_with(1), ten = length_with(10);

    (void)state;
    assert_true(one > length_with(0));
    assert_true(ten > 3 * one); /* so it is writes that it rests after, and not for ever */
}

static void test_it_makes_up_for_it_when_somebody_hurries(void **state)
{
    struct scene *scene = scene_begin(8, false);

    (void)state;
    post_some(scene);
    stage_set_rest(&scene->stage, 10);
    stage_run_for(&scene->stage, 2 * SECOND);
    assert_int_equal(scene->stage.most_calls, 1);
    assert_true(scene->stage.gone < COUNT);
    stage_set_rest(&scene->stage, 0);
    assert_true(stage_run(&scene->stage, HOUR));
    assert_int_equal(scene->stage.most_calls, 8);
    scene_end(scene);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_as_long_as_the_write_took),
        cmocka_unit_test(test_never_for_long),
        cmocka_unit_test(test_no_rests),
        cmocka_unit_test(test_a_rest_ends_when_somebody_hurries),
        cmocka_unit_test(test_the_engine_rests),
        cmocka_unit_test(test_it_makes_up_for_it_when_somebody_hurries),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
