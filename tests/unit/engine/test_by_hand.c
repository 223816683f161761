/*
 * What others change by hand, between the messages: the next message for it sets it right, as if the daemon
 * had just been started. And a message for which nothing is to be done costs nothing, where there is a
 * mirror.
 */

#include "base/log.h"
#include "base/memory.h"
#include "engine/simulation/script.h"
#include "support/test.h"

#include <stdlib.h>

enum {
    CASES = 400,
    FIRST_SEED = 20241201,
    LIMIT = 3600 * 1000,   /* ms of a part */
    LIST_LIFE = 1001,      /* ms: so old may the list of rooms be, which alone tells of one that was purged */
    MUCH_MEMORY = 1 << 20, /* bytes */
    MOST_CATCH_UPS = 2,    /* for one message, or several that come together */
    LONG_PAUSE = 12 * 60 * 1000,   /* ms: longer than an alias is trusted */
    LONGER_PAUSE = 61 * 60 * 1000, /* ms: longer than it is believed that a room is told of */
};

struct temper {
    bool mirrors, mute, forgets, troubles;
    bool silences; /* /sync does not tell of all rooms */
    bool lags;     /* names and departures of users come late; users are left alone then */
};

static bool play(struct stage *stage, struct world *expected, size_t first)
{
    if (stage_run(stage, LIMIT))
        script_check(expected, stage, first);
    return !stage->world->crime[0];
}

/* ---- for nothing ---- */

/* Whether all that the message asks for can be seen in rooms that the sync user is in. */
static bool can_be_free(const struct stage *stage, const struct letter *letter)
{
    struct request *request = stage_request(stage, letter);
    bool adds = request->method == REQUEST_ADD_USER || request->method == REQUEST_ADD_ROOM;
    bool free = adds && request->room_count > 0 && !letter->rejected && !letter->warnings[0];

    request_free(request);
    return free && !stage->world->rules.reactivate;
}

static bool post_again(struct stage *stage, struct world *expected, const char *text)
{
    size_t first = stage->letter_count;

    stage_post(stage, "%s", text);
    return play(stage, expected, first);
}

/* The third time at the latest: it may be long ago that something was read, and where our own echo comes
   while it is being read again, it is read once more. */
static bool check_it_is_free(struct stage *stage, struct world *expected)
{
    const char *text = stage->letters[stage->letter_count - 1].text;
    unsigned catch_ups;

    if (!can_be_free(stage, &stage->letters[stage->letter_count - 1]))
        return true;
    if (!post_again(stage, expected, text))
        return false;
    clock_pass(stage->world->lag);
    if (stage->world->lag > 0 && !post_again(stage, expected, text))
        return false; /* a name that we set shows late, and is looked into then */
    if (!post_again(stage, expected, text))
        return false;
    catch_ups = stage->world->made[SYNAPSE_READ_CHANGES];
    if (!post_again(stage, expected, text))
        return false;
    catch_ups = stage->world->made[SYNAPSE_READ_CHANGES] - catch_ups;
    if (stage->letters[stage->letter_count - 1].requests > 0 || catch_ups > MOST_CATCH_UPS)
        world_accuse(stage->world, "%u requests and %u catch-ups, where nothing is to be done",
                     stage->letters[stage->letter_count - 1].requests, catch_ups);
    return !stage->world->crime[0];
}

/* ---- cases ---- */

static void post_some(struct stage *stage)
{
    for (unsigned i = 1 + chance_below(4); i > 0; i--)
        if (stage->letter_count > 0 && chance_percent(40))
            stage_post(stage, "%s", stage->letters[chance_below((unsigned)stage->letter_count)].text);
        else
            script_post(stage);
}

/* The same in both worlds. */
static void meddle(struct world *expected, struct world *world, bool users)
{
    struct chance mark = chance_mark();

    others_meddle(expected, users);
    chance_return(mark);
    others_meddle(world, users);
}

/* It is seen when what is known is so old that it is looked up again: by the message for which nothing was to
   be done before. */
static bool meddle_unheard(struct stage *stage, struct world *expected)
{
    for (unsigned i = 1 + chance_below(3); i > 0; i--) {
        struct chance mark = chance_mark();

        others_meddle_unheard(expected);
        chance_return(mark);
        others_meddle_unheard(stage->world);
    }
    clock_pass(LONG_PAUSE);
    return post_again(stage, expected, stage->letters[stage->letter_count - 1].text);
}

static void silence(struct world *world)
{
    others_silence(world);
    clock_pass(LONGER_PAUSE);
}

static bool run_parts(struct stage *stage, struct world *expected, const struct temper *temper)
{
    for (unsigned more = 2 + chance_below(5); more > 0; more--) {
        size_t first = stage->letter_count;

        post_some(stage);
        if (!play(stage, expected, first))
            return false;
        if (temper->mirrors && !temper->mute && !temper->forgets && !temper->silences &&
            !check_it_is_free(stage, expected))
            return false;
        if (chance_percent(10))
            clock_pass(LONG_PAUSE);
        for (unsigned i = chance_below(4); i > 0; i--)
            meddle(expected, stage->world, !temper->lags);
        if (!temper->lags && chance_percent(30) && !meddle_unheard(stage, expected))
            return false;
        if (temper->silences && chance_percent(20))
            silence(stage->world);
        clock_pass(LIST_LIFE);
    }
    return true;
}

