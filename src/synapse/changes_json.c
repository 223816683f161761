/*
 * Changes of rooms, as GET /sync tells them.
 *
 * Of each joined room it gives `state`, what has changed up to the beginning of a short timeline, and the
 * `timeline` itself, whose state events come on top of that. An event of the timeline replaces the one of the
 * same type and state_key, so that what remains is the newest of each, and their order does not matter.
 *
 * The JSON of those events is all that is kept; it is read when the state that it belongs to is at hand.
 */
#include "synapse/changes_json.h"

#include "base/buffer.h"
#include "base/memory.h"
#include "synapse/members.h"
#include "synapse/parse.h"
#include "synapse/sieve.h"
#include "synapse/state_json.h"

#include <stdlib.h>
#include <string.h>

struct state_events {
    json_t *list; /* an array, not empty */
};

/* ---- one event ---- */

static void copy_member(json_t *to, const json_t *from, const char *key)
{
    json_t *value = json_object_get(from, key);

    if (value)
        (void)json_object_set(to, key, value);
}

/* Of a member only what is told of it; of the others, of which there is one in each room, all. Owned by the
   caller. */
static json_t *needed_content(const json_t *event)
{
    json_t *content = json_object_get(event, "content");
    const char *type = parse_text(event, "type"), *key = parse_text(event, "state_key");
    json_t *needed;

    if (text_equal(type, "m.room.member")) {
        needed = json_object();
        copy_member(needed, content, "membership");
        copy_member(needed, content, "displayname");
        return needed;
    }
    return key && *key == '\0' && room_state_reads(type) ? json_incref(content) : NULL;
}

/* What people write is passed over, however much it is. */
static bool is_needed(const json_t *event)
{
    return parse_text(event, "state_key") || text_equal(parse_text(event, "type"), "m.room.redaction");
}

/*
 * What cannot be read may be anything, and its room is read again, as after a redaction. Synapse lets no such
 * event into a room; but it tells here, too, what is sent to the sync user's devices, which may be nested
 * without end, or (before it was limited) of any size, and is told again until a reply was taken in. So no
 * reply is given up because of it.
 */
static void keep_doubt(struct buffer *rest)
{
    static const char redaction[] = "{\"type\":\"m.room.redaction\"}";

    sieve_keep(rest, redaction, sizeof(redaction) - 1);
}

/* Where there is little, an event is kept as it is, unread: to leave something out takes longer than to read
   it again. One so small is not nested too deeply for the whole, either. */
static bool is_little(size_t size, const struct buffer *rest)
{
    enum { SMALL_EVENT = 1024, LITTLE = 64 * 1024 }; /* bytes */

    return size > 0 && size <= SMALL_EVENT && rest->size <= LITTLE;
}

static bool mentions(const char *event, size_t size, const char *what)
{
    return memmem(event, size, what, strlen(what));
}

/* By its text alone. What people write to each other is not; with an escape in it, anything could be. */
static bool may_be_needed(const char *event, size_t size)
{
    return mentions(event, size, "\"state_key\"") || mentions(event, size, "m.room.redaction") ||
           mentions(event, size, "\\");
}

static void keep_parts(const json_t *event, struct buffer *rest)
{
    static const char *const keys[] = {"type", "state_key", "sender", "origin_server_ts"};
    json_auto_t *needed = json_object();
    CLEANUP(freep) char *text = NULL;
    json_t *age;

    for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++)
        copy_member(needed, event, keys[i]);
    (void)json_object_set_new(needed, "content", needed_content(event));
    age = json_object_get(json_object_get(event, "unsigned"), "age");
    if (age)
        (void)json_object_set_new(needed, "unsigned", json_pack("{s:O}", "age", age));
    text = json_dumps(needed, JSON_COMPACT);
    sieve_keep(rest, text, strlen(text));
}

static void keep_read(const char *event, size_t size, struct buffer *rest)
{
    json_auto_t *whole = parse_object(event, size);

    if (!whole)
        keep_doubt(rest);
    else if (is_needed(whole))
        keep_parts(whole, rest);
}

void changes_keep_needed(const char *event, size_t size, struct buffer *rest)
{
    if (!is_little(size, rest))
        keep_read(event, size, rest);
    else if (may_be_needed(event, size))
        sieve_keep(rest, event, size);
}

/* ---- one room ---- */

static bool has_type(const json_t *events, const char *type)
{
    for (size_t i = 0; i < json_array_size(events); i++)
        if (text_equal(parse_text(json_array_get(events, i), "type"), type))
            return true;
    return false;
}

/* Of a room that the sync user has just come into, the whole state is told as it is, together with the create
   event; that its timeline has a beginning says nothing. */
static bool is_doubtful(const json_t *room)
{
    const json_t *timeline = json_object_get(room, "timeline"), *told = json_object_get(timeline, "events");
    bool is_cut = json_is_true(json_object_get(timeline, "limited"));
    bool is_whole = has_type(told, "m.room.create") ||
                    has_type(json_object_get(json_object_get(room, "state"), "events"), "m.room.create");

    return has_type(told, "m.room.redaction") || (is_cut && !is_whole);
}

