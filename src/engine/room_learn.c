#include "engine/room_learn.h"

#include "base/memory.h"
#include "engine/raising.h"
#include "engine/room_facts.h"

#include <stdlib.h>
#include <string.h>

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

/* It is another room now, or none: what was refused in the one before is not in this one, and that is
   gone. */
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

/* The room is still there; that it is looked at again and again is no sign of going in circles. */
static void look_again(struct room_known *known, instant now)
{
    known->looks++;
    known->look_again = plan_next_look(known->deleting_since, now);
    attempts_expect_news(&known->obstacles.attempts);
}

static bool learn_alias(struct room_known *known, const struct news *news)
{
    CLEANUP(freep) char *id = TAKE(news->reply->text);
    bool absent = news_of_absence(news);

    if ((absent || (!text_equal(known->id, id) && known->refused)) &&
        plan_is_barred(&known->obstacles, SYNAPSE_CREATE_ROOM))
        forget_failure(known);
    else if (absent || !text_equal(known->id, id))
        forget_room(known);
    known->resolved_at = known->found_at = news->sent;
    known->alias_seen_at = news->now;
    known->presence = absent ? PRESENCE_ABSENT : PRESENCE_HERE;
    if (!known->id)
        known->id = TAKE(id);
    if (known->deleting)
        look_again(known, news->now);
    return true;
}

static bool learn_alias_gone(struct room_known *known, const struct news *news)
{
    (void)news;
    forget(known);
    return true;
}

static bool learn_aliases(struct room_known *known, const struct news *news)
{
    synapse_aliases_free(known->aliases);
    known->aliases = TAKE(news->reply->aliases);
    known->aliases_at = news->sent;
    return true;
}

/* No surprise, unless the alias had been looked up and found free. */
static bool learn_taken(struct room_known *known)
{
    bool surprise = known->presence == PRESENCE_ABSENT;

    forget(known);
    known->taken = true;
    return !surprise;
}

/* The state of the room that createRoom has made, so that it need not be read. */
static struct room_state *state_of_new(const struct synapse_call *call, const struct engine_rules *rules)
{
    struct levels_user sync_user = {.user = rules->sync_user, .level = LEVEL_OF_SYNC_USER};
    struct room_state *state = room_state_new();

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
    return state;
}

static bool learn_creation(struct room_known *known, const struct news *news)
{
    if (news->reply->outcome == SYNAPSE_TAKEN)
        return learn_taken(known);
    forget_room(known);
    known->bare = false;
    free(TAKE(known->refused));
    known->presence = PRESENCE_HERE;
    known->id = TAKE(news->reply->text);
    known->resolved_at = known->found_at = known->read_at = news->sent;
    known->whole_at = known->alias_seen_at = news->now; /* when it was asked for it was not there */
    known->state = state_of_new(news->call, news->rules);
    return true;
}

/* Whether the sync user is in, with all power. */
static bool is_at_home(const struct room_state *state, const struct engine_rules *rules)
{
    return room_state_membership(state, rules->sync_user) == MEMBERSHIP_JOIN && state->levels &&
           !room_lacks_power(state, rules);
}

/* What was asked for then has come now. */
static void note_look(struct room_known *known, const struct news *news)
{
    known->looked_at = news->now;
    known->saw_levels = news->call->kind == SYNAPSE_READ_LEVELS;
    known->alias_backs_look = news->sent <= known->alias_seen_at + ALIAS_LIFE;
}

/* It is there, whoever made it: that we were refused it does not matter any more. */
static void learn_completion(struct room_known *known)
{
    if (known->refused)
        obstacle_clear(&known->obstacles, &making);
    free(TAKE(known->refused));
}

static bool learn_absence(struct room_known *known, instant now)
{
    if (known->resolved_at == INSTANT_PAST)
        forget_room(known); /* a remembered id was outdated */
    else
        known->gone_at = now;
    return true;
}

/* ---- what we set of late ---- */

static void note_set(struct room_known *known, const struct news *news)
{
    if (news->now > known->set_at + NEWS_LATENESS)
        room_known_forget_set(known);
    text_set(&known->set[news->call->setting], news->call->value);
    known->set_at = news->now;
}

/*
 * Synapse's processes remember the whole state of a room (get_partial_current_state_ids()). Somebody else may
 * have undone since what we set; that is believed when ours is old enough. Members are not looked at: many
 * things take one out again, our own removals among them, and to join one who is in changes nothing.
 */
