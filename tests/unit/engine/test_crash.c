/*
 * The daemon is killed at every possible moment: at each call in turn, which was carried out, or was not, or
 * was in part. Then another one, which knows nothing, is given what was not acknowledged. In the end the
 * world is as if nothing had happened, and whoever is to be greeted has been greeted exactly once.
 */

#include "base/log.h"
#include "base/memory.h"
#include "engine/simulation/model.h"
#include "engine/simulation/stage.h"
#include "support/test.h"

#include <stdlib.h>

enum { LIMIT = 3600 * 1000 /* ms of a case */, MOST_CALLS = 60 };

#define ROOM "'id': '1', 'type': 'course', 'name': 'Maths', 'description': 'Numbers', 'bidirectional': true"

static const char *const one_user[] = {
    "{'method': 'addUser', 'user': {'id': '@anna:school', 'name': 'Anna', 'email': 'anna@school.example', "
    "'password': 'secret'}, 'welcome': {'text': 'Hello'}, 'rooms': [{" ROOM ", 'is_moderator': true}]}",
    NULL};

static const char *const members_first[] = {
    "{'method': 'addRoom', 'room': {" ROOM "}, 'members': [{'id': '@anna:school'}, {'id': '@bert:school', "
    "'is_moderator': true}]}",
    "{'method': 'addUser', 'user': {'id': '@anna:school', 'name': 'Anna'}, 'welcome': {'text': 'Hello'}}",
    "{'method': 'addUser', 'user': {'id': '@bert:school', 'name': 'Bert'}, 'welcome': {'text': 'Hello'}}",
    NULL};

static const char *const removals[] = {
    "{'method': 'addRoom', 'room': {" ROOM "}, 'members': [{'id': '@anna:school'}]}",
    "{'method': 'removeRoom', 'room': {'id': '1', 'type': 'course'}}",
    "{'method': 'addRoom', 'room': {" ROOM "}, 'members': [{'id': '@bert:school'}]}",
    "{'method': 'removeUser', 'user': {'id': '@bert:school'}}", NULL};

static struct world *make_world(uint64_t seed)
{
    struct world *world = NEW(struct world);

    clock_start(seed);
    world_init(world);
    return world;
}

static bool check(struct stage *stage, const char *const *texts)
{
    struct world *expected = make_world(1);
    struct buffer difference;

    for (size_t i = 0; texts[i]; i++) {
        struct request *request = stage_request(stage, &stage->letters[i]);

        if (!model_apply(expected, request) || stage->letters[i].rejected)
            world_accuse(stage->world, "message %zu is rejected: %s", i, stage->letters[i].detail);
        request_free(request);
    }
    buffer_init(&difference, 400);
    model_compare(expected, stage->world, &difference);
    if (difference.size > 0)
        world_accuse(stage->world, "not as if nothing had happened: %s", buffer_text(&difference));
    buffer_deinit(&difference);
    world_deinit(expected);
    free(expected);
    return !stage->world->crime[0];
}

/* Killed at call `first`, and again at call `second` after that (0: not). Returns whether it came to that. */
static bool kill_at(const char *const *texts, unsigned first, unsigned second, enum fate fate)
{
    uint64_t seed = 1000000 * (uint64_t)fate + UINT64_C(1000) * first + second;
    struct world *world = make_world(seed);
    struct stage *stage = NEW(struct stage);
    bool killed, good;

    stage_init(stage, world, 1);
    for (size_t i = 0; texts[i]; i++)
        stage_post(stage, "%s", texts[i]);
    killed = stage_run_and_crash(stage, first, fate);
    if (killed)
        stage_restart(stage);
    if (killed && second > 0) {
        killed = stage_run_and_crash(stage, second, fate);
        if (killed)
            stage_restart(stage);
    }
    good = stage_run(stage, LIMIT) && check(stage, texts);
    if (!good)
        print_error("killed at calls %u and %u\n", first, second);
    good = world_is_good(world, seed) && good;
    stage_deinit(stage);
    free(stage);
    world_deinit(world);
    free(world);
    assert_true(good);
    return killed;
}

static void kill_everywhere(const char *const *texts)
{
    static const enum fate ways[] = {FATE_LOST, FATE_UNANSWERED, FATE_CUT};
    unsigned cases = 0;

    for (size_t i = 0; i < sizeof(ways) / sizeof(ways[0]); i++)
        for (unsigned first = 1; first < MOST_CALLS && kill_at(texts, first, 0, ways[i]); first++)
            for (unsigned second = 1; second < MOST_CALLS && kill_at(texts, first, second, ways[i]); second++)
                cases++;
    print_message("killed twice in %u ways\n", cases);
    assert_true(cases > 100);
}

static void test_user(void **state)
{
    (void)state;
    kill_everywhere(one_user);
}

static void test_members_before_users(void **state)
{
    (void)state;
    kill_everywhere(members_first);
}

static void test_removals(void **state)
{
    (void)state;
    kill_everywhere(removals);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_user),
        cmocka_unit_test(test_members_before_users),
        cmocka_unit_test(test_removals),
    };

    log_configure(LOG_ERROR, LOG_LOGFMT);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
