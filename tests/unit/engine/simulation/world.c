#include "engine/simulation/world.h"

#include "base/memory.h"

#include <jansson.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { LONGEST_TRACE = 1 << 20 };

struct world_user *world_new_user(struct world *world, char *id)
{
    size_t i = world->user_count++;

    world->users[i] = (struct world_user){.id = id, .leaves_at = INSTANT_NEVER, .asked_at = INSTANT_PAST};
    world->aliases[WORLD_ALIASES + i].alias = synapse_welcome_alias(id);
    return &world->users[i];
}

void world_add_crowd(struct world *world, size_t count)
{
    for (size_t i = 0; i < count; i++)
        (void)world_new_user(world, text_format("@pupil_%zu:school", i));
}

void world_init(struct world *world)
{
    static const char *const ids[WORLD_USUAL] = {
        "@anna:school", "@bert:school",     "@carl:school",   "@dora:school", "@emil:school",
        "@boss:school", "@stranger:school", "@former:school", "@sync:school",
    };
    static const char *const aliases[WORLD_ALIASES] = {"#course_1:school", "#course_2:school",
                                                       "#team_1:school", "#news_7:school"};

    *world = (struct world){.former = {ids[WORLD_FORMER]}, .named = {"@d*a:school"}};
    world->rules = (struct engine_rules){.server_name = "school",
                                         .sync_user = ids[WORLD_SYNC],
                                         .former_sync_users = world->former,
                                         .erase = true};
    buffer_init(&world->trace, LONGEST_TRACE);
    for (size_t i = 0; i < WORLD_ALIASES; i++)
        world->aliases[i].alias = text_copy(aliases[i]);
    for (size_t i = 0; i < WORLD_USUAL; i++) {
        struct world_user *user = world_new_user(world, text_copy(ids[i]));

        user->here = i >= WORLD_BOSS;
        user->admin = i == WORLD_BOSS || i == WORLD_SYNC;
    }
}

static void free_told(struct world_told *told)
{
    if (!told)
        return;
    for (size_t i = 0; i < WORLD_PARTS; i++)
        free(told->parts[i].text);
    for (size_t i = 0; i < WORLD_MOST_USERS; i++)
        free(told->members[i].name);
    free(told);
}

void world_deinit(struct world *world)
{
    for (size_t i = 0; i < world->user_count; i++) {
        free(world->users[i].id);
        free(world->users[i].name);
        free(world->users[i].email);
        free(world->users[i].password);
        free(world->users[i].shown_name);
    }
    for (size_t i = 0; i < WORLD_ALIASES + world->user_count; i++)
        free(world->aliases[i].alias);
    for (size_t i = 0; i < world->room_count; i++) {
        room_state_free(world->rooms[i].state);
        free_told(world->rooms[i].told);
    }
    json_decref(world->answer.reply);
    buffer_deinit(&world->trace);
}

struct world_user *world_user(struct world *world, const char *id)
{
    for (size_t i = 0; id && i < world->user_count; i++)
        if (strcmp(world->users[i].id, id) == 0)
            return &world->users[i];
    return NULL;
}

struct world_room *world_room(struct world *world, const char *id)
{
    for (size_t i = 0; id && i < world->room_count; i++)
        if (strcmp(world->rooms[i].id, id) == 0)
            return &world->rooms[i];
    return NULL;
}

struct world_alias *world_alias(struct world *world, const char *alias)
{
    size_t i = 0;

    while (strcmp(world->aliases[i].alias, alias) != 0)
        if (++i == WORLD_ALIASES + world->user_count)
            abort(); /* nobody may ask for it */
    return &world->aliases[i];
}

struct world_room *world_room_of(struct world *world, const char *alias)
{
    const struct world_alias *entry = world_alias(world, alias);

    return entry->room && entry->room->exists ? entry->room : NULL;
}

void world_note(struct world *world, const char *format, ...)
{
    char line[400];
    va_list arguments;

    va_start(arguments, format);
    (void)vsnprintf(line, sizeof(line), format, arguments);
    va_end(arguments);
    (void)buffer_append_format(&world->trace, "%10lld  %s\n", (long long)instant_now(), line);
}

void world_accuse(struct world *world, const char *format, ...)
{
    char text[sizeof(world->crime)];
    va_list arguments;

    va_start(arguments, format);
    (void)vsnprintf(text, sizeof(text), format, arguments);
    va_end(arguments);
    world_note(world, "CRIME: %s", text);
    if (!world->crime[0])
        memcpy(world->crime, text, sizeof(text));
}

static uint64_t number_from(const char *variable, uint64_t otherwise)
{
    const char *text = getenv(variable);

    return text ? strtoull(text, NULL, 10) : otherwise;
}

