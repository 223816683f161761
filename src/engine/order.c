#include "engine/order.h"

#include "base/memory.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <utlist.h>

enum {
    LEVEL_OF_MODERATOR = 50,
    MOST_ROOM_IDS = 65536,         /* remembered: about 200 bytes each */
    ROOM_ID_LIFE = 10 * 60 * 1000, /* ms: an alias may be moved to another room, though hardly anybody does */
};

/* The id of a room, remembered after its last message left, so that the alias need not be resolved again. */
struct room_id {
    char *alias;
    char *id;
    instant found_at; /* by the alias */
    UT_hash_handle hh;
};

/* ---- remembered room ids ---- */

static void forget_room_id(struct order *order, struct room_id *entry)
{
    /* NOLINTNEXTLINE(clang-analyzer-unix.Malloc): the analyzer does not see that uthash unlinks it */
    HASH_DEL(order->room_ids, entry);
    free(entry->alias);
    free(entry->id);
    free(entry);
}

/* The hash table keeps the order of insertion: the first is the oldest. */
static void remember_room_id(struct order *order, const char *alias, const char *id, instant found_at)
{
    struct room_id *entry = NEW(struct room_id);

    entry->alias = text_copy(alias);
    entry->id = text_copy(id);
    entry->found_at = found_at;
    HASH_ADD_KEYPTR(hh, order->room_ids, entry->alias, strlen(entry->alias), entry);
    if (HASH_COUNT(order->room_ids) > MOST_ROOM_IDS)
        forget_room_id(order, order->room_ids);
}

static void recall_room_id(struct order *order, struct subject *subject)
{
    struct room_id *entry = NULL;

    HASH_FIND_STR(order->room_ids, subject->key, entry);
    if (!entry)
        return;
    if (instant_now() - entry->found_at < ROOM_ID_LIFE)
        room_known_remember(&subject->room, entry->id, entry->found_at);
    forget_room_id(order, entry);
}

/* ---- subjects ---- */

static struct subject *subject_of(struct order *order, const char *key)
{
    struct subject *subject = NULL;

    HASH_FIND_STR(order->subjects, key, subject);
    if (subject)
        return subject;
    subject = NEW(struct subject);
    subject->key = text_copy(key);
    subject->is_room = key[0] == '#';
    subject->wake = INSTANT_NEVER;
    if (subject->is_room) {
        room_known_init(&subject->room);
        recall_room_id(order, subject);
    } else {
        subject->may_return = order->reactivates;
        user_known_init(&subject->user);
    }
    HASH_ADD_KEYPTR(hh, order->subjects, subject->key, strlen(subject->key), subject);
    return subject;
}

void order_drop(struct order *order, struct subject *subject)
{
    /* NOLINTNEXTLINE(clang-analyzer-unix.Malloc): the analyzer does not see that uthash unlinks it */
    HASH_DEL(order->subjects, subject);
    if (subject->is_room) {
        if (subject->room.presence == PRESENCE_HERE && subject->room.id && !subject->room.deleting)
            remember_room_id(order, subject->key, subject->room.id, subject->room.found_at);
        room_known_deinit(&subject->room);
    } else {
        user_known_deinit(&subject->user);
    }
    free(subject->key);
    free(subject);
}

void order_deinit(struct order *order)
{
    struct subject *subject, *next_subject;
    struct room_id *entry, *next_entry;

    HASH_ITER (hh, order->subjects, subject, next_subject)
        order_drop(order, subject);
    /* NOLINTNEXTLINE(clang-analyzer-unix.Malloc): the analyzer does not see that uthash unlinks it */
    HASH_ITER (hh, order->room_ids, entry, next_entry)
        forget_room_id(order, entry);
}

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

