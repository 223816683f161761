#include "base/memory.h"
#include "engine/ownership.h"
#include "engine/raising.h"
#include "engine/room.h"
#include "engine/room_facts.h"

#include <stdlib.h>
#include <string.h>

static void raise_levels(struct levels *levels, const struct room_state *state,
                         const struct synapse_call *call)
{
    if (!call->only_raised)
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
    char *refused = TAKE(known->refused);
    bool bare = known->bare;

    known->obstacles = (struct obstacles){.table = NULL};
    room_known_deinit(known);
    known->obstacles = obstacles;
    known->refused = refused;
    known->bare = bare;
}

static const struct synapse_call deletion = {.kind = SYNAPSE_DELETE_ROOM};
static const struct synapse_call making = {.kind = SYNAPSE_CREATE_ROOM};

/* It is another room now, or none: what was refused in the one before is not in this one, and that is gone.
 */
static void forget_room(struct room_known *known)
{
    forget(known);
    obstacles_forget_final(&known->obstacles, INSTANT_NEVER);
    obstacle_clear(&known->obstacles, &deletion);
}

/* The same, but nobody could make it, or what is there may be what was left behind by that. */
static void forget_failure(struct room_known *known)
{
    forget(known);
    obstacle_clear(&known->obstacles, &deletion);
}

static void learn_alias(struct room_known *known, struct synapse_reply *reply, instant sent, instant now)
{
    CLEANUP(freep) char *id = TAKE(reply->text);
    bool absent = reply->outcome == SYNAPSE_ABSENT;

    if ((absent || (!text_equal(known->id, id) && known->refused)) &&
        plan_is_barred(&known->obstacles, SYNAPSE_CREATE_ROOM))
        forget_failure(known);
    else if (absent || !text_equal(known->id, id))
        forget_room(known);
    known->resolved_at = known->found_at = sent;
    known->alias_seen_at = now;
    known->presence = absent ? PRESENCE_ABSENT : PRESENCE_HERE;
    if (!known->id)
        known->id = TAKE(id);
}

static void learn_aliases(struct room_known *known, struct synapse_reply *reply, instant sent)
{
    synapse_aliases_free(known->aliases);
    known->aliases = TAKE(reply->aliases);
    known->aliases_at = sent;
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
                           struct synapse_reply *reply, const struct engine_rules *rules, instant sent,
                           instant now)
{
    struct levels_user sync_user = {.user = rules->sync_user, .level = LEVEL_OF_SYNC_USER};
    struct room_state *state = room_state_new();

    forget_room(known);
    known->bare = false;
    free(TAKE(known->refused));
    known->presence = PRESENCE_HERE;
    known->id = TAKE(reply->text);
    known->resolved_at = known->found_at = known->read_at = sent;
    known->whole_at = known->alias_seen_at = now; /* when it was asked for it was not there */
    state->creator = text_copy(rules->sync_user);
    state->made_for_alias = text_copy(call->alias);
    for (int setting = 0; setting < ROOM_SETTINGS; setting++)
        state->settings[setting] = text_copy(call->settings[setting]);
    state->levels = levels_new(&call->levels, call->raised, call->raised_count);
    levels_raise(state->levels, &sync_user);
    room_state_set_membership(state, rules->sync_user, MEMBERSHIP_JOIN);
    for (size_t i = 0; i < call->raised_count; i++)
        if (call->raised[i].invited)
            room_state_set_membership(state, call->raised[i].user, MEMBERSHIP_INVITE);
    known->state = state;
}

/* Whether the sync user is in, with all power. */
static bool is_at_home(const struct room_state *state, const struct engine_rules *rules)
{
    return room_state_membership(state, rules->sync_user) == MEMBERSHIP_JOIN && state->levels &&
           !room_lacks_power(state, rules);
}

/* What was asked for then has come now. */
static void note_look(struct room_known *known, instant sent, instant now)
{
    known->looked_at = now;
    known->alias_backs_look = sent <= known->alias_seen_at + ALIAS_LIFE;
}

/* It is there, whoever made it: that we were refused it does not matter any more. */
static void learn_completion(struct room_known *known)
{
    known->half_made_since = INSTANT_NEVER;
    if (known->refused)
        obstacle_clear(&known->obstacles, &making);
    free(TAKE(known->refused));
}

static void learn_state(struct room_known *known, struct synapse_reply *reply,
                        const struct engine_rules *rules, instant sent, instant now)
{
    int64_t changed_before = known->state ? known->state->changed_at : -1;

    room_state_free(known->state);
    known->state = TAKE(reply->state);
    known->read_at = known->whole_at = sent;
    note_look(known, sent, now);
    if (is_at_home(known->state, rules))
        known->regained = false; /* should it be put out again, it may ask again */
    if (!room_is_half_made(known->state))
        learn_completion(known);
    else if (known->half_made_since == INSTANT_NEVER || known->state->changed_at != changed_before)
        known->half_made_since = now;
}

