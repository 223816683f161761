#include "engine/room.h"

#include "base/memory.h"
#include "engine/ownership.h"
#include "engine/raising.h"
#include "engine/room_facts.h"

#include <stdlib.h>
#include <string.h>

enum {
    LOOK_LIMIT = 100,            /* ms: what came longer ago is read again before it is overwritten */
    ID_LIFE = 10 * 60 * 1000,    /* ms: an alias may be moved to another room, though hardly anybody does */
    STATE_LIFE = 60 * 60 * 1000, /* ms: a state reset (Matrix specification, room version 2) is not told */
    LOOKS_AT_ALIAS =
        4, /* the last of so many looks at a deletion is at how it is doing, the others at the alias */
};

static struct synapse_call call_of(enum synapse_kind kind, const struct room_known *known,
                                   const struct room_wanted *wanted)
{
    return (struct synapse_call){.kind = kind, .alias = wanted->alias, .room = known->id};
}

static struct action step(struct plan *plan, enum synapse_kind kind, const struct room_known *known,
                          const struct room_wanted *wanted)
{
    struct synapse_call call = call_of(kind, known, wanted);

    return plan_step(plan, &call);
}

static struct action wait_until(struct plan *plan, instant until)
{
    plan_wait(plan, until);
    return plan_rest(plan);
}

/* Whether what is inside may have changed since we saw it. */
static bool is_old(const struct plan *plan, const struct room_known *known)
{
    return plan->now > known->looked_at + LOOK_LIMIT;
}

/* The alias is free when the room is gone. How the deletion is doing is asked when that takes long, if it can
   be: it may have failed. */
static struct action deletion(struct plan *plan, const struct room_known *known,
                              const struct room_wanted *wanted)
{
    bool is_late = known->looks % LOOKS_AT_ALIAS == LOOKS_AT_ALIAS - 1;

    if (!known->deleting)
        return step(plan, SYNAPSE_DELETE_ROOM, known, wanted);
    if (plan->now < known->look_again)
        return wait_until(plan, known->look_again);
    return is_late && plan_may(plan, SYNAPSE_READ_DELETION, NULL)
               ? step(plan, SYNAPSE_READ_DELETION, known, wanted)
               : step(plan, SYNAPSE_RESOLVE_ALIAS, known, wanted);
}

/* The alias points to a room that is gone; that it still does so is seen right before it is deleted. */
static struct action liberation(struct plan *plan, const struct room_known *known,
                                const struct room_wanted *wanted)
{
    bool seen = known->resolved_at >= known->gone_at;

    return step(plan, seen ? SYNAPSE_DELETE_ALIAS : SYNAPSE_RESOLVE_ALIAS, known, wanted);
}

/* What is to be read to know whose room it is. Nothing more is done about one that is not ours. */
static struct action inquiry(struct plan *plan, const struct room_known *known,
                             const struct room_wanted *wanted, enum ownership ownership)
{
    switch (ownership) {
    case OWNERSHIP_UNREAD_CREATION:
        return step(plan, SYNAPSE_READ_CREATION, known, wanted);
    case OWNERSHIP_UNREAD_DETAILS:
        return step(plan, SYNAPSE_READ_ROOM, known, wanted);
    case OWNERSHIP_UNREAD_STATE:
        return step(plan, SYNAPSE_READ_STATE, known, wanted);
    case OWNERSHIP_UNREAD_ALIASES:
        return step(plan, SYNAPSE_READ_ALIASES, known, wanted);
    case OWNERSHIP_OURS:
    case OWNERSHIP_OF_ANOTHER:
    case OWNERSHIP_OF_ALIAS:
    case OWNERSHIP_OF_WELCOME:
    case OWNERSHIP_OF_SEVERAL:
        break;
    }
    return plan_rest(plan);
}

/* By its id, which is not its own. */
static const char *predecessor_of(const struct room_known *known)
{
    const struct room_state *creation = known->state ? known->state : known->creation;

    return text_equal(creation->predecessor, known->id) ? NULL : creation->predecessor;
}

/* What tells whose room it is. How many have joined is to be known, too, to look at the deletion in time; so
   of a room that is not remembered all is read, if it can be. */
static enum synapse_kind reading(struct plan *plan, const struct room_known *known)
{
    return known->state || !plan_may(plan, SYNAPSE_READ_STATE, NULL) ? SYNAPSE_READ_CREATION
                                                                     : SYNAPSE_READ_STATE;
}

/* The alias is resolved anew whatever is remembered, for what is removed is lost. */
static struct action removal(struct plan *plan, const struct room_known *known,
                             const struct room_wanted *wanted, const struct engine_rules *rules)
{
    enum ownership ownership;

    if (known->deleting)
        return deletion(plan, known, wanted);
    if (known->presence == PRESENCE_UNKNOWN || known->resolved_at < wanted->since)
        return step(plan, SYNAPSE_RESOLVE_ALIAS, known, wanted);
    if (known->presence == PRESENCE_ABSENT)
        return plan_rest(plan);
    if (known->gone_at != INSTANT_NEVER)
        return liberation(plan, known, wanted);
    if (known->creation_at < wanted->since && known->read_at < wanted->since)
        return step(plan, reading(plan, known), known, wanted);
    ownership = room_ownership(known, wanted->alias, rules, wanted->since);
    if (ownership != OWNERSHIP_OURS)
        return inquiry(plan, known, wanted, ownership);
    if (!lineage_is_over(&known->lineage, predecessor_of(known)))
        return lineage_next(plan, &known->lineage, wanted->alias, predecessor_of(known));
    return deletion(plan, known, wanted);
}

