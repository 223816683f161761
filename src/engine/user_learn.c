#include "engine/user_learn.h"

#include "base/memory.h"
#include "engine/account.h"
#include "engine/welcome.h"

#include <stdlib.h>

enum {
    PARTING_PAUSE = 500, /* ms between looks at whether Synapse has taken a user out of all rooms */
    /* ms: it will not happen any more. Synapse has one line for all users who are to be taken out. */
    PARTING_LIMIT = 15 * 60 * 1000,
};

/* What contradicts a deed of a moment ago is not believed, absence included (Synapse's workers,
   get_user_by_id()). But a deactivation that MAS was asked for may show at any time, and of whom we made
   there was none before. */
static bool is_outdated(const struct user_known *known, const struct news *news)
{
    enum synapse_kind kind = news->call->kind;
    bool active = known->deed.what != USER_DEACTIVATED;
    bool left = news->reply->user.deactivated && known->account.leaving != 0 && known->deed.what == USER_MADE;

    if (news->sent >= known->deed.at + NEWS_LATENESS)
        return false;
    if (news_of_absence(news))
        return kind == SYNAPSE_READ_USER || kind == SYNAPSE_DEACTIVATE_USER;
    return kind == SYNAPSE_READ_USER && news->reply->user.deactivated == active && !left;
}

static void learn_user(struct user_known *known, const struct news *news)
{
    struct synapse_reply *reply = news->reply;
    bool absent = news_of_absence(news);

    known->read_at = news->sent;
    known->seen_at = news->now;
    if (known->presence == PRESENCE_ABSENT && !absent && !known->may_be_made)
        known->by_another = true; /* for we have not yet */
    known->presence = absent ? PRESENCE_ABSENT : PRESENCE_HERE;
    text_set(&known->name, reply->user.name);
    text_set(&known->avatar, reply->user.avatar);
    known->deactivated = reply->user.deactivated;
    if (!news->rules->mas) /* of whom it knows nothing there */
        known->admin = reply->user.admin;
    known->of_service = reply->user.of_service;
    known->has_email = reply->user.has_email || (news->rules->mas && known->has_email); /* it hears later */
    account_learn_user(known, news);
}

/* Who is made without a name gets one from Synapse. */
static void learn_creation(struct user_known *known, const struct news *news)
{
    const struct synapse_call *call = news->call;
    const struct synapse_reply *reply = news->reply;

    known->presence = PRESENCE_HERE;
    known->deactivated = false;
    known->admin = reply->user.admin; /* of who was there before, after all */
    known->of_service = reply->user.of_service;
    known->has_email = call->email != NULL;
    known->by_another = !reply->created && !known->may_be_made;
    user_known_note_deed(known, USER_MADE, news->now);
    text_set(&known->name, reply->user.name ? reply->user.name : call->name);
}

static void learn_name(struct user_known *known, const struct news *news)
{
    text_set(&known->name, news->call->name);
    known->account.unnamed = false;
}

static void learn_owner(struct user_known *known, const struct news *news)
{
    text_set(&known->email, news->call->email);
    known->email_is_taken =
        news->reply->outcome == SYNAPSE_OK && !text_equal(news->reply->text, news->call->user);
}

static void learn_email(struct user_known *known, const struct news *news)
{
    (void)news;
    known->has_email = true;
}

static void parting_begins(struct user_known *known)
{
    known->parting.complete = false;
    known->parting.since = 0;
}

/* Name and e-mail may be gone: they are read again. */
static void learn_reactivation(struct user_known *known, const struct news *news)
{
    user_known_note_deed(known, USER_REACTIVATED, news->now);
    known->presence = PRESENCE_UNKNOWN;
    parting_begins(known);
}

static void learn_deactivation(struct user_known *known, const struct news *news)
{
    known->deactivated = true;
    parting_begins(known);
    if (news_of_absence(news))
        known->presence = PRESENCE_ABSENT;
    else
        user_known_note_deed(known, USER_DEACTIVATED, news->now);
}

static void learn_parting(struct user_known *known, const struct news *news)
{
    if (known->parting.since == 0)
        known->parting.since = news->now;
    known->parting.look_again = news->now + PARTING_PAUSE;
    known->parting.complete =
        news->reply->joined_rooms == 0 || news->now - known->parting.since > PARTING_LIMIT;
}

static void learn_record(struct user_known *known, const struct news *news)
{
    struct synapse_record record = records_get(news->reply->records, news->call->user);

    known->record = record.open ? RECORD_OPEN : RECORD_CLOSED;
    known->record_email = record.email && !record.set;
    if (known->presence == PRESENCE_ABSENT && record.open)
        known->may_be_made = true;
}

static void learn_written_record(struct user_known *known, const struct news *news)
{
    known->record = news->call->record.open ? RECORD_OPEN : RECORD_CLOSED;
    known->record_email = news->call->record.email && !news->call->record.set;
    known->by_another = false;
}

