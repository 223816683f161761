#include "engine/simulation/stream.h"

#include "base/memory.h"
#include "synapse/state_json.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { ANSWERS_LIVE = 2 * 60 * 1000 /* ms: SYNC_RESPONSE_CACHE_MS in Synapse's config/cache.py */ };

/* ---- the state events of a room ---- */

/* Those with an empty state_key: the type, the key of the text in the content. */
static const struct {
    const char *type, *key;
    enum room_setting setting;
} parts[WORLD_PARTS] = {
    {"m.room.create", NULL, 0},
    {"m.room.power_levels", NULL, 0},
    {"m.room.sync", "mode", ROOM_MARKER},
    {"m.room.name", "name", ROOM_NAME},
    {"m.room.topic", "topic", ROOM_TOPIC},
    {"m.room.join_rules", "join_rule", ROOM_JOIN_RULE},
    {"m.room.guest_access", "guest_access", ROOM_GUEST_ACCESS},
    {"m.room.canonical_alias", "alias", ROOM_CANONICAL_ALIAS},
};
enum { PART_CREATE, PART_LEVELS, FIRST_TEXT };

static char *text_of_creation(const struct room_state *state)
{
    json_auto_t *content =
        json_pack("{s:s*, s:{s:s*, s:s*}, s:s*}", "room_version", state->version, ROOM_PURPOSE, "alias",
                  state->made_for_alias, "welcome", state->made_to_welcome, ROOM_ATTEMPT, state->mark);

    return json_dumps(content, JSON_COMPACT);
}

static char *text_of(const char *key, const char *value)
{
    json_auto_t *content = value ? json_pack("{s:s}", key, value) : json_object();

    return json_dumps(content, JSON_COMPACT);
}

/* The event's content as JSON text; NULL: there is no such event. */
static char *content_of_part(const struct room_state *state, size_t part)
{
    switch (part) {
    case PART_CREATE:
        return state->creator ? text_of_creation(state) : NULL;
    case PART_LEVELS:
        return state->levels ? levels_print(state->levels) : NULL;
    default:
        return text_of(parts[part].key, state->settings[parts[part].setting]);
    }
}

static const char *name_of_membership(enum membership membership)
{
    static const char *const names[] = {NULL, "invite", "join", "leave", "ban", "knock"};

    return names[membership];
}

/* ---- looking at the rooms ---- */

static void look_at_part(struct world *world, struct world_room *room, size_t part)
{
    CLEANUP(freep) char *text = content_of_part(room->state, part);

    if (text_equal(text, room->told->parts[part].text))
        return;
    text_set(&room->told->parts[part].text, text);
    if (!room->redacts || part < FIRST_TEXT) /* else it is still the same event */
        room->told->parts[part].at = world->position;
}

static void look_at_member(struct world *world, struct world_room *room, size_t number)
{
    const struct world_user *user = &world->users[number];
    struct world_told_member *told = &room->told->members[number];
    enum membership membership = room_state_membership(room->state, user->id);
    bool comes = membership == MEMBERSHIP_JOIN && told->membership != MEMBERSHIP_JOIN;
    const char *name = comes ? user->name : told->name;

    if (membership == MEMBERSHIP_JOIN && !comes && !user->restates && user->shows_at <= instant_now())
        name = user->name;
    if (membership == told->membership && text_equal(name, told->name) &&
        !(membership == MEMBERSHIP_JOIN && user->restates))
        return;
    told->made_at = instant_now();
    told->membership = membership;
    text_set(&told->name, name);
    told->at = world->position;
}

static bool is_in(const struct world *world, const struct world_room *room)
{
    return room->exists && room_state_membership(room->state, world->rules.sync_user) == MEMBERSHIP_JOIN;
}

/* Of a purged room the homeserver has nothing left to tell, or has not got so far. */
static void look_at_room(struct world *world, struct world_room *room)
{
    bool in = is_in(world, room);

    if (!room->told)
        room->told = NEW(struct world_told);
    if (in != room->told->in)
        room->told->moved = room->exists || chance_percent(50) ? world->position : 0;
    room->told->in = in;
    if (!room->exists)
        return;
    if (room->redacts)
        room->told->redacted = world->position;
    if (room->marked)
        room->told->marked = world->position;
    room->marked = false;
    for (size_t i = 0; i < WORLD_PARTS; i++)
        look_at_part(world, room, i);
    room->redacts = false;
    for (size_t i = 0; i < world->user_count; i++)
        look_at_member(world, room, i);
}

/* Who has another name now shows it in the rooms a while later. */
static void look_at_user(const struct world *world, struct world_user *user)
{
    if (text_equal(user->name, user->shown_name))
        return;
    text_set(&user->shown_name, user->name);
    user->shows_at = instant_now() + (world->lag ? chance_below((unsigned)world->lag) : 0);
}

