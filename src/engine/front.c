#include "engine/front.h"

#include "engine/room_report.h"

#include <stdlib.h>
#include <utlist.h>

static bool is_open(const struct place *place)
{
    return place->in_front && !place->settled;
}

bool front_is_open(const struct subject *subject)
{
    const struct place *place;

    DL_FOREACH (subject->line, place)
        if (is_open(place))
            return true;
    return false;
}

struct message *front_message(const struct subject *subject)
{
    const struct place *place;

    DL_FOREACH (subject->line, place)
        if (!place->settled)
            return place->message;
    return subject->line ? subject->line->message : NULL;
}

instant front_arrived(const struct subject *subject)
{
    const struct place *place;
    instant arrived = INSTANT_PAST;

    DL_FOREACH (subject->line, place)
        if (is_open(place))
            arrived = instant_max(arrived, place->message->arrived);
    return arrived;
}

/* ---- settling ---- */

static bool is_user_settled(const struct order *order, struct place *place, const struct engine_rules *rules,
                            instant now)
{
    const struct user_known *known = &place->subject->user;
    const struct user_wanted wanted = order_user_wanted(order, place);

    if (user_next(known, &wanted, rules, now).kind != ACTION_NONE)
        return false;
    /* Who could not be read is not there, whatever is remembered. */
    place->there = user_readiness(known, &wanted, rules, now) == USER_READY;
    place->vouched = place->there && user_rests_on_witness(known, &wanted);
    user_report(known, &wanted, rules, &place->message->report);
    return true;
}

static bool is_room_settled(const struct order *order, const struct place *place,
                            const struct engine_rules *rules, instant now, struct levels_user *members)
{
    const struct room_known *known = &place->subject->room;
    struct members_state state = order_ready_members(order, place, rules, now, members);
    struct room_wanted wanted = order_room_wanted(place);

    wanted.members = members;
    wanted.member_count = state.ready;
    wanted.exists = state.ready > 0 || place->message->request->method == REQUEST_ADD_ROOM;
    if (state.pending > 0 || state.delayed > 0 || room_next(known, &wanted, rules, now).kind != ACTION_NONE)
        return false;
    room_report(known, &wanted, rules, &place->message->report);
    return true;
}

/* The first time only: a place may be settled and opened over and over. */
static void note_progress(struct place *place)
{
    if (!place->was_settled)
        attempts_forget(&subject_obstacles(place->subject)->attempts, place->kind == PLACE_ROOM_REMOVED);
    place->was_settled = true;
}

static size_t most_members(const struct subject *subject)
{
    const struct place *place;
    size_t most = 0;

    DL_FOREACH (subject->line, place)
        if (is_open(place) && order_member_count(place) > most)
            most = order_member_count(place);
    return most;
}

void front_settle(const struct order *order, struct subject *subject, const struct engine_rules *rules,
                  instant now, void (*settled)(void *context, struct place *place), void *context)
{
    CLEANUP(freep) struct levels_user *members = memory_new(most_members(subject), sizeof(*members));
    struct place *place;

    DL_FOREACH (subject->line, place) {
        if (!is_open(place))
            continue;
        if (subject->is_room ? !is_room_settled(order, place, rules, now, members)
                             : !is_user_settled(order, place, rules, now))
            continue;
        note_progress(place);
        place->settled = true;
        settled(context, place);
    }
}

static bool is_retracted(const struct order *order, const struct place *room, const struct place *member)
{
    return member->settled && member->there && member->vouched &&
           order_testimony(order, room, member) == WITNESS_NONE;
}

void front_reopen(const struct order *order, const struct subject *room,
                  void (*reopened)(void *context, struct place *place), void *context)
{
    const struct place *place;

    DL_FOREACH (room->line, place) {
        if (!is_open(place))
            continue;
        for (size_t i = 0; i < order_member_count(place); i++)
            if (is_retracted(order, place, &place->message->places[i])) {
                place->message->places[i].settled = false;
                reopened(context, &place->message->places[i]);
            }
    }
}

