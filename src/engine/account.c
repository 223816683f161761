#include "engine/account.h"

#include "base/memory.h"

#include <string.h>

/* ms, after which MAS is asked for a deactivation again that the homeserver does not show. */
enum { LEAVING_LIMIT = 60 * 1000 };

static const struct {
    enum synapse_kind kind, at_mas;
} kinds[] = {
    {SYNAPSE_CREATE_USER, SYNAPSE_CREATE_ACCOUNT},
    {SYNAPSE_READ_EMAIL_OWNER, SYNAPSE_READ_ADDRESS_OWNER},
    {SYNAPSE_ADD_EMAIL, SYNAPSE_ADD_ADDRESS},
    {SYNAPSE_REACTIVATE_USER, SYNAPSE_REACTIVATE_ACCOUNT},
    {SYNAPSE_DEACTIVATE_USER, SYNAPSE_DEACTIVATE_ACCOUNT},
};

enum synapse_kind account_kind(const struct engine_rules *rules, enum synapse_kind kind)
{
    for (size_t i = 0; rules->mas && i < sizeof(kinds) / sizeof(kinds[0]); i++)
        if (kinds[i].kind == kind)
            return kinds[i].at_mas;
    return kind;
}

bool account_is_lacking(const struct user_known *known, const struct engine_rules *rules)
{
    return rules->mas && known->presence == PRESENCE_HERE && !known->of_service &&
           known->account.presence != PRESENCE_HERE;
}

bool account_is_known(const struct user_known *known, const struct engine_rules *rules)
{
    return rules->mas && known->account.presence == PRESENCE_HERE;
}

bool account_is_needed(enum synapse_kind kind)
{
    return kind == SYNAPSE_SET_PASSWORD || kind == SYNAPSE_ADD_ADDRESS ||
           kind == SYNAPSE_REACTIVATE_ACCOUNT || kind == SYNAPSE_DEACTIVATE_ACCOUNT;
}

bool account_is_active(const struct user_known *known, const struct engine_rules *rules)
{
    return account_is_known(known, rules) && !known->account.deactivated;
}

bool account_is_dead(const struct user_known *known)
{
    return known->account.presence == PRESENCE_HERE && known->account.deactivated;
}

enum account_parting account_parting(const struct user_known *known)
{
    bool user_is_active = known->presence == PRESENCE_HERE && !known->deactivated;

    if (known->account.presence == PRESENCE_HERE && !known->account.deactivated)
        return ACCOUNT_TO_LEAVE;
    if (!user_is_active)
        return ACCOUNT_GONE;
    if (known->account.presence != PRESENCE_HERE)
        return ACCOUNT_IS_USER;
    return known->account.leaving == 0 ? ACCOUNT_TO_LEAVE : ACCOUNT_LEAVES;
}

/* ---- learning ---- */

/* MAS finds accounts without regard to case. */
static bool is_of(const char *name, const char *user)
{
    size_t length = strcspn(user + 1, ":");

    return name && strlen(name) == length && memcmp(name, user + 1, length) == 0;
}

static void take_id(struct account_known *known, const char *id)
{
    size_t length = strnlen(id, sizeof(known->id) - 1);

    known->presence = PRESENCE_HERE;
    memcpy(known->id, id, length);
    known->id[length] = '\0';
}

static void note_look(struct account_known *known, const struct news *news)
{
    known->read_at = news->sent;
    known->seen_at = news->now;
}

void account_learn_reading(struct user_known *known, const struct news *news)
{
    const struct synapse_reply *reply = news->reply;
    bool here = !news_of_absence(news) && is_of(reply->user.name, news->call->user);

    note_look(&known->account, news);
    known->admin = here && reply->user.admin;
    known->account.deactivated = here && reply->user.deactivated;
    if (here)
        take_id(&known->account, reply->text);
    else
        known->account.presence = PRESENCE_ABSENT;
}

