#include "engine/simulation/watch.h"

#include "base/memory.h"

#include <stdlib.h>
#include <string.h>

/* Welcome rooms belong to their users; what is about nobody goes by its kind. */
const char *watch_subject(const struct synapse_call *call)
{
    if (call->alias && strncmp(call->alias, "#sync_", strlen("#sync_")) != 0)
        return call->alias;
    if (call->kind == SYNAPSE_MARK_ROOM)
        return call->room;
    return call->user ? call->user : synapse_kind_name(call->kind);
}

static void watch_traffic(struct stage *stage, const struct synapse_call *call)
{
    for (size_t i = 0; i < stage->transit_count; i++)
        if (strcmp(stage->transits[i].subject, watch_subject(call)) == 0)
            world_accuse(stage->world, "two calls at a time for %s", watch_subject(call));
    if (stage->transit_count >= stage->concurrency)
        world_accuse(stage->world, "too many calls at a time");
    if (!stage->ready)
        world_accuse(stage->world, "a call is made without a session");
    if (stage->away)
        world_accuse(stage->world, "a call is made while the homeserver is away");
    if (instant_now() < stage->closed_until)
        world_accuse(stage->world, "a call is made too early");
    if (instant_now() < stage->rests_until)
        world_accuse(stage->world, "a call is made during a rest");
    if (stage->rest > 0 && stage->transit_count > 0)
        world_accuse(stage->world, "two calls at a time, though nobody is in a hurry");
}

void watch_rest(struct stage *stage, const struct transit *transit)
{
    enum { LONGEST = 10000 };
    int64_t length = stage->rest * (instant_now() - transit->sent);

    if (stage->rest > 0 && synapse_kind_writes(transit->call.kind))
        stage->rests_until = instant_now() + (length < LONGEST ? length : LONGEST);
}

/* ---- who was asked for ---- */

static bool concerns_room(const struct request *request, const char *alias)
{
    for (size_t i = 0; i < request->room_count; i++)
        if (strcmp(request->rooms[i].alias, alias) == 0)
            return true;
    return false;
}

static bool concerns_user(const struct request *request, const char *user)
{
    for (size_t i = 0; i < request->member_count; i++)
        if (strcmp(request->members[i].id, user) == 0)
            return true;
    return text_equal(request->user.id, user);
}

static struct world_user *known_user(const struct stage *stage, const char *id)
{
    struct world_user *user = world_user(stage->world, id);

    if (!user)
        abort(); /* calls are about users of this world */
    return user;
}

/* Whether one of the messages under way may want this of the user, and asked for the user before. */
static bool was_asked_for(const struct stage *stage, const char *user, const char *alias)
{
    for (size_t i = 0; i < stage->delivered; i++) {
        const struct letter *letter = &stage->letters[i];

        if (letter->message && concerns_user(engine_request(letter->message), user) &&
            (!alias || concerns_room(engine_request(letter->message), alias)) &&
            letter->delivered_at <= known_user(stage, user)->asked_at)
            return true;
    }
    return false;
}

static void watch_user(const struct stage *stage, const struct synapse_call *call, const char *user,
                       const char *alias)
{
    if (!was_asked_for(stage, user, alias))
        world_accuse(stage->world, "%s: %s was not asked for before", synapse_kind_name(call->kind), user);
}

/* Those whose level the call would raise. */
static void watch_raised(const struct stage *stage, const struct synapse_call *call)
{
    const struct world_room *room = world_room(stage->world, call->room);

    for (size_t i = 0; i < call->raised_count; i++)
        if (call->kind == SYNAPSE_CREATE_ROOM || !room->state->levels ||
            levels_of(room->state->levels, call->raised[i].user) < call->raised[i].level)
            watch_user(stage, call, call->raised[i].user, call->alias);
}

static void watch_people(struct stage *stage, const struct synapse_call *call)
{
    switch ((int)call->kind) {
    case SYNAPSE_READ_USER:
        known_user(stage, call->user)->asked_at = instant_now();
        break;
    case SYNAPSE_CREATE_USER:
    case SYNAPSE_SET_DISPLAY_NAME:
    case SYNAPSE_ADD_EMAIL:
    case SYNAPSE_REACTIVATE_USER:
    case SYNAPSE_DEACTIVATE_USER:
    case SYNAPSE_CREATE_WELCOME_ROOM:
    case SYNAPSE_INVITE_USER:
    case SYNAPSE_SEND_WELCOME:
        watch_user(stage, call, call->user, NULL);
        break;
    case SYNAPSE_JOIN_USER:
        watch_user(stage, call, call->user, call->alias);
        break;
    case SYNAPSE_CREATE_ROOM:
    case SYNAPSE_WRITE_LEVELS:
        watch_raised(stage, call);
        break;
    default:
        break;
    }
}

/* ---- levels ---- */

enum { FRESH = 100 /* ms: LOOK_LIMIT in src/engine/room.c */ };

static size_t number_of_alias(const struct stage *stage, const char *alias)
{
    size_t i = 0;

    while (i < WORLD_ALIASES && !text_equal(stage->world->aliases[i].alias, alias))
        i++;
    return i;
}

static void watch_levels(const struct stage *stage, const struct synapse_call *call)
{
    size_t room = number_of_alias(stage, call->alias);
    enum synapse_kind last = stage->last[room].kind;

    if (last != SYNAPSE_READ_LEVELS || instant_now() > stage->last[room].at + FRESH)
        world_accuse(stage->world, "the levels of %s are written without a look", call->alias);
}

void watch_answer(struct stage *stage, const struct synapse_call *call, const struct synapse_reply *reply)
{
    size_t room = number_of_alias(stage, call->alias);

    if (room == WORLD_ALIASES || reply->outcome == SYNAPSE_REFUSED)
        return; /* nothing has changed */
    stage->last[room].kind = reply->outcome == SYNAPSE_OK ? call->kind : SYNAPSE_RESOLVE_ALIAS;
    stage->last[room].at = instant_now();
}

void watch_call(struct stage *stage, const struct synapse_call *call)
{
    watch_traffic(stage, call);
    watch_people(stage, call);
    if (call->kind == SYNAPSE_WRITE_LEVELS)
        watch_levels(stage, call);
}
