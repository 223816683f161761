#include "engine/room.h"

#include "base/memory.h"

#include <stdlib.h>
#include <string.h>

enum {
    HALF_MADE_LIMIT = 30 * 1000, /* ms unchanged before it is not being made any more: SPEC section 2 */
    DELETION_PAUSE = 200,        /* ms between looks at a deletion */
    LEVEL_OF_SYNC_USER = 100,
};

void room_known_init(struct room_known *known)
{
    *known = (struct room_known){
        .resolved_at = INSTANT_PAST, .read_at = INSTANT_PAST, .half_made_since = INSTANT_NEVER};
}

void room_known_deinit(struct room_known *known)
{
    free(known->id);
    free(known->creator);
    room_state_free(known->state);
    obstacles_deinit(&known->obstacles);
    room_known_init(known);
}

void room_known_remember(struct room_known *known, const char *id)
{
    free(known->id);
    known->id = text_copy(id);
    known->presence = PRESENCE_HERE;
}

/* ---- what a room is like ---- */

static struct levels_wanted levels_as_described(const struct room_wanted *wanted)
{
    return (struct levels_wanted){
        .invite = 70, .kick = 70, .ban = 70, .events_default = wanted->bidirectional ? 0 : 50};
}

/* NULL: not known. */
static const char *creator_of(const struct room_known *known)
{
    return known->state && known->state->creator ? known->state->creator : known->creator;
}

static bool is_welcome_alias(const char *alias)
{
    return alias && strncmp(alias, "#sync_", strlen("#sync_")) == 0;
}

/* Whether it was read and is somebody else's, or a welcome room. One without a creator is nobody's to take. */
static bool is_foreign(const struct room_known *known, const struct engine_rules *rules)
{
    bool read = known->details || (known->state && known->state->creator);

    if (known->is_welcome || (known->state && is_welcome_alias(known->state->canonical_alias)))
        return true;
    return read && !rules_is_ours(rules, creator_of(known));
}

/* Nobody is in it any more, and it can only be removed. */
static bool is_dead(const struct room_known *known)
{
    return known->state->joined == 0 && (known->state->creator || known->was_used);
}

static bool is_half_made(const struct room_state *state)
{
    return !state->creator || !state->levels;
}

static bool lacks_power(const struct room_state *state, const struct engine_rules *rules)
{
    return !room_state_reigns(state, rules->sync_user) &&
           levels_of(state->levels, rules->sync_user) < LEVEL_OF_SYNC_USER;
}

static bool is_too_low(const struct room_state *state, const struct levels_user *member)
{
    return !room_state_reigns(state, member->user) && levels_of(state->levels, member->user) < member->level;
}

static bool levels_differ(const struct room_state *state, const struct room_wanted *wanted)
{
    const struct levels_wanted levels = levels_as_described(wanted);

    if (!levels_match(state->levels, &levels))
        return true;
    for (size_t i = 0; i < wanted->member_count; i++)
        if (is_too_low(state, &wanted->members[i]) &&
            room_state_membership(state, wanted->members[i].user) != MEMBERSHIP_BAN)
            return true;
    return false;
}

/* The value that a setting is to have; NULL: none is wanted. */
static const char *setting_wanted(enum room_setting setting, const struct room_wanted *wanted)
{
    switch (setting) {
    case SETTING_NAME:
        return wanted->name;
    case SETTING_TOPIC:
        return wanted->topic;
    case SETTING_JOIN_RULE:
        return "invite";
    case SETTING_GUEST_ACCESS:
        return "forbidden";
    case SETTING_CANONICAL_ALIAS:
        return wanted->alias;
    case SETTING_MARKER:
        return "managed";
    }
    return NULL;
}

/* Where the state keeps the value of a setting that is a text; the marker is none. */
static char **setting_place(struct room_state *state, enum room_setting setting)
{
    switch (setting) {
    case SETTING_NAME:
        return &state->name;
    case SETTING_TOPIC:
        return &state->topic;
    case SETTING_JOIN_RULE:
        return &state->join_rule;
    case SETTING_GUEST_ACCESS:
        return &state->guest_access;
    case SETTING_CANONICAL_ALIAS:
        return &state->canonical_alias;
    case SETTING_MARKER:
        break;
    }
    return NULL;
}

/* No topic and an empty one are the same. */
static bool setting_differs(struct room_state *state, enum room_setting setting, const char *value)
{
    char **place = setting_place(state, setting);

    if (!value)
        return false;
    if (!place)
        return !state->managed;
    return strcmp(*place ? *place : "", value) != 0;
}

