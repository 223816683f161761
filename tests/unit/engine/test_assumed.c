/*
 * The homeserver that is only read: for random messages in random worlds (tests/unit/engine/simulation), what
 * is foreseen is what then happens, and to foresee it changes nothing.
 */
#include "engine/assumed.h"

#include "base/log.h"
#include "base/memory.h"
#include "engine/assumed_world.h"
#include "engine/simulation/model.h"
#include "engine/simulation/script.h"
#include "engine/simulation/stage.h"
#include "support/test.h"

#include <stdlib.h>
#include <string.h>

enum {
    CASES = 700,
    FIRST_SEED = 20261129,
    LIMIT = 4 * 3600 * 1000, /* ms of a case */
};

/* All that was changed, in words, without regard to when and for which message. */
struct changes_made {
    char *list[2000];
    size_t count;
};
static struct changes_made foreseen_changes, real_changes, *noted;

static void note(void *context, struct engine_message *message, const struct engine_deed *deed)
{
    (void)context;
    (void)message;
    if (noted->count == sizeof(noted->list) / sizeof(noted->list[0]))
        abort();
    noted->list[noted->count++] =
        text_format("%s %s %s %s=%s %d", engine_change_name(deed->change), deed->user ? deed->user : "-",
                    deed->room ? deed->room : "-", deed->setting ? deed->setting : "",
                    deed->name ? deed->name : "-", (int)deed->level);
}

static int by_words(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

static void forget(struct changes_made *changes)
{
    for (size_t i = 0; i < changes->count; i++)
        free(changes->list[i]);
    changes->count = 0;
}

static void compare_changes(struct world *world)
{
    struct changes_made *a = &foreseen_changes, *b = &real_changes;
    size_t i = 0, k = 0;

    qsort(a->list, a->count, sizeof(char *), by_words);
    qsort(b->list, b->count, sizeof(char *), by_words);
    while (i < a->count || k < b->count) {
        int order = i == a->count ? 1 : k == b->count ? -1 : strcmp(a->list[i], b->list[k]);

        if (order != 0)
            world_accuse(world, order < 0 ? "only foreseen: %s" : "not foreseen: %s",
                         order < 0 ? a->list[i] : b->list[k]);
        i += order <= 0;
        k += order >= 0;
    }
}

/* A stage with the messages of the seed, played to the end. */
static struct stage *play(struct world *world, uint64_t seed, bool assumes)
{
    struct stage *stage = NEW(struct stage);

    stage_init(stage, world, 1 + chance_below(8));
    if (assumes)
        stage_only_assume(stage);
    stage->all_at_once = true;
    stage->changed = note;
    noted = assumes ? &foreseen_changes : &real_changes;
    forget(noted);
    clock_start(seed + 1);
    for (unsigned i = 2 + chance_below(25); i > 0; i--)
        script_post(stage);
    clock_start(chance_below(1000));
    (void)stage_run(stage, LIMIT);
    return stage;
}

static void end(struct stage *stage)
{
    stage_deinit(stage);
    free(stage);
}

static void compare_ends(const struct stage *foreseen, const struct stage *real)
{
    for (size_t i = 0; i < real->letter_count; i++) {
        const struct letter *one = &foreseen->letters[i], *other = &real->letters[i];

        if (one->rejected != other->rejected)
            world_accuse(real->world, "message %zu: foreseen %s%s, then %s%s", i,
                         one->rejected ? "rejected: " : "done", one->detail,
                         other->rejected ? "rejected: " : "done", other->detail);
    }
}

static bool run_case(uint64_t seed, const void *context)
{
    struct world *world = script_world(seed), *untouched = script_world(seed);
    struct stage *foreseen = play(world, seed, true), *real;
    struct buffer difference;
    bool good;

    (void)context;
    buffer_init(&difference, 400);
    model_compare(untouched, world, &difference);
    if (difference.size > 0 || world->writes > 0)
        world_accuse(world, "to foresee it changed something: %s", buffer_text(&difference));
    real = play(untouched, seed, false);
    compare_ends(foreseen, real);
    compare_changes(untouched);
    good = world_is_good(untouched, seed) && world_is_good(world, seed);
    end(foreseen);
    end(real);
    buffer_deinit(&difference);
    script_world_free(world);
    script_world_free(untouched);
    return good;
}

static void test_what_is_foreseen_happens(void **state)
{
    (void)state;
    assert_true(world_try_cases(FIRST_SEED, CASES, run_case, NULL));
}

/* A kind of call that changes something and is not known here would be carried out by nobody. */
static void test_all_writes_are_known(void **state)
{
    (void)state;
    for (int kind = 0; kind < SYNAPSE_KINDS; kind++)
        if (assumed_knows((enum synapse_kind)kind) != synapse_kind_writes((enum synapse_kind)kind))
            fail_msg("%s", synapse_kind_name((enum synapse_kind)kind));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_all_writes_are_known),
        cmocka_unit_test(test_what_is_foreseen_happens),
    };

    log_configure(LOG_ERROR, LOG_LOGFMT);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
