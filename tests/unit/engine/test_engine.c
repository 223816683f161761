/*
 * The engine with random messages for a few users and rooms, in a world of its own (tests/unit/engine/
 * simulation). In whatever order the homeserver answers, whatever goes wrong, and however often the
 * connection to the queue is lost: all messages come to their end, and the world is then as if they had been
 * handled one after the other.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/log.h"
#include "engine/simulation/model.h"
#include "engine/simulation/stage.h"

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
};

/* ---- worlds to begin with ---- */

static void populate(struct world *world)
{
    text_set(&world->users[WORLD_STRANGER].email, others_emails[2]);
    for (size_t i = 0; i < WORLD_PUPILS; i++) {
        struct world_user *user = &world->users[i];

        if (chance_percent(50))
            continue;
        world_make_user(world, user, others_choose(30, others_names, 3), NULL);
        user->ours = chance_percent(50);
        user->has_record = user->record.open = user->ours && chance_percent(50);
        if (!user->ours && chance_percent(20))
            world_deactivate(world, user, true);
    }
}

static void build(struct world *world)
{
    for (size_t i = 0; i < WORLD_ALIASES; i++) {
        const char *alias = world->aliases[i].alias;

        if (chance_percent(30))
            decorate(world, world_make_room(world, alias, world->rules.sync_user, STAGE_ALL));
        else if (chance_percent(15))
            (void)world_make_room(world, alias, "@stranger:school", STAGE_ALL);
    }
}

/* The same seed makes the same world. */
static struct world *make_world(uint64_t seed)
{
    struct world *world = NEW(struct world);

    clock_start(seed);
    world_init(world);
    world->rules.erase = chance_percent(50);
    world->rules.reactivate = chance_percent(30);
    populate(world);
    build(world);
    return world;
}

static void free_world(struct world *world)
{
    world_deinit(world);
    free(world);
}

/* ---- messages ---- */

static const char *some_user(const struct world *world)
{
    return world->users[chance_below(chance_percent(90) ? WORLD_PUPILS : WORLD_SUBJECTS)].id;
}

/* `course_1` of `#course_1:school`: type and id are made of it */
static void append_room(struct buffer *text, const struct world *world)
{
    const char *alias = world->aliases[chance_below(WORLD_ALIASES)].alias;
    const char *name = others_choose(10, others_names, 2);

    (void)buffer_append_format(text, "{'type': '%.*s', 'id': '%c', 'description': '%s', 'bidirectional': %s",
                               (int)strcspn(alias + 1, "_"), alias + 1, alias[strcspn(alias, ":") - 1],
                               chance_percent(70) ? "" : "A topic", chance_percent(50) ? "true" : "false");
    if (name)
        (void)buffer_append_format(text, ", 'name': '%s'", name);
}

static void append_user(struct buffer *text, const struct world *world, unsigned named)
{
    const char *name = others_choose(100 - named, others_names, 3);

    (void)buffer_append_format(text, "{'id': '%s'", some_user(world));
    if (name)
        (void)buffer_append_format(text, ", 'name': '%s'", name);
}

static void append_flag(struct buffer *text)
{
    (void)buffer_append_format(text, ", 'is_moderator': %s}", chance_percent(30) ? "true" : "false");
}

static void append_add_user(struct buffer *text, const struct world *world)
{
    unsigned rooms = chance_below(4);

    (void)buffer_append_text(text, "{'method': 'addUser', 'user': ");
    append_user(text, world, 80);
    if (chance_percent(15))
        (void)buffer_append_format(text, ", 'password': 'secret'");
    if (chance_percent(10))
        (void)buffer_append_format(text, ", 'email': '%s'", others_emails[2]);
    (void)buffer_append_text(text, "}");
    if (chance_percent(70))
        (void)buffer_append_text(text, ", 'welcome': {'text': 'Hello <b>you</b>'}");
    (void)buffer_append_text(text, ", 'rooms': [");
    for (unsigned i = 0; i < rooms; i++) {
        (void)buffer_append_text(text, i > 0 ? ", " : "");
        append_room(text, world);
        append_flag(text);
    }
    (void)buffer_append_text(text, "]}");
}

static void append_add_room(struct buffer *text, const struct world *world)
{
    unsigned members = chance_below(5);

    (void)buffer_append_text(text, "{'method': 'addRoom', 'room': ");
    append_room(text, world);
    (void)buffer_append_text(text, "}, 'members': [");
    for (unsigned i = 0; i < members; i++) {
        (void)buffer_append_text(text, i > 0 ? ", " : "");
        append_user(text, world, 20);
        append_flag(text);
    }
    (void)buffer_append_text(text, "]}");
}

static void post(struct stage *stage)
{
    struct buffer text;
    unsigned which = chance_below(100);

    buffer_init(&text, 4000);
    if (which < 45) {
        append_add_user(&text, stage->world);
    } else if (which < 75) {
        append_add_room(&text, stage->world);
    } else if (which < 85) {
        (void)buffer_append_format(&text, "{'method': 'removeUser', 'user': {'id': '%s'}}",
                                   some_user(stage->world));
    } else {
        (void)buffer_append_text(&text, "{'method': 'removeRoom', 'room': ");
        append_room(&text, stage->world);
        (void)buffer_append_text(&text, "}}");
    }
    stage_post(stage, "%s", buffer_text(&text));
    buffer_deinit(&text);
}

/* ---- cases ---- */

static void check_letter(struct world *expected, struct stage *stage, const struct letter *letter)
{
    struct request *request = stage_request(stage, letter);
    bool done;

    if (!request)
        return;
    done = model_apply(expected, request);
    if (letter->rejected == done)
        world_accuse(stage->world, "message %zu should be %s", (size_t)(letter - stage->letters),
                     done ? "done" : "rejected");
    request_free(request);
}

static void check_world(struct world *expected, struct stage *stage)
{
    struct buffer difference;

    for (size_t i = 0; i < stage->letter_count; i++)
        check_letter(expected, stage, &stage->letters[i]);
    buffer_init(&difference, 400);
    model_compare(expected, stage->world, &difference);
    if (difference.size > 0)
        world_accuse(stage->world, "not as one after the other: %s", buffer_text(&difference));
    buffer_deinit(&difference);
}

static bool run_case(uint64_t seed, const void *context)
{
    const struct temper *temper = context;
    struct world *expected = make_world(seed), *world = make_world(seed);
    struct stage *stage = NEW(struct stage);
    bool good;

    stage_init(stage, world, 1 + chance_below(8));
    stage->homeserver = temper->homeserver;
    stage->homeserver.world = world;
    stage->losses = temper->losses;
    for (unsigned i = 2 + chance_below(25); i > 0; i--)
        post(stage);
    if (stage_run(stage, LIMIT))
        check_world(expected, stage);
    good = world_is_good(world, seed);
    stage_deinit(stage);
    free(stage);
    free_world(world);
    free_world(expected);
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

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_order),
        cmocka_unit_test(test_order_with_losses),
        cmocka_unit_test(test_order_with_trouble),
    };

    log_configure(LOG_ERROR, LOG_LOGFMT);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