/* ---- what to do ---- */

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

static struct action deletion(struct plan *plan, const struct room_known *known,
                              const struct room_wanted *wanted)
{
    if (!known->deleting)
        return step(plan, SYNAPSE_DELETE_ROOM, known, wanted);
    if (plan->now < known->look_again)
        return wait_until(plan, known->look_again);
    return step(plan, SYNAPSE_READ_DELETION, known, wanted);
}

/* The alias is resolved anew whatever is remembered, for what is removed is lost. */
static struct action removal(struct plan *plan, const struct room_known *known,
                             const struct room_wanted *wanted, const struct engine_rules *rules)
{
    if (known->deleting)
        return deletion(plan, known, wanted);
    if (known->presence == PRESENCE_UNKNOWN || known->resolved_at < wanted->since)
        return step(plan, SYNAPSE_RESOLVE_ALIAS, known, wanted);
    if (known->presence == PRESENCE_ABSENT)
        return plan_rest(plan);
    if (known->gone)
        return step(plan, SYNAPSE_DELETE_ALIAS, known, wanted);
    if (!known->details || known->details_at < wanted->since)
        return step(plan, SYNAPSE_READ_ROOM, known, wanted);
    if (is_foreign(known, rules))
        return plan_rest(plan);
    return deletion(plan, known, wanted);
}

static struct action creation(struct plan *plan, const struct room_known *known,
                              const struct room_wanted *wanted)
{
    struct synapse_call call = call_of(SYNAPSE_CREATE_ROOM, known, wanted);

    if (!wanted->name)
        return plan_rest(plan);
    call.name = wanted->name;
    call.topic = wanted->topic;
    call.levels = levels_as_described(wanted);
    call.raised = wanted->members;
    call.raised_count = wanted->member_count;
    return plan_step(plan, &call);
}

/* Left half made by a creation that was cut, unless it is just being made: wait, look again, make it anew. */
static struct action renewal(struct plan *plan, const struct room_known *known,
                             const struct room_wanted *wanted)
{
    instant ripe = known->half_made_since + HALF_MADE_LIMIT;

    if (plan->now < ripe)
        return wait_until(plan, ripe);
    if (known->read_at < ripe)
        return step(plan, SYNAPSE_READ_STATE, known, wanted);
    return deletion(plan, known, wanted);
}

/* The sync user was put out while others are still in. */
static struct action return_home(struct plan *plan, const struct room_known *known,
                                 const struct room_wanted *wanted, const struct engine_rules *rules)
{
    enum membership membership = room_state_membership(known->state, rules->sync_user);

    if (membership == MEMBERSHIP_INVITE || known->regained)
        return step(plan, SYNAPSE_ENTER_ROOM, known, wanted);
    return step(plan, SYNAPSE_REGAIN_ROOM, known, wanted);
}

/* Levels come before joins, so that a long run of joins starves nobody. */
static bool next_levels(struct plan *plan, const struct room_known *known, const struct room_wanted *wanted,
                        struct synapse_call *ret_call)
{
    if (!levels_differ(known->state, wanted) || !plan_may(plan, SYNAPSE_WRITE_LEVELS, NULL))
        return false;
    if (!known->levels_fresh) {
        *ret_call = call_of(SYNAPSE_READ_LEVELS, known, wanted);
        return plan_may(plan, SYNAPSE_READ_LEVELS, NULL);
    }
    *ret_call = call_of(SYNAPSE_WRITE_LEVELS, known, wanted);
    ret_call->levels = levels_as_described(wanted);
    ret_call->raised = wanted->members;
    ret_call->raised_count = wanted->member_count;
    return true;
}

