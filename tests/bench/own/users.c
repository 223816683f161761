/* Users, and the account data of the sync user. */
#include "asked.h"

#include <stdlib.h>
#include <string.h>

static json_t *describe_user(const struct user *user)
{
    json_t *threepids =
        user->email ? json_pack("[{s:s, s:s}]", "medium", "email", "address", user->email) : json_array();

    return json_pack("{s:s, s:s?, s:b, s:b, s:b, s:b, s:b, s:o, s:s, s:i}", "name", user->id, "displayname",
                     user->name, "admin", user->admin, "deactivated", user->deactivated, "erased", 0,
                     "locked", user->locked, "is_guest", 0, "threepids", threepids, "user_type", "",
                     "creation_ts", 1000);
}

static struct user *user_of(struct asked *asked, const char *id)
{
    struct user *user = id ? homeserver_user(asked->homeserver, id) : NULL;

    if (!user)
        refuse(asked, 404, "M_NOT_FOUND", "User not found");
    return user;
}

static void read_user(struct asked *asked)
{
    const struct user *user = user_of(asked, asked->parts[0]);

    if (user)
        say(asked, 200, describe_user(user));
}

static int by_id(const struct user *a, const struct user *b)
{
    return strcmp(a->id, b->id);
}

/* Ordered by name, as Synapse does where nothing else is asked for. Nobody is locked or a guest here. */
static void list_users(struct asked *asked)
{
    struct homeserver *homeserver = asked->homeserver;
    CLEANUP(freep) char *deactivated = query_value(asked->query, "deactivated");
    size_t from = query_number(asked, "from", 0), limit = query_number(asked, "limit", 100), count = 0;
    json_t *users = json_array();
    json_t *reply;

    if (!homeserver->users_sorted)
        HASH_SORT(homeserver->users, by_id);
    homeserver->users_sorted = true;
    for (const struct user *user = homeserver->users; user; user = user->hh.next) {
        if (user->deactivated && !text_equal(deactivated, "true"))
            continue;
        if (count >= from && count - from < limit)
            (void)json_array_append_new(users, describe_user(user));
        count++;
    }
    reply = json_pack("{s:o, s:I}", "users", users, "total", (json_int_t)count);
    if (from + limit < count)
        (void)json_object_set_new(reply, "next_token", json_sprintf("%zu", from + limit));
    say(asked, 200, reply);
}

static void take_texts(struct user *user, const json_t *body)
{
    const json_t *name = json_object_get(body, "displayname"), *ids = json_object_get(body, "threepids");
    const char *email = json_string_value(json_object_get(json_array_get(ids, 0), "address"));

    if (name) {
        free(user->name);
        user->name = text_copy(json_string_value(name));
    }
    if (ids) {
        free(user->email);
        user->email = text_copy(email);
    }
    if (json_is_false(json_object_get(body, "deactivated")))
        user->deactivated = false;
}

static void put_user(struct asked *asked)
{
    const char *id = asked->parts[0];
    struct user *user = homeserver_user(asked->homeserver, id);
    int status = user ? 200 : 201;

    if (!user) {
        user = homeserver_add_user(asked->homeserver, id);
        user->name = text_copy_bytes(id + 1, strcspn(id + 1, ":"));
    }
    take_texts(user, asked->body);
    say(asked, status, describe_user(user));
}

static void deactivate(struct asked *asked)
{
    struct user *user = user_of(asked, asked->parts[0]);

    if (!user)
        return;
    user->deactivated = true;
    for (struct room *room = asked->homeserver->rooms; room; room = room->hh.next)
        if (!room->deleted && strcmp(room_membership(room, user->id), "join") == 0)
            room_set_membership(asked->homeserver, room, user->id, "leave");
    say(asked, 200, json_pack("{s:s}", "id_server_unbind_result", "success"));
}

static void say_rooms_of(struct asked *asked, const char *user)
{
    json_t *rooms = json_array();

    for (const struct room *room = asked->homeserver->rooms; room; room = room->hh.next)
        if (!room->deleted && strcmp(room_membership(room, user), "join") == 0)
            (void)json_array_append_new(rooms, json_string(room->id));
    say(asked, 200,
        json_pack("{s:o, s:I}", "joined_rooms", rooms, "total", (json_int_t)json_array_size(rooms)));
}

static void joined_rooms(struct asked *asked)
{
    say_rooms_of(asked, asked->parts[0]);
}

static void own_rooms(struct asked *asked)
{
    say_rooms_of(asked, asked->homeserver->sync_user);
}

static void email_owner(struct asked *asked)
{
    for (const struct user *user = asked->homeserver->users; user; user = user->hh.next)
        if (text_equal(user->email, asked->parts[0])) {
            say(asked, 200, json_pack("{s:s}", "user_id", user->id));
            return;
        }
    refuse(asked, 404, "M_NOT_FOUND", "User not found");
}

static void read_records(struct asked *asked)
{
    json_t *all = json_object();

    for (struct record *record = asked->homeserver->records; record; record = record->hh.next)
        (void)json_object_set(all, record->type, record->content);
    say(asked, 200, json_pack("{s:{s:o, s:{}}}", "account_data", "global", all, "rooms"));
}

static void write_record(struct asked *asked)
{
    struct record *record = NULL;

    HASH_FIND_STR(asked->homeserver->records, asked->parts[1], record);
    if (!record) {
        record = NEW(struct record);
        record->type = text_copy(asked->parts[1]);
        HASH_ADD_KEYPTR(hh, asked->homeserver->records, record->type, strlen(record->type), record);
    }
    json_decref(record->content);
    record->content = json_deep_copy(asked->body);
    say_nothing(asked);
}

/* All that matters is that the next /sync tells of the room; as if a message had come, then. */
static void write_room_data(struct asked *asked)
{
    struct room *room = homeserver_room(asked->homeserver, asked->parts[1]);

    if (room)
        (void)room_set(asked->homeserver, room, asked->parts[0], "m.room.message", NULL, json_object());
    say_nothing(asked);
}

const struct route user_routes[] = {
    {"GET", CLIENT "joined_rooms", own_rooms},
    {"GET", ADMIN "v2/users/{}", read_user},
    {"GET", ADMIN "v1/users/{}/accountdata", read_records},
    {"GET", ADMIN "v2/users", list_users},
    {"GET", ADMIN "v1/users/{}/joined_rooms", joined_rooms},
    {"GET", ADMIN "v1/threepid/email/users/{}", email_owner},
    {"PUT", ADMIN "v2/users/{}", put_user},
    {"PUT", CLIENT "user/{}/account_data/{}", write_record},
    {"PUT", CLIENT "user/{}/rooms/{}/account_data/{}", write_room_data},
    {"POST", ADMIN "v1/deactivate/{}", deactivate},
    {0},
};