/* The events by type and state_key. A type of ours has no space, so the two do not run into each other. */
static void collect(json_t *newest, const json_t *events)
{
    for (size_t i = 0; i < json_array_size(events); i++) {
        json_t *event = json_array_get(events, i);
        const char *type = parse_text(event, "type"), *key = parse_text(event, "state_key");

        if (key && room_state_reads(type)) {
            CLEANUP(freep) char *name = text_format("%s %s", type, key);

            (void)json_object_set(newest, name, event);
        }
    }
}

static struct state_events *read_events(const json_t *room)
{
    json_auto_t *newest = json_object();
    struct state_events *events;

    collect(newest, json_object_get(json_object_get(room, "state"), "events"));
    collect(newest, json_object_get(json_object_get(room, "timeline"), "events"));
    if (json_object_size(newest) == 0)
        return NULL;
    events = NEW(struct state_events);
    events->list = json_array();
    for (void *at = json_object_iter(newest); at; at = json_object_iter_next(newest, at))
        (void)json_array_append(events->list, json_object_iter_value(at));
    return events;
}

void state_events_free(struct state_events *events)
{
    if (!events)
        return;
    json_decref(events->list);
    free(events);
}

size_t state_events_count(const struct state_events *events)
{
    return events ? json_array_size(events->list) : 0;
}

static int64_t age_of(const json_t *event)
{
    const json_t *age = json_object_get(json_object_get(event, "unsigned"), "age");

    return json_is_integer(age) && json_integer_value(age) >= 0 ? json_integer_value(age) : -1;
}

bool state_events_member(const struct state_events *events, size_t number, struct member_event *ret_member)
{
    const json_t *event = events ? json_array_get(events->list, number) : NULL;

    if (!text_equal(parse_text(event, "type"), "m.room.member"))
        return false;
    *ret_member = (struct member_event){
        .user = parse_text(event, "state_key"),
        .name = parse_text(json_object_get(event, "content"), "displayname"),
        .membership = room_state_membership_in(event),
        .age = age_of(event),
    };
    return true;
}

void room_state_apply(struct room_state *state, const struct state_events *events)
{
    for (size_t i = 0; i < state_events_count(events); i++)
        room_state_read(state, json_array_get(events->list, i));
}

bool room_state_agrees(const struct room_state *state, const struct state_events *events)
{
    for (size_t i = 0; i < state_events_count(events); i++)
        if (!room_state_has(state, json_array_get(events->list, i)))
            return false;
    return true;
}

/* ---- all rooms ---- */

/* Adds the rooms, by id; there must be memory for them. */
static void add_rooms(struct changes *changes, json_t *rooms, bool left)
{
    for (void *at = json_object_iter(rooms); at; at = json_object_iter_next(rooms, at))
        changes->rooms[changes->room_count++] = (struct room_change){
            .room = text_copy(json_object_iter_key(at)),
            .left = left,
            .doubtful = !left && is_doubtful(json_object_iter_value(at)),
            .events = left ? NULL : read_events(json_object_iter_value(at)),
        };
}

struct changes *changes_from_json(const json_t *reply)
{
    const char *position = parse_text(reply, "next_batch");
    json_t *joined = json_object_get(json_object_get(reply, "rooms"), "join");
    json_t *left = json_object_get(json_object_get(reply, "rooms"), "leave");
    size_t count = json_object_size(joined) + json_object_size(left);
    struct changes *changes;

    if (!position || !*position)
        return NULL;
    changes = NEW(struct changes);
    changes->position = text_copy(position);
    changes->rooms = memory_new(count + 1, sizeof(struct room_change)); /* never none at all */
    add_rooms(changes, joined, false);
    add_rooms(changes, left, true);
    return changes;
}

void changes_free(struct changes *changes)
{
    if (!changes)
        return;
    for (size_t i = 0; i < changes->room_count; i++) {
        free(changes->rooms[i].room);
        state_events_free(changes->rooms[i].events);
    }
    free(changes->rooms);
    free(changes->position);
    free(changes);
}

/* ---- which rooms there are ---- */

struct joined_rooms {
    struct members *ids; /* a table of ids, be they of users or rooms */
};

struct joined_rooms *joined_rooms_from_json(const json_t *reply)
{
    const json_t *list = json_object_get(reply, "joined_rooms");
    struct joined_rooms *joined;

    if (!json_is_array(list))
        return NULL;
    joined = NEW(struct joined_rooms);
    for (size_t i = 0; i < json_array_size(list); i++)
        if (json_is_string(json_array_get(list, i)))
            (void)members_set(&joined->ids, json_string_value(json_array_get(list, i)), MEMBERSHIP_JOIN);
    return joined;
}

bool joined_rooms_has(const struct joined_rooms *joined, const char *room)
{
    return members_get(joined->ids, room) == MEMBERSHIP_JOIN;
}

void joined_rooms_free(struct joined_rooms *joined)
{
    if (!joined)
        return;
    members_free(joined->ids);
    free(joined);
}