static bool next_setting(struct plan *plan, const struct room_known *known, const struct room_wanted *wanted,
                         struct synapse_call *ret_call)
{
    for (int setting = 0; setting < ROOM_SETTINGS; setting++) {
        const char *value = setting_wanted((enum room_setting)setting, wanted);

        if (!setting_differs(known->state, (enum room_setting)setting, value))
            continue;
        *ret_call = call_of(SYNAPSE_WRITE_SETTING, known, wanted);
        ret_call->setting = (enum room_setting)setting;
        ret_call->value = value;
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
    bool found;

    found = next_levels(plan, known, wanted, &call) || next_setting(plan, known, wanted, &call);
    if (found && plan_was_refused(plan, &call) && !known->regained && lacks_power(known->state, rules))
        return step(plan, SYNAPSE_REGAIN_ROOM, known, wanted);
    if (found || next_join(plan, known, wanted, &call))
        return plan_call(&call);
    return plan_rest(plan);
}

/* A new room then takes one request; that an alias is in use, createRoom tells as cheaply as a look-up. */
static bool may_create_unseen(const struct room_known *known, const struct room_wanted *wanted,
                              const struct engine_rules *rules)
{
    return known->presence == PRESENCE_UNKNOWN && !known->taken && wanted->name && !rules->resolve_first;
}

/* A remembered id is doubtful when the room calls itself by another alias. */
static bool may_be_outdated(const struct room_known *known, const struct room_wanted *wanted)
{
    return known->resolved_at == INSTANT_PAST && !text_equal(known->state->canonical_alias, wanted->alias);
}

static struct action addition(struct plan *plan, const struct room_known *known,
                              const struct room_wanted *wanted, const struct engine_rules *rules)
{
    if (known->deleting)
        return deletion(plan, known, wanted);
    if (!wanted->exists)
        return plan_rest(plan);
    if (known->presence == PRESENCE_ABSENT || may_create_unseen(known, wanted, rules))
        return creation(plan, known, wanted);
    if (known->presence == PRESENCE_UNKNOWN)
        return step(plan, SYNAPSE_RESOLVE_ALIAS, known, wanted);
    if (known->gone)
        return step(plan, SYNAPSE_DELETE_ALIAS, known, wanted);
    if (!known->state || known->read_at < wanted->since)
        return step(plan, SYNAPSE_READ_STATE, known, wanted);
    if (may_be_outdated(known, wanted))
        return step(plan, SYNAPSE_RESOLVE_ALIAS, known, wanted);
    if (!known->state->creator && !known->details)
        return step(plan, SYNAPSE_READ_ROOM, known, wanted);
    if (is_foreign(known, rules))
        return plan_rest(plan);
    if (is_dead(known))
        return deletion(plan, known, wanted);
    if (is_half_made(known->state))
        return renewal(plan, known, wanted);
    if (room_state_membership(known->state, rules->sync_user) != MEMBERSHIP_JOIN)
        return return_home(plan, known, wanted, rules);
    return convergence(plan, known, wanted, rules);
}

struct action room_next(const struct room_known *known, const struct room_wanted *wanted,
                        const struct engine_rules *rules, instant now)
{
    struct plan plan = plan_begin(&known->obstacles, now);

    return wanted->removed ? removal(&plan, known, wanted, rules) : addition(&plan, known, wanted, rules);
}

/* ---- what replies tell ---- */

static void raise_levels(struct levels *levels, const struct room_state *state,
                         const struct synapse_call *call)
{
    levels_set(levels, &call->levels);
    for (size_t i = 0; i < call->raised_count; i++)
        if (!room_state_reigns(state, call->raised[i].user) &&
            room_state_membership(state, call->raised[i].user) != MEMBERSHIP_BAN)
            levels_raise(levels, &call->raised[i]);
}

struct levels *room_levels_to_write(const struct room_known *known, const struct synapse_call *call)
{
    CLEANUP(freep) char *text = levels_print(known->state->levels);
    struct levels *levels = levels_parse(text, strlen(text));

    raise_levels(levels, known->state, call);
    return levels;
}

/* The room is not known any more; its alias is to be resolved. */
static void forget(struct room_known *known)
{
    struct obstacles obstacles = known->obstacles;

    known->obstacles = (struct obstacles){.table = NULL};
    room_known_deinit(known);
    known->obstacles = obstacles;
}

static void learn_alias(struct room_known *known, struct synapse_reply *reply, instant sent)
{
    CLEANUP(freep) char *id = TAKE(reply->text);

    if (reply->outcome == SYNAPSE_ABSENT || !text_equal(known->id, id))
        forget(known);
    known->resolved_at = sent;
    known->presence = reply->outcome == SYNAPSE_ABSENT ? PRESENCE_ABSENT : PRESENCE_HERE;
    if (!known->id)
        known->id = TAKE(id);
}

/* No surprise, unless the alias had been looked up and found free. */
static bool learn_taken(struct room_known *known)
{
    bool surprise = known->presence == PRESENCE_ABSENT;

    forget(known);
    known->taken = true;
    return !surprise;
}

/* The room that createRoom has made, so that it need not be read. */
static void learn_creation(struct room_known *known, const struct synapse_call *call,
                           struct synapse_reply *reply, const struct engine_rules *rules, instant sent)
{
    struct levels_user sync_user = {rules->sync_user, LEVEL_OF_SYNC_USER};
    struct room_state *state = room_state_new();

