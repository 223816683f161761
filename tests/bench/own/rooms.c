/* Aliases, rooms, their state and their messages. */
#include "asked.h"

#include <stdlib.h>
#include <string.h>

static struct room *room_of(struct asked *asked)
{
    struct room *room = homeserver_room(asked->homeserver, asked->parts[0]);

    if (!room)
        refuse(asked, 404, "M_NOT_FOUND", "Room not found");
    return room;
}

/* One that the sync user is in; the client API tells of no other. */
static struct room *own_room_of(struct asked *asked)
{
    struct room *room = homeserver_room(asked->homeserver, asked->parts[0]);

    if (room && strcmp(room_membership(room, asked->homeserver->sync_user), "join") == 0)
        return room;
    refuse(asked, 403, "M_FORBIDDEN", "User not in room");
    return NULL;
}

static struct alias *alias_of(struct asked *asked, const char *name)
{
    struct alias *alias = NULL;

    HASH_FIND_STR(asked->homeserver->aliases, name, alias);
    return alias;
}

static void resolve(struct asked *asked)
{
    const struct alias *alias = alias_of(asked, asked->parts[0]);

    if (alias)
        say(asked, 200,
            json_pack("{s:s, s:[s]}", "room_id", alias->room->id, "servers", asked->homeserver->server_name));
    else
        refuse(asked, 404, "M_NOT_FOUND", "Room alias not found");
}

static void create_room(struct asked *asked)
{
    const char *name = said(asked, "room_alias_name");
    CLEANUP(freep) char *alias = text_format("#%s:%s", name ? name : "", asked->homeserver->server_name);

    if (alias_of(asked, alias))
        refuse(asked, 400, "M_ROOM_IN_USE", "Room alias already taken");
    else
        say(asked, 200,
            json_pack("{s:s}", "room_id", homeserver_create_room(asked->homeserver, asked->body)->id));
}

static const char *setting(const struct room *room, const char *type, const char *key, json_t **ret_content)
{
    const struct event *event = room_event(room, type, "");

    *ret_content = event ? json_loads(event->content, 0, NULL) : NULL;
    return json_string_value(json_object_get(*ret_content, key));
}

static json_t *describe_room(const struct room *room)
{
    json_auto_t *name = NULL, *join = NULL, *guest = NULL, *alias = NULL, *topic = NULL;

    return json_pack("{s:s, s:s, s:s?, s:s?, s:s?, s:s?, s:s?, s:s, s:b, s:I, s:I, s:I}", "room_id", room->id,
                     "creator", room->creator, "name", setting(room, "m.room.name", "name", &name), "topic",
                     setting(room, "m.room.topic", "topic", &topic), "canonical_alias",
                     setting(room, "m.room.canonical_alias", "alias", &alias), "join_rules",
                     setting(room, "m.room.join_rules", "join_rule", &join), "guest_access",
                     setting(room, "m.room.guest_access", "guest_access", &guest), "version", "10",
                     "federatable", 0, "joined_members", (json_int_t)room->joined, "joined_local_members",
                     (json_int_t)room->joined, "state_events", (json_int_t)HASH_COUNT(room->state));
}

static void read_room(struct asked *asked)
{
    const struct room *room = room_of(asked);

    if (room)
        say(asked, 200, describe_room(room));
}

static void list_rooms(struct asked *asked)
{
    size_t from = query_number(asked, "from", 0), limit = query_number(asked, "limit", 100), count = 0;
    json_t *rooms = json_array();
    json_t *reply;

    for (const struct room *room = asked->homeserver->rooms; room; room = room->hh.next) {
        if (room->deleted)
            continue;
        if (count >= from && count - from < limit)
            (void)json_array_append_new(rooms, describe_room(room));
        count++;
    }
    reply = json_pack("{s:o, s:I, s:I}", "rooms", rooms, "offset", (json_int_t)from, "total_rooms",
                      (json_int_t)count);
    if (from + limit < count)
        (void)json_object_set_new(reply, "next_batch", json_integer((json_int_t)from + (json_int_t)limit));
    say(asked, 200, reply);
}