static struct action creation(struct plan *plan, const struct room_known *known,
                              const struct room_wanted *wanted)
{
    struct synapse_call call = call_of(SYNAPSE_CREATE_ROOM, known, wanted);

    if (!wanted->name)
        return plan_rest(plan);
    for (int setting = 0; setting < ROOM_SETTINGS; setting++)
        call.settings[setting] = room_setting_wanted((enum room_setting)setting, wanted);
    call.levels = room_levels_wanted(wanted);
    if (!known->bare) {
        call.raised = wanted->members;
        call.raised_count = wanted->member_count + wanted->coming_count;
    }
    return plan_step(plan, &call);
}

/* Left half made by a creation that was refused: there is nothing to wait for. */
static struct action clearance(struct plan *plan, const struct room_known *known,
                               const struct room_wanted *wanted)
{
    if (!plan_may(plan, SYNAPSE_DELETE_ROOM, NULL))
        return plan_rest(plan);
    return is_old(plan, known) ? step(plan, SYNAPSE_READ_STATE, known, wanted)
                               : deletion(plan, known, wanted);
}

/* Left half made by a creation that was cut, or by all who were in it, unless it is just being made: wait,
   look again, make it anew. */
static struct action renewal(struct plan *plan, const struct room_known *known,
                             const struct room_wanted *wanted)
{
    instant ripe;

    if (known->refused && text_equal(known->state->mark, known->refused))
        return clearance(plan, known, wanted);
    if (plan_is_barred(plan->obstacles, SYNAPSE_CREATE_ROOM))
        return plan_rest(plan);                  /* it could not be made anew */
    if (known->half_made_since == INSTANT_NEVER) /* remembered from an earlier message */
        return step(plan, SYNAPSE_READ_STATE, known, wanted);
    ripe = known->half_made_since + HALF_MADE_LIMIT;
    if (plan->now < ripe)
        return wait_until(plan, ripe);
    if (!plan_may(plan, SYNAPSE_DELETE_ROOM, NULL))
        return plan_rest(plan);
    if (known->read_at < ripe || is_old(plan, known))
        return step(plan, SYNAPSE_READ_STATE, known, wanted);
    return deletion(plan, known, wanted);
}

/* The sync user was put out while others are still in. */
static struct action return_home(struct plan *plan, const struct room_known *known,
                                 const struct room_wanted *wanted, const struct engine_rules *rules)
{
    enum membership membership = room_state_membership(known->state, rules->sync_user);

    if (membership == MEMBERSHIP_INVITE || known->regained_at != INSTANT_PAST)
        return step(plan, SYNAPSE_ENTER_ROOM, known, wanted);
    return step(plan, SYNAPSE_REGAIN_ROOM, known, wanted);
}

/* Levels come before joins, so that a long run of joins starves nobody. */
static bool next_levels(struct plan *plan, const struct room_known *known, const struct room_wanted *wanted,
                        struct synapse_call *ret_call)
{
    struct synapse_call write = call_of(SYNAPSE_WRITE_LEVELS, known, wanted);

    if (!raising_next(plan, known, wanted, &write))
        return false;
    if (is_old(plan, known) || !known->saw_levels) {
        *ret_call = call_of(SYNAPSE_READ_LEVELS, known, wanted);
        return plan_may(plan, SYNAPSE_READ_LEVELS, NULL);
    }
    *ret_call = write;
    return true;
}

static bool next_setting(struct plan *plan, const struct room_known *known, const struct room_wanted *wanted,
                         struct synapse_call *ret_call)
{
    for (int setting = 0; setting < ROOM_SETTINGS; setting++) {
        const char *value = room_setting_wanted((enum room_setting)setting, wanted);

        if (!room_setting_differs(known->state, (enum room_setting)setting, value))
            continue;
        *ret_call = call_of(SYNAPSE_WRITE_SETTING, known, wanted);
        ret_call->setting = (enum room_setting)setting;
        ret_call->value = value;
        if (setting == ROOM_CANONICAL_ALIAS)
            ret_call->alt_aliases = known->state->alt_aliases;
        if (plan_may(plan, ret_call->kind, call_about(ret_call)))
            return true;
    }
    return false;
}

static bool next_join(struct plan *plan, const struct room_known *known, const struct room_wanted *wanted,
                      struct synapse_call *ret_call)
{
    for (size_t i = 0; i < wanted->member_count; i++) {
        const char *user = wanted->members[i].user;
        enum membership membership = room_state_membership(known->state, user);

        if (membership == MEMBERSHIP_JOIN || membership == MEMBERSHIP_BAN)
            continue;
        if (!plan_may(plan, SYNAPSE_JOIN_USER, user))
            continue;
        *ret_call = call_of(SYNAPSE_JOIN_USER, known, wanted);
        ret_call->user = user;
        return true;
    }
    return false;
}

