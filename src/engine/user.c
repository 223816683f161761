#include "engine/user.h"

#include "base/memory.h"
#include "engine/account.h"
#include "engine/protection.h"
#include "engine/welcome.h"

#include <stdlib.h>
#include <string.h>

enum {
    WITNESS_LIFE = 10 * 60 * 1000, /* ms: what no room shows is seen after that time, at the next message */
    LOOK_LIMIT = 5 * 1000,         /* ms: a user who was seen longer ago is read again before a write */
};

static struct synapse_call call_of(enum synapse_kind kind, const struct user_wanted *wanted)
{
    return (struct synapse_call){.kind = kind, .user = wanted->id};
}

/* A call about the account, to whoever keeps it. */
static struct synapse_call account_call(enum synapse_kind kind, const struct user_known *known,
                                        const struct user_wanted *wanted, const struct engine_rules *rules)
{
    struct synapse_call call = call_of(account_kind(rules, kind), wanted);

    call.account = account_is_known(known, rules) ? known->account.id : NULL;
    return call;
}

/* ---- what to do ---- */

/* Who is in the rooms again, though deactivated when last read, is not deactivated any more. */
static bool may_have_witness(const struct user_known *known, const struct user_wanted *wanted)
{
    return known->presence == PRESENCE_HERE && known->mirrored && !known->deactivated &&
           known->read_at >= wanted->since - WITNESS_LIFE;
}

static bool is_known(const struct user_known *known, const struct user_wanted *wanted)
{
    if (known->presence == PRESENCE_UNKNOWN)
        return false;
    return known->read_at >= wanted->since ||
           (wanted->witness == WITNESS_GIVEN && may_have_witness(known, wanted));
}

/* Of a user who is known, for the same time. */
static bool is_account_known(const struct user_known *known, const struct user_wanted *wanted)
{
    instant least = wanted->witness == WITNESS_GIVEN ? wanted->since - WITNESS_LIFE : wanted->since;

    return known->account.presence != PRESENCE_UNKNOWN && known->account.read_at >= least;
}

bool user_rests_on_witness(const struct user_known *known, const struct user_wanted *wanted)
{
    return known->read_at < wanted->since;
}

/* The mirror may have to catch up before it is known whether the user has to be read. */
static struct action look(struct plan *plan, const struct user_known *known, const struct user_wanted *wanted)
{
    bool may_be_known = wanted->witness == WITNESS_DUE && may_have_witness(known, wanted);
    const struct synapse_call call = call_of(may_be_known ? SYNAPSE_READ_CHANGES : SYNAPSE_READ_USER, wanted);

    return plan_step(plan, &call);
}

static bool is_protected(const struct user_known *known, const struct user_wanted *wanted,
                         const struct engine_rules *rules)
{
    return user_protection(known, wanted->id, rules) != PROTECTION_NONE;
}

/* Who is protected keeps the name; but whom we made as a member still has to get one, and an account. */
static bool may_rename(const struct user_known *known, const struct user_wanted *wanted,
                       const struct engine_rules *rules)
{
    enum protection protection = user_protection(known, wanted->id, rules);

    return protection == PROTECTION_NONE ||
           (protection == PROTECTION_NAMED && (known->record == RECORD_OPEN || known->account.unnamed) &&
            !known->by_another);
}

static bool is_misnamed(const struct user_known *known, const struct user_wanted *wanted,
                        const struct engine_rules *rules)
{
    return (wanted->renamed || known->account.unnamed) && wanted->name &&
           !text_equal(known->name, wanted->name) && may_rename(known, wanted, rules);
}

/*
 * Nothing is written about a user who may have become another since we looked. An account that was just
 * looked at, and the user right before that, are good enough however long the look took: else both would be
 * read for ever where each takes longer than the other is good for.
 */