static void read_state(struct asked *asked)
{
    struct buffer *body = &asked->answer->body;
    const struct room *room = room_of(asked);

    if (!room)
        return;
    (void)buffer_append_text(body, "{\"state\":[");
    for (const struct event *event = room->state; event; event = event->hh.next) {
        if (event != room->state)
            (void)buffer_append_char(body, ',');
        (void)buffer_append_text(body, event->text);
    }
    (void)buffer_append_text(body, "]}");
}

static void read_setting(struct asked *asked)
{
    const struct room *room = own_room_of(asked);
    const struct event *event = room ? room_event(room, asked->parts[1], "") : NULL;

    if (event)
        (void)buffer_append_text(&asked->answer->body, event->content);
    else if (room)
        refuse(asked, 404, "M_NOT_FOUND", "Event not found.");
}

static void say_event_id(struct asked *asked)
{
    say(asked, 200, json_pack("{s:o}", "event_id", json_sprintf("$%zu", asked->homeserver->journal_size)));
}

static void write_setting(struct asked *asked)
{
    struct room *room = own_room_of(asked);

    if (!room)
        return;
    (void)room_set(asked->homeserver, room, asked->homeserver->sync_user, asked->parts[1], "",
                   json_deep_copy(asked->body));
    say_event_id(asked);
}

static void join(struct asked *asked)
{
    const char *id = said(asked, "user_id");
    const struct user *user = id ? homeserver_user(asked->homeserver, id) : NULL;
    struct room *room = user ? own_room_of(asked) : NULL;
    const char *membership = room ? room_membership(room, user->id) : "";

    if (!user) {
        refuse(asked, 404, "M_NOT_FOUND", "User not found");
    } else if (!room) {
        return; /* it was said */
    } else if (strcmp(membership, "ban") == 0) {
        refuse(asked, 403, "M_BAD_STATE", "The user is banned from the room");
    } else if (strcmp(membership, "join") == 0) {
        refuse(asked, 403, "M_FORBIDDEN", "The user is already in the room.");
    } else {
        room_set_membership(asked->homeserver, room, user->id, "join");
        say(asked, 200, json_pack("{s:s}", "room_id", room->id));
    }
}

static void delete_room(struct asked *asked)
{
    struct room *room = homeserver_room(asked->homeserver, asked->parts[0]);

    if (room)
        homeserver_delete_room(asked->homeserver, room);
    say(asked, 200, json_pack("{s:s}", "delete_id", "deletion"));
}

static void read_deletion(struct asked *asked)
{
    const struct room *room = NULL;

    HASH_FIND_STR(asked->homeserver->rooms, asked->parts[0], room);
    if (room && room->deleted)
        say(asked, 200, json_pack("{s:[{s:s}]}", "results", "status", "complete"));
    else
        refuse(asked, 404, "M_NOT_FOUND", "No delete task found");
}

static void read_messages(struct asked *asked)
{
    const struct room *room = own_room_of(asked);

    if (room)
        (void)buffer_append_format(&asked->answer->body, "{\"chunk\":[%s]}",
                                   room->last_message ? room->last_message->text : "");
}

static void send_message(struct asked *asked)
{
    struct room *room = own_room_of(asked);

    if (!room)
        return;
    (void)room_set(asked->homeserver, room, asked->homeserver->sync_user, asked->parts[1], NULL,
                   json_deep_copy(asked->body));
    say_event_id(asked);
}

static void sync_(struct asked *asked)
{
    answer_sync(asked->homeserver, asked->query, asked->answer);
}

const struct route room_routes[] = {
    {"GET", CLIENT "sync", sync_},
    {"POST", ADMIN "v1/join/{}", join},
    {"GET", ADMIN "v1/rooms/{}/state", read_state},
    {"GET", ROOM "state/{}/", read_setting},
    {"GET", CLIENT "directory/room/{}", resolve},
    {"GET", ADMIN "v1/rooms/{}", read_room},
    {"GET", ADMIN "v1/rooms", list_rooms},
    {"GET", ADMIN "v2/rooms/{}/delete_status", read_deletion},
    {"GET", ROOM "messages", read_messages},
    {"PUT", ROOM "state/{}/", write_setting},
    {"PUT", ROOM "send/{}/{}", send_message},
    {"POST", CLIENT "createRoom", create_room},
    {"DELETE", ADMIN "v2/rooms/{}", delete_room},
    {0},
};
