/* The brake, by property; and the engine with it. */

#include "base/log.h"
#include "engine/brake.h"
#include "engine/simulation/scene.h"
#include "support/test.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- the brake alone ---- */

enum { THINGS = 12, STEPS = 200, CASES = 2000, FIRST_SEED = 20261101 };

struct thing {
    char key[8];
    instant *heard_at; /* of its removal, which is one of struct trial; NULL: there is none */
    bool awaited;      /* an attempt is under way */
    bool gone;
};

struct trial {
    struct brake brake;
    size_t most;
    struct thing things[THINGS];
    instant heard_at[STEPS]; /* of each removal: the last time */
    size_t removals;
    instant gone_at[STEPS]; /* of each that came to pass, in order */
    size_t gone;
};

static void assert_within_bounds(const instant *times, size_t count, size_t most)
{
    for (size_t i = most; i < count; i++)
        assert_true(times[i] - times[i - most] >= HOUR);
}

static void perhaps_go(struct trial *trial, struct thing *thing)
{
    if (thing->gone || chance_percent(60))
        return;
    thing->gone = true;
    trial->gone_at[trial->gone++] = instant_now();
}

/* An attempt may come to pass at once, or just before its answer, or not. */
static void attempt(struct trial *trial, struct thing *thing)
{
    size_t heard_of = 0;

    for (size_t i = 0; i < trial->removals; i++)
        heard_of += trial->heard_at[i] > instant_now() - HOUR;
    if (brake_ask(&trial->brake, thing->key, instant_now()) != BRAKE_LETS_THROUGH) {
        assert_true(heard_of >= trial->most);                                     /* never without need */
        assert_false(thing->heard_at && *thing->heard_at > instant_now() - HOUR); /* it counts once */
        return;
    }
    if (!thing->heard_at || *thing->heard_at <= instant_now() - HOUR) {
        thing->heard_at = &trial->heard_at[trial->removals++];
        thing->gone = false;
    }
    *thing->heard_at = instant_now();
    thing->awaited = true;
    perhaps_go(trial, thing);
}

static void answer_attempt(struct trial *trial, struct thing *thing)
{
    perhaps_go(trial, thing);
    thing->awaited = false;
    *thing->heard_at = instant_now();
    brake_answered(&trial->brake, thing->key, instant_now());
    if (thing->gone || chance_percent(20)) {
        brake_over(&trial->brake, thing->key, instant_now());
        thing->heard_at = NULL;
    }
}

/* A call may take its time, but not for an hour. */
static void answer_some(struct trial *trial)
{
    for (size_t i = 0; i < THINGS; i++) {
        struct thing *thing = &trial->things[i];

        if (thing->awaited && (chance_percent(40) || instant_now() - *thing->heard_at > 20 * MINUTE))
            answer_attempt(trial, thing);
    }
}

static bool is_awaited(const struct trial *trial)
{
    for (size_t i = 0; i < THINGS; i++)
        if (trial->things[i].awaited)
            return true;
    return false;
}

static void attempt_some(struct trial *trial)
{
    for (unsigned i = chance_below(3); i > 0 && trial->removals < STEPS; i--) {
        struct thing *thing = &trial->things[chance_below(THINGS)];

        if (!thing->awaited)
            attempt(trial, thing);
    }
}

static bool try_brake(uint64_t seed, const void *context)
{
    struct trial *trial = NEW(struct trial);

    (void)context;
    clock_start(seed);
    trial->most = 1 + chance_below(8);
    brake_init(&trial->brake, trial->most);
    for (size_t i = 0; i < THINGS; i++)
        (void)snprintf(trial->things[i].key, sizeof(trial->things[i].key), "@%zu:s", i);
    for (unsigned i = 0; i < STEPS; i++) {
        clock_pass(chance_below(is_awaited(trial) || chance_percent(80) ? 5 * MINUTE : 2 * HOUR));
        answer_some(trial);
        attempt_some(trial);
    }
    assert_within_bounds(trial->gone_at, trial->gone, trial->most);
    brake_deinit(&trial->brake);
    free(trial);
    return true;
}

static void test_never_more_within_an_hour(void **state)
{
    (void)state;
    assert_true(world_try_cases(FIRST_SEED, CASES, try_brake, NULL));
}

static enum brake_answer remove_at_once(struct brake *brake, unsigned number)
{
    CLEANUP(freep) char *key = text_format("@%u:s", number);
    enum brake_answer brake_answer = brake_ask(brake, key, instant_now());