static bool is_outdated(const struct room_known *known, const struct news *news)
{
    if (news->sent >= known->set_at + NEWS_LATENESS)
        return false;
    for (int setting = 0; setting < ROOM_SETTINGS; setting++)
        if (known->set[setting] && !text_equal(news->reply->state->settings[setting], known->set[setting]))
            return true;
    return false;
}

static bool learn_state(struct room_known *known, const struct news *news)
{
    int64_t changed_before = known->state ? known->state->changed_at : -1;

    if (news_of_absence(news))
        return learn_absence(known, news->now);
    if (is_outdated(known, news))
        return news_disbelieve(news);
    room_state_free(known->state);
    known->state = TAKE(news->reply->state);
    known->read_at = known->whole_at = news->sent;
    note_look(known, news);
    if (is_at_home(known->state, news->rules))
        known->regained_at = INSTANT_PAST; /* should it be put out again, it may ask again */
    if (!room_is_half_made(known->state))
        learn_completion(known);
    if (!room_may_be_renewed(known->state))
        known->half_made_since = INSTANT_NEVER;
    else if (known->half_made_since == INSTANT_NEVER || known->state->changed_at != changed_before)
        known->half_made_since = news->now;
    return true;
}

static bool learn_creation_event(struct room_known *known, const struct news *news)
{
    if (news_of_absence(news))
        return learn_absence(known, news->now);
    room_state_free(known->creation);
    known->creation = TAKE(news->reply->state);
    known->creation_at = news->sent;
    return true;
}

static bool learn_details(struct room_known *known, const struct news *news)
{
    const struct synapse_reply *reply = news->reply;

    if (news_of_absence(news))
        return learn_absence(known, news->now);
    known->details = true;
    known->details_at = news->sent;
    text_set(&known->creator, reply->room.creator);
    return true;
}

static bool learn_setting(struct room_known *known, const struct news *news)
{
    text_set(&known->state->settings[news->call->setting], news->call->value);
    note_set(known, news);
    return true;
}

static bool learn_levels(struct room_known *known, const struct news *news)
{
    levels_free(known->state->levels);
    known->state->levels = TAKE(news->reply->levels); /* NULL: the room has none, it is half made */
    note_look(known, news);
    return true;
}

static bool learn_raising(struct room_known *known, const struct news *news)
{
    raising_learn(known, news->call);
    return true;
}

static bool learn_join(struct room_known *known, const struct news *news)
{
    if (news_of_absence(news)) {
        forget(known);
        return false;
    }
    room_state_set_membership(known->state, news->call->user, MEMBERSHIP_JOIN);
    return true;
}

static bool learn_regaining(struct room_known *known, const struct news *news)
{
    known->regained_at = news->now;
    room_known_doubt(known);
    return true;
}

static bool learn_entry(struct room_known *known, const struct news *news)
{
    (void)news;
    room_known_doubt(known);
    return true;
}

static bool learn_deletion_begun(struct room_known *known, const struct news *news)
{
    known->deleting = true;
    known->deleting_since = news->now;
    known->looks = 0;
    known->look_again = plan_first_look(known->state ? known->state->joined : 0, news->now);
    return true;
}

static void fail_deletion(struct room_known *known, const struct news *news, const char *problem)
{
    (void)error_set(&news->reply->problem, "%s", problem);
    obstacle_fail(&known->obstacles, &deletion, news->reply, news->others_succeeded, news->now);
}

/*
 * Only the alias tells whether the room is gone: Synapse may list older deletions as complete. So one that is
 * over counts as failed until the alias is found free; then it is begun again, after pauses that grow.
 */
static bool learn_deletion(struct room_known *known, const struct news *news)
{
    char *id;

    look_again(known, news->now);
    if (news_of_deletion(news, known->deleting_since))
        return true;
    id = TAKE(known->id);
    forget(known);
    known->id = id;      /* by which it is known again, if it is still there */
    known->taken = true; /* as it may well be */
    fail_deletion(known, news, "the room was deleted, and is still there");
    return true;
}

/* What each kind of call about a room tells when it succeeds. False: it was of no use, so that it should not
   be repeated at once. */
