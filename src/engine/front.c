#include "engine/front.h"

#include "base/memory.h"
#include "engine/room.h"
#include "engine/room_report.h"
#include "engine/wants.h"
#include "engine/witness.h"

#include <stdlib.h>
#include <utlist.h>

static bool is_open(const struct place *place)
{
    return place->in_front && !place->settled;
}

static bool has_open_place(const struct subject *subject)
{
    const struct place *place;

    DL_FOREACH (subject->line, place)
        if (is_open(place))
            return true;
    return false;
}

struct engine_message *front_message(const struct subject *subject)
{
    const struct place *place;

    DL_FOREACH (subject->line, place)
        if (!place->settled)
            return place->message;
    return subject->line ? subject->line->message : NULL;
}

void front_count_request(const struct subject *subject)
{
    struct engine_message *message = front_message(subject);

    if (message)
        message->requests++;
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

/* The first time only: a place may be settled and opened over and over. */
static void note_progress(struct place *place)
{
    if (!place->was_settled)
        attempts_forget(&subject_obstacles(place->subject)->attempts, place->kind == PLACE_ROOM_REMOVED);
    place->was_settled = true;
}

static void settle(const struct front *front, struct place *place)
{
    note_progress(place);
    place->settled = true;
    front->settled(front->context, place);
}

/* Returns what is left to be done for the place. */
static struct action settle_user(const struct front *front, struct place *place)
{
    const struct user_known *known = &place->subject->user;
    const struct user_wanted wanted = wants_user(front->mirror, place);
    struct user_outlook outlook = user_outlook(known, &wanted, front->rules, front->now);

    if (outlook.action.kind != ACTION_NONE)
        return outlook.action;
    /* Who could not be read is not there, whatever is remembered. */
    place->there = outlook.readiness == USER_READY;
    place->vouched = place->there && user_rests_on_witness(known, &wanted);
    user_report(known, &wanted, front->rules, &place->message->report);
    settle(front, place);
    return outlook.action;
}

static void settle_room(const struct front *front, struct place *place, struct levels_user *members)
{
    const struct room_known *known = &place->subject->room;
    struct members_state state = wants_ready_members(front->mirror, place, front->rules, front->now, members);
    struct room_wanted wanted = wants_room(place);

    wanted.members = members;
    wanted.member_count = state.ready;
    wanted.exists = state.ready > 0 || place->message->request->method == REQUEST_ADD_ROOM;
    if (state.pending > 0 || state.delayed > 0 ||
        room_next(known, &wanted, front->rules, front->now).kind != ACTION_NONE)
        return;
    room_report(known, &wanted, front->rules, &place->message->report);
    settle(front, place);
}

static bool is_retracted(const struct mirror *mirror, const struct place *room, const struct place *member)
{
    return member->settled && member->there && member->vouched &&
           witness_by_room(mirror, room, member) == WITNESS_NONE;
}

/* Where the room does not show any more that nothing is to be done for users (engine/witness.h). */
static void reopen(const struct front *front, const struct subject *room)
{
    const struct place *place;

    DL_FOREACH (room->line, place) {
        if (!is_open(place))
            continue;
        for (size_t i = 0; i < wants_member_count(place); i++)
            if (is_retracted(front->mirror, place, &place->message->places[i])) {
                place->message->places[i].settled = false;
                front->reopened(front->context, &place->message->places[i]);
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
static bool gather_coming(const struct front *front, const struct subject *subject,
                          struct levels_user *members, size_t *ret_count)
{
    const struct place *place;
    size_t count = 0, expected = 0;

    DL_FOREACH (subject->line, place) {
        struct members_state state;

        if (place->kind != PLACE_ROOM_ADDED || !is_open(place))
            continue;
        state = wants_coming_members(front->mirror, place, front->rules, front->now, members + count);
        if (state.pending > 0)
            return false;
        count += state.ready;
        expected += state.expected;
    }
    *ret_count = count;
    return expected == 0 || count - expected >= MOST_INVITATIONS;
}

/*
 * A place is brought in once nothing is pending with its members: their levels are then written all at once.
 * Members with whom something keeps failing are not waited for.
 */
static struct room_wanted wanted_by_front(const struct front *front, const struct subject *subject,
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
        state = wants_ready_members(front->mirror, place, front->rules, front->now, members + count);
        if (!is_brought_in(place, &state))
            continue;
        all = wants_room(place);
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

/* Room for all members that may have to be gathered; the caller frees it. */
static struct levels_user *room_for_members(const struct subject *subject)
{
    const struct place *place;
    size_t count = 0;

    DL_FOREACH (subject->line, place)
        if (is_open(place))
            count += wants_member_count(place);
    if (subject->room.presence != PRESENCE_HERE)
        count *= 2; /* ready, and coming */
    return memory_new(count, sizeof(struct levels_user));
}

/* A room that has to be made is made with the levels of all who are on their way, too. */
static struct action next_of_room(const struct front *front, const struct subject *subject,
                                  struct levels_user *members)
{
    struct room_wanted all = wanted_by_front(front, subject, members);
    struct action action = room_next(&subject->room, &all, front->rules, front->now);

    if (action.kind != ACTION_CALL || action.call.kind != SYNAPSE_CREATE_ROOM)
        return action;
    if (!gather_coming(front, subject, members + all.member_count, &all.coming_count))
        return (struct action){.kind = ACTION_NONE};
    return room_next(&subject->room, &all, front->rules, front->now);
}

static void attend_to_room(const struct front *front, struct subject *subject)
{
    CLEANUP(freep) struct levels_user *members = room_for_members(subject);
    struct action action = {.kind = ACTION_NONE};
    struct place *place;

    reopen(front, subject);
    DL_FOREACH (subject->line, place)
        if (is_open(place))
            settle_room(front, place, members);
    if (has_open_place(subject))
        action = next_of_room(front, subject, members);
    front->next(front->context, subject, &action);
}

/* Where one place is left, all that is wanted is what that wants. */
static void attend_to_user(const struct front *front, struct subject *subject)
{
    struct action action = {.kind = ACTION_NONE};
    struct user_wanted wanted;
    struct place *place;
    size_t left = 0;

    DL_FOREACH (subject->line, place) {
        struct action one;

        if (!is_open(place))
            continue;
        one = settle_user(front, place);
        if (place->settled)
            continue;
        action = one;
        left++;
    }
    if (left > 1) {
        wanted = wants_of_user(front->mirror, subject);
        action = user_next(&subject->user, &wanted, front->rules, front->now);
    }
    front->next(front->context, subject, &action);
}

void front_attend(const struct front *front, struct subject *subject)
{
    if (subject->is_room)
        attend_to_room(front, subject);
    else
        attend_to_user(front, subject);
}