    brake_over(brake, key, instant_now());
    return brake_answer;
}

/* Not each time that a single removal finds a gap. */
static void test_it_calls_out_once_until_it_was_released(void **state)
{
    enum { MOST = 10 };
    struct brake brake;
    unsigned calls = 0, number = 0, held = 0;

    (void)state;
    clock_start(1);
    brake_init(&brake, MOST);
    for (; number < 5000; number++) { /* for days, and twice as fast as it may */
        enum brake_answer brake_answer = remove_at_once(&brake, number);

        calls += brake_answer == BRAKE_ENGAGES;
        held += brake_answer != BRAKE_LETS_THROUGH;
        clock_pass(HOUR / (2 * MOST));
    }
    assert_int_equal(calls, 1);
    assert_in_range(held, 2400, 2600);
    clock_pass(HOUR);
    for (unsigned i = 0; i < MOST; i++)
        assert_int_equal(remove_at_once(&brake, number++), BRAKE_LETS_THROUGH);
    assert_int_equal(remove_at_once(&brake, number++), BRAKE_ENGAGES);
    assert_int_equal(remove_at_once(&brake, number++), BRAKE_HOLDS);
    brake_deinit(&brake);
}

static void test_no_limit(void **state)
{
    struct brake brake;

    (void)state;
    clock_start(1);
    brake_init(&brake, 0);
    for (unsigned i = 0; i < 1000; i++)
        assert_int_equal(remove_at_once(&brake, i), BRAKE_LETS_THROUGH);
    brake_deinit(&brake);
}

/* What was removed before still counts, and nothing that is under way is lost on the way down or up. */
static void test_another_limit(void **state)
{
    struct brake brake;

    (void)state;
    clock_start(1);
    brake_init(&brake, 3);
    assert_int_equal(remove_at_once(&brake, 0), BRAKE_LETS_THROUGH);
    clock_pass(MINUTE);
    assert_int_equal(remove_at_once(&brake, 1), BRAKE_LETS_THROUGH);
    assert_int_equal(brake_ask(&brake, "@open:s", instant_now()), BRAKE_LETS_THROUGH);
    assert_int_equal(remove_at_once(&brake, 2), BRAKE_ENGAGES);
    brake_set_most(&brake, 5);
    assert_int_equal(remove_at_once(&brake, 3), BRAKE_LETS_THROUGH);
    assert_int_equal(remove_at_once(&brake, 4), BRAKE_LETS_THROUGH);
    assert_int_equal(remove_at_once(&brake, 5), BRAKE_ENGAGES);
    brake_set_most(&brake, 1);
    brake_over(&brake, "@open:s", instant_now());
    assert_int_equal(remove_at_once(&brake, 6), BRAKE_ENGAGES);
    brake_set_most(&brake, 0);
    assert_int_equal(remove_at_once(&brake, 7), BRAKE_LETS_THROUGH);
    brake_set_most(&brake, 6);
    assert_int_equal(remove_at_once(&brake, 8), BRAKE_LETS_THROUGH);
    assert_int_equal(remove_at_once(&brake, 9), BRAKE_ENGAGES);
    clock_pass(HOUR - MINUTE); /* the oldest is over */
    assert_int_equal(remove_at_once(&brake, 10), BRAKE_LETS_THROUGH);
    assert_int_equal(remove_at_once(&brake, 11), BRAKE_HOLDS);
    clock_pass(HOUR);
    for (unsigned i = 12; i < 18; i++)
        assert_int_equal(remove_at_once(&brake, i), BRAKE_LETS_THROUGH);
    brake_deinit(&brake);
}

static void test_from_no_limit_to_one(void **state)
{
    struct brake brake;

    (void)state;
    clock_start(1);
    brake_init(&brake, 0);
    assert_int_equal(remove_at_once(&brake, 0), BRAKE_LETS_THROUGH);
    brake_set_most(&brake, 1);
    assert_int_equal(remove_at_once(&brake, 1), BRAKE_LETS_THROUGH);
    assert_int_equal(remove_at_once(&brake, 2), BRAKE_ENGAGES);
    brake_deinit(&brake);
}