static void learn_absence(struct room_known *known, instant now)
{
    if (known->resolved_at == INSTANT_PAST)
        forget_room(known); /* a remembered id was outdated */
    else
        known->gone_at = now;
}

static void learn_creation_event(struct room_known *known, struct synapse_reply *reply, instant sent)
{
    room_state_free(known->creation);
    known->creation = TAKE(reply->state);
    known->creation_at = sent;
}

static void learn_details(struct room_known *known, struct synapse_reply *reply, instant sent)
{
    known->details = true;
    known->details_at = sent;
    free(known->creator);
    known->creator = TAKE(reply->room.creator);
    known->was_used = reply->room.state_events > 0 && reply->room.joined_local_members == 0;
}

static void learn_setting(struct room_state *state, const struct synapse_call *call)
{
    text_set(&state->settings[call->setting], call->value);
}

static void learn_levels(struct room_known *known, struct synapse_reply *reply, instant sent, instant now)
{
    levels_free(known->state->levels);
    known->state->levels = TAKE(reply->levels); /* NULL: the room has none, it is half made */
    note_look(known, sent, now);
}

/*
 * Only the alias tells whether the room is gone: Synapse does not list deletions that are still to begin, and
 * may list older ones as complete. So a deletion counts as failed until the alias is found free; then it is
 * begun again, after pauses that grow.
 */
static void learn_deletion(struct room_known *known, struct synapse_reply *reply, bool others_succeeded,
                           instant now)
{
    char *id;

    known->look_again = plan_next_look(known->deleting_since, now);
    if (reply->outcome == SYNAPSE_OK && reply->deletion == DELETION_UNDER_WAY)
        return;
    id = TAKE(known->id);
    forget(known);
    known->id = id;      /* by which it is known again, if it is still there */
    known->taken = true; /* as it may well be */
    (void)error_set(&reply->problem, "the room was deleted, and is still there");
    obstacle_fail(&known->obstacles, &deletion, reply, others_succeeded, now);
}

static bool is_about_predecessor(const struct room_known *known, const struct synapse_call *call)
{
    return call->room && known->id && strcmp(call->room, known->id) != 0;
}

/* As with the room itself, a deletion counts as failed until the room is found gone. */
static bool learn_of_predecessor(struct room_known *known, const struct synapse_call *call,
                                 struct synapse_reply *reply, const struct engine_rules *rules,
                                 bool others_succeeded, instant now)
{
    bool gone = call->kind == SYNAPSE_READ_CREATION && reply->outcome == SYNAPSE_ABSENT;

    if (gone)
        obstacle_clear(&known->obstacles, &deletion);
    if (!lineage_learn(&known->lineage, known->id, call, reply, rules, now)) {
        (void)error_set(&reply->problem,
                        "the room that it was upgraded from was deleted, and is still there");
        obstacle_fail(&known->obstacles, &deletion, reply, others_succeeded, now);
    }
    return true;
}

