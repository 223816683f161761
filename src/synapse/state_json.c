/*
 * The state of a room, from the events that are its current state.
 *
 * A state event is known by its type and state_key. All those read here have an empty state_key, except
 * m.room.member, whose state_key is the member; one with another state_key means nothing and is passed over.
 */
#include "synapse/state_json.h"

#include "base/memory.h"
#include "base/text.h"
#include "synapse/levels.h"
#include "synapse/members.h"
#include "synapse/parse.h"
#include "synapse/settings.h"
#include "synapse/sieve.h"

#include <stdlib.h>
#include <string.h>

/* ---- one event ---- */

/* No text that is wanted is as long. Of a longer one its beginning is kept, which is equal to none of
   those. */
enum { LONGEST_TEXT = 8 * 1024 /* bytes */ };

static void read_text(char **text, const json_t *content, const char *key)
{
    const char *whole = parse_text(content, key);

    free(*text);
    *text = whole ? text_copy_bytes(whole, text_cut(whole, LONGEST_TEXT)) : NULL;
}

static void read_additional_creators(struct room_state *state, const json_t *content)
{
    const json_t *list = json_object_get(content, "additional_creators");
    size_t count = json_array_size(list);

    if (state->additional_creators || count == 0)
        return;
    state->additional_creators = memory_new(count, sizeof(char *));
    for (size_t i = 0; i < count; i++)
        if (json_is_string(json_array_get(list, i)))
            state->additional_creators[state->additional_creator_count++] =
                text_copy(json_string_value(json_array_get(list, i)));
}

/* One of both: a room with two purposes would be wanted in two ways. */
static void read_purpose(struct room_state *state, const json_t *purpose)
{
    read_text(&state->made_for_alias, purpose, "alias");
    read_text(&state->made_to_welcome, state->made_for_alias ? NULL : purpose, "welcome");
}

static void read_create(struct room_state *state, const json_t *event)
{
    const json_t *content = json_object_get(event, "content");

    read_text(&state->creator, event, "sender");
    read_text(&state->version, content, "room_version");
    read_purpose(state, json_object_get(content, ROOM_PURPOSE));
    read_text(&state->mark, content, ROOM_ATTEMPT);
    read_text(&state->predecessor, json_object_get(content, "predecessor"), "room_id");
    state->creators_reign = room_version_creators_reign(state->version);
    read_additional_creators(state, content);
}

static bool same_create(const struct room_state *a, const struct room_state *b)
{
    if (!text_equal(a->creator, b->creator) || !text_equal(a->version, b->version) ||
        !text_equal(a->made_for_alias, b->made_for_alias) ||
        !text_equal(a->made_to_welcome, b->made_to_welcome) || !text_equal(a->mark, b->mark) ||
        !text_equal(a->predecessor, b->predecessor) ||
        a->additional_creator_count != b->additional_creator_count)
        return false;
    for (size_t i = 0; i < a->additional_creator_count; i++)
        if (strcmp(a->additional_creators[i], b->additional_creators[i]) != 0)
            return false;
    return true;
}

/* A copy, since levels are changed in place and the event may be read again. */
static void read_levels(struct room_state *state, const json_t *event)
{
    json_auto_t *content = json_deep_copy(json_object_get(event, "content"));

    levels_free(state->levels);
    state->levels = levels_from_json(content);
}

static bool same_levels(const struct room_state *a, const struct room_state *b)
{
    return levels_equal(a->levels, b->levels);
}

static void read_setting(struct room_state *state, enum room_setting setting, const json_t *event)
{
    const json_t *content = json_object_get(event, "content");
    const json_t *others = json_object_get(content, "alt_aliases");

    read_text(&state->settings[setting], content, setting_form(setting)->key);
    if (setting == ROOM_CANONICAL_ALIAS) {
        free(state->alt_aliases);
        state->alt_aliases = json_is_array(others) ? json_dumps(others, JSON_COMPACT) : NULL;
    }
}

static bool same_setting(const struct room_state *a, const struct room_state *b, enum room_setting setting)
{
    return text_equal(a->settings[setting], b->settings[setting]) &&
           (setting != ROOM_CANONICAL_ALIAS || text_equal(a->alt_aliases, b->alt_aliases));
}

/* Events whose state_key is empty and that are no settings: how they are read, and whether two states are the
   same in them. */
