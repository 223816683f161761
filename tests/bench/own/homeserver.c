#include "homeserver.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define ROOM_VERSION "10"

/* ---- users ---- */

struct user *homeserver_user(struct homeserver *homeserver, const char *id)
{
    struct user *user = NULL;

    HASH_FIND_STR(homeserver->users, id, user);
    return user;
}

struct user *homeserver_add_user(struct homeserver *homeserver, const char *id)
{
    struct user *user = NEW(struct user);

    user->id = text_copy(id);
    HASH_ADD_KEYPTR(hh, homeserver->users, user->id, strlen(user->id), user);
    homeserver->users_sorted = false;
    return user;
}

void homeserver_init(struct homeserver *homeserver, const char *server_name)
{
    *homeserver = (struct homeserver){.server_name = text_copy(server_name),
                                      .sync_user = text_format("@sync:%s", server_name)};
    homeserver_add_user(homeserver, homeserver->sync_user)->admin = true;
}

/* ---- events ---- */

static void write_journal(struct homeserver *homeserver, struct event *event)
{
    if (homeserver->journal_size == homeserver->journal_capacity) {
        homeserver->journal_capacity = homeserver->journal_capacity ? 2 * homeserver->journal_capacity : 1024;
        homeserver->journal =
            memory_resize(homeserver->journal, homeserver->journal_capacity, sizeof(homeserver->journal[0]));
    }
    event->position = homeserver->journal_size;
    homeserver->journal[homeserver->journal_size++] = (struct journal_entry){event, event->position};
}