static struct action write_after_look(struct plan *plan, const struct user_known *known,
                                      const struct synapse_call *call, const struct engine_rules *rules)
{
    struct synapse_call look = {.kind = SYNAPSE_READ_USER, .user = call->user};
    bool needs_account = rules->mas && (call->kind != SYNAPSE_CREATE_ACCOUNT || call->adopts);
    bool saw_account = plan->now <= known->account.seen_at + LOOK_LIMIT;
    bool account_backs_user =
        needs_account && saw_account && known->account.read_at <= known->seen_at + LOOK_LIMIT;

    if (!plan_may(plan, call->kind, NULL) || (account_is_needed(call->kind) && !call->account))
        return plan_rest(plan);
    if (plan->now > known->seen_at + LOOK_LIMIT && !account_backs_user)
        return plan_step(plan, &look);
    look.kind = SYNAPSE_READ_ACCOUNT;
    return needs_account && !saw_account ? plan_step(plan, &look) : plan_call(call);
}

/* MAS deactivates the account, and tells the homeserver then; what it does not know is the homeserver's. */
static struct action account_removal(struct plan *plan, const struct user_known *known,
                                     const struct user_wanted *wanted, const struct engine_rules *rules)
{
    struct synapse_call read = call_of(SYNAPSE_READ_ACCOUNT, wanted), call;

    if (known->of_service)
        return plan_rest(plan);
    if (known->account.read_at < wanted->since)
        return plan_step(plan, &read);
    if (is_protected(known, wanted, rules))
        return plan_rest(plan);
    switch (account_parting(known)) {
    case ACCOUNT_GONE:
        return plan_rest(plan);
    case ACCOUNT_TO_LEAVE:
        call = account_call(SYNAPSE_DEACTIVATE_USER, known, wanted, rules);
        call.erase = rules->erase;
        return write_after_look(plan, known, &call, rules);
    case ACCOUNT_IS_USER:
        call = call_of(SYNAPSE_DEACTIVATE_USER, wanted);
        call.erase = rules->erase;
        return write_after_look(plan, known, &call, rules);
    case ACCOUNT_LEAVES:
        break;
    }
    read.kind = SYNAPSE_READ_USER;
    if (plan->now >= known->account.look_again)
        return plan_step(plan, &read);
    plan_wait(plan, known->account.look_again);
    return plan_rest(plan);
}

static struct action removal(struct plan *plan, const struct user_known *known,
                             const struct user_wanted *wanted, const struct engine_rules *rules)
{
    struct synapse_call call = call_of(SYNAPSE_DEACTIVATE_USER, wanted);

    if (rules->mas)
        return account_removal(plan, known, wanted, rules);
    if (known->presence == PRESENCE_ABSENT || known->deactivated || is_protected(known, wanted, rules))
        return plan_rest(plan);
    call.erase = rules->erase;
    return write_after_look(plan, known, &call, rules);
}

static bool knows_owner(const struct user_known *known, const struct user_wanted *wanted)
{
    return text_equal(known->email, wanted->email);
}

static struct action email_look_up(struct plan *plan, const struct user_known *known,
                                   const struct user_wanted *wanted, const struct engine_rules *rules)
{
    struct synapse_call call = account_call(SYNAPSE_READ_EMAIL_OWNER, known, wanted, rules);

    call.email = wanted->email;
    return plan_step(plan, &call);
}

static struct action user_creation(struct plan *plan, const struct user_known *known,
                                   const struct user_wanted *wanted, bool sets_email,
                                   const struct engine_rules *rules)
{
    struct synapse_call call = call_of(SYNAPSE_CREATE_USER, wanted);

    call.name = wanted->name;
    call.password = wanted->added ? wanted->password : NULL;
    call.email = sets_email ? wanted->email : NULL;
    return write_after_look(plan, known, &call, rules);
}

/* When the name was in use, it is asked by whom; and whom MAS has, the homeserver will come to know. */
static struct action account_creation(struct plan *plan, const struct user_known *known,
                                      const struct user_wanted *wanted, const struct engine_rules *rules)
{
    const struct synapse_call look = call_of(SYNAPSE_READ_ACCOUNT, wanted);
    const struct synapse_call again = call_of(SYNAPSE_READ_USER, wanted);
    struct synapse_call call = call_of(SYNAPSE_CREATE_ACCOUNT, wanted);

    call.name = wanted->name;
    if (!plan_may(plan, call.kind, NULL))
        return plan_rest(plan);
    if (known->account.presence == PRESENCE_HERE)
        return plan_step(plan, &again);
    if (known->account.presence == PRESENCE_UNKNOWN && obstacle_was_doubted(plan->obstacles, &call))
        return plan_step(plan, &look);
    return write_after_look(plan, known, &call, rules);
}