static void mark_front(struct subject *subject)
{
    struct place *place, *head = subject->line;
    bool open = true, adds_user = false;

    DL_FOREACH (subject->line, place) {
        if (place != head)
            open = open && !is_removal(head) && can_join_front(place, head, adds_user);
        adds_user = adds_user || place->kind == PLACE_USER_ADDED;
        place->in_front = open;
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

static struct place *line_up(struct order *order, struct message *message, enum place_kind kind,
                             const char *key)
{
    struct place *place = &message->places[message->place_count++];

    *place = (struct place){.kind = kind, .message = message, .subject = subject_of(order, key)};
    DL_APPEND(place->subject->line, place);
    return place;
}

static void take_user_place(struct order *order, struct message *message, enum place_kind kind,
                            const struct request_user *user)
{
    struct place *place = line_up(order, message, kind, user->id);

    place->user = user;
    mark_front(place->subject);
}

static void take_room_place(struct order *order, struct message *message, enum place_kind kind,
                            const struct request_room *room)
{
    struct place *place = line_up(order, message, kind, room->alias);

    place->room = room;
    if (message->request->method == REQUEST_ADD_USER)
        (void)snprintf(place->name, sizeof(place->name), "rooms[%zu]", room->index);
    else
        (void)snprintf(place->name, sizeof(place->name), "room");
    mark_front(place->subject);
}

struct message *order_enter(struct order *order, struct request *request, void *owner, instant now)
{
    size_t users = (request->user.id ? 1 : 0) + request->member_count;
    size_t places = users + request->room_count;
    enum place_kind user_kind = kind_of_user_place(request);
    enum place_kind room_kind =
        request->method == REQUEST_REMOVE_ROOM ? PLACE_ROOM_REMOVED : PLACE_ROOM_ADDED;
    struct message *message = memory_new(1, sizeof(struct message) + places * sizeof(struct place));

    message->request = request;
    message->owner = owner;
    message->arrived = now;
    message->user_count = users;
    message->open = places;
    report_init(&message->report);
    if (request->welcome)
        message->welcome_alias = synapse_welcome_alias(request->user.id);
    if (request->user.id)
        take_user_place(order, message, user_kind, &request->user);
    for (size_t i = 0; i < request->member_count; i++)
        take_user_place(order, message, user_kind, &request->members[i]);
    for (size_t i = 0; i < request->room_count; i++)
        take_room_place(order, message, room_kind, &request->rooms[i]);
    return message;
}

void order_leave(struct message *message, void (*left)(void *context, struct subject *subject), void *context)
{
    for (size_t i = 0; i < message->place_count; i++) {
        struct subject *subject = message->places[i].subject;

        DL_DELETE(subject->line, &message->places[i]);
        mark_front(subject);
        if (subject->is_room)
            obstacles_forget_final(&subject->room.obstacles);
        else
            obstacles_forget_final(&subject->user.obstacles);
        left(context, subject);
    }
    report_deinit(&message->report);
    request_free(message->request);
    free(message->welcome_alias);
    free(message);
}

/* ---- what is wanted ---- */

struct user_wanted order_user_wanted(const struct place *place)
{
    const struct request *request = place->message->request;
    bool added = place->kind == PLACE_USER_ADDED;

    return (struct user_wanted){
        .id = place->subject->key,
        .removed = place->kind == PLACE_USER_REMOVED,
        .added = added,
        .name = place->user->name,
        .renamed = added && place->user->name,
        .email = added ? place->user->email : NULL,
        .password = added ? place->user->password : NULL,
        .welcome = added ? request->welcome : NULL,
        .welcome_alias = place->message->welcome_alias,
        .since = place->message->arrived,
    };
}

/* An addUser decides over members. Without a name of its own it leaves that to who would have created the
 * user. */
struct user_wanted order_user_wanted_by_all(const struct subject *subject)
{
    struct user_wanted all = {.id = NULL};
    const struct place *place;

    DL_FOREACH (subject->line, place) {
        struct user_wanted one = order_user_wanted(place);

        if (!place->in_front || place->settled)
            continue;
        one.since = all.id ? instant_max(one.since, all.since) : one.since;
        if (all.id && !one.added) {
            all.since = one.since;
            continue;
        }
        if (!one.name)
            one.name = all.name;
        all = one;
    }
    return all;
}

size_t order_member_count(const struct place *place)
{
    return place->kind == PLACE_ROOM_ADDED ? place->message->user_count : 0;
}

/*
 * A place that is settled stays as it was then: what is learnt for later messages is theirs, and no call
 * would come of it for this one.
 */
static enum user_readiness readiness_of(const struct place *member, const struct engine_rules *rules,
                                        instant now)
{
    const struct user_wanted wanted = order_user_wanted(member);

    if (member->settled)
        return member->there ? USER_READY : USER_HOPELESS;
    return member->in_front ? user_readiness(&member->subject->user, &wanted, rules, now) : USER_PENDING;
}

struct members_state order_ready_members(const struct place *place, const struct engine_rules *rules,
                                         instant now, struct levels_user *members)
{
    struct members_state state = {.ready = 0};

    for (size_t i = 0; i < order_member_count(place); i++) {
        const struct place *member = &place->message->places[i];
        bool moderates = place->room->is_moderator || member->user->is_moderator;

        switch (readiness_of(member, rules, now)) {
        case USER_PENDING:
            state.pending++;
            break;
        case USER_DELAYED:
            state.delayed++;
            break;
        case USER_READY:
            members[state.ready++] =
                (struct levels_user){member->subject->key, moderates ? LEVEL_OF_MODERATOR : 0};
            break;
        case USER_HOPELESS:
            break;
        }
    }
    return state;
}

struct room_wanted order_room_wanted(const struct place *place)
{
    if (place->kind == PLACE_ROOM_REMOVED)
        return (struct room_wanted){
            .alias = place->subject->key, .removed = true, .since = place->message->arrived};
    return (struct room_wanted){
        .alias = place->subject->key,
        .place = place->name,
        .name = place->room->name,
        .topic = place->room->description,
        .bidirectional = place->room->bidirectional,
        .since = place->message->arrived,
    };
}