bool world_try_cases(uint64_t first, unsigned count, bool (*run)(uint64_t seed, const void *context),
                     const void *context)
{
    uint64_t seed = number_from("SEED", first), end = seed + number_from("CASES", count);

    (void)printf("seeds %llu to %llu\n", (unsigned long long)seed, (unsigned long long)end - 1);
    for (; seed < end; seed++)
        if (!run(seed, context))
            return false;
    return true;
}

bool world_is_good(const struct world *world, uint64_t seed)
{
    if (world->crime[0])
        (void)fprintf(stderr, "seed %llu: %s\n%s", (unsigned long long)seed, world->crime,
                      buffer_text(&world->trace));
    return !world->crime[0];
}

/* ---- users ---- */

bool world_protects(const struct world *world, const struct world_user *user)
{
    size_t number = (size_t)(user - world->users);
    bool admin = world->rules.mas ? user->account.here && user->account.admin : user->admin;

    return admin || user->puppet || number == WORLD_SYNC || number == WORLD_FORMER ||
           (world->rules.protected_users && strcmp(user->id, "@dora:school") == 0);
}

bool world_awaits_name(const struct world *world, const struct world_user *user)
{
    bool made_by_sync = user->ours || user->ambiguous;
    bool unnamed = world->rules.mas && !user->name; /* by an older MAS */

    return made_by_sync && (unnamed || (user->has_record && user->record.open)) && !user->admin &&
           !user->puppet && user - world->users < WORLD_PUPILS;
}

void world_make_user(struct world *world, struct world_user *user, const char *name, const char *email)
{
    user->here = true;
    user->found_absent = false;
    text_set(&user->name, name);
    for (size_t i = 0; email && i < world->user_count; i++)
        if (text_equal(world->users[i].email, email))
            text_set(&world->users[i].email, NULL);
    text_set(&user->email, email);
}

static void leave_rooms(struct world *world, struct world_user *user)
{
    user->leaves_at = INSTANT_NEVER;
    for (size_t i = 0; i < world->room_count; i++) {
        struct world_room *room = &world->rooms[i];

        if (!room->exists)
            continue;
        switch (room_state_membership(room->state, user->id)) {
        case MEMBERSHIP_JOIN:
        case MEMBERSHIP_INVITE:
        case MEMBERSHIP_KNOCK:
            world_move(world, room, user->id, MEMBERSHIP_LEAVE);
            break;
        case MEMBERSHIP_NONE:
        case MEMBERSHIP_LEAVE:
        case MEMBERSHIP_BAN:
            break;
        }
    }
}

void world_deactivate(struct world *world, struct world_user *user, bool erase)
{
    user->deactivated = true;
    user->erased = user->erased || erase;
    text_set(&user->email, NULL);
    text_set(&user->password, NULL);
    if (erase)
        text_set(&user->name, NULL);
    user->leaves_at = instant_now() + (world->lag ? chance_below((unsigned)world->lag) : 0);
    world_tick(world);
}

static void leave_until(struct world *world, instant limit)
{
    for (size_t i = 0; i < world->user_count; i++)
        if (world->users[i].leaves_at <= limit)
            leave_rooms(world, &world->users[i]);
}

void world_tick(struct world *world)
{
    leave_until(world, instant_now());
}

void world_settle(struct world *world)
{
    leave_until(world, INSTANT_NEVER - 1);
}

/* ---- rooms ---- */

void world_touch(struct world_room *room)
{
    room->changed = instant_now();
    room->was_used = true;
    room->state->changed_at = 1700000000000 + instant_now();
}

static struct world_room *new_room(struct world *world, const char *creator)
{
    struct world_room *room = &world->rooms[world->room_count];

    if (world->room_count == WORLD_ROOMS) {
        world_accuse(world, "rooms are made without end");
        world->room_count--; /* so be it */
        room--;
        room_state_free(room->state);
    }
    *room = (struct world_room){
        .exists = true, .creator = creator, .squatted_at = INSTANT_PAST, .looked_at = INSTANT_PAST};
    (void)snprintf(room->id, sizeof(room->id), "!%zu:school", world->room_count++);
    room->state = room_state_new();
    room->changed = instant_now();
    return room;
}

struct levels *world_levels_of_maker(const char *creator)
{
    CLEANUP(freep)
    char *text = text_format(
        "{\"invite\":70,\"kick\":70,\"ban\":70,\"events_default\":0,\"redact\":50,\"state_default\":50,"
        "\"events\":{\"m.room.power_levels\":100},\"notifications\":{\"room\":20},\"users\":{\"%s\":100}}",
        creator);

    return levels_parse(text, strlen(text));
}

struct world_room *world_make_room(struct world *world, const char *alias, const char *creator,
                                   enum world_stage stage)
{
    struct world_room *room = new_room(world, creator);
    struct room_state *state = room->state;