/*
 * A record is opened where something may be left to be done after the creation: members are to be greeted by
 * an addUser that comes later; an e-mail address is set by Synapse after the user is there already. One that
 * is open already was opened for a creation that has not been carried out yet, and still may be.
 */
static struct action creation(struct plan *plan, const struct user_known *known,
                              const struct user_wanted *wanted, const struct engine_rules *rules)
{
    bool sets_password = rules->mas && wanted->added && wanted->password; /* afterwards */
    bool needs_record = !wanted->added || wanted->welcome || wanted->email || sets_password;
    bool sets_email = wanted->added && wanted->email;
    struct synapse_call call = call_of(SYNAPSE_READ_RECORDS, wanted);

    if (known->record == RECORD_UNKNOWN)
        return plan_step(plan, &call);
    if (sets_email && !knows_owner(known, wanted))
        return email_look_up(plan, known, wanted, rules);
    sets_email = sets_email && !known->email_is_taken;
    if (needs_record &&
        (known->record != RECORD_OPEN || ((sets_email || sets_password) && !known->record_email))) {
        call = call_of(SYNAPSE_WRITE_RECORDS, wanted);
        call.record = (struct synapse_record){.open = true, .email = sets_email || sets_password};
        return plan_step(plan, &call);
    }
    return rules->mas ? account_creation(plan, known, wanted, rules)
                      : user_creation(plan, known, wanted, sets_email, rules);
}

static struct action closing(struct plan *plan, const struct user_wanted *wanted)
{
    struct synapse_call call = call_of(SYNAPSE_WRITE_RECORDS, wanted);

    return plan_step(plan, &call);
}

/* Whether the address and the password are no longer to be set, and that is not noted yet. */
static bool is_set(const struct user_known *known, const struct user_wanted *wanted,
                   const struct engine_rules *rules)
{
    bool has_password = !rules->mas || !wanted->password || known->account.password_set;
    bool has_email = !wanted->email || known->has_email || known->email_is_taken;

    return known->record_email && (wanted->email || wanted->password) && has_password && has_email;
}

/*
 * What is left of a first addUser once its user is there: the e-mail address of a cut creation, the welcome.
 * Before that, which may be held up for days, it is noted what was set: the user may have another password
 * by the time that the message comes again.
 */
static struct action completion(struct plan *plan, const struct user_known *known,
                                const struct user_wanted *wanted, const struct engine_rules *rules)
{
    struct synapse_call call = account_call(SYNAPSE_SET_PASSWORD, known, wanted, rules);

    call.password = wanted->password;
    if (account_is_known(known, rules) && known->record_email && wanted->password &&
        !known->account.password_set && plan_may(plan, call.kind, NULL))
        return write_after_look(plan, known, &call, rules);
    if (known->record_email && wanted->email && !known->has_email &&
        (!rules->mas || account_is_known(known, rules))) {
        if (!knows_owner(known, wanted))
            return email_look_up(plan, known, wanted, rules);
        call = account_call(SYNAPSE_ADD_EMAIL, known, wanted, rules);
        call.email = wanted->email;
        if (!known->email_is_taken && plan_may(plan, call.kind, NULL))
            return write_after_look(plan, known, &call, rules);
    }
    if (!wanted->welcome || known->welcome.greeting == GREETING_SENT)
        return plan->earliest == INSTANT_NEVER ? closing(plan, wanted) : plan_rest(plan);
    call = call_of(SYNAPSE_WRITE_RECORDS, wanted);
    call.record = (struct synapse_record){.open = true, .email = true, .set = true};
    return is_set(known, wanted, rules) ? plan_step(plan, &call)
                                        : welcome_next(plan, &known->welcome, wanted);
}