/* The times do not get out of order when there is to be room for more of them. */
static void test_a_higher_limit_later_on(void **state)
{
    struct brake brake;

    (void)state;
    clock_start(1);
    brake_init(&brake, 2);
    assert_int_equal(remove_at_once(&brake, 0), BRAKE_LETS_THROUGH);
    clock_pass(HOUR / 2);
    assert_int_equal(remove_at_once(&brake, 1), BRAKE_LETS_THROUGH);
    clock_pass(HOUR / 2); /* the first is over */
    assert_int_equal(remove_at_once(&brake, 2), BRAKE_LETS_THROUGH);
    brake_set_most(&brake, 3);
    clock_pass(HOUR / 2); /* the second is over, the third is not */
    assert_int_equal(remove_at_once(&brake, 3), BRAKE_LETS_THROUGH);
    assert_int_equal(remove_at_once(&brake, 4), BRAKE_LETS_THROUGH);
    assert_int_equal(remove_at_once(&brake, 5), BRAKE_ENGAGES);
    brake_deinit(&brake);
}

/* ---- the engine ---- */

static struct scene *braked_scene(unsigned most, unsigned concurrency)
{
    struct scene *scene = scene_begin(concurrency, false);

    stage_use_brake(&scene->stage, most);
    return scene;
}

static void make_crowd(struct scene *scene, size_t count)
{
    world_add_crowd(&scene->world, count);
    for (size_t i = 0; i < count; i++)
        world_make_user(&scene->world, &scene->world.users[WORLD_USUAL + i], NULL, NULL);
}

static void post_removal(struct scene *scene, unsigned pupil)
{
    stage_post(&scene->stage, "{'method': 'removeUser', 'user': {'id': '@pupil_%u:school'}}", pupil);
}

static size_t count_braked(const struct stage *stage)
{
    size_t count = 0;

    for (size_t i = 0; i < stage->letter_count; i++)
        count += stage->letters[i].rejected && stage->letters[i].code == REQUEST_REMOVAL_BRAKE;
    return count;
}

static size_t count_gone(const struct world *world)
{
    size_t count = 0;

    for (size_t i = 0; i < world->user_count; i++)
        count += world->users[i].deactivated;
    return count;
}

static void test_many_at_once_do_not_get_past_it(void **state)
{
    enum { COUNT = 40, MOST = 15 };
    struct scene *scene = braked_scene(MOST, 8);
    const struct letter *last = &scene->stage.letters[COUNT - 1];

    (void)state;
    make_crowd(scene, COUNT);
    scene->stage.all_at_once = true;
    for (unsigned i = 0; i < COUNT; i++)
        post_removal(scene, i);
    assert_true(stage_run(&scene->stage, HOUR));
    assert_int_equal(count_gone(&scene->world), MOST);
    assert_int_equal(scene->world.made[SYNAPSE_DEACTIVATE_USER], MOST);
    assert_int_equal(count_braked(&scene->stage), COUNT - MOST);
    assert_non_null(strstr(last->detail, "@pupil_39:school: "));
    assert_non_null(strstr(last->detail, "SYNC__REMOVALS_PER_HOUR"));
    scene_end(scene);
}

static void test_users_and_rooms_share_it(void **state)
{
    struct scene *scene = braked_scene(2, 4);

    (void)state;
    make_crowd(scene, 2);
    (void)world_make_room(&scene->world, MATHS_ALIAS, scene->world.rules.sync_user, STAGE_ALL);
    (void)world_make_room(&scene->world, "#team_1:school", scene->world.rules.sync_user, STAGE_ALL);
    post_removal(scene, 0);
    assert_true(stage_run(&scene->stage, HOUR));
    stage_post(&scene->stage, "{'method': 'removeRoom', 'room': {" MATHS "}}");
    assert_true(stage_run(&scene->stage, HOUR));
    stage_post(&scene->stage, "{'method': 'removeRoom', 'room': {'type': 'team', 'id': '1'}}");
    post_removal(scene, 1);
    assert_true(stage_run(&scene->stage, HOUR));
    assert_null(world_room_of(&scene->world, MATHS_ALIAS));
    assert_non_null(world_room_of(&scene->world, "#team_1:school"));
    assert_int_equal(count_gone(&scene->world), 1);
    assert_int_equal(count_braked(&scene->stage), 2);
    assert_non_null(strstr(scene->stage.letters[2].detail, "#team_1:school: "));
    scene_end(scene);
}

