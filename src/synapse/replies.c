/* What 2xx replies say. Each reader names what it cannot do without; the rest may be missing. */
#include "synapse/replies.h"

#include "base/memory.h"
#include "synapse/changes_json.h"
#include "synapse/levels.h"
#include "synapse/listing_json.h"
#include "synapse/parse.h"
#include "synapse/state_json.h"

#include <string.h>

static bool has_email(const json_t *user)
{
    const json_t *list = json_object_get(user, "threepids");

    for (size_t i = 0; i < json_array_size(list); i++)
        if (text_equal(parse_text(json_array_get(list, i), "medium"), "email"))
            return true;
    return false;
}

static void read_user(const json_t *body, struct synapse_reply *reply)
{
    reply->user.name = text_copy(parse_text(body, "displayname"));
    reply->user.avatar = text_copy(parse_text(body, "avatar_url"));
    reply->user.admin = parse_flag(body, "admin", false);
    reply->user.deactivated = parse_flag(body, "deactivated", false);
    reply->user.locked = parse_flag(body, "locked", false);
    reply->user.has_email = has_email(body);
    reply->user.of_service = parse_text(body, "appservice_id") != NULL;
}

/* Whether someone is an admin or gone must have been said, since removal depends on it. */
bool reply_user(const json_t *body, struct synapse_reply *reply)
{
    if (!parse_has_flag(body, "admin") || !parse_has_flag(body, "deactivated"))
        return false;
    read_user(body, reply);
    return true;
}

static bool read_id(const json_t *body, const char *key, char sigil, struct synapse_reply *reply)
{
    const char *id = parse_text(body, key);

    if (!id || id[0] != sigil)
        return false;
    reply->text = text_copy(id);
    return true;
}

bool reply_user_id(const json_t *body, struct synapse_reply *reply)
{
    return read_id(body, "user_id", '@', reply);
}

bool reply_room_id(const json_t *body, struct synapse_reply *reply)
{
    return read_id(body, "room_id", '!', reply);
}

bool reply_joined_rooms(const json_t *body, struct synapse_reply *reply)
{
    const json_t *rooms = json_object_get(body, "joined_rooms");

    if (!json_is_array(rooms))
        return false;
    reply->joined_rooms = (int64_t)json_array_size(rooms);
    return true;
}

/* ---- records ---- */

static const char *without(const char *text, const char *prefix)
{
    size_t length = strlen(prefix);

    return strncmp(text, prefix, length) == 0 ? text + length : NULL;
}

/* What a document says of one user. An e-mail address that any speaks of is not forgotten. */
static void note_record(struct records *records, const char *user, const json_t *document)
{
    struct synapse_record before = records_get(records, user);
    struct synapse_record record = {.open = parse_flag(document, "open", false),
                                    .email = parse_flag(document, "email", false) || before.email,
                                    .set = parse_flag(document, "set", false) || before.set};

    records_set(records, user, record);
}

static void read_record(struct records *records, const char *type, const json_t *document)
{
    const char *localpart = without(type, RECORD_OF_USER);
    CLEANUP(freep) char *user = localpart ? text_format("@%s", localpart) : NULL;
    const json_t *users = without(type, RECORD_OF_USERS) ? json_object_get(document, "users") : NULL;

    if (user)
        note_record(records, user, document);
    for (size_t i = 0; i < json_array_size(users); i++) {
        const char *id = json_string_value(json_array_get(users, i));

        if (id && id[0] == '@')
            note_record(records, id, document);
    }
}

/* A document that was emptied by hand owes nothing. Closed ones come last, for they are final. */
bool reply_records(const json_t *body, struct synapse_reply *reply)
{
    json_t *all = json_object_get(json_object_get(body, "account_data"), "global"), *document;
    const char *type;

    if (!json_is_object(all))
        return false;
    reply->records = records_new();
    for (int open = 1; open >= 0; open--)
        json_object_foreach(all, type, document)
        {
            if (parse_flag(document, "open", false) == (open != 0))
                read_record(reply->records, type, document);
        }
    return true;
}

/* Null is none: of a room whose making was cut before its first event there are no statistics (Synapse:
   get_room_with_stats() in storage/databases/main/room.py, a left join). */
static bool has_count(const json_t *body, const char *key)
{
    return json_is_null(json_object_get(body, key)) || parse_number(body, key, -1) >= 0;
}

