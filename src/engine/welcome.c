#include "engine/welcome.h"

#include "base/memory.h"
#include "engine/ownership.h"
#include "engine/room_facts.h"

#include <stdlib.h>
#include <string.h>

enum { LOOK_LIMIT = 5 * 1000 /* ms: an alias that was seen longer ago may lead elsewhere by now */ };

static struct synapse_call call_in(enum synapse_kind kind, const struct welcome_known *known,
                                   const struct user_wanted *wanted)
{
    return (struct synapse_call){
        .kind = kind, .user = wanted->id, .alias = wanted->welcome_alias, .room = known->room};
}

static struct action renewal(struct plan *plan, const struct welcome_known *known,
                             const struct user_wanted *wanted)
{
    instant ripe = known->half_made_since + HALF_MADE_LIMIT;
    struct synapse_call call;

    if (plan->now < ripe) {
        plan_wait(plan, ripe);
        return plan_rest(plan);
    }
    call = call_in(known->read_at < ripe ? SYNAPSE_READ_STATE : SYNAPSE_DELETE_ROOM, known, wanted);
    return plan_step(plan, &call);
}

static struct action deletion(struct plan *plan, const struct welcome_known *known,
                              const struct user_wanted *wanted)
{
    struct synapse_call call = call_in(SYNAPSE_READ_DELETION, known, wanted);

    if (plan->now >= known->look_again)
        return plan_step(plan, &call);
    plan_wait(plan, known->look_again);
    return plan_rest(plan);
}

static struct action creation(struct plan *plan, const struct welcome_known *known,
                              const struct user_wanted *wanted)
{
    struct synapse_call call =
        call_in(known->taken ? SYNAPSE_RESOLVE_ALIAS : SYNAPSE_CREATE_WELCOME_ROOM, known, wanted);

    if (!known->taken && plan_is_barred(plan->obstacles, SYNAPSE_INVITE_USER))
        return plan_rest(plan); /* it would be of no use */
    call.bare = known->bare;
    return plan_step(plan, &call);
}

/* Where that is refused nothing is left of the room. */
static struct action invitation(struct plan *plan, const struct welcome_known *known,
                                const struct user_wanted *wanted)
{
    bool is_refused = plan_is_barred(plan->obstacles, SYNAPSE_INVITE_USER);
    struct synapse_call call = call_in(is_refused ? SYNAPSE_DELETE_ROOM : SYNAPSE_INVITE_USER, known, wanted);

    return plan_step(plan, &call);
}

/* The alias is looked at anew where it could not be deleted right after that. */
static struct action liberation(struct plan *plan, const struct welcome_known *known,
                                const struct user_wanted *wanted)
{
    bool seen = plan->now <= known->gone_at + LOOK_LIMIT;
    struct synapse_call call = call_in(seen ? SYNAPSE_DELETE_ALIAS : SYNAPSE_RESOLVE_ALIAS, known, wanted);

    return plan_may(plan, SYNAPSE_DELETE_ALIAS, NULL) ? plan_step(plan, &call) : plan_rest(plan);
}

struct action welcome_next(struct plan *plan, const struct welcome_known *known,
                           const struct user_wanted *wanted)
{
    struct synapse_call call;

    if (known->deleting)
        return deletion(plan, known, wanted);
    if (!known->room)
        return creation(plan, known, wanted);
    switch (known->standing) {
    case WELCOME_FOREIGN: /* as an earlier message saw it: the alias may be free by now */
        call = call_in(SYNAPSE_RESOLVE_ALIAS, known, wanted);
        return known->read_at < wanted->since ? plan_step(plan, &call) : plan_rest(plan);
    case WELCOME_HALF_MADE:
        return renewal(plan, known, wanted);
    case WELCOME_GONE:
        return liberation(plan, known, wanted);
    case WELCOME_BARE:
        call = call_in(SYNAPSE_READ_ROOM, known, wanted);
        return plan_step(plan, &call);
    case WELCOME_UNREAD:
        call = call_in(SYNAPSE_READ_STATE, known, wanted);
        return plan_step(plan, &call);
    case WELCOME_SOUND:
        break;
    }
    if (known->uninvited)
        return invitation(plan, known, wanted);
    call = call_in(known->greeting == GREETING_UNKNOWN ? SYNAPSE_READ_WELCOME : SYNAPSE_SEND_WELCOME, known,
                   wanted);
    call.welcome = wanted->welcome;
    return plan_step(plan, &call);
}

/* The same, but for what was refused. */
static void forget_room(struct welcome_known *known)
{
    char *refused = TAKE(known->refused);
    bool bare = known->bare;

    welcome_known_deinit(known);
    known->refused = refused;
    known->bare = bare;
}

static void learn_room(struct welcome_known *known, struct synapse_reply *reply, bool new)
{
    forget_room(known);
    known->taken = !new;
    known->room = TAKE(reply->text);
    known->standing = new ? WELCOME_SOUND : WELCOME_UNREAD;
    known->greeting = new ? GREETING_MISSING : GREETING_UNKNOWN;
    known->uninvited = new && known->bare;
}

static bool learn_creation(struct welcome_known *known, const struct news *news)
{
    known->taken = news->reply->outcome == SYNAPSE_TAKEN;
    if (!known->taken)
        learn_room(known, news->reply, true);
    return true;
}

static bool learn_invitation(struct welcome_known *known, const struct news *news)
{
    if (news_of_absence(news))
        welcome_known_deinit(known); /* the room is gone */
    known->uninvited = false;
    return !news_of_absence(news);
}

static void stand_back(struct welcome_known *known, struct room_state *foreign)
{
    room_state_free(known->foreign);
    known->foreign = foreign;
    known->standing = WELCOME_FOREIGN;
}

