#include "engine/order.h"

#include "base/memory.h"
#include "engine/engine.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <utlist.h>

enum { LEVEL_OF_MODERATOR = 50 };

/* ---- the front ---- */

static bool is_removal(const struct place *place)
{
    return place->kind == PLACE_USER_REMOVED || place->kind == PLACE_ROOM_REMOVED;
}

static bool same_description(const struct request_room *a, const struct request_room *b)
{
    return text_equal(a->name, b->name) && text_equal(a->description, b->description) &&
           a->bidirectional == b->bidirectional;
}

/*
 * Whether the place can be worked on together with those before it, none of which is a removal. Of two
 * addUser messages for one user the second waits, since it would be judged by a user whom the first made; so
 * does one whose e-mail or password a user made by an addRoom before it would not get. Where an addUser
 * reactivates, whether a member is there depends on which of them comes first.
 */
static bool can_join_front(const struct place *place, const struct place *head, bool front_adds_user)
{
    if (place->subject->may_return && place->kind != head->kind)
        return false;
    switch (place->kind) {
    case PLACE_MEMBER:
        return true;
    case PLACE_USER_ADDED:
        return !front_adds_user && !place->user->email && !place->user->password;
    case PLACE_ROOM_ADDED:
        return same_description(place->room, head->room);
    case PLACE_USER_REMOVED:
    case PLACE_ROOM_REMOVED:
        return false;
    }
    return false;
}

/* Takes in those who can join the front now. Who is in it stays there, whoever leaves: what could be worked
   on together with all before it can be so with fewer. */
static void extend_front(struct subject *subject)
{
    struct place *place, *head = subject->line;
    bool adds_user = false;

    DL_FOREACH (subject->line, place) {
        if (!place->in_front && place != head &&
            (is_removal(head) || !can_join_front(place, head, adds_user)))
            return;
        place->in_front = true;
        adds_user = adds_user || place->kind == PLACE_USER_ADDED;
    }
}

/* ---- messages ---- */

static enum place_kind kind_of_user_place(const struct request *request)
{
    switch (request->method) {
    case REQUEST_ADD_USER:
        return PLACE_USER_ADDED;
    case REQUEST_REMOVE_USER:
        return PLACE_USER_REMOVED;
    case REQUEST_ADD_ROOM:
    case REQUEST_REMOVE_ROOM:
        return PLACE_MEMBER;
    }
    return PLACE_MEMBER;
}

static struct place *take_place(struct subjects *subjects, struct engine_message *message,
                                enum place_kind kind, const char *key)
{
    struct place *place = &message->places[message->place_count++];

    *place = (struct place){.kind = kind, .message = message, .subject = subjects_take(subjects, key)};
    DL_APPEND(place->subject->line, place);
    attempts_expect_news(&subject_obstacles(place->subject)->attempts);
    return place;
}

static void take_user_place(struct subjects *subjects, struct engine_message *message, enum place_kind kind,
                            const struct request_user *user)
{
    struct place *place = take_place(subjects, message, kind, user->id);

    place->user = user;
    extend_front(place->subject);
}

static void take_room_place(struct subjects *subjects, struct engine_message *message, enum place_kind kind,
                            const struct request_room *room)
{
    struct place *place = take_place(subjects, message, kind, room->alias);

    place->room = room;
    if (message->request->method == REQUEST_ADD_USER)
        (void)snprintf(place->name, sizeof(place->name), "rooms[%zu]", room->index);
    else
        (void)snprintf(place->name, sizeof(place->name), "room");
    extend_front(place->subject);
}

struct engine_message *order_enter(struct subjects *subjects, struct request *request, void *owner,
                                   instant now)
{
    size_t users = (request->user.id ? 1 : 0) + request->member_count;
    size_t places = users + request->room_count;
    enum place_kind user_kind = kind_of_user_place(request);
    enum place_kind room_kind =
        request->method == REQUEST_REMOVE_ROOM ? PLACE_ROOM_REMOVED : PLACE_ROOM_ADDED;
    struct engine_message *message =
        memory_new(1, sizeof(struct engine_message) + places * sizeof(struct place));

    message->request = request;
    message->owner = owner;
    message->arrived = now;
    message->user_count = users;
    message->open = places;
    report_init(&message->report);
    if (request->welcome)
        message->welcome_alias = synapse_welcome_alias(request->user.id);
    if (request->user.id)
        take_user_place(subjects, message, user_kind, &request->user);
    for (size_t i = 0; i < request->member_count; i++)
        take_user_place(subjects, message, user_kind, &request->members[i]);
    for (size_t i = 0; i < request->room_count; i++)
        take_room_place(subjects, message, room_kind, &request->rooms[i]);
    return message;
}

/* When the oldest of those who are at the front and not settled came; INSTANT_NEVER: all are settled. */
static instant oldest_waiting(const struct subject *subject)
{
    const struct place *place;

    DL_FOREACH (subject->line, place)
        if (place->in_front && !place->settled)
            return place->message->arrived;
    return INSTANT_NEVER;
}

void order_leave(struct engine_message *message, void (*left)(void *context, struct subject *subject),
                 void *context)
{
    for (size_t i = 0; i < message->place_count; i++) {
        struct subject *subject = message->places[i].subject;
        instant oldest;

        DL_DELETE(subject->line, &message->places[i]);
        oldest = oldest_waiting(subject);
        extend_front(subject);
        obstacles_forget_final(subject_obstacles(subject), oldest);
        attempts_forget(&subject_obstacles(subject)->attempts, false);
        left(context, subject);
    }
    report_deinit(&message->report);
    request_free(message->request);
    free(message->welcome_alias);
    free(message);
}

/* ---- what is wanted ---- */

int64_t order_level_wanted(const struct place *member, const struct place *room)
{
    return room->room->is_moderator || member->user->is_moderator ? LEVEL_OF_MODERATOR : 0;
}

/* ---- what is told of a message outside ---- */

void *engine_owner(const struct engine_message *message)
{
    return message->owner;
}

const struct request *engine_request(const struct engine_message *message)
{
    return message->request;
}

struct engine_verdict message_verdict(const struct engine_message *message, instant now)
{
    return (struct engine_verdict){
        .rejected = message->report.rejected,
        .code = message->report.code,
        .detail = buffer_text(&message->report.refusals),
        .warnings = buffer_text(&message->report.warnings),
        .requests = message->requests,
        .duration = now - message->arrived,
        .changes = message->changes,
    };
}