static const struct part {
    const char *type;
    void (*read)(struct room_state *state, const json_t *event);
    bool (*same)(const struct room_state *a, const struct room_state *b);
} parts[] = {
    {"m.room.create", read_create, same_create},
    {"m.room.power_levels", read_levels, same_levels},
};

/* NULL: it is none. */
static const struct part *find_part(const char *type)
{
    for (size_t i = 0; type && i < sizeof(parts) / sizeof(parts[0]); i++)
        if (strcmp(parts[i].type, type) == 0)
            return &parts[i];
    return NULL;
}

/* ROOM_SETTINGS: it is none. */
static int find_setting(const char *type)
{
    int setting = 0;

    while (setting < ROOM_SETTINGS && !text_equal(type, setting_form((enum room_setting)setting)->type))
        setting++;
    return setting;
}

static bool is_of_member(const char *type)
{
    return text_equal(type, "m.room.member");
}

bool room_state_reads(const char *type)
{
    return is_of_member(type) || find_part(type) || find_setting(type) < ROOM_SETTINGS;
}

enum membership room_state_membership_in(const json_t *event)
{
    static const struct {
        const char *name;
        enum membership membership;
    } names[] = {
        {"join", MEMBERSHIP_JOIN}, {"invite", MEMBERSHIP_INVITE}, {"leave", MEMBERSHIP_LEAVE},
        {"ban", MEMBERSHIP_BAN},   {"knock", MEMBERSHIP_KNOCK},
    };
    const char *name = parse_text(json_object_get(event, "content"), "membership");

    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
        if (text_equal(name, names[i].name))
            return names[i].membership;
    return MEMBERSHIP_NONE;
}

void room_state_read(struct room_state *state, const json_t *event)
{
    const char *type = parse_text(event, "type"), *key = parse_text(event, "state_key");
    const struct part *part = find_part(type);
    int setting = find_setting(type);
    int64_t sent_at = parse_number(event, "origin_server_ts", 0);

    if (!type || !key)
        return;
    if (sent_at > state->changed_at)
        state->changed_at = sent_at;
    if (is_of_member(type))
        room_state_set_membership(state, key, room_state_membership_in(event));
    else if (*key != '\0')
        return;
    else if (part)
        part->read(state, event);
    else if (setting < ROOM_SETTINGS)
        read_setting(state, (enum room_setting)setting, event);
}

bool room_state_has(const struct room_state *state, const json_t *event)
{
    const char *type = parse_text(event, "type"), *key = parse_text(event, "state_key");
    const struct part *part = find_part(type);
    int setting = find_setting(type);
    CLEANUP(room_state_freep) struct room_state *told = NULL;

    if (key && is_of_member(type))
        return room_state_membership(state, key) == room_state_membership_in(event);
    if (!key || *key != '\0' || !room_state_reads(type))
        return true;
    told = room_state_new();
    room_state_read(told, event);
    return part ? part->same(state, told) : same_setting(state, told, (enum room_setting)setting);
}

/* ---- all of them ---- */

struct room_state *room_state_from_json(const json_t *reply)
{
    const json_t *events = json_object_get(reply, "state");
    struct room_state *state;

    if (!json_is_array(events))
        return NULL;
    state = room_state_new();
    for (size_t i = 0; i < json_array_size(events); i++)
        room_state_read(state, json_array_get(events, i));
    return state;
}

bool room_state_take(struct room_state *state, const char *event, size_t size)
{
    enum { MOST = 8 * 1024 * 1024 /* bytes: 600,000 members and more */ };
    json_auto_t *parsed = parse_object(event, size);

    if (!parsed || members_weight(state->members) > MOST)
        return false;
    room_state_read(state, parsed);
    return true;
}

static bool take_event(void *state, const char *event, size_t size, struct buffer *rest)
{
    (void)rest;
    return room_state_take(state, event, size);
}

struct room_state *room_state_parse(const char *json, size_t size)
{
    CLEANUP(room_state_freep) struct room_state *state = room_state_new();
    CLEANUP(sieve_freep) struct sieve *sieve = sieve_new("state", size, take_event, state);
    json_auto_t *rest = NULL;

    if (!sieve_feed(sieve, json, size))
        return NULL;
    rest = parse_object(buffer_text(sieve_rest(sieve)), sieve_rest(sieve)->size);
    return json_is_array(json_object_get(rest, "state")) ? TAKE(state) : NULL;
}
