/*
 * The state of a room, from the events that are its current state.
 *
 * A state event is known by its type and state_key. All those read here have an empty state_key, except
 * m.room.member, whose state_key is the member; one with another state_key means nothing and is passed over.
 */
#include "base/hash.h"
#include "base/memory.h"
#include "synapse/levels.h"
#include "synapse/parse.h"
#include "synapse/room_state.h"

#include <stdlib.h>
#include <string.h>

struct members {
    UT_hash_handle hh;
    enum membership membership;
    char user[];
};

/* ---- members ---- */

static struct members *find_member(const struct room_state *state, const char *user)
{
    struct members *member = NULL;

    HASH_FIND_STR(state->members, user, member);
    return member;
}

enum membership room_state_membership(const struct room_state *state, const char *user)
{
    const struct members *member = find_member(state, user);

    return member ? member->membership : MEMBERSHIP_NONE;
}

static struct members *add_member(struct room_state *state, const char *user)
{
    size_t length = strlen(user);
    struct members *member = memory_new(1, sizeof(*member) + length + 1);

    memcpy(member->user, user, length);
    HASH_ADD_KEYPTR(hh, state->members, member->user, length, member);
    return member;
}

void room_state_set_membership(struct room_state *state, const char *user, enum membership membership)
{
    struct members *member = find_member(state, user);

    if (!member)
        member = add_member(state, user);
    if (member->membership == MEMBERSHIP_JOIN)
        state->joined--;
    if (membership == MEMBERSHIP_JOIN)
        state->joined++;
    member->membership = membership;
}

static void free_members(struct members *members)
{
    struct members *member = members, *next;

    HASH_CLEAR(hh, members); /* the table; the members stay linked to each other */
    for (; member; member = next) {
        next = member->hh.next;
        free(member);
    }
}

/* ---- reading events ---- */

static void read_text(char **text, const json_t *content, const char *key)
{
    free(*text);
    *text = text_copy(parse_text(content, key));
}

static void read_create(struct room_state *state, const json_t *event)
{
    const json_t *content = json_object_get(event, "content");

    read_text(&state->creator, event, "sender");
    read_text(&state->version, content, "room_version");
    state->creators_reign = room_version_creators_reign(state->version);
}

static void read_additional_creators(struct room_state *state, const json_t *event)
{
    const json_t *list = json_object_get(json_object_get(event, "content"), "additional_creators");
    size_t count = json_array_size(list);

    if (state->additional_creators || count == 0)
        return;
    state->additional_creators = memory_new(count, sizeof(char *));
    for (size_t i = 0; i < count; i++)
        if (json_is_string(json_array_get(list, i)))
            state->additional_creators[state->additional_creator_count++] =
                text_copy(json_string_value(json_array_get(list, i)));
}

static void read_levels(struct room_state *state, const json_t *event)
{
    levels_free(state->levels);
    state->levels = levels_from_json(json_object_get(event, "content"));
}

static void read_alt_aliases(struct room_state *state, const json_t *event)
{
    const json_t *list = json_object_get(json_object_get(event, "content"), "alt_aliases");

    free(state->alt_aliases);
    state->alt_aliases = json_is_array(list) ? json_dumps(list, JSON_COMPACT) : NULL;
}

static void read_marker(struct room_state *state, const json_t *event)
{
    state->managed = text_equal(parse_text(json_object_get(event, "content"), "mode"), "managed");
}

static enum membership read_membership(const json_t *event)
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

/* The events that are one text of their content. */
static const struct {
    const char *type, *key;
    size_t offset; /* of a char * in struct room_state */
} texts[] = {
    {"m.room.name", "name", offsetof(struct room_state, name)},
    {"m.room.topic", "topic", offsetof(struct room_state, topic)},
    {"m.room.join_rules", "join_rule", offsetof(struct room_state, join_rule)},
    {"m.room.guest_access", "guest_access", offsetof(struct room_state, guest_access)},
    {"m.room.canonical_alias", "alias", offsetof(struct room_state, canonical_alias)},
};

static void read_setting(struct room_state *state, const char *type, const json_t *event)
{
    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
        if (strcmp(type, texts[i].type) == 0)
            read_text((char **)(void *)((char *)state + texts[i].offset), json_object_get(event, "content"),
                      texts[i].key);
}

static void read_event(struct room_state *state, const json_t *event)
{
    const char *type = parse_text(event, "type"), *key = parse_text(event, "state_key");
    int64_t sent_at = parse_number(event, "origin_server_ts", 0);

    if (!type || !key)
        return;
    if (sent_at > state->changed_at)
        state->changed_at = sent_at;
    if (strcmp(type, "m.room.member") == 0) {
        room_state_set_membership(state, key, read_membership(event));
    } else if (*key == '\0') {
        if (strcmp(type, "m.room.create") == 0) {
            read_create(state, event);
            read_additional_creators(state, event);
        } else if (strcmp(type, "m.room.power_levels") == 0) {
            read_levels(state, event);
        } else if (strcmp(type, "m.room.sync") == 0) {
            read_marker(state, event);
        } else {
            read_setting(state, type, event);
            if (strcmp(type, "m.room.canonical_alias") == 0)
                read_alt_aliases(state, event);
        }
    }
}

/* ---- the whole ---- */

struct room_state *room_state_new(void)
{
    return NEW(struct room_state);
}

void room_state_free(struct room_state *state)
{
    if (!state)
        return;
    free(state->creator);
    free(state->version);
    for (size_t i = 0; i < state->additional_creator_count; i++)
        free(state->additional_creators[i]);
    free(state->additional_creators);
    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
        free(*(char **)(void *)((char *)state + texts[i].offset));
    free(state->alt_aliases);
    levels_free(state->levels);
    free_members(state->members);
    free(state);
}

struct room_state *room_state_from_json(const json_t *reply)
{
    const json_t *events = json_object_get(reply, "state");
    struct room_state *state;

    if (!json_is_array(events))
        return NULL;
    state = room_state_new();
    for (size_t i = 0; i < json_array_size(events); i++)
        read_event(state, json_array_get(events, i));
    return state;
}

struct room_state *room_state_parse(const char *json, size_t size)
{
    json_auto_t *reply = parse_object(json, size);

    return room_state_from_json(reply);
}

bool room_state_reigns(const struct room_state *state, const char *user)
{
    if (!state->creators_reign)
        return false;
    if (text_equal(state->creator, user))
        return true;
    for (size_t i = 0; i < state->additional_creator_count; i++)
        if (strcmp(state->additional_creators[i], user) == 0)
            return true;
    return false;
}

bool room_version_creators_reign(const char *version)
{
    /* Unstable versions are named after what they try out and the version they start from, as in
       org.matrix.msc4242.12. The one that tried this very thing started from 11: org.matrix.hydra.11. */
    enum { FIRST = 12 };
    const char *number;

    if (!version)
        return false;
    number = strrchr(version, '.');
    return strstr(version, ".hydra.") != NULL || strtol(number ? number + 1 : version, NULL, 10) >= FIRST;
}
