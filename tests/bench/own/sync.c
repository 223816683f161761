/*
 * GET /_matrix/client/v3/sync, for a client that is in all rooms and asks what has changed.
 *
 * Of each room in which something happened since the token, the newest event is in the timeline and the state
 * that changed before it in `state`; `limited` says that there was more than the timeline may have
 * (client-server API, "Syncing"). A state event that was replaced again is told once. Without a token, the
 * whole state of the rooms that the filter lets through is told: of none, where it names none.
 *
 * Known of the filter: room.rooms, room.state.types and room.timeline.limit.
 */
#include "answers.h"

#include <stdlib.h>
#include <string.h>

struct filter {
    const json_t *rooms, *types; /* NULL: all */
    size_t limit;                /* of a timeline */
};

static bool lists(const json_t *list, const char *text)
{
    if (!list)
        return true;
    for (size_t i = 0; i < json_array_size(list); i++)
        if (text_equal(json_string_value(json_array_get(list, i)), text))
            return true;
    return false;
}

static struct filter filter_of(const json_t *json)
{
    enum { LIMIT = 10 }; /* Synapse's own */
    const json_t *room = json_object_get(json, "room");
    const json_t *limit = json_object_get(json_object_get(room, "timeline"), "limit");

    return (struct filter){.rooms = json_object_get(room, "rooms"),
                           .types = json_object_get(json_object_get(room, "state"), "types"),
                           .limit = json_is_integer(limit) ? (size_t)json_integer_value(limit) : LIMIT};
}

/* "s<position>" */
static size_t position_of(const char *token)
{
    return token && token[0] == 's' ? strtoul(token + 1, NULL, 10) : 0;
}

/* ---- what happened in a room ---- */

/* With its age, by which a client tells what it caused itself. */
static void append_event(struct buffer *buffer, const struct event *event)
{
    (void)buffer_append(buffer, event->text, strlen(event->text) - 1);
    (void)buffer_append_format(buffer, ",\"unsigned\":{\"age\":%lld}}", milliseconds() - event->at);
}

/* Goes back in time: the first event that comes along is the timeline. */
static void note(struct event *event, const struct filter *filter, struct room **rooms)
{
    struct room *room = event->room;

    if (!room->sync.seen) {
        room->sync.seen = true;
        room->sync.events = 0;
        room->sync.newest = event;
        room->sync.next = *rooms;
        buffer_init(&room->sync.state, SIZE_MAX / 2);
        *rooms = room;
    } else if (event->slot && lists(filter->types, event->type)) {
        if (room->sync.state.size > 0)
            (void)buffer_append_char(&room->sync.state, ',');
        append_event(&room->sync.state, event);
    }
    room->sync.events++;
}

static struct room *changed_rooms(const struct homeserver *homeserver, size_t since,
                                  const struct filter *filter)
{
    struct room *rooms = NULL;

    for (size_t i = homeserver->journal_size; i > since; i--) {
        const struct journal_entry *entry = &homeserver->journal[i - 1];

        if (entry->event->position != entry->position) {
            if (entry->event->room->sync.seen)
                entry->event->room->sync.events++;
        } else if (lists(filter->rooms, entry->event->room->id)) {
            note(entry->event, filter, &rooms);
        }
    }
    return rooms;
}

/* ---- the reply ---- */

static void append_rooms(struct buffer *body, struct room *rooms, size_t limit, bool deleted)
{
    bool first = true;

    (void)buffer_append_format(body, "\"%s\":{", deleted ? "leave" : "join");
    for (; rooms; rooms = rooms->sync.next) {
        if (rooms->deleted != deleted)
            continue;
        (void)buffer_append_format(body, "%s\"%s\":{\"timeline\":{\"events\":[", first ? "" : ",", rooms->id);
        append_event(body, rooms->sync.newest);
        (void)buffer_append_format(body, "],\"limited\":%s,\"prev_batch\":\"s0\"},\"state\":{\"events\":[",
                                   rooms->sync.events > limit ? "true" : "false");
        (void)buffer_append(body, rooms->sync.state.bytes, rooms->sync.state.size);
        (void)buffer_append_text(body, "]}}");
        first = false;
    }
    (void)buffer_append_char(body, '}');
}

static void forget(struct room *rooms)
{
    for (; rooms; rooms = rooms->sync.next) {
        rooms->sync.seen = false;
        buffer_deinit(&rooms->sync.state);
    }
}

void answer_sync(struct homeserver *homeserver, const char *query, struct answer *answer)
{
    CLEANUP(freep) char *since = query_value(query, "since");
    CLEANUP(freep) char *given = query_value(query, "filter");
    json_auto_t *json = given ? json_loads(given, 0, NULL) : NULL;
    struct filter filter = filter_of(json);
    struct room *rooms = changed_rooms(homeserver, position_of(since), &filter);

    (void)buffer_append_format(&answer->body, "{\"next_batch\":\"s%zu\"", homeserver->journal_size);
    if (rooms) {
        (void)buffer_append_text(&answer->body, ",\"rooms\":{");
        append_rooms(&answer->body, rooms, filter.limit, false);
        (void)buffer_append_char(&answer->body, ',');
        append_rooms(&answer->body, rooms, filter.limit, true);
        (void)buffer_append_char(&answer->body, '}');
    }
    (void)buffer_append_char(&answer->body, '}');
    forget(rooms);
}