static void look(struct world *world)
{
    uint64_t before = world->position++;
    bool changed = false;

    world_tick(world);
    for (size_t i = 0; i < world->user_count; i++)
        look_at_user(world, &world->users[i]);
    for (size_t i = 0; i < world->room_count; i++) {
        struct world_told *told;

        look_at_room(world, &world->rooms[i]);
        told = world->rooms[i].told;
        changed = changed || told->moved > before || told->redacted > before || told->marked > before;
        for (size_t k = 0; k < WORLD_PARTS; k++)
            changed = changed || told->parts[k].at > before;
        for (size_t k = 0; k < world->user_count; k++)
            changed = changed || told->members[k].at > before;
    }
    for (size_t i = 0; i < world->user_count; i++)
        world->users[i].restates = false;
    if (!changed)
        world->position = before;
}

/* ---- telling ---- */

static void tell_event(json_t *state, json_t *timeline, const char *type, const char *key, const char *sender,
                       json_t *content, instant made_at)
{
    json_t *event = json_pack("{s:s, s:s, s:s, s:I, s:o, s:{s:I}}", "type", type, "state_key", key, "sender",
                              sender, "origin_server_ts", (json_int_t)(1700000000000 + made_at), "content",
                              content, "unsigned", "age", (json_int_t)(instant_now() - made_at));

    (void)json_array_append_new(chance_percent(70) ? state : timeline, event);
}

static void tell_member(json_t *state, json_t *timeline, const struct world_user *user,
                        const struct world_told_member *told)
{
    json_t *content = json_pack("{s:s, s:s*}", "membership", name_of_membership(told->membership),
                                "displayname", told->name);

    tell_event(state, timeline, "m.room.member", user->id, user->id, content, told->made_at);
}

static void tell_redaction(json_t *timeline)
{
    (void)json_array_append_new(
        timeline, json_pack("{s:s, s:{s:s}}", "type", "m.room.redaction", "content", "redacts", "$"));
}

/* What has changed since; all of it, where the sync user has come in since. NULL: nothing. */
static json_t *tell_room(const struct world *world, const struct world_room *room, uint64_t since)
{
    const struct world_told *told = room->told;
    json_t *state = json_array(), *timeline = json_array();
    uint64_t from = told->moved > since ? 0 : since;

    for (size_t i = 0; i < WORLD_PARTS; i++)
        if (told->parts[i].text && told->parts[i].at > from)
            tell_event(state, timeline, parts[i].type, "", room->creator,
                       json_loads(told->parts[i].text, 0, NULL), instant_now());
    for (size_t i = 0; i < world->user_count; i++)
        if (told->members[i].at > from && told->members[i].membership != MEMBERSHIP_NONE)
            tell_member(state, timeline, &world->users[i], &told->members[i]);
    if (told->redacted > from)
        tell_redaction(timeline);
    if (chance_percent(20))
        (void)json_array_append_new(timeline, json_pack("{s:s, s:{}}", "type", "m.room.message", "content"));
    if (json_array_size(state) + json_array_size(timeline) > 0 || told->marked > since)
        return json_pack("{s:{s:o}, s:{s:o}}", "state", "events", state, "timeline", "events", timeline);
    json_decref(state);
    json_decref(timeline);
    return NULL;
}

static json_t *tell_since(const struct world *world, uint64_t since)
{
    json_t *joined = json_object(), *left = json_object();
    char position[32];

    for (size_t i = 0; i < world->room_count; i++) {
        const struct world_room *room = &world->rooms[i];
        json_t *change = room->told->in && !room->silent ? tell_room(world, room, since) : NULL;

        if (change)
            (void)json_object_set_new(joined, room->id, change);
        else if (!room->told->in && !room->silent && room->told->moved > since)
            (void)json_object_set_new(left, room->id, json_object());
    }
    (void)snprintf(position, sizeof(position), "s%llu", (unsigned long long)world->position);
    return json_pack("{s:s, s:{s:o, s:o}}", "next_batch", position, "rooms", "join", joined, "leave", left);
}

void stream_note(struct world *world)
{
    if (world->asked)
        look(world);
}

void stream_mark(struct world *world, struct world_room *room)
{
    room->marked = true;
    stream_note(world);
}

json_t *stream_position(struct world *world)
{
    char position[32];

    world->asked = true;
    look(world);
    (void)snprintf(position, sizeof(position), "s%llu", (unsigned long long)world->position);
    return json_pack("{s:s}", "next_batch", position);
}

json_t *stream_changes(struct world *world, const char *position, unsigned attempt)
{
    uint64_t since = strtoull(position + 1, NULL, 10);
    struct world_answer *answer = &world->answer;

    if (answer->reply && answer->since == since && answer->attempt == attempt &&
        instant_now() < answer->at + ANSWERS_LIVE)
        return json_incref(answer->reply);
    look(world);
    json_decref(answer->reply);
    *answer = (struct world_answer){
        .reply = tell_since(world, since), .since = since, .attempt = attempt, .at = instant_now()};
    if (world->position > since)
        return json_incref(answer->reply);
    answer->at = INSTANT_PAST;
    return json_incref(answer->reply);
}

json_t *stream_joined_rooms(const struct world *world)
{
    json_t *list = json_array();

    for (size_t i = 0; i < world->room_count; i++)
        if (is_in(world, &world->rooms[i]))
            (void)json_array_append_new(list, json_string(world->rooms[i].id));
    return json_pack("{s:o}", "joined_rooms", list);
}