    forget(known);
    known->presence = PRESENCE_HERE;
    known->id = TAKE(reply->text);
    known->resolved_at = known->read_at = sent;
    state->creator = text_copy(rules->sync_user);
    for (int setting = 0; setting < ROOM_SETTINGS; setting++) {
        const struct room_wanted made = {.alias = call->alias, .name = call->name, .topic = call->topic};
        char **place = setting_place(state, (enum room_setting)setting);

        if (place)
            *place = text_copy(setting_wanted((enum room_setting)setting, &made));
    }
    state->managed = true;
    state->levels = levels_new(&call->levels, call->raised, call->raised_count);
    levels_raise(state->levels, &sync_user);
    room_state_set_membership(state, rules->sync_user, MEMBERSHIP_JOIN);
    known->state = state;
}

static void learn_state(struct room_known *known, struct synapse_reply *reply, instant sent, instant now)
{
    int64_t changed_before = known->state ? known->state->changed_at : -1;

    room_state_free(known->state);
    known->state = TAKE(reply->state);
    known->read_at = sent;
    known->levels_fresh = true;
    if (!is_half_made(known->state))
        known->half_made_since = INSTANT_NEVER;
    else if (known->half_made_since == INSTANT_NEVER || known->state->changed_at != changed_before)
        known->half_made_since = now;
}

static void learn_absence(struct room_known *known)
{
    if (known->resolved_at == INSTANT_PAST)
        forget(known); /* a remembered id was outdated */
    else
        known->gone = true;
}

static void learn_details(struct room_known *known, struct synapse_reply *reply, instant sent)
{
    known->details = true;
    known->details_at = sent;
    free(known->creator);
    known->creator = TAKE(reply->room.creator);
    known->is_welcome = is_welcome_alias(reply->room.canonical_alias);
    known->was_used = reply->room.state_events > 0;
}

static void learn_setting(struct room_state *state, const struct synapse_call *call)
{
    char **place = setting_place(state, call->setting);

    if (!place) {
        state->managed = true;
        return;
    }
    free(*place);
    *place = text_copy(call->value);
}

static void learn_levels(struct room_known *known, struct synapse_reply *reply)
{
    levels_free(known->state->levels);
    known->state->levels = TAKE(reply->levels); /* NULL: the room has none, it is half made */
    known->levels_fresh = true;
}

static bool learn_deletion(struct room_known *known, const struct synapse_reply *reply, instant now)
{
    known->look_again = now + DELETION_PAUSE;
    if (reply->outcome == SYNAPSE_ABSENT || reply->deletion != DELETION_UNDER_WAY)
        forget(known); /* the alias tells what is left */
    return reply->outcome == SYNAPSE_ABSENT || reply->deletion != DELETION_FAILED;
}

/* False: the call succeeded but was of no use, so that it should not be repeated at once. */
static bool learn_success(struct room_known *known, const struct synapse_call *call,
                          struct synapse_reply *reply, const struct engine_rules *rules, instant sent,
                          instant now)
{
    bool absent = reply->outcome == SYNAPSE_ABSENT;

    if (synapse_kind_writes(call->kind))
        known->levels_fresh = false;
    switch ((int)call->kind) {
    case SYNAPSE_RESOLVE_ALIAS:
        learn_alias(known, reply, sent);
        break;
    case SYNAPSE_CREATE_ROOM:
        if (reply->outcome == SYNAPSE_TAKEN)
            return learn_taken(known);
        learn_creation(known, call, reply, rules, sent);
        break;
    case SYNAPSE_READ_STATE:
        if (absent)
            learn_absence(known);
        else
            learn_state(known, reply, sent, now);
        break;
    case SYNAPSE_READ_ROOM:
        if (absent)
            learn_absence(known);
        else
            learn_details(known, reply, sent);
        break;
    case SYNAPSE_DELETE_ALIAS:
        forget(known);
        break;
    case SYNAPSE_READ_LEVELS:
        learn_levels(known, reply);
        break;
    case SYNAPSE_WRITE_LEVELS:
        raise_levels(known->state->levels, known->state, call);
        break;
    case SYNAPSE_WRITE_SETTING:
        learn_setting(known->state, call);
        break;
    case SYNAPSE_JOIN_USER:
        if (absent) {
            forget(known);
            return false;
        }
        room_state_set_membership(known->state, call->user, MEMBERSHIP_JOIN);
        break;
    case SYNAPSE_REGAIN_ROOM:
        known->regained = true;
        known->read_at = INSTANT_PAST;
        break;
    case SYNAPSE_ENTER_ROOM:
        known->read_at = INSTANT_PAST;
        break;
    case SYNAPSE_DELETE_ROOM:
        known->deleting = true;
        known->look_again = now + DELETION_PAUSE;
        break;
    case SYNAPSE_READ_DELETION:
        return learn_deletion(known, reply, now);
    default:
        break;
    }
    return true;
}

/* An unanswered write may have been carried out, wholly or in part. */
static void doubt(struct room_known *known, enum synapse_kind kind)
{
    if (kind == SYNAPSE_CREATE_ROOM)
        (void)learn_taken(known);
    else if (kind == SYNAPSE_DELETE_ALIAS)
        forget(known);
    else if (synapse_kind_writes(kind))
        known->read_at = INSTANT_PAST;
}

/* What is done inside a room may have been refused because the room is not as it was when we read it. */
static bool is_inside(enum synapse_kind kind)
{
    return kind == SYNAPSE_JOIN_USER || kind == SYNAPSE_WRITE_LEVELS || kind == SYNAPSE_WRITE_SETTING ||
           kind == SYNAPSE_READ_LEVELS || kind == SYNAPSE_ENTER_ROOM;
}

void room_learn(struct room_known *known, const struct synapse_call *call, struct synapse_reply *reply,
                const struct engine_rules *rules, bool others_succeeded, instant sent, instant now)
{
    switch (reply->outcome) {
    case SYNAPSE_OK:
    case SYNAPSE_ABSENT:
    case SYNAPSE_TAKEN:
        if (learn_success(known, call, reply, rules, sent, now))
            obstacle_clear(&known->obstacles, call);
        else
            obstacle_fail(&known->obstacles, call, reply, others_succeeded, now);
        break;
    case SYNAPSE_REFUSED:
        if (!is_inside(call->kind))
            obstacle_refuse(&known->obstacles, call, reply);
        else if (!obstacle_doubt(&known->obstacles, call, reply, now))
            known->read_at = INSTANT_PAST;
        break;
    case SYNAPSE_FAILED:
        doubt(known, call->kind);
        obstacle_fail(&known->obstacles, call, reply, others_succeeded, now);
        break;
    case SYNAPSE_UNREACHABLE:
        doubt(known, call->kind);
        break;
    case SYNAPSE_LIMITED:
    case SYNAPSE_SHUT_OUT:
        break; /* certainly not carried out */
    }
}

/* ---- what is to be said ---- */

static bool concerns(const void *context, const char *about)
{
    const struct room_wanted *wanted = context;

    if (about[0] != '@')
        return true;
    for (size_t i = 0; i < wanted->member_count; i++)
        if (strcmp(wanted->members[i].user, about) == 0)
            return true;
    return false;
}

static void report_bans(const struct room_known *known, const struct room_wanted *wanted,
                        struct report *report)
{
    for (size_t i = 0; known->state && i < wanted->member_count; i++)
        if (room_state_membership(known->state, wanted->members[i].user) == MEMBERSHIP_BAN)
            report_warning(report, "%s: %s is banned and stays so", wanted->alias, wanted->members[i].user);
}

void room_report(const struct room_known *known, const struct room_wanted *wanted,
                 const struct engine_rules *rules, struct report *report)
{
    report_obstacles(report, &known->obstacles, wanted->alias, concerns, wanted);
    if (known->presence == PRESENCE_HERE && is_foreign(known, rules))
        report_refusal(report, REQUEST_ALIAS_CONFLICT, "%s: the alias points to a room that is not ours",
                       wanted->alias);
    if (wanted->removed || !wanted->exists)
        return;
    if (known->state && !plan_is_free(&known->obstacles, SYNAPSE_REGAIN_ROOM))
        report_refusal(report, REQUEST_HOMESERVER_REJECTED,
                       "%s: invite %s to the room and give it level 100, and it will be kept in line again",
                       wanted->alias, rules->sync_user);
    if (known->presence == PRESENCE_ABSENT && !wanted->name)
        report_refusal(report, REQUEST_INVALID_MESSAGE,
                       "name of %s: required, since the room has to be made", wanted->alias);
    report_bans(known, wanted, report);
}