static bool run_case(uint64_t seed, const void *context)
{
    const struct temper *temper = context;
    struct world *expected = script_world(seed), *world = script_world(seed);
    struct stage *stage = NEW(struct stage);
    bool good;

    stage_init(stage, world, 1 + chance_below(8));
    world->mute = temper->mute;
    world->lag = temper->lags ? 1 + chance_below(3000) : 0;
    stage->all_at_once = chance_percent(50);
    if (temper->mirrors)
        stage_use_mirror(stage, temper->forgets ? chance_below(3000) : MUCH_MEMORY);
    if (temper->silences)
        others_silence(world);
    good = run_parts(stage, expected, temper) && world_is_good(world, seed);
    if (!good)
        (void)world_is_good(world, seed);
    stage_deinit(stage);
    free(stage);
    script_world_free(world);
    script_world_free(expected);
    return good;
}

/*
 * What others do while messages are worked on may come before or after; the judges cannot know. But there is
 * an end, and when all is quiet again, what is asked for twice is done the first time.
 */
static bool run_wild_case(uint64_t seed, const void *context)
{
    const struct temper *temper = context;
    struct world *world = script_world(seed);
    struct stage *stage = NEW(struct stage);
    unsigned writes = 0;
    bool good;

    stage_init(stage, world, 1 + chance_below(8));
    stage_use_mirror(stage, temper->forgets ? chance_below(3000) : MUCH_MEMORY);
    stage->homeserver.trouble = temper->troubles ? 10 : 0;
    stage->homeserver.patience = 60;
    stage->losses = 2;
    stage->deeds = 40;
    for (unsigned i = 2 + chance_below(25); i > 0; i--)
        script_post(stage);
    if (stage_run(stage, LIMIT))
        world->crime[0] = '\0';
    stage->deeds = stage->homeserver.patience = stage->losses = 0;
    for (unsigned i = 0; i < 2 && !stage->stuck; i++) {
        clock_pass(LIST_LIFE);
        writes = world->writes;
        stage_post(stage, "%s", stage->letters[stage->letter_count - 1].text);
        (void)stage_run(stage, LIMIT);
    }
    if (world->writes > writes)
        world_accuse(world, "something is written again");
    good = world_is_good(world, seed);
    stage_deinit(stage);
    free(stage);
    script_world_free(world);
    return good;
}

static void test_at_any_time(void **state)
{
    const struct temper temper = {.mirrors = true};

    (void)state;
    assert_true(world_try_cases(FIRST_SEED + 5 * CASES, CASES, run_wild_case, &temper));
}

static void test_at_any_time_with_trouble(void **state)
{
    const struct temper temper = {.mirrors = true, .forgets = true, .troubles = true};

    (void)state;
    assert_true(world_try_cases(FIRST_SEED + 6 * CASES, CASES, run_wild_case, &temper));
}

static void test_with_a_mirror(void **state)
{
    const struct temper temper = {.mirrors = true};

    (void)state;
    assert_true(world_try_cases(FIRST_SEED, CASES, run_case, &temper));
}

static void test_with_a_mirror_that_forgets(void **state)
{
    const struct temper temper = {.mirrors = true, .forgets = true};

    (void)state;
    assert_true(world_try_cases(FIRST_SEED + CASES, CASES, run_case, &temper));
}

static void test_with_a_mirror_and_a_slow_homeserver(void **state)
{
    const struct temper temper = {.mirrors = true, .lags = true};

    (void)state;
    assert_true(world_try_cases(FIRST_SEED + 2 * CASES, CASES, run_case, &temper));
}

static void test_with_a_mirror_where_not_all_is_told(void **state)
{
    const struct temper temper = {.mirrors = true, .silences = true};

    (void)state;
    assert_true(world_try_cases(FIRST_SEED + 7 * CASES, CASES, run_case, &temper));
}

static void test_where_there_can_be_no_mirror(void **state)
{
    const struct temper temper = {.mirrors = true, .mute = true};

    (void)state;
    assert_true(world_try_cases(FIRST_SEED + 3 * CASES, CASES, run_case, &temper));
}

static void test_without_a_mirror(void **state)
{
    const struct temper temper = {.mirrors = false};

    (void)state;
    assert_true(world_try_cases(FIRST_SEED + 4 * CASES, CASES, run_case, &temper));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_at_any_time),
        cmocka_unit_test(test_at_any_time_with_trouble),
        cmocka_unit_test(test_with_a_mirror),
        cmocka_unit_test(test_with_a_mirror_that_forgets),
        cmocka_unit_test(test_with_a_mirror_and_a_slow_homeserver),
        cmocka_unit_test(test_with_a_mirror_where_not_all_is_told),
        cmocka_unit_test(test_where_there_can_be_no_mirror),
        cmocka_unit_test(test_without_a_mirror),
    };

    log_configure(LOG_ERROR, LOG_LOGFMT);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