long long milliseconds(void)
{
    struct timespec now;

    (void)clock_gettime(CLOCK_REALTIME, &now);
    return (long long)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* Ids may be any text, so they are printed as JSON; types are ours and plain. */
static char *print_event(const struct event *event, const char *sender, const char *key, size_t number)
{
    json_t *ids = json_pack("{s:s, s:s*}", "sender", sender, "state_key", key);
    char *printed = json_dumps(ids, JSON_COMPACT);
    char *text;

    text =
        text_format("{\"type\":\"%s\",%.*s,\"content\":%s,\"event_id\":\"$%zu\",\"origin_server_ts\":%lld}",
                    event->type, (int)strlen(printed) - 2, printed + 1, event->content, number, event->at);
    free(printed);
    json_decref(ids);
    return text;
}

static struct event *find_event(const struct room *room, const char *type, const char *key)
{
    CLEANUP(freep) char *slot = text_format("%s\n%s", type, key);
    struct event *event = NULL;

    HASH_FIND_STR(room->state, slot, event);
    return event;
}

const struct event *room_event(const struct room *room, const char *type, const char *key)
{
    return find_event(room, type, key);
}

static struct event *add_event(struct room *room, const char *type, const char *key)
{
    struct event *event = NEW(struct event);

    event->room = room;
    (void)snprintf(event->type, sizeof(event->type), "%s", type);
    if (!key)
        return room->last_message = event;
    event->slot = text_format("%s\n%s", type, key);
    HASH_ADD_KEYPTR(hh, room->state, event->slot, strlen(event->slot), event);
    return event;
}

static const char *text_of(const json_t *object, const char *key)
{
    return json_string_value(json_object_get(object, key));
}

static void note_membership(struct event *event, const char *membership)
{
    event->room->joined -= strcmp(event->membership, "join") == 0;
    (void)snprintf(event->membership, sizeof(event->membership), "%s", membership ? membership : "");
    event->room->joined += strcmp(event->membership, "join") == 0;
}

bool room_set(struct homeserver *homeserver, struct room *room, const char *sender, const char *type,
              const char *key, json_t *given)
{
    json_auto_t *content = given;
    char *text = json_dumps(content, JSON_COMPACT | JSON_SORT_KEYS);
    struct event *event = key ? find_event(room, type, key) : NULL;

    if (event && strcmp(event->content, text) == 0) {
        free(text);
        return false;
    }
    if (!event)
        event = add_event(room, type, key);
    if (strcmp(type, "m.room.member") == 0)
        note_membership(event, text_of(content, "membership"));
    free(event->content);
    free(event->text);
    event->at = milliseconds();
    event->content = text;
    event->text = print_event(event, sender, key, homeserver->journal_size);
    write_journal(homeserver, event);
    return true;
}

/* ---- members ---- */

const char *room_membership(const struct room *room, const char *user)
{
    const struct event *event = room_event(room, "m.room.member", user);

    return event ? event->membership : "";
}

void room_set_membership(struct homeserver *homeserver, struct room *room, const char *user,
                         const char *membership)
{
    const struct user *known = homeserver_user(homeserver, user);

    (void)room_set(
        homeserver, room, user, "m.room.member", user,
        json_pack("{s:s, s:s*}", "membership", membership, "displayname", known ? known->name : NULL));
}

/* ---- rooms ---- */

struct room *homeserver_room(struct homeserver *homeserver, const char *id)
{
    struct room *room = NULL;

    HASH_FIND_STR(homeserver->rooms, id, room);
    return room && !room->deleted ? room : NULL;
}

/* What Synapse writes of itself; an override replaces its keys as a whole. */
static json_t *levels_of_new_room(json_t *override, const char *creator)
{
    json_t *levels = json_pack("{s:{s:i}, s:i, s:{}, s:i, s:i, s:i, s:i, s:i, s:i}", "users", creator, 100,
                               "users_default", 0, "events", "events_default", 0, "state_default", 50, "ban",
                               50, "kick", 50, "redact", 50, "invite", 0);

    (void)json_object_update(levels, override);
    return levels;
}

/* In the order in which Synapse stores them. */
static void set_first_state(struct homeserver *homeserver, struct room *room, const json_t *request)
{
    const char *self = homeserver->sync_user;
    json_t *create = json_pack("{s:s}", "room_version", ROOM_VERSION);
    const json_t *extra = json_object_get(request, "initial_state");

    (void)json_object_update(create, json_object_get(request, "creation_content"));
    (void)room_set(homeserver, room, self, "m.room.create", "", create);
    room_set_membership(homeserver, room, self, "join");
    (void)room_set(homeserver, room, self, "m.room.power_levels", "",
                   levels_of_new_room(json_object_get(request, "power_level_content_override"), self));
    (void)room_set(homeserver, room, self, "m.room.canonical_alias", "",
                   json_pack("{s:s}", "alias", room->alias));
    (void)room_set(homeserver, room, self, "m.room.join_rules", "",
                   json_pack("{s:s}", "join_rule", "invite"));
    (void)room_set(homeserver, room, self, "m.room.history_visibility", "",
                   json_pack("{s:s}", "history_visibility", "shared"));
    for (size_t i = 0; i < json_array_size(extra); i++) {
        const json_t *event = json_array_get(extra, i);
        const char *key = text_of(event, "state_key");

        (void)room_set(homeserver, room, self, text_of(event, "type"), key ? key : "",
                       json_deep_copy(json_object_get(event, "content")));
    }
    if (text_of(request, "name"))
        (void)room_set(homeserver, room, self, "m.room.name", "",
                       json_pack("{s:s}", "name", text_of(request, "name")));
    if (text_of(request, "topic"))
        (void)room_set(homeserver, room, self, "m.room.topic", "",
                       json_pack("{s:s}", "topic", text_of(request, "topic")));
}

struct room *homeserver_create_room(struct homeserver *homeserver, const json_t *request)
{
    struct room *room = NEW(struct room);
    struct alias *alias = NEW(struct alias);
    const json_t *invited = json_object_get(request, "invite");

    room->id = text_format("!%zu:%s", homeserver->room_count++, homeserver->server_name);
    room->alias = text_format("#%s:%s", text_of(request, "room_alias_name"), homeserver->server_name);
    room->creator = text_copy(homeserver->sync_user);
    HASH_ADD_KEYPTR(hh, homeserver->rooms, room->id, strlen(room->id), room);
    alias->alias = text_copy(room->alias);
    alias->room = room;
    HASH_ADD_KEYPTR(hh, homeserver->aliases, alias->alias, strlen(alias->alias), alias);
    set_first_state(homeserver, room, request);
    for (size_t i = 0; i < json_array_size(invited); i++)
        room_set_membership(homeserver, room, json_string_value(json_array_get(invited, i)), "invite");
    return room;
}

/* At once, where Synapse takes its time in the background: nothing here measures deletions. */
void homeserver_delete_room(struct homeserver *homeserver, struct room *room)
{
    struct alias *alias, *next;

    room_set_membership(homeserver, room, homeserver->sync_user, "leave");
    room->deleted = true;
    HASH_ITER (hh, homeserver->aliases, alias, next)
        if (alias->room == room) {
            /* NOLINTNEXTLINE(clang-analyzer-unix.Malloc): the analyzer does not see that uthash unlinks it */
            HASH_DEL(homeserver->aliases, alias);
            free(alias->alias);
            free(alias);
        }
}