/* The user, whom MAS has just made on the homeserver, is read again: an older MAS leaves the name out. */
void account_learn_creation(struct user_known *known, const struct news *news)
{
    note_look(&known->account, news);
    take_id(&known->account, news->reply->text);
    known->account.deactivated = known->admin = false;
    if (news->call->adopts)
        return;
    user_known_note_deed(known, USER_MADE, news->now);
    known->presence = PRESENCE_UNKNOWN;
    known->by_another = false;
    known->has_email = false;
    known->account.unnamed = news->call->name != NULL;
}

void account_learn_password(struct user_known *known, const struct news *news)
{
    (void)news;
    known->account.password_set = true;
}

void account_learn_owner(struct user_known *known, const struct news *news)
{
    const char *owner = news->reply->text;
    bool own = owner && known->account.presence == PRESENCE_HERE && text_equal(owner, known->account.id);

    text_set(&known->email, news->call->email);
    known->email_is_taken = owner && !own;
    known->has_email = known->has_email || own; /* the homeserver may not have heard of it yet */
}

/* In use: whose it is, is asked again. */
void account_learn_address(struct user_known *known, const struct news *news)
{
    if (news->reply->outcome == SYNAPSE_TAKEN)
        text_set(&known->email, NULL);
    else
        known->has_email = true;
}

/* Name and e-mail may be gone: they are read again. */
void account_learn_reactivation(struct user_known *known, const struct news *news)
{
    user_known_note_deed(known, USER_REACTIVATED, news->now);
    known->presence = PRESENCE_UNKNOWN;
    known->account.deactivated = false;
    known->account.leaving = 0;
    known->parting.complete = false;
    known->parting.since = 0;
}

void account_learn_deactivation(struct user_known *known, const struct news *news)
{
    known->parting.complete = false;
    known->parting.since = 0;
    if (news_of_absence(news)) {
        known->account.presence = PRESENCE_ABSENT;
        return;
    }
    known->account.deactivated = true;
    known->account.leaving = news->now;
    known->account.look_again = plan_first_look(0, news->now);
}

static void fail(struct user_known *known, const struct news *news, enum synapse_kind kind, const char *why)
{
    const struct synapse_call call = {.kind = kind, .user = news->call->user};
    struct synapse_reply reply = {.outcome = SYNAPSE_FAILED, .retry_after = -1};

    (void)error_set(&reply.problem, "%s: %s", synapse_kind_name(kind), why);
    obstacle_fail(&known->obstacles, &call, &reply, news->others_succeeded, news->now);
}

void account_learn_user(struct user_known *known, const struct news *news)
{
    struct account_known *account = &known->account;

    if (known->name && !is_of(known->name, news->call->user))
        account->unnamed = false;
    if (known->presence == PRESENCE_ABSENT && account_is_active(known, news->rules))
        fail(known, news, SYNAPSE_CREATE_ACCOUNT,
             "the Matrix Authentication Service has the account, but the homeserver does not know the user");
    if (account->leaving == 0)
        return;
    account->look_again = plan_next_look(account->leaving, news->now);
    if (known->presence == PRESENCE_ABSENT || known->deactivated) {
        const struct synapse_call leaving = {.kind = SYNAPSE_DEACTIVATE_ACCOUNT, .user = news->call->user};

        account->leaving = 0;
        obstacle_clear(&known->obstacles, &leaving);
    } else if (news->now - account->leaving > LEAVING_LIMIT) {
        account->leaving = 0;
        fail(known, news, SYNAPSE_DEACTIVATE_ACCOUNT,
             "the Matrix Authentication Service has done it, but the homeserver does not show it");
    }
}

void account_doubt(struct user_known *known, const struct synapse_call *call)
{
    switch ((unsigned)call->kind) {
    case SYNAPSE_CREATE_ACCOUNT:
        known->may_be_made = known->may_be_made || !call->adopts;
        known->account.presence = PRESENCE_UNKNOWN;
        break;
    case SYNAPSE_ADD_ADDRESS:
    case SYNAPSE_SET_PASSWORD:
    case SYNAPSE_REACTIVATE_ACCOUNT:
    case SYNAPSE_DEACTIVATE_ACCOUNT:
        break;
    default:
        return;
    }
    known->presence = PRESENCE_UNKNOWN;
    known->account.read_at = known->account.seen_at = INSTANT_PAST;
}
