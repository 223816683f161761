#include "engine/wants.h"

#include "engine/witness.h"

#include <utlist.h>

struct user_wanted wants_user(const struct mirror *mirror, const struct place *place)
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
        .witness = witness_of_user(mirror, place),
        .since = place->message->arrived,
    };
}

/* An addUser decides over members. Without a name of its own it leaves that to who would have created the
 * user. */
struct user_wanted wants_of_user(const struct mirror *mirror, const struct subject *subject)
{
    struct user_wanted all = {.id = NULL};
    const struct place *place;

    DL_FOREACH (subject->line, place) {
        struct user_wanted one;

        if (!place->in_front || place->settled)
            continue;
        one = wants_user(mirror, place);
        if (all.id) {
            one.since = instant_max(one.since, all.since);
            one.witness = one.witness < all.witness ? one.witness : all.witness;
        }
        if (all.id && !one.added) {
            all.since = one.since;
            all.witness = one.witness;
            continue;
        }
        if (!one.name)
            one.name = all.name;
        all = one;
    }
    return all;
}

size_t wants_member_count(const struct place *place)
{
    return place->kind == PLACE_ROOM_ADDED ? place->message->user_count : 0;
}

/*
 * A place that is settled stays as it was then: what is learnt for later messages is theirs, and no call
 * would come of it for this one.
 */
static enum user_readiness readiness_of(const struct mirror *mirror, const struct place *member,
                                        const struct engine_rules *rules, instant now)
{
    struct user_wanted wanted;

    if (member->settled)
        return member->there ? USER_READY : USER_HOPELESS;
    if (!member->in_front)
        return USER_PENDING;
    wanted = wants_user(mirror, member);
    return user_outlook(&member->subject->user, &wanted, rules, now).readiness;
}

static struct levels_user as_member(const struct place *room, const struct place *member)
{
    return (struct levels_user){
        .user = member->subject->key,
        .level = order_level_wanted(member, room),
        .invited = true,
        .name = member->subject->user.name,
        .avatar = member->subject->user.avatar,
    };
}

struct members_state wants_coming_members(const struct mirror *mirror, const struct place *place,
                                          const struct engine_rules *rules, instant now,
                                          struct levels_user *members)
{
    struct members_state state = {.ready = 0};

    for (size_t i = 0; i < wants_member_count(place); i++) {
        const struct place *member = &place->message->places[i];
        enum user_readiness readiness;

        if (!member->in_front)
            continue;
        readiness = readiness_of(mirror, member, rules, now);
        switch (readiness) {
        case USER_UNREAD:
            state.pending++;
            break;
        case USER_PENDING:
        case USER_READY:
            state.expected += readiness == USER_PENDING && user_is_expected(&member->subject->user);
            members[state.ready] = as_member(place, member);
            members[state.ready++].invited = false;
            break;
        case USER_DELAYED:
            state.delayed++;
            break;
        case USER_HOPELESS:
            break;
        }
    }
    return state;
}

static bool is_pending(enum user_readiness readiness)
{
    return readiness == USER_UNREAD || readiness == USER_PENDING;
}

struct members_state wants_ready_members(const struct mirror *mirror, const struct place *place,
                                         const struct engine_rules *rules, instant now,
                                         struct levels_user *members)
{
    struct members_state state = {.ready = 0};
    struct engine_message *message = place->message;

    if (message->pending < wants_member_count(place) &&
        is_pending(readiness_of(mirror, &message->places[message->pending], rules, now)))
        return (struct members_state){.pending = 1};
    for (size_t i = 0; i < wants_member_count(place); i++) {
        const struct place *member = &place->message->places[i];

        switch (readiness_of(mirror, member, rules, now)) {
        case USER_UNREAD:
        case USER_PENDING:
            message->pending = i;
            return (struct members_state){.pending = 1};
        case USER_DELAYED:
            state.delayed++;
            break;
        case USER_READY:
            members[state.ready++] = as_member(place, member);
            break;
        case USER_HOPELESS:
            break;
        }
    }
    return state;
}

struct room_wanted wants_room(const struct place *place)
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