/* False: the call succeeded but was of no use, so that it should not be repeated at once. */
static bool learn_success(struct room_known *known, const struct synapse_call *call,
                          struct synapse_reply *reply, const struct engine_rules *rules,
                          bool others_succeeded, instant sent, instant now)
{
    bool absent = reply->outcome == SYNAPSE_ABSENT;

    if (is_about_predecessor(known, call))
        return learn_of_predecessor(known, call, reply, rules, others_succeeded, now);
    switch ((int)call->kind) {
    case SYNAPSE_RESOLVE_ALIAS:
        learn_alias(known, reply, sent, now);
        break;
    case SYNAPSE_READ_ALIASES:
        learn_aliases(known, reply, sent);
        break;
    case SYNAPSE_CREATE_ROOM:
        if (reply->outcome == SYNAPSE_TAKEN)
            return learn_taken(known);
        learn_creation(known, call, reply, rules, sent, now);
        break;
    case SYNAPSE_READ_STATE:
        if (absent)
            learn_absence(known, now);
        else
            learn_state(known, reply, rules, sent, now);
        break;
    case SYNAPSE_READ_CREATION:
        if (absent)
            learn_absence(known, now);
        else
            learn_creation_event(known, reply, sent);
        break;
    case SYNAPSE_READ_ROOM:
        if (absent)
            learn_absence(known, now);
        else
            learn_details(known, reply, sent);
        break;
    case SYNAPSE_DELETE_ALIAS:
        forget(known);
        break;
    case SYNAPSE_READ_LEVELS:
        learn_levels(known, reply, sent, now);
        break;
    case SYNAPSE_WRITE_LEVELS:
        raise_levels(known->state->levels, known->state, call);
        raising_learn(&known->raising, call);
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
        room_known_doubt(known);
        break;
    case SYNAPSE_ENTER_ROOM:
        room_known_doubt(known);
        break;
    case SYNAPSE_DELETE_ROOM:
        known->deleting = true;
        known->deleting_since = now;
        known->look_again = plan_next_look(known->deleting_since, now);
        break;
    case SYNAPSE_READ_DELETION:
        learn_deletion(known, reply, others_succeeded, now);
        break;
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
    else if (synapse_kind_writes(kind)) {
        room_known_doubt(known);
        known->details_at = INSTANT_PAST;
    }
}

/* What is done inside a room may have been refused because the room is not as it was when we read it. */
static bool is_inside(enum synapse_kind kind)
{
    return kind == SYNAPSE_JOIN_USER || kind == SYNAPSE_WRITE_SETTING || kind == SYNAPSE_READ_LEVELS ||
           kind == SYNAPSE_ENTER_ROOM;
}

/* Levels and invitations come with a room that is made. What is refused of all together says nothing of any
   one of them, nor of the room. */
static bool is_bundle(const struct synapse_call *call)
{
    return call->kind == SYNAPSE_CREATE_ROOM && call->raised_count > 0;
}

/* It is looked up whether that has left anything behind. */
static void learn_refused_creation(struct room_known *known, const struct synapse_call *call,
                                   const struct synapse_reply *reply)
{
    if (is_bundle(call))
        known->bare = true;
    else
        obstacle_refuse(&known->obstacles, call, reply);
    if (!call->mark)
        return;
    forget(known);
    known->taken = true;
    free(known->refused);
    known->refused = text_copy(call->mark);
}

void room_learn(struct room_known *known, const struct synapse_call *call, struct synapse_reply *reply,
                const struct engine_rules *rules, bool others_succeeded, instant sent, instant now)
{
    known->looked_at = INSTANT_PAST; /* only what the last call told is fresh */
    switch (reply->outcome) {
    case SYNAPSE_OK:
    case SYNAPSE_ABSENT:
    case SYNAPSE_TAKEN:
        if (!learn_success(known, call, reply, rules, others_succeeded, sent, now))
            obstacle_fail(&known->obstacles, call, reply, others_succeeded, now);
        else if (call->kind != SYNAPSE_DELETE_ROOM) /* which has only begun */
            obstacle_clear(&known->obstacles, call);
        break;
    case SYNAPSE_REFUSED:
        if (call->kind == SYNAPSE_CREATE_ROOM)
            learn_refused_creation(known, call, reply);
        else if (call->kind == SYNAPSE_WRITE_LEVELS)
            raising_learn_refusal(known, call, reply, now);
        else if (!is_inside(call->kind))
            obstacle_refuse(&known->obstacles, call, reply);
        else if (!obstacle_doubt(&known->obstacles, call, reply, now))
            room_known_doubt(known);
        break;
    case SYNAPSE_FAILED:
        doubt(known, call->kind);
        obstacle_fail(&known->obstacles, call, reply, others_succeeded, now);
        break;
    case SYNAPSE_UNREACHABLE:
        doubt(known, call->kind);
        obstacle_excuse(&known->obstacles, call, now);
        break;
    case SYNAPSE_LIMITED:
    case SYNAPSE_SHUT_OUT:
        obstacle_excuse(&known->obstacles, call, now);
        /* Certainly not carried out; but by the time that it may be, what it rested on is old. */
        if (call->kind != SYNAPSE_CREATE_ROOM)
            doubt(known, call->kind);
        break;
    }
}

/* ---- what is to be said ---- */

struct concern {
    const struct room_known *known;
    const struct room_wanted *wanted;
};

static bool concerns(const void *context, const char *about)
{
    const struct concern *concern = context;
    const struct room_wanted *wanted = concern->wanted;

    if (about[0] != '@')
        return true;
    if (raising_tells(concern->known, about))
        return false;
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

static void report_owner(const struct room_known *known, const struct room_wanted *wanted,
                         const struct engine_rules *rules, struct report *report)
{
    const struct room_state *creation = known->state ? known->state : known->creation;
    const char *creator = creation && creation->creator ? creation->creator : known->creator;

    if (known->presence == PRESENCE_HERE &&
        ownership_forbids(room_ownership(known, wanted->alias, rules, wanted->since)))
        report_conflict(report, wanted->alias, known->id, creator, creation);
}

void room_report(const struct room_known *known, const struct room_wanted *wanted,
                 const struct engine_rules *rules, struct report *report)
{
    const struct concern concern = {.known = known, .wanted = wanted};

    if (!wanted->removed && !wanted->exists)
        return; /* nothing was asked of it, after all */
    report_obstacles(report, &known->obstacles, wanted->alias, concerns, &concern);
    raising_report(known, wanted, report);
    report_owner(known, wanted, rules, report);
    if (wanted->removed)
        return;
    if (plan_is_barred(&known->obstacles, SYNAPSE_REGAIN_ROOM) ||
        plan_is_barred(&known->obstacles, SYNAPSE_ENTER_ROOM))
        report_refusal(report, REQUEST_HOMESERVER_REJECTED,
                       "%s: invite %s to the room and give it level 100, and it will be kept in line again",
                       wanted->alias, rules->sync_user);
    if (known->presence == PRESENCE_ABSENT && !wanted->name)
        report_refusal(report, REQUEST_INVALID_MESSAGE, "%s.name: required, since the room has to be made",
                       wanted->place);
    report_bans(known, wanted, report);
}
