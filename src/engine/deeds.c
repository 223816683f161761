#include "engine/deeds.h"

#include "engine/front.h"

#include <stdlib.h>
#include <string.h>
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
static struct engine_message *bringer(const struct subjects *subjects, const struct subject *room,
                                      const char *user)
{
    const struct subject *subject = subjects_find(subjects, user);
    const struct place *place;

    if (subject && !subject->is_room)
        DL_FOREACH (subject->line, place)
            if (concerns(place->message, room))
                return place->message;
    return front_message(room);
}

/* Whom to tell, and where it happened. */
struct noting {
    const struct subjects *subjects;
    const struct engine_config *config;
    const struct subject *subject;
    const struct synapse_call *call;
};

static void note(const struct noting *noting, struct engine_message *message, struct engine_deed deed)
{
    const struct subject *subject = noting->subject;

    if (!message)
        return;
    message->changes[deed.change]++;
    if (subject->is_room)
        deed.room = subject->key;
    else
        deed.user = subject->key;
    if (noting->config->changed)
        noting->config->changed(noting->config->context, message, &deed);
}

/* ---- what ---- */

/* The levels before the call; those of a new room are 0. */
static struct levels *levels_before(const struct noting *noting)
{
    const struct room_state *state = noting->subject->room.state;
    CLEANUP(freep) char *text = NULL;

    if (noting->call->kind == SYNAPSE_CREATE_ROOM || !state || !state->levels)
        return levels_new(&noting->call->levels, NULL, 0);
    text = levels_print(state->levels);
    return levels_parse(text, strlen(text));
}

/* Who is named twice is raised once. */
static void note_raised(const struct noting *noting)
{
    const struct synapse_call *call = noting->call;
    CLEANUP(levels_freep) struct levels *levels = levels_before(noting);

    for (size_t i = 0; i < call->raised_count; i++) {
        const struct levels_user *user = &call->raised[i];

        if (levels_of(levels, user->user) >= user->level)
            continue;
        levels_raise(levels, user);
        note(noting, bringer(noting->subjects, noting->subject, user->user),
             (struct engine_deed){.change = CHANGE_RAISED, .user = user->user, .level = user->level});
    }
}

static void note_in_room(const struct noting *noting)
{
    const struct synapse_call *call = noting->call;

    switch ((unsigned)call->kind) {
    case SYNAPSE_CREATE_ROOM:
        note(noting, front_message(noting->subject),
             (struct engine_deed){.change = CHANGE_CREATED_ROOMS, .name = call->settings[ROOM_NAME]});
        note_raised(noting);
        break;
    case SYNAPSE_WRITE_LEVELS:
        note_raised(noting);
        break;
    case SYNAPSE_JOIN_USER:
        note(noting, bringer(noting->subjects, noting->subject, call->user),
             (struct engine_deed){.change = CHANGE_JOINED, .user = call->user});
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
    [SYNAPSE_REACTIVATE_ACCOUNT] = {true, CHANGE_REACTIVATED},
    [SYNAPSE_DEACTIVATE_ACCOUNT] = {true, CHANGE_REMOVED_USERS},
    [SYNAPSE_WRITE_SETTING] = {true, CHANGE_SET},
    [SYNAPSE_SEND_WELCOME] = {true, CHANGE_WELCOMED},
};

/* What is told of such a one. */
static struct engine_deed deed_of(const struct subject *subject, const struct synapse_call *call)
{
    struct engine_deed deed = {.change = changes[call->kind].change};

    if (deed.change == CHANGE_RENAMED) {
        deed.before = subject->user.name;
        deed.name = call->name;
    } else if (deed.change == CHANGE_SET) {
        deed.setting = room_setting_words(call->setting);
        deed.name = call->value;
    }
    return deed;
}

static bool creates_user(const struct synapse_call *call)
{
    return call->kind == SYNAPSE_CREATE_USER || (call->kind == SYNAPSE_CREATE_ACCOUNT && !call->adopts);
}

static bool removes_room(const struct subject *subject, const struct synapse_call *call)
{
    return call->kind == SYNAPSE_DELETE_ROOM && subject->is_room && subject->line &&
           subject->line->kind == PLACE_ROOM_REMOVED;
}

void deeds_note(const struct subjects *subjects, const struct engine_config *config,
                const struct subject *subject, const struct synapse_call *call,
                const struct synapse_reply *reply)
{
    const struct noting noting = {subjects, config, subject, call};

    if (reply->outcome != SYNAPSE_OK)
        return;
    if (changes[call->kind].is_change)
        note(&noting, front_message(subject), deed_of(subject, call));
    else if (creates_user(call) && reply->created)
        note(&noting, front_message(subject),
             (struct engine_deed){.change = CHANGE_CREATED_USERS, .name = call->name});
    else if (removes_room(subject, call))
        note(&noting, front_message(subject), (struct engine_deed){.change = CHANGE_REMOVED_ROOMS});
    else if (subject->is_room)
        note_in_room(&noting);
}
