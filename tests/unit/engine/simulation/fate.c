/* What becomes of the calls of homeserver.h: as usual, or not. Carrying them out is in homeserver.c. */
#include "engine/simulation/deed.h"
#include "engine/simulation/homeserver.h"

#include "base/memory.h"

/* Somebody else does what makes the call come too late. */
static void race_for_user(struct world *world, struct world_user *user)
{
    if (user->here)
        return;
    world_make_user(world, user, "Somebody Else", NULL);
    user->ambiguous = user->found_absent = true;
}

static void race_for_alias(struct world *world, const char *alias)
{
    if (!world_alias(world, alias)->room)
        world_dedicate(world_make_room(world, alias, world->rules.sync_user,
                                       (enum world_stage)chance_below(STAGE_ALL + 1)),
                       alias);
}

static void race_for_room(struct world *world, struct world_room *room, const struct world_user *user)
{
    if (!room->exists || room->greets || !rules_is_ours(&world->rules, room->creator))
        return;
    if (!user || chance_percent(50))
        world_purge(world, room);
    else if (user->here && room_state_membership(room->state, user->id) != MEMBERSHIP_BAN)
        world_move(world, room, user->id, MEMBERSHIP_JOIN);
}

static void race(struct world *world, const struct synapse_call *call)
{
    struct world_user *user = world_user(world, call->user);
    struct world_room *room = world_room(world, call->room);

    if ((call->kind == SYNAPSE_CREATE_USER || (call->kind == SYNAPSE_CREATE_ACCOUNT && !call->adopts)) &&
        user)
        race_for_user(world, user);
    if (call->kind == SYNAPSE_CREATE_ROOM)
        race_for_alias(world, call->alias);
    if (call->kind == SYNAPSE_DELETE_ALIAS)
        world_alias(world, call->alias)->room = NULL;
    if (room && (call->kind == SYNAPSE_JOIN_USER || call->kind == SYNAPSE_READ_STATE ||
                 call->kind == SYNAPSE_READ_ROOM || call->kind == SYNAPSE_READ_CREATION))
        race_for_room(world, room, user);
}

static const char *const fates[] = {
    "",           " (lost)",     " (unanswered)",   " (cut)",     " (broken)", " (failed)", " (late)",
    " (limited)", " (shut out)", " (after a race)", " (refused)", " (idle)",   " (denied)"};

static void note(struct world *world, const struct synapse_call *call, enum fate fate,
                 const struct synapse_reply *reply)
{
    static const char *const outcomes[] = {"ok",     "absent",  "taken",       "refused",
                                           "failed", "limited", "unreachable", "shut out"};

    world_note(world, "%s %s %s %s %s -> %s%s %s", synapse_kind_name(call->kind),
               call->user ? call->user : "", call->alias ? call->alias : "", call->room ? call->room : "",
               call->name ? call->name : (call->value ? call->value : ""), outcomes[reply->outcome],
               fates[fate], reply->text ? reply->text : "");
}

static bool is_carried_out(enum fate fate)
{
    return fate == FATE_NORMAL || fate == FATE_UNANSWERED || fate == FATE_CUT || fate == FATE_BROKEN ||
           fate == FATE_LATE || fate == FATE_RACE;
}

void homeserver_answer_so(struct homeserver *homeserver, const struct synapse_call *call, enum fate fate,
                          struct synapse_reply *ret_reply)
{
    struct world *world = homeserver->world;
    struct synapse_reply reply = {.outcome = SYNAPSE_OK, .retry_after = -1};

    if (fate == FATE_RACE)
        race(world, call);
    if (is_carried_out(fate))
        deed_carry_out(world, call, fate == FATE_CUT || fate == FATE_BROKEN, &reply);
    if (fate != FATE_NORMAL && fate != FATE_RACE) {
        synapse_reply_deinit(&reply);
        reply = (struct synapse_reply){.retry_after = -1};
    }
    if (fate == FATE_LOST || fate == FATE_UNANSWERED || fate == FATE_CUT)
        deed_answer(&reply, SYNAPSE_UNREACHABLE, "no answer");
    if (fate == FATE_FAILED || fate == FATE_LATE || fate == FATE_BROKEN)
        deed_answer(&reply, SYNAPSE_FAILED, "M_UNKNOWN");
    if (fate == FATE_LIMITED) {
        deed_answer(&reply, SYNAPSE_LIMITED, "M_LIMIT_EXCEEDED");
        reply.retry_after = chance_below(60000);
    }
    if (fate == FATE_SHUT_OUT)
        deed_answer(&reply, SYNAPSE_SHUT_OUT, "M_UNKNOWN_TOKEN");
    if (fate == FATE_REFUSED)
        deed_answer(&reply, SYNAPSE_REFUSED, "M_FORBIDDEN");
    if (fate == FATE_DENIED) {
        deed_answer(&reply, SYNAPSE_FAILED, "M_UNKNOWN");
        reply.unwilling = true;
    }
    note(world, call, fate, &reply);
    *ret_reply = reply;
}

static bool is_cursed(const struct homeserver *homeserver, const struct synapse_call *call)
{
    const char *cursed = homeserver->cursed;

    return homeserver->curse != FATE_NORMAL &&
           (!cursed || text_equal(call->user, cursed) || text_equal(call->alias, cursed)) &&
           (homeserver->cursed_kind < 0 || (int)call->kind == homeserver->cursed_kind);
}

void homeserver_answer(struct homeserver *homeserver, const struct synapse_call *call,
                       struct synapse_reply *ret_reply)
{
    enum fate fate = FATE_NORMAL;

    if (is_cursed(homeserver, call)) {
        homeserver_answer_so(homeserver, call, homeserver->curse, ret_reply);
        return;
    }
    if (homeserver->patience > 0 && chance_percent(homeserver->trouble)) {
        homeserver->patience--;
        if (chance_percent(homeserver->races))
            fate = FATE_RACE;
        else
            fate = (enum fate)(1 + chance_below(FATE_RACE - 1));
        if (homeserver->refuses && chance_percent(20))
            fate = FATE_REFUSED;
    }
    homeserver_answer_so(homeserver, call, fate, ret_reply);
}

bool homeserver_is_away(struct homeserver *homeserver)
{
    if (homeserver->curse != FATE_NORMAL && !homeserver->cursed && homeserver->cursed_kind < 0)
        return homeserver->curse == FATE_LOST;
    if (homeserver->patience == 0 || !chance_percent(homeserver->trouble))
        return false;
    homeserver->patience--;
    return true;
}
