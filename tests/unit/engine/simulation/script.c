#include "engine/simulation/script.h"

#include "base/memory.h"

#include <stdlib.h>
#include <string.h>

/* ---- worlds to begin with ---- */

static void people(struct world *world)
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
        user->puppet = !user->ours && chance_percent(20);
    }
    if (chance_percent(30))
        world->rules.protected_users = world->named;
}

static void furnish(struct world *world)
{
    for (size_t i = 0; i < WORLD_ALIASES; i++) {
        const char *alias = world->aliases[i].alias;

        if (chance_percent(30))
            others_decorate(world, world_make_room(world, alias, world->rules.sync_user, STAGE_ALL));
        else if (chance_percent(15))
            (void)world_make_room(world, alias, "@stranger:school", STAGE_ALL);
    }
}

struct world *script_world(uint64_t seed)
{
    struct world *world = NEW(struct world);

    clock_start(seed);
    world_init(world);
    world->rules.erase = chance_percent(50);
    world->rules.reactivate = chance_percent(30);
    people(world);
    furnish(world);
    return world;
}

void script_world_free(struct world *world)
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

void script_post(struct stage *stage)
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

/* ---- what becomes of it ---- */

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

void script_check(struct world *expected, struct stage *stage, size_t first)
{
    struct buffer difference;

    for (size_t i = first; i < stage->letter_count; i++)
        check_letter(expected, stage, &stage->letters[i]);
    buffer_init(&difference, 400);
    world_settle(stage->world);
    model_compare(expected, stage->world, &difference);
    if (difference.size > 0)
        world_accuse(stage->world, "not as one after the other: %s", buffer_text(&difference));
    buffer_deinit(&difference);
}