static bool (*const learners[SYNAPSE_KINDS])(struct room_known *known, const struct news *news) = {
    [SYNAPSE_RESOLVE_ALIAS] = learn_alias,
    [SYNAPSE_READ_ALIASES] = learn_aliases,
    [SYNAPSE_CREATE_ROOM] = learn_creation,
    [SYNAPSE_READ_STATE] = learn_state,
    [SYNAPSE_READ_CREATION] = learn_creation_event,
    [SYNAPSE_READ_ROOM] = learn_details,
    [SYNAPSE_DELETE_ALIAS] = learn_alias_gone,
    [SYNAPSE_READ_LEVELS] = learn_levels,
    [SYNAPSE_WRITE_LEVELS] = learn_raising,
    [SYNAPSE_WRITE_SETTING] = learn_setting,
    [SYNAPSE_JOIN_USER] = learn_join,
    [SYNAPSE_REGAIN_ROOM] = learn_regaining,
    [SYNAPSE_ENTER_ROOM] = learn_entry,
    [SYNAPSE_DELETE_ROOM] = learn_deletion_begun,
    [SYNAPSE_READ_DELETION] = learn_deletion,
};

bool room_learns(enum synapse_kind kind)
{
    return learners[kind] != NULL;
}

static bool is_about_predecessor(const struct room_known *known, const struct synapse_call *call)
{
    return call->room && known->id && strcmp(call->room, known->id) != 0;
}

/* As with the room itself, a deletion counts as failed until the room is found gone. */
static bool learn_of_predecessor(struct room_known *known, const struct news *news)
{
    if (news->call->kind == SYNAPSE_READ_CREATION && news_of_absence(news))
        obstacle_clear(&known->obstacles, &deletion);
    if (!lineage_learn(&known->lineage, known->id, news))
        fail_deletion(known, news, "the room that it was upgraded from was deleted, and is still there");
    return true;
}

static bool learn_success(struct room_known *known, const struct news *news)
{
    return is_about_predecessor(known, news->call) ? learn_of_predecessor(known, news)
                                                   : learners[news->call->kind](known, news);
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

/* Another process of the homeserver has just given the sync user the right to enter, of which this one may
   not have heard; for all else what is to be known is in the database. */
static bool is_hearsay(const struct room_known *known, const struct news *news)
{
    return news->call->kind == SYNAPSE_ENTER_ROOM && news->sent < known->regained_at + NEWS_LATENESS;
}

static void learn_refusal(struct room_known *known, const struct news *news)
{
    const struct synapse_call *call = news->call;

    if (call->kind == SYNAPSE_CREATE_ROOM)
        learn_refused_creation(known, call, news->reply);
    else if (call->kind == SYNAPSE_WRITE_LEVELS)
        raising_learn_refusal(known, call, news->reply, news->now);
    else if (!is_inside(call->kind))
        obstacle_refuse(&known->obstacles, call, news->reply);
    else if (is_hearsay(known, news))
        obstacle_fail(&known->obstacles, call, news->reply, news->others_succeeded, news->now);
    else if (!obstacle_doubt(&known->obstacles, call, news->reply, news->now))
        room_known_doubt(known);
}

void room_learn(struct room_known *known, const struct news *news)
{
    enum synapse_kind kind = news->call->kind;

    known->looked_at = INSTANT_PAST; /* only what the last call told is fresh */
    switch (news->reply->outcome) {
    case SYNAPSE_OK:
    case SYNAPSE_ABSENT:
    case SYNAPSE_TAKEN:
        if (!learn_success(known, news))
            obstacle_fail(&known->obstacles, news->call, news->reply, news->others_succeeded, news->now);
        else if (kind != SYNAPSE_DELETE_ROOM) /* which has only begun */
            obstacle_clear(&known->obstacles, news->call);
        break;
    case SYNAPSE_REFUSED:
        learn_refusal(known, news);
        break;
    case SYNAPSE_FAILED:
        doubt(known, kind);
        obstacle_fail(&known->obstacles, news->call, news->reply, news->others_succeeded, news->now);
        break;
    case SYNAPSE_UNREACHABLE:
        doubt(known, kind);
        obstacle_excuse(&known->obstacles, news->call, news->now);
        break;
    case SYNAPSE_LIMITED:
    case SYNAPSE_SHUT_OUT:
        obstacle_excuse(&known->obstacles, news->call, news->now);
        /* Certainly not carried out; but by the time that it may be, what it rested on is old. */
        if (kind != SYNAPSE_CREATE_ROOM)
            doubt(known, kind);
        break;
    }
}