/* Who and what is gone, who is protected, and rooms of others. */
static void test_what_removes_nothing_does_not_count(void **state)
{
    struct scene *scene = braked_scene(1, 2);
    const struct world_user *gone;

    (void)state;
    make_crowd(scene, 3);
    world_deactivate(&scene->world, world_user(&scene->world, "@pupil_0:school"), true);
    (void)world_make_room(&scene->world, MATHS_ALIAS, "@stranger:school", STAGE_ALL);
    for (unsigned i = 0; i < 5; i++) {
        post_removal(scene, 0);
        stage_post(&scene->stage, "{'method': 'removeUser', 'user': {'id': '@anna:school'}}");
        stage_post(&scene->stage, "{'method': 'removeUser', 'user': {'id': '@boss:school'}}");
        stage_post(&scene->stage, "{'method': 'removeRoom', 'room': {'type': 'team', 'id': '1'}}");
        stage_post(&scene->stage, "{'method': 'removeRoom', 'room': {" MATHS "}}");
    }
    post_removal(scene, 1);
    assert_true(stage_run(&scene->stage, HOUR));
    assert_int_equal(count_braked(&scene->stage), 0);
    gone = world_user(&scene->world, "@pupil_1:school");
    assert_non_null(gone);
    assert_true(gone && gone->deactivated);
    post_removal(scene, 0); /* neither does it when nothing more is let through */
    post_removal(scene, 2);
    assert_true(stage_run(&scene->stage, HOUR));
    assert_int_equal(count_braked(&scene->stage), 1);
    scene_end(scene);
}

static void test_a_room_that_is_made_anew_does_not_count(void **state)
{
    struct scene *scene = braked_scene(1, 2);

    (void)state;
    make_crowd(scene, 1);
    (void)world_make_room(&scene->world, MATHS_ALIAS, scene->world.rules.sync_user, STAGE_CREATED);
    post_removal(scene, 0);
    assert_true(stage_run(&scene->stage, HOUR));
    stage_post(&scene->stage, "{'method': 'addRoom', 'room': {" MATHS "}, 'members': []}");
    assert_true(stage_run(&scene->stage, HOUR));
    assert_int_equal(count_braked(&scene->stage), 0);
    assert_int_equal(scene->world.made[SYNAPSE_DELETE_ROOM], 1);
    assert_int_equal(scene->world.made[SYNAPSE_CREATE_ROOM], 1);
    scene_end(scene);
}

static void test_what_is_tried_again_counts_once(void **state)
{
    struct scene *scene = braked_scene(3, 2);

    (void)state;
    make_crowd(scene, 3);
    scene_curse(scene, FATE_FAILED, NULL, SYNAPSE_DEACTIVATE_USER);
    post_removal(scene, 0);
    post_removal(scene, 1);
    stage_run_for(&scene->stage, MINUTE);
    stage_lose_connection(&scene->stage);
    stage_run_for(&scene->stage, MINUTE);
    scene_curse(scene, FATE_NORMAL, NULL, -1);
    post_removal(scene, 2);
    assert_true(stage_run(&scene->stage, HOUR));
    assert_int_equal(count_braked(&scene->stage), 0);
    assert_int_equal(count_gone(&scene->world), 3);
    assert_int_equal(scene->stage.letters[0].deliveries, 2);
    scene_end(scene);
}

/* The deletion itself fails now and then, and is begun again. */
static void test_a_room_that_is_deleted_again_counts_once(void **state)
{
    struct scene *scene = braked_scene(1, 2);
    struct world_room *room =
        world_make_room(&scene->world, MATHS_ALIAS, scene->world.rules.sync_user, STAGE_ALL);

    (void)state;
    stage_post(&scene->stage, "{'method': 'removeRoom', 'room': {" MATHS "}}");
    while (room->deletion != BEING_DELETED)
        stage_run_for(&scene->stage, 1);
    room->deletion = DELETION_BROKEN;
    assert_true(stage_run(&scene->stage, HOUR));
    assert_false(scene->stage.letters[0].rejected);
    assert_int_equal(scene->world.made[SYNAPSE_DELETE_ROOM], 2);
    scene_end(scene);
}

/* A removal comes to pass while it is under way, nobody answers, and the homeserver is away for most of an
 * hour. */
static bool try_outage(uint64_t seed, const void *context)
{
    struct scene *scene = braked_scene(1, 2);
    struct stage *stage = &scene->stage;

    (void)context;
    clock_start(seed);
    make_crowd(scene, 2);
    scene_curse(scene, FATE_UNANSWERED, NULL, SYNAPSE_DEACTIVATE_USER);
    post_removal(scene, 0);
    while (stage->transit_count == 0 || stage->transits[0].call.kind != SYNAPSE_DEACTIVATE_USER)
        stage_run_for(stage, 1);
    clock_pass(2 * MINUTE);
    while (stage->transit_count > 0 && stage->transits[0].call.kind == SYNAPSE_DEACTIVATE_USER)
        stage_run_for(stage, 1);
    scene_curse(scene, FATE_LOST, NULL, -1);
    post_removal(scene, 1);
    stage_run_for(stage, HOUR - MINUTE);
    scene_curse(scene, FATE_FAILED, "@pupil_0:school", SYNAPSE_READ_USER); /* so that it comes last */
    stage_run_for(stage, MINUTE / 2);
    scene_curse(scene, FATE_NORMAL, NULL, -1);
    (void)stage_run(stage, HOUR);
    assert_within_bounds(scene->world.removed_at, scene->world.removed, 1);
    scene_end(scene);
    return true;
}