/* Only a room that says itself that it was made for this is ever removed: of one that says nothing, an
   earlier version of this program may have made it, or the predecessor for a class. */
static bool may_be_half_made(const struct room_state *state, const char *user)
{
    return !state->creator || text_equal(state->made_to_welcome, user);
}

/* A creation of ours was refused and has left it as it is: it lacks no more than the invitation, or is made
   anew at once. */
static void learn_remains(struct welcome_known *known, const struct room_state *state, instant now)
{
    known->standing = state->levels ? WELCOME_SOUND : WELCOME_HALF_MADE;
    known->half_made_since = now - HALF_MADE_LIMIT;
    known->greeting = GREETING_MISSING;
    known->uninvited = true;
}

static bool learn_loss(struct welcome_known *known, instant now)
{
    known->standing = WELCOME_GONE;
    known->gone_at = now;
    return true;
}

static bool learn_state(struct welcome_known *known, const struct news *news)
{
    const struct room_state *state = news->reply->state;
    const char *user = news->call->user;
    bool ours;

    if (news_of_absence(news))
        return learn_loss(known, news->now);
    ours = state->creator && rules_is_ours(news->rules, state->creator) &&
           state_is_of_welcome(state, user, news->call->alias);
    known->read_at = news->sent;
    if (ours && state->levels && room_state_membership(state, user) != MEMBERSHIP_NONE) {
        known->standing = WELCOME_SOUND;
    } else if (ours && known->refused && text_equal(state->mark, known->refused)) {
        learn_remains(known, state, news->now);
    } else if (state->creator && !(ours && may_be_half_made(state, user))) {
        stand_back(known, TAKE(news->reply->state));
    } else if (known->standing != WELCOME_HALF_MADE) {
        known->standing = state->creator ? WELCOME_HALF_MADE : WELCOME_BARE;
        known->half_made_since = news->now;
    }
    return true;
}

static bool learn_creator(struct welcome_known *known, const struct news *news)
{
    struct room_state *foreign;

    if (news_of_absence(news))
        return learn_loss(known, news->now);
    if (rules_is_ours(news->rules, news->reply->room.creator)) {
        known->standing = WELCOME_HALF_MADE;
    } else {
        foreign = room_state_new();
        foreign->creator = TAKE(news->reply->room.creator);
        stand_back(known, foreign);
    }
    return true;
}

static bool learn_alias(struct welcome_known *known, const struct news *news)
{
    bool is_no_wonder =
        known->standing == WELCOME_FOREIGN || known->standing == WELCOME_GONE || known->refused;

    if (news_of_absence(news)) {
        forget_room(known);
        return is_no_wonder; /* else it is taken, but not there: a moment of change, or a hidden holder */
    }
    learn_room(known, news->reply, false);
    return true;
}

static bool learn_alias_gone(struct welcome_known *known, const struct news *news)
{
    (void)news;
    welcome_known_deinit(known);
    return true;
}

static bool learn_greeting(struct welcome_known *known, const struct news *news)
{
    bool greeted = news->call->kind == SYNAPSE_SEND_WELCOME || news->reply->greeted;

    known->greeting = greeted ? GREETING_SENT : GREETING_MISSING;
    return true;
}

static bool learn_deletion_begun(struct welcome_known *known, const struct news *news)
{
    known->deleting = true;
    known->deleting_since = news->now;
    known->look_again = plan_first_look(2, news->now);
    return true;
}

static bool learn_deletion(struct welcome_known *known, const struct news *news)
{
    known->look_again = plan_next_look(known->deleting_since, news->now);
    if (!news_of_deletion(news, known->deleting_since))
        forget_room(known);
    return news_of_absence(news) || news->reply->deletion != DELETION_FAILED;
}

static bool (*const learners[SYNAPSE_KINDS])(struct welcome_known *known, const struct news *news) = {
    [SYNAPSE_CREATE_WELCOME_ROOM] = learn_creation,
    [SYNAPSE_INVITE_USER] = learn_invitation,
    [SYNAPSE_RESOLVE_ALIAS] = learn_alias,
    [SYNAPSE_READ_STATE] = learn_state,
    [SYNAPSE_READ_ROOM] = learn_creator,
    [SYNAPSE_DELETE_ALIAS] = learn_alias_gone,
    [SYNAPSE_READ_WELCOME] = learn_greeting,
    [SYNAPSE_SEND_WELCOME] = learn_greeting,
    [SYNAPSE_DELETE_ROOM] = learn_deletion_begun,
    [SYNAPSE_READ_DELETION] = learn_deletion,
};

bool welcome_learns(enum synapse_kind kind)
{
    return learners[kind] != NULL;
}

bool welcome_learn(struct welcome_known *known, const struct news *news)
{
    return learners[news->call->kind](known, news);
}

bool welcome_learn_refusal(struct welcome_known *known, const struct synapse_call *call)
{
    bool is_bundle = !call->bare;

    if (call->kind != SYNAPSE_CREATE_WELCOME_ROOM || !call->mark)
        return false;
    forget_room(known);
    known->bare = known->taken = true;
    free(known->refused);
    known->refused = text_copy(call->mark);
    return is_bundle;
}

void welcome_report(const struct welcome_known *known, const struct user_wanted *wanted,
                    struct report *report)
{
    report_conflict(report, wanted->welcome_alias, known->room,
                    known->foreign ? known->foreign->creator : NULL, known->foreign);
}

void welcome_doubt(struct welcome_known *known, enum synapse_kind kind)
{
    if (kind == SYNAPSE_CREATE_WELCOME_ROOM)
        known->taken = true;
    if (kind == SYNAPSE_SEND_WELCOME)
        known->greeting = GREETING_UNKNOWN;
}