/* What each kind of call about a user tells when it succeeds; those of the welcome are learnt there. */
static void (*const learners[SYNAPSE_KINDS])(struct user_known *known, const struct news *news) = {
    [SYNAPSE_READ_USER] = learn_user,
    [SYNAPSE_READ_EMAIL_OWNER] = learn_owner,
    [SYNAPSE_CREATE_USER] = learn_creation,
    [SYNAPSE_SET_DISPLAY_NAME] = learn_name,
    [SYNAPSE_ADD_EMAIL] = learn_email,
    [SYNAPSE_REACTIVATE_USER] = learn_reactivation,
    [SYNAPSE_DEACTIVATE_USER] = learn_deactivation,
    [SYNAPSE_READ_JOINED_ROOMS] = learn_parting,
    [SYNAPSE_READ_RECORDS] = learn_record,
    [SYNAPSE_WRITE_RECORDS] = learn_written_record,
    [SYNAPSE_READ_ACCOUNT] = account_learn_reading,
    [SYNAPSE_CREATE_ACCOUNT] = account_learn_creation,
    [SYNAPSE_SET_PASSWORD] = account_learn_password,
    [SYNAPSE_READ_ADDRESS_OWNER] = account_learn_owner,
    [SYNAPSE_ADD_ADDRESS] = account_learn_address,
    [SYNAPSE_REACTIVATE_ACCOUNT] = account_learn_reactivation,
    [SYNAPSE_DEACTIVATE_ACCOUNT] = account_learn_deactivation,
};

bool user_learns(enum synapse_kind kind)
{
    return learners[kind] || welcome_learns(kind);
}

/* False: the call succeeded but was of no use, so that it should not be repeated at once. */
static bool learn_success(struct user_known *known, const struct news *news)
{
    if (is_outdated(known, news))
        return news_disbelieve(news);
    if (!learners[news->call->kind])
        return welcome_learn(&known->welcome, news);
    learners[news->call->kind](known, news);
    return news->call->kind != SYNAPSE_ADD_ADDRESS || news->reply->outcome != SYNAPSE_TAKEN;
}

/* An unanswered write may have been carried out, wholly or in part. */
static void doubt(struct user_known *known, const struct synapse_call *call)
{
    enum synapse_kind kind = call->kind;

    account_doubt(known, call);
    if (kind == SYNAPSE_CREATE_USER || kind == SYNAPSE_SET_DISPLAY_NAME || kind == SYNAPSE_ADD_EMAIL ||
        kind == SYNAPSE_REACTIVATE_USER || kind == SYNAPSE_DEACTIVATE_USER)
        known->presence = PRESENCE_UNKNOWN;
    if (kind == SYNAPSE_CREATE_USER)
        known->may_be_made = true;
    if (kind == SYNAPSE_WRITE_RECORDS)
        known->record = RECORD_UNKNOWN;
    welcome_doubt(&known->welcome, kind);
}

static void learn_refusal(struct user_known *known, const struct news *news)
{
    if (welcome_learn_refusal(&known->welcome, news->call))
        return;
    if (news->call->kind != SYNAPSE_CREATE_USER && news->call->kind != SYNAPSE_CREATE_ACCOUNT)
        obstacle_refuse(&known->obstacles, news->call, news->reply);
    else if (!obstacle_doubt(&known->obstacles, news->call, news->reply, news->now))
        known->read_at = known->account.read_at = INSTANT_PAST; /* somebody may have been quicker */
}

void user_learn(struct user_known *known, const struct news *news)
{
    switch (news->reply->outcome) {
    case SYNAPSE_OK:
    case SYNAPSE_ABSENT:
    case SYNAPSE_TAKEN:
        if (news->call->kind == SYNAPSE_CREATE_ACCOUNT && news->reply->outcome == SYNAPSE_TAKEN) {
            known->account.presence = PRESENCE_UNKNOWN;
            learn_refusal(known, news);
            break;
        }
        if (!learn_success(known, news))
            obstacle_fail(&known->obstacles, news->call, news->reply, news->others_succeeded, news->now);
        else if (news->call->kind != SYNAPSE_DEACTIVATE_ACCOUNT) /* which has only begun */
            obstacle_clear(&known->obstacles, news->call);
        break;
    case SYNAPSE_REFUSED:
        learn_refusal(known, news);
        break;
    case SYNAPSE_FAILED:
        doubt(known, news->call);
        obstacle_fail(&known->obstacles, news->call, news->reply, news->others_succeeded, news->now);
        break;
    case SYNAPSE_UNREACHABLE:
        doubt(known, news->call);
        obstacle_excuse(&known->obstacles, news->call, news->now);
        break;
    case SYNAPSE_LIMITED:
    case SYNAPSE_SHUT_OUT: /* certainly not carried out */
        obstacle_excuse(&known->obstacles, news->call, news->now);
        break;
    }
}