static bool may_reactivate(const struct user_known *known, const struct user_wanted *wanted,
                           const struct engine_rules *rules)
{
    return wanted->added && rules->reactivate && !is_protected(known, wanted, rules);
}

/* Synapse goes on taking a deactivated user out of the rooms; it must not take out who was joined again. Of
   whom only MAS calls deactivated it takes out nobody. */
static struct action reactivation(struct plan *plan, const struct user_known *known,
                                  const struct user_wanted *wanted, const struct engine_rules *rules)
{
    struct synapse_call look = call_of(SYNAPSE_READ_JOINED_ROOMS, wanted);
    struct synapse_call call = account_call(SYNAPSE_REACTIVATE_USER, known, wanted, rules);

    if (known->parting.complete || !known->deactivated)
        return write_after_look(plan, known, &call, rules);
    if (plan->now >= known->parting.look_again)
        return plan_step(plan, &look);
    plan_wait(plan, known->parting.look_again);
    return plan_rest(plan);
}

static bool is_to_be_adopted(const struct user_known *known, const struct user_wanted *wanted,
                             const struct engine_rules *rules)
{
    return account_is_lacking(known, rules) && may_rename(known, wanted, rules) &&
           (!known->deactivated || may_reactivate(known, wanted, rules));
}

static struct action adoption(struct plan *plan, const struct user_known *known,
                              const struct user_wanted *wanted, const struct engine_rules *rules)
{
    struct synapse_call call = call_of(SYNAPSE_CREATE_ACCOUNT, wanted);

    call.adopts = true;
    return write_after_look(plan, known, &call, rules);
}

/* MAS may have no account of the user, or a deactivated one. Where nothing would follow, it is not asked. */
static bool is_account_to_be_read(const struct user_known *known, const struct user_wanted *wanted,
                                  const struct engine_rules *rules)
{
    return rules->mas && !known->of_service && !is_account_known(known, wanted) &&
           (!known->deactivated || may_reactivate(known, wanted, rules));
}

/* The homeserver knows nobody of that name. MAS may, since it was not told of it; and there they may have
   been deactivated, which is not ours to greet. */
static struct action next_of_absent(struct plan *plan, const struct user_known *known,
                                    const struct user_wanted *wanted, const struct engine_rules *rules)
{
    const struct synapse_call look = call_of(SYNAPSE_READ_ACCOUNT, wanted);

    if (!account_is_dead(known))
        return creation(plan, known, wanted, rules);
    if (!is_account_known(known, wanted))
        return plan_step(plan, &look);
    if (may_reactivate(known, wanted, rules))
        return reactivation(plan, known, wanted, rules);
    return known->record == RECORD_OPEN ? closing(plan, wanted) : plan_rest(plan);
}

/* Of a user who was read, or has a witness. */
static struct action next_of_known(struct plan *plan, const struct user_known *known,
                                   const struct user_wanted *wanted, const struct engine_rules *rules)
{
    struct synapse_call call;

    if (wanted->removed)
        return removal(plan, known, wanted, rules);
    if (known->presence == PRESENCE_ABSENT)
        return next_of_absent(plan, known, wanted, rules);
    if ((known->by_another || known->of_service) && known->record == RECORD_OPEN)
        return closing(plan, wanted); /* not ours to greet */
    call = call_of(SYNAPSE_READ_ACCOUNT, wanted);
    if (is_account_to_be_read(known, wanted, rules))
        return plan_step(plan, &call);
    if (is_to_be_adopted(known, wanted, rules) && plan_may(plan, SYNAPSE_CREATE_ACCOUNT, NULL))
        return adoption(plan, known, wanted, rules);
    if (!wanted->added && !known->account.unnamed)
        return plan_rest(plan);
    if (user_is_deactivated(known))
        return may_reactivate(known, wanted, rules) ? reactivation(plan, known, wanted, rules)
                                                    : plan_rest(plan);
    call = call_of(SYNAPSE_SET_DISPLAY_NAME, wanted);
    call.name = wanted->name;
    if (is_misnamed(known, wanted, rules) && plan_may(plan, call.kind, NULL))
        return write_after_look(plan, known, &call, rules);
    if (!wanted->added)
        return plan_rest(plan);
    call = call_of(SYNAPSE_READ_RECORDS, wanted);
    if (known->record == RECORD_UNKNOWN && plan_may(plan, call.kind, NULL))
        return plan_call(&call);
    if (known->record == RECORD_OPEN)
        return completion(plan, known, wanted, rules);
    return plan_rest(plan);
}