static struct action convergence(struct plan *plan, const struct room_known *known,
                                 const struct room_wanted *wanted, const struct engine_rules *rules)
{
    struct synapse_call call;
    bool found = next_levels(plan, known, wanted, &call) || next_setting(plan, known, wanted, &call) ||
                 next_join(plan, known, wanted, &call);

    if (found && plan_was_refused(plan, &call) && known->regained_at == INSTANT_PAST &&
        room_lacks_power(known->state, rules) && !plan_is_barred(plan->obstacles, SYNAPSE_REGAIN_ROOM))
        return step(plan, SYNAPSE_REGAIN_ROOM, known, wanted);
    return found ? plan_call(&call) : plan_rest(plan);
}

/* A new room then takes one request; that an alias is in use, createRoom tells as cheaply as a look-up. */
static bool may_create_unseen(const struct room_known *known, const struct room_wanted *wanted,
                              const struct engine_rules *rules)
{
    return known->presence == PRESENCE_UNKNOWN && !known->taken && wanted->name && !rules->resolve_first;
}

/* Remembered for long: whether the alias still points there is looked up. */
static bool is_id_old(const struct room_known *known, const struct room_wanted *wanted)
{
    return known->found_at < wanted->since - ID_LIFE;
}

static bool is_state_old(const struct room_known *known, const struct room_wanted *wanted)
{
    return !known->state || known->whole_at < wanted->since - STATE_LIFE ||
           (known->read_at < wanted->since && !known->mirrored);
}

/* An id from before is doubtful when the room does not call itself by the alias. */
static bool may_be_outdated(const struct room_known *known, const struct room_wanted *wanted)
{
    return known->resolved_at < wanted->since &&
           !text_equal(known->state->settings[ROOM_CANONICAL_ALIAS], wanted->alias);
}

static struct action addition(struct plan *plan, const struct room_known *known,
                              const struct room_wanted *wanted, const struct engine_rules *rules)
{
    enum ownership ownership;

    if (known->deleting)
        return deletion(plan, known, wanted);
    if (!wanted->exists)
        return plan_rest(plan);
    if (known->presence == PRESENCE_ABSENT || may_create_unseen(known, wanted, rules))
        return creation(plan, known, wanted);
    if (known->presence == PRESENCE_UNKNOWN)
        return step(plan, SYNAPSE_RESOLVE_ALIAS, known, wanted);
    if (known->gone_at != INSTANT_NEVER)
        return liberation(plan, known, wanted);
    if (is_id_old(known, wanted))
        return step(plan, SYNAPSE_RESOLVE_ALIAS, known, wanted);
    if (is_state_old(known, wanted))
        return step(plan, SYNAPSE_READ_STATE, known, wanted);
    if (known->read_at < wanted->since)
        return step(plan, SYNAPSE_READ_CHANGES, known, wanted);
    if (may_be_outdated(known, wanted))
        return step(plan, SYNAPSE_RESOLVE_ALIAS, known, wanted);
    ownership = room_ownership(known, wanted->alias, rules, wanted->since);
    if (ownership != OWNERSHIP_OURS)
        return inquiry(plan, known, wanted, ownership);
    if (room_may_be_renewed(known->state))
        return renewal(plan, known, wanted);
    if (room_state_membership(known->state, rules->sync_user) != MEMBERSHIP_JOIN)
        return return_home(plan, known, wanted, rules);
    return convergence(plan, known, wanted, rules);
}

/* Levels are read only to be written. */
static bool rests_on_alias(enum synapse_kind kind)
{
    bool is_about_alias = kind == SYNAPSE_CREATE_ROOM || kind == SYNAPSE_DELETE_ALIAS;

    return kind == SYNAPSE_READ_LEVELS || (synapse_kind_writes(kind) && !is_about_alias);
}

/* Whether the alias may lead elsewhere by now. What was read right before, and the alias right before that,
   may be written however long the reading took: else a slow homeserver would be read from for ever. */
static bool is_alias_old(const struct plan *plan, const struct room_known *known)
{
    if (!is_old(plan, known) && known->alias_backs_look)
        return false;
    return plan->now > known->alias_seen_at + ALIAS_LIFE;
}

struct action room_next(const struct room_known *known, const struct room_wanted *wanted,
                        const struct engine_rules *rules, instant now)
{
    struct plan plan = plan_begin(&known->obstacles, now);
    struct action action =
        wanted->removed ? removal(&plan, known, wanted, rules) : addition(&plan, known, wanted, rules);
    struct synapse_call look;

    if (action.kind != ACTION_CALL || !rests_on_alias(action.call.kind) || !is_alias_old(&plan, known))
        return action;
    look = call_of(SYNAPSE_RESOLVE_ALIAS, known, wanted);
    look.to_delete = action.call.kind == SYNAPSE_DELETE_ROOM;
    return plan_step(&plan, &look);
}