    if (alias)
        world_alias(world, alias)->room = room;
    if (stage >= STAGE_CREATED) {
        state->creator = text_copy(creator);
        state->version = text_copy("10");
        world_touch(room);
    }
    if (stage >= STAGE_JOINED)
        room_state_set_membership(state, creator, MEMBERSHIP_JOIN);
    if (stage >= STAGE_ALL) {
        state->levels = world_levels_of_maker(creator);
        state->settings[ROOM_JOIN_RULE] = text_copy("invite");
        state->settings[ROOM_GUEST_ACCESS] = text_copy("forbidden");
        state->settings[ROOM_CANONICAL_ALIAS] = text_copy(alias);
        text_set(&state->settings[ROOM_MARKER], "managed");
    }
    return room;
}

static void lose_state(struct world_room *room)
{
    room_state_free(room->state);
    room->state = room_state_new();
    room->state->changed_at = 0;
}

void world_move(struct world *world, struct world_room *room, const char *user, enum membership membership)
{
    (void)world;
    room_state_set_membership(room->state, user, membership);
    world_touch(room);
    if (room->state->joined == 0)
        lose_state(room);
}

void world_empty(struct world *world, struct world_room *room)
{
    for (size_t i = 0; i < world->user_count; i++)
        if (room_state_membership(room->state, world->users[i].id) == MEMBERSHIP_JOIN)
            world_move(world, room, world->users[i].id, MEMBERSHIP_LEAVE);
}

void world_purge(struct world *world, struct world_room *room)
{
    room->exists = false;
    lose_state(room);
    for (size_t i = 0; i < WORLD_ALIASES + world->user_count; i++)
        if (world->aliases[i].room == room)
            world->aliases[i].room = NULL;
}

/* ---- power ---- */

static json_t *content_of(const struct world_room *room)
{
    CLEANUP(freep) char *text = levels_print(room->state->levels);

    return json_loads(text, 0, NULL);
}

static void put_content(struct world_room *room, json_t *content)
{
    CLEANUP(freep) char *text = json_dumps(content, 0);

    json_decref(content);
    levels_free(room->state->levels);
    room->state->levels = levels_parse(text, strlen(text));
    world_touch(room);
}

int64_t world_level(const struct world_room *room, const char *key, int64_t otherwise)
{
    json_auto_t *content = room->state->levels ? content_of(room) : NULL;
    const json_t *level = json_object_get(content, key);

    return level ? json_integer_value(level) : otherwise;
}

void world_set_level(struct world_room *room, const char *key, int64_t level)
{
    json_t *content = content_of(room);

    (void)json_object_set_new(content, key, json_integer(level));
    put_content(room, content);
}

void world_set_user_level(struct world_room *room, const char *user, int64_t level)
{
    json_t *content = content_of(room);

    (void)json_object_set_new(json_object_get(content, "users"), user, json_integer(level));
    put_content(room, content);
}

bool world_may(const struct world_room *room, const char *user, int64_t level)
{
    const struct room_state *state = room->state;

    return room_state_membership(state, user) == MEMBERSHIP_JOIN && state->levels &&
           (room_state_reigns(state, user) || levels_of(state->levels, user) >= level);
}

struct world_room *world_upgrade(struct world *world, struct world_alias *alias, const char *creator)
{
    struct world_room *old = alias->room, *new;

    text_set(&old->state->settings[ROOM_CANONICAL_ALIAS], NULL);
    new = world_make_room(world, alias->alias, creator, STAGE_ALL);
    text_set(&new->state->predecessor, old->id);
    return new;
}

void world_dedicate(struct world_room *room, const char *alias)
{
    if (room->state->creator)
        text_set(&room->state->made_for_alias, alias);
}

bool world_is_ours(const struct world *world, const struct world_room *room, const char *alias)
{
    const struct room_state *state = room->state;

    if (!rules_is_ours(&world->rules, room->creator) || room->greets)
        return false;
    if (state->made_for_alias)
        return strcmp(state->made_for_alias, alias) == 0;
    if (!state->creator || text_equal(state->settings[ROOM_CANONICAL_ALIAS], alias))
        return true;
    for (size_t i = 0; i < WORLD_ALIASES + world->user_count; i++)
        if (world->aliases[i].room == room && strcmp(world->aliases[i].alias, alias) != 0)
            return false;
    return true;
}

bool world_may_greet(const struct world *world, const struct world_room *room, const struct world_user *user)
{
    const struct room_state *state = room->state;

    if (!rules_is_ours(&world->rules, room->creator))
        return false;
    if (!state->creator || text_equal(state->made_to_welcome, user->id))
        return true;
    return text_equal(room->greets, user->id) && state->levels &&
           !text_equal(state->settings[ROOM_MARKER], "managed") &&
           room_state_membership(state, user->id) != MEMBERSHIP_NONE;
}
