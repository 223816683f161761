/*
 * The engine with random messages for a few users and rooms, in a world of its own (tests/unit/engine/
 * simulation). In whatever order the homeserver answers, whatever goes wrong, and however often the
 * connection to the queue is lost: all messages come to their end, and the world is then as if they had been
 * handled one after the other.
 */

#include "base/log.h"
#include "base/memory.h"
#include "engine/simulation/model.h"
#include "engine/simulation/script.h"
#include "engine/simulation/stage.h"
#include "support/test.h"

#include <stdlib.h>
#include <string.h>

enum {
    CASES = 1500,
    FIRST_SEED = 20240801,
    LIMIT = 4 * 3600 * 1000, /* ms of a case */
};

struct temper {
    struct homeserver homeserver;
    unsigned losses;
    bool mirrors; /* keeps a mirror, */
    bool mute;    /* which the homeserver does not help with */
};

/* ---- cases ---- */

/* Some remember everything, some hardly anything. */
static void use_mirror(struct stage *stage, const struct temper *temper)
{
    stage->world->mute = temper->mute;
    if (!temper->mute && chance_percent(40))
        stage->world->lag = 1 + chance_below(3000);
    stage_use_mirror(stage, chance_percent(50) ? 1 << 20 : chance_below(3000));
}

static bool run_case(uint64_t seed, const void *context)
{
    const struct temper *temper = context;
    struct world *expected = script_world(seed), *world = script_world(seed);
    struct stage *stage = NEW(struct stage);
    bool good;

    stage_init(stage, world, 1 + chance_below(8));
    stage->homeserver = temper->homeserver;
    stage->homeserver.world = world;
    stage->losses = temper->losses;
    if (temper->mirrors)
        use_mirror(stage, temper);
    if (chance_percent(50))
        stage_use_pace(stage);
    stage->hurries = chance_percent(30);
    for (unsigned i = 2 + chance_below(25); i > 0; i--)
        script_post(stage);
    if (stage_run(stage, LIMIT))
        script_check(expected, stage, 0);
    good = world_is_good(world, seed);
    stage_deinit(stage);
    free(stage);
    script_world_free(world);
    script_world_free(expected);
    return good;
}

static void test_order(void **state)
{
    const struct temper temper = {.losses = 0};

    (void)state;
    assert_true(world_try_cases(FIRST_SEED, CASES, run_case, &temper));
}

static void test_order_with_losses(void **state)
{
    const struct temper temper = {.losses = 4};

    (void)state;
    assert_true(world_try_cases(FIRST_SEED + CASES, CASES, run_case, &temper));
}

static void test_order_with_trouble(void **state)
{
    const struct temper temper = {.losses = 3, .homeserver = {.trouble = 15, .patience = 60}};

    (void)state;
    assert_true(world_try_cases(FIRST_SEED + 2 * CASES, CASES, run_case, &temper));
}

static void test_order_with_a_mirror(void **state)
{
    const struct temper temper = {.mirrors = true};

    (void)state;
    assert_true(world_try_cases(FIRST_SEED + 3 * CASES, CASES, run_case, &temper));
}

static void test_order_with_a_mirror_and_losses(void **state)
{
    const struct temper temper = {.mirrors = true, .losses = 4};

    (void)state;
    assert_true(world_try_cases(FIRST_SEED + 4 * CASES, CASES, run_case, &temper));
}

static void test_order_with_a_mirror_and_trouble(void **state)
{
    const struct temper temper = {
        .mirrors = true, .losses = 3, .homeserver = {.trouble = 15, .patience = 60}};

    (void)state;
    assert_true(world_try_cases(FIRST_SEED + 5 * CASES, CASES, run_case, &temper));
}

static void test_order_where_there_can_be_no_mirror(void **state)
{
    const struct temper temper = {
        .mirrors = true, .mute = true, .losses = 3, .homeserver = {.trouble = 10, .patience = 60}};

    (void)state;
    assert_true(world_try_cases(FIRST_SEED + 6 * CASES, CASES, run_case, &temper));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_order),
        cmocka_unit_test(test_order_with_losses),
        cmocka_unit_test(test_order_with_trouble),
        cmocka_unit_test(test_order_with_a_mirror),
        cmocka_unit_test(test_order_with_a_mirror_and_losses),
        cmocka_unit_test(test_order_with_a_mirror_and_trouble),
        cmocka_unit_test(test_order_where_there_can_be_no_mirror),
    };

    log_configure(LOG_ERROR, LOG_LOGFMT);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