struct action user_next(const struct user_known *known, const struct user_wanted *wanted,
                        const struct engine_rules *rules, instant now)
{
    struct plan plan = plan_begin(&known->obstacles, now);
    const struct synapse_call read = call_of(SYNAPSE_READ_USER, wanted);
    struct action action;

    if (!is_known(known, wanted))
        return look(&plan, known, wanted);
    action = next_of_known(&plan, known, wanted, rules);
    if (action.kind == ACTION_CALL && synapse_kind_writes(action.call.kind) &&
        user_rests_on_witness(known, wanted))
        return plan_step(&plan, &read); /* nothing is written on the word of a witness */
    return action;
}

bool user_is_deactivated(const struct user_known *known)
{
    return known->deactivated || account_is_dead(known);
}

bool user_is_there(const struct user_known *known)
{
    return known->presence == PRESENCE_HERE && !user_is_deactivated(known);
}

bool user_is_expected(const struct user_known *known)
{
    return !user_is_there(known) && !known->obstacles.table;
}

/* The name is being set: a user who is read again is about to be written. Or it is asked whether they can log
   in. */
static bool is_to_be_awaited(enum synapse_kind kind)
{
    return kind == SYNAPSE_SET_DISPLAY_NAME || kind == SYNAPSE_READ_USER || kind == SYNAPSE_READ_ACCOUNT;
}

static enum user_readiness readiness(const struct user_known *known, const struct user_wanted *wanted,
                                     const struct action *next)
{
    bool there = is_known(known, wanted) && user_is_there(known);

    if (there && !(next->kind == ACTION_CALL && is_to_be_awaited(next->call.kind)))
        return USER_READY;
    if (next->kind == ACTION_CALL)
        return is_known(known, wanted) ? USER_PENDING : USER_UNREAD;
    return next->kind == ACTION_WAIT ? USER_DELAYED : USER_HOPELESS;
}

struct user_outlook user_outlook(const struct user_known *known, const struct user_wanted *wanted,
                                 const struct engine_rules *rules, instant now)
{
    struct user_outlook outlook = {.action = user_next(known, wanted, rules, now)};

    outlook.readiness = readiness(known, wanted, &outlook.action);
    return outlook;
}

/* ---- what is to be said ---- */

void user_report(const struct user_known *known, const struct user_wanted *wanted,
                 const struct engine_rules *rules, struct report *report)
{
    enum protection protection = user_protection(known, wanted->id, rules);
    bool is_member = !wanted->added && !wanted->removed;

    if (!is_member || !is_known(known, wanted) || !user_is_there(known) ||
        account_is_lacking(known, rules)) /* else they are another message's */
        report_obstacles(report, &known->obstacles, wanted->id, NULL, NULL);
    if (wanted->removed) {
        if (account_parting(known) != ACCOUNT_GONE && protection != PROTECTION_NONE)
            report_refusal(report, REQUEST_PROTECTED_USER, "%s %s", wanted->id,
                           protection_reason(protection));
        return;
    }
    if (known->presence != PRESENCE_UNKNOWN && user_is_deactivated(known) &&
        !may_reactivate(known, wanted, rules))
        report_warning(report, "%s is deactivated and stays so", wanted->id);
    if (wanted->added && wanted->email && knows_owner(known, wanted) && known->email_is_taken &&
        !known->has_email)
        report_warning(report, "%s: the e-mail address belongs to another account and was left out",
                       wanted->id);
    if (wanted->welcome && !known->deactivated && known->record == RECORD_OPEN &&
        known->welcome.standing == WELCOME_FOREIGN)
        welcome_report(&known->welcome, wanted, report);
}