/* The counts show that a room is told of; they may be late, so that nothing is to be concluded from them. */
bool reply_room(const json_t *body, struct synapse_reply *reply)
{
    if (!has_count(body, "joined_local_members") || !has_count(body, "state_events"))
        return false;
    reply->room.creator = text_copy(parse_text(body, "creator"));
    reply->room.canonical_alias = text_copy(parse_text(body, "canonical_alias"));
    return true;
}

bool reply_take_state(void *context, const char *event, size_t size, struct buffer *rest)
{
    struct synapse_reply *reply = context;

    (void)rest;
    if (!reply->state)
        reply->state = room_state_new();
    return room_state_take(reply->state, event, size);
}

bool reply_state(const json_t *body, struct synapse_reply *reply)
{
    struct room_state *rest = room_state_from_json(body);

    if (!rest)
        return false;
    if (reply->state)
        room_state_free(rest);
    else
        reply->state = rest;
    return true;
}

bool reply_aliases(const json_t *body, struct synapse_reply *reply)
{
    const json_t *list = json_object_get(body, "aliases");
    size_t count = 0;

    if (!json_is_array(list))
        return false;
    reply->aliases = memory_new(json_array_size(list) + 1, sizeof(char *));
    for (size_t i = 0; i < json_array_size(list); i++)
        if (json_is_string(json_array_get(list, i)))
            reply->aliases[count++] = text_copy(json_string_value(json_array_get(list, i)));
    return true;
}

bool reply_levels(const json_t *body, struct synapse_reply *reply)
{
    json_t *content = json_deep_copy(body);

    reply->levels = levels_from_json(content);
    json_decref(content);
    return reply->levels != NULL;
}

/*
 * The list is ordered by time, the newest last (Synapse: storage/databases/main/task_scheduler.py). Older
 * versions have further words for what is under way ("shutting_down", "purging").
 */
bool reply_deletion(const json_t *body, struct synapse_reply *reply)
{
    const json_t *list = json_object_get(body, "results");
    const char *status;

    if (json_array_size(list) == 0)
        return false;
    status = parse_text(json_array_get(list, json_array_size(list) - 1), "status");
    if (!status)
        return false;
    reply->deletion = DELETION_UNDER_WAY;
    if (strcmp(status, "complete") == 0)
        reply->deletion = DELETION_COMPLETE;
    else if (strcmp(status, "failed") == 0)
        reply->deletion = DELETION_FAILED;
    return true;
}

/* The path of the request asks for messages of the sync user only. */
bool reply_greeted(const json_t *body, struct synapse_reply *reply)
{
    const json_t *chunk = json_object_get(body, "chunk");

    if (!json_is_array(chunk))
        return false;
    for (size_t i = 0; i < json_array_size(chunk); i++)
        if (text_equal(parse_text(json_array_get(chunk, i), "type"), "m.room.message"))
            reply->greeted = true;
    return true;
}

bool reply_take_change(void *context, const char *event, size_t size, struct buffer *rest)
{
    (void)context;
    changes_keep_needed(event, size, rest);
    return true;
}

/* Where there are no rooms, as in the present position, none have changed. */
bool reply_changes(const json_t *body, struct synapse_reply *reply)
{
    reply->changes = changes_from_json(body);
    return reply->changes != NULL;
}

bool reply_joined(const json_t *body, struct synapse_reply *reply)
{
    reply->joined = joined_rooms_from_json(body);
    return reply->joined != NULL;
}

bool reply_room_list(const json_t *body, struct synapse_reply *reply)
{
    reply->listing = listing_of_rooms(body);
    return reply->listing != NULL;
}

bool reply_user_list(const json_t *body, struct synapse_reply *reply)
{
    reply->listing = listing_of_users(body);
    return reply->listing != NULL;
}

/* ---- writes ---- */

bool reply_created_user(const json_t *body, struct synapse_reply *reply)
{
    if (!reply_is_of_user(body, reply))
        return false;
    read_user(body, reply);
    return true;
}

bool reply_is_of_user(const json_t *body, struct synapse_reply *reply)
{
    (void)reply;
    return parse_text(body, "name") != NULL;
}

bool reply_is_of_event(const json_t *body, struct synapse_reply *reply)
{
    (void)reply;
    return parse_text(body, "event_id") != NULL;
}

bool reply_is_of_deactivation(const json_t *body, struct synapse_reply *reply)
{
    (void)reply;
    return parse_text(body, "id_server_unbind_result") != NULL;
}

bool reply_is_of_deletion(const json_t *body, struct synapse_reply *reply)
{
    (void)reply;
    return parse_text(body, "delete_id") != NULL;
}