/* ---- the next action ---- */

static bool is_brought_in(const struct place *place, const struct members_state *state)
{
    return place->kind != PLACE_ROOM_ADDED ||
           (state->pending == 0 && (state->ready > 0 || place->message->request->method == REQUEST_ADD_ROOM));
}

/* So many come with a room that is made. They cost less then than later, but each more than the one before
 * it. */
enum { MOST_INVITATIONS = 100 };

static void limit_invitations(struct levels_user *members, size_t count)
{
    for (size_t i = MOST_INVITATIONS; i < count; i++)
        members[i].invited = false;
}

/*
 * Lists those who will be members of a room that has to be made. False: some are still to be looked at, or
 * will be there so soon that the room can be made with their invitations.
 */
static bool gather_coming(const struct order *order, const struct subject *subject,
                          const struct engine_rules *rules, instant now, struct levels_user *members,
                          size_t *ret_count)
{
    const struct place *place;
    size_t count = 0, expected = 0;

    DL_FOREACH (subject->line, place) {
        struct members_state state;

        if (place->kind != PLACE_ROOM_ADDED || !is_open(place))
            continue;
        state = order_coming_members(order, place, rules, now, members + count);
        if (state.pending > 0)
            return false;
        count += state.ready;
        expected += state.expected;
    }
    *ret_count = count;
    return expected == 0 || count - expected >= MOST_INVITATIONS;
}

struct levels_user *front_members(const struct subject *subject)
{
    const struct place *place;
    size_t count = 0;

    DL_FOREACH (subject->line, place)
        if (is_open(place))
            count += order_member_count(place);
    if (subject->is_room && subject->room.presence != PRESENCE_HERE)
        count *= 2; /* ready, and coming */
    return memory_new(count, sizeof(struct levels_user));
}

/*
 * A place is brought in once nothing is pending with its members: their levels are then written all at once.
 * Members with whom something keeps failing are not waited for.
 */
static struct room_wanted wanted_by_front(const struct order *order, const struct subject *subject,
                                          const struct engine_rules *rules, instant now,
                                          struct levels_user *members)
{
    struct room_wanted all = {.alias = subject->key};
    instant since = INSTANT_PAST;
    const struct place *place;
    size_t count = 0;

    DL_FOREACH (subject->line, place) {
        struct members_state state;

        if (!is_open(place))
            continue;
        state = order_ready_members(order, place, rules, now, members + count);
        if (!is_brought_in(place, &state))
            continue;
        all = order_room_wanted(place);
        since = instant_max(since, all.since);
        all.exists = true;
        count += state.ready;
    }
    limit_invitations(members, count);
    all.since = since;
    all.members = members;
    all.member_count = count;
    return all;
}

/* A room that has to be made is made with the levels of all who are on their way, too. */
static struct action next_of_room(const struct order *order, const struct subject *subject,
                                  const struct engine_rules *rules, instant now, struct levels_user *members)
{
    struct room_wanted all = wanted_by_front(order, subject, rules, now, members);
    struct action action = room_next(&subject->room, &all, rules, now);

    if (action.kind != ACTION_CALL || action.call.kind != SYNAPSE_CREATE_ROOM)
        return action;
    if (!gather_coming(order, subject, rules, now, members + all.member_count, &all.coming_count))
        return (struct action){.kind = ACTION_NONE};
    return room_next(&subject->room, &all, rules, now);
}

struct action front_next(const struct order *order, struct subject *subject, const struct engine_rules *rules,
                         instant now, struct levels_user *members)
{
    struct user_wanted wanted;

    if (subject->is_room)
        return next_of_room(order, subject, rules, now, members);
    wanted = order_user_wanted_by_all(order, subject);
    return user_next(&subject->user, &wanted, rules, now);
}
