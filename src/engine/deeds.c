#include "engine/deeds.h"

#include "engine/front.h"

#include <utlist.h>

static const char *const names[ENGINE_CHANGES] = {
    [CHANGE_CREATED_USERS] = "created_users",
    [CHANGE_CREATED_ROOMS] = "created_rooms",
    [CHANGE_JOINED] = "joined",
    [CHANGE_RAISED] = "raised",
    [CHANGE_RENAMED] = "renamed",
    [CHANGE_WELCOMED] = "welcomed",
    [CHANGE_REACTIVATED] = "reactivated",
    [CHANGE_SET] = "set",
    [CHANGE_REMOVED_USERS] = "removed_users",
    [CHANGE_REMOVED_ROOMS] = "removed_rooms",
};

const char *engine_change_name(enum engine_change change)
{
    return names[change];
}

/* ---- for whom ---- */

static bool concerns(const struct engine_message *message, const struct subject *room)
{
    for (size_t i = message->user_count; i < message->place_count; i++)
        if (message->places[i].subject == room && message->places[i].in_front)
            return true;
    return false;
}

/* The message that brings the user into the room. */
static struct engine_message *bringer(const struct order *order, const struct subject *room, const char *user)
{
    const struct subject *subject = subjects_find(&order->subjects, user);
    const struct place *place;

    if (subject && !subject->is_room)
        DL_FOREACH (subject->line, place)
            if (concerns(place->message, room))
                return place->message;
    return front_message(room);
}

static void count(struct engine_message *message, enum engine_change change)
{
    if (message)
        message->changes[change]++;
}

/* ---- what ---- */

static void count_raised(const struct order *order, const struct subject *room,
                         const struct synapse_call *call)
{
    const struct levels *before = room->room.state ? room->room.state->levels : NULL;
    bool is_new = call->kind == SYNAPSE_CREATE_ROOM;

    for (size_t i = 0; i < call->raised_count; i++) {
        const struct levels_user *user = &call->raised[i];
        int64_t level = is_new || !before ? 0 : levels_of(before, user->user);

        if (level < user->level)
            count(bringer(order, room, user->user), CHANGE_RAISED);
    }
}

static void note_in_room(const struct order *order, const struct subject *room,
                         const struct synapse_call *call)
{
    switch ((unsigned)call->kind) {
    case SYNAPSE_CREATE_ROOM:
        count(front_message(room), CHANGE_CREATED_ROOMS);
        count_raised(order, room, call);
        break;
    case SYNAPSE_WRITE_LEVELS:
        count_raised(order, room, call);
        break;
    case SYNAPSE_JOIN_USER:
        count(bringer(order, room, call->user), CHANGE_JOINED);
        break;
    default:
        break;
    }
}

/* Kinds that are one change each, of the message whose turn it is. */
static const struct {
    bool is_change;
    enum engine_change change;
} changes[SYNAPSE_KINDS] = {
    [SYNAPSE_SET_DISPLAY_NAME] = {true, CHANGE_RENAMED},
    [SYNAPSE_REACTIVATE_USER] = {true, CHANGE_REACTIVATED},
    [SYNAPSE_DEACTIVATE_USER] = {true, CHANGE_REMOVED_USERS},
    [SYNAPSE_WRITE_SETTING] = {true, CHANGE_SET},
    [SYNAPSE_SEND_WELCOME] = {true, CHANGE_WELCOMED},
};

void deeds_note(const struct order *order, const struct subject *subject, const struct synapse_call *call,
                const struct synapse_reply *reply)
{
    if (reply->outcome != SYNAPSE_OK)
        return;
    if (changes[call->kind].is_change)
        count(front_message(subject), changes[call->kind].change);
    else if (call->kind == SYNAPSE_CREATE_USER && reply->created)
        count(front_message(subject), CHANGE_CREATED_USERS);
    else if (call->kind == SYNAPSE_DELETE_ROOM && subject->is_room && subject->line &&
             subject->line->kind == PLACE_ROOM_REMOVED)
        count(front_message(subject), CHANGE_REMOVED_ROOMS);
    else if (subject->is_room)
        note_in_room(order, subject, call);
}