static void test_it_counts_from_the_answer_on(void **state)
{
    (void)state;
    assert_true(world_try_cases(FIRST_SEED, 100, try_outage, NULL));
}

static void test_after_an_hour_they_are_done(void **state)
{
    struct scene *scene = braked_scene(2, 2);

    (void)state;
    make_crowd(scene, 3);
    for (unsigned i = 0; i < 3; i++)
        post_removal(scene, i);
    assert_true(stage_run(&scene->stage, HOUR));
    assert_int_equal(count_braked(&scene->stage), 1);
    clock_pass(HOUR);
    for (unsigned i = 0; i < 3; i++)
        post_removal(scene, i);
    assert_true(stage_run(&scene->stage, HOUR));
    assert_int_equal(count_braked(&scene->stage), 1);
    assert_int_equal(count_gone(&scene->world), 3);
    scene_end(scene);
}

/* ---- the engine in trouble ---- */

enum { CROWD = 40, MOST_RUNS = 3, ENGINE_CASES = 300 };

static void post_some(struct scene *scene)
{
    static const char *const aliases[] = {"course", "team"};

    for (unsigned i = 5 + chance_below(25); i > 0; i--) {
        if (chance_percent(70))
            post_removal(scene, chance_below(CROWD));
        else if (chance_percent(50))
            stage_post(&scene->stage, "{'method': 'removeRoom', 'room': {'type': '%s', 'id': '1'}}",
                       aliases[chance_below(2)]);
        else
            stage_post(
                &scene->stage,
                "{'method': 'addRoom', 'room': {'type': '%s', 'id': '1', 'name': 'Name'}, 'members': []}",
                aliases[chance_below(2)]);
    }
}

static bool try_engine(uint64_t seed, const void *context)
{
    unsigned most = 1 + (unsigned)(seed % 12);
    struct scene *scene = braked_scene(most, 1 + (unsigned)(seed % 8));
    bool good = true;

    (void)context;
    clock_start(seed);
    scene->stage.homeserver.trouble = chance_below(30);
    scene->stage.homeserver.patience = 40;
    scene->stage.losses = chance_below(4);
    scene->stage.all_at_once = chance_percent(50);
    scene->stage.acks_at_once = chance_percent(50);
    make_crowd(scene, CROWD);
    for (unsigned i = 1 + chance_below(MOST_RUNS); i > 0; i--) {
        post_some(scene);
        good = stage_run(&scene->stage, 4 * HOUR);
        clock_pass(chance_below(HOUR));
    }
    assert_within_bounds(scene->world.removed_at, scene->world.removed, most);
    good = good && world_is_good(&scene->world, seed);
    scene_end(scene);
    return good;
}

static void test_whatever_goes_wrong(void **state)
{
    (void)state;
    assert_true(world_try_cases(FIRST_SEED, ENGINE_CASES, try_engine, NULL));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_never_more_within_an_hour),
        cmocka_unit_test(test_it_calls_out_once_until_it_was_released),
        cmocka_unit_test(test_no_limit),
        cmocka_unit_test(test_another_limit),
        cmocka_unit_test(test_from_no_limit_to_one),
        cmocka_unit_test(test_a_higher_limit_later_on),
        cmocka_unit_test(test_many_at_once_do_not_get_past_it),
        cmocka_unit_test(test_users_and_rooms_share_it),
        cmocka_unit_test(test_what_removes_nothing_does_not_count),
        cmocka_unit_test(test_a_room_that_is_made_anew_does_not_count),
        cmocka_unit_test(test_what_is_tried_again_counts_once),
        cmocka_unit_test(test_a_room_that_is_deleted_again_counts_once),
        cmocka_unit_test(test_it_counts_from_the_answer_on),
        cmocka_unit_test(test_after_an_hour_they_are_done),
        cmocka_unit_test(test_whatever_goes_wrong),
    };

    log_configure(LOG_ERROR, LOG_LOGFMT);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
