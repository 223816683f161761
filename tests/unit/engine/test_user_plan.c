/*
 * The user's planner, from any knowledge to any want, like test_room_plan.c: whatever goes wrong for a while
 * and wherever the daemon is killed, it comes to an end, with the user as wanted, greeted exactly once if it
 * is to be greeted at all, and has nothing to do the next time.
 */

#include "base/memory.h"
#include "engine/flight.h"
#include "engine/simulation/others.h"
#include "engine/user_learn.h"
#include "support/test.h"

#include <stdlib.h>
#include <string.h>

enum {
    CASES = 6000,
    FIRST_SEED = 20240701,
    MOST_STEPS = 400, /* of one pursuit */
};

struct pursuit {
    struct homeserver *homeserver;
    struct world_user *user;
    struct user_known known;
    struct report report;
    bool others; /* act in between */
};

/* ---- what is wanted ---- */

static const char greeting[] = "<b>hello</b>";

static struct user_wanted choose_want(const struct pursuit *pursuit)
{
    const struct world *world = pursuit->homeserver->world;
    struct user_wanted wanted = {.id = pursuit->user->id, .since = instant_now()};
    bool member = chance_percent(30);

    wanted.removed = chance_percent(15);
    if (wanted.removed)
        return wanted;
    wanted.added = !member;
    wanted.name = others_choose(member ? 80 : 15, others_names, 3);
    wanted.renamed = !member && wanted.name;
    if (member)
        return wanted;
    wanted.email = others_choose(60, others_emails, 3);
    wanted.password = chance_percent(20) ? "secret" : NULL;
    wanted.welcome = chance_percent(70) ? greeting : NULL;
    wanted.welcome_alias = world->aliases[WORLD_ALIASES + (size_t)(pursuit->user - world->users)].alias;
    return wanted;
}

/* ---- the way there ---- */

static void judge(struct pursuit *pursuit, const struct user_wanted *wanted, const struct synapse_call *call)
{
    struct world *world = pursuit->homeserver->world;
    bool unnamed = world->rules.mas && pursuit->user->ours && !pursuit->user->name; /* by an older MAS */

    if (call->kind == SYNAPSE_SET_DISPLAY_NAME &&
        ((!wanted->renamed && !unnamed) || !text_equal(call->name, wanted->name)))
        world_accuse(world, "%s is renamed by who may not", call->user);
    if (call->kind == SYNAPSE_CREATE_USER && (call->password || call->email) && !wanted->added)
        world_accuse(world, "%s is created with what no member has", call->user);
    if (call->kind == SYNAPSE_SET_PASSWORD && (!wanted->added || !wanted->password))
        world_accuse(world, "%s is given a password that nobody wants", call->user);
    if ((call->kind == SYNAPSE_DEACTIVATE_USER || call->kind == SYNAPSE_DEACTIVATE_ACCOUNT) &&
        !wanted->removed)
        world_accuse(world, "%s is removed", call->user);
}

/* Long enough for the world to become another. */
static void pause(struct pursuit *pursuit)
{
    bool was_absent = !pursuit->user->here;

    clock_pass(6000 + chance_below(60000));
    if (!pursuit->others || chance_percent(80))
        return;
    others_create(pursuit->homeserver->world, pursuit->user);
    pursuit->user->puppet = pursuit->user->puppet || (was_absent && chance_percent(30));
}

static void call(struct pursuit *pursuit, const struct user_wanted *wanted, const struct synapse_call *call)
{
    const struct engine_rules *rules = &pursuit->homeserver->world->rules;
    struct flight *flight = flight_new(call, NULL);
    instant sent = instant_now();
    struct synapse_reply reply;

    judge(pursuit, wanted, call);
    homeserver_answer(pursuit->homeserver, &flight->call, &reply);
    clock_pass(chance_below(40));
    flight_forget_borrowed(flight);
    user_learn(&pursuit->known, &(struct news){.call = &flight->call,
                                               .reply = &reply,
                                               .rules = rules,
                                               .others_succeeded = chance_percent(70),
                                               .sent = sent,
                                               .now = instant_now()});
    if (reply.outcome == SYNAPSE_UNREACHABLE || reply.outcome == SYNAPSE_LIMITED ||
        reply.outcome == SYNAPSE_SHUT_OUT)
        pause(pursuit);
    synapse_reply_deinit(&reply);
    flight_free(flight);
}

static bool pursue(struct pursuit *pursuit, const struct user_wanted *wanted, unsigned most_steps)
{
    struct world *world = pursuit->homeserver->world;

    world_note(world, "wanted: %s %s, %s, %s, %s", wanted->id,
               wanted->removed ? "gone"
               : wanted->added ? "added"
                               : "member",
               wanted->name ? wanted->name : "(any name)", wanted->email ? wanted->email : "(no address)",
               wanted->welcome ? "welcome" : "");
    for (unsigned i = 0; i < most_steps && !world->crime[0]; i++) {
        struct action action = user_next(&pursuit->known, wanted, &world->rules, instant_now());

        if (action.kind == ACTION_WAIT && action.until <= instant_now())
            world_accuse(world, "it waits for what is now");
        if (action.kind == ACTION_WAIT)
            clock_reach(action.until);
        if (action.kind == ACTION_CALL)
            call(pursuit, wanted, &action.call);
        if (action.kind != ACTION_NONE)
            continue;
        report_deinit(&pursuit->report);
        report_init(&pursuit->report);
        user_report(&pursuit->known, wanted, &world->rules, &pursuit->report);
        return true;
    }
    return false;
}

/* ---- whether the user is as wanted ---- */

/* What of the user matters later. */
struct before {
    bool here, ours, owed; /* a greeting */
    bool deactivated;      /* here or at MAS */
    bool active;           /* likewise */
    bool is_protected;
    unsigned greetings;
};

static struct before look_at(const struct world *world, const struct world_user *user)
{
    return (struct before){
        .here = user->here,
        .deactivated = user->deactivated || user->account.gone,
        .active = !user->deactivated || (user->account.here && !user->account.gone),
        .ours = user->ours,
        .owed = !user->here || (user->ours && user->has_record && user->record.open),
        .is_protected = user->here && world_protects(world, user),
        .greetings = user->greetings,
    };
}

static bool has_foreign_welcome(struct world *world, const struct world_user *user)
{
    const struct world_alias *alias = &world->aliases[WORLD_ALIASES + (size_t)(user - world->users)];

    return alias->room && !world_may_greet(world, alias->room, user);
}

static const char *complaint_about_added(struct world *world, const struct world_user *user,
                                         const struct user_wanted *wanted, const struct before *before,
                                         const struct report *report)
{
    if (wanted->name && !before->is_protected && !text_equal(user->name, wanted->name))
        return "the name is wrong";
    if (!before->here && wanted->email && !text_equal(user->email, wanted->email) && !report->warnings.size &&
        !(world->rules.mas && user->ambiguous))
        return "the missing address is not said";
    if (!before->here && wanted->password && !user->ambiguous &&
        !text_equal(user->password, wanted->password))
        return "the password is wrong";
    if (user->ambiguous)
        return NULL;
    if (before->owed && wanted->welcome && has_foreign_welcome(world, user) && before->greetings == 0)
        return report->code == REQUEST_ALIAS_CONFLICT ? NULL : "the conflict is not said";
    if (report->rejected)
        return "it is rejected without reason";
    if (before->owed && wanted->welcome && user->greetings != 1)
        return "there was no greeting";
    if ((!before->owed || !wanted->welcome) && user->greetings != before->greetings)
        return "the greeting is not due";
    return user->has_record && user->record.open ? "the record is still open" : NULL;
}

/* NULL: all is well. */
static const char *complaint(struct world *world, const struct world_user *user,
                             const struct user_wanted *wanted, const struct before *before,
                             const struct report *report)
{
    if (wanted->removed && before->is_protected && before->active)
        return report->rejected && report->code == REQUEST_PROTECTED_USER ? NULL
                                                                          : "it is not said who is protected";
    if (wanted->removed && !before->is_protected && user->account.here && !user->account.gone)
        return "the account is not removed";
    if (wanted->removed)
        return user->here && !user->deactivated ? "the user is not removed" : NULL;
    if (!user->here)
        return "there is no user";
    if (before->deactivated && !(world->rules.reactivate && wanted->added && !before->is_protected))
        return report->warnings.size && (user->deactivated || user->account.gone) && !report->rejected
                   ? NULL
                   : "no warning";
    if (user->deactivated || user->account.gone)
        return "the user is still deactivated";
    if (world->rules.mas && !user->account.here && !user->puppet && !world_protects(world, user) &&
        !report->rejected)
        return "nobody can log in";
    return wanted->added ? complaint_about_added(world, user, wanted, before, report) : NULL;
}

/* ---- cases ---- */

static void gather_knowledge(struct pursuit *pursuit)
{
    pursuit->others = chance_percent(50);
    for (unsigned rounds = chance_below(4); rounds > 0 && !pursuit->homeserver->world->crime[0]; rounds--) {
        struct user_wanted wanted = choose_want(pursuit);

        clock_pass(chance_below(3));
        (void)pursue(pursuit, &wanted, chance_percent(50) ? chance_below(12) : MOST_STEPS);
        obstacles_forget_final(&pursuit->known.obstacles, INSTANT_NEVER);
        if (chance_percent(40) && !pursuit->homeserver->world->lateness)
            user_known_deinit(&pursuit->known);
        else if (chance_percent(40))
            user_known_forget(&pursuit->known);
        clock_pass(chance_percent(50) ? 100 + chance_below(100000) : 100);
    }
    pursuit->others = false;
}

static void check_case(struct pursuit *pursuit)
{
    struct world *world = pursuit->homeserver->world;
    struct user_wanted wanted = choose_want(pursuit);
    struct before before;
    const char *text;
    unsigned writes;

    accounts_settle(world);
    before = look_at(world, pursuit->user);
    if (!pursue(pursuit, &wanted, MOST_STEPS)) {
        world_accuse(world, "there is no end");
        return;
    }
    text = complaint(world, pursuit->user, &wanted, &before, &pursuit->report);
    if (text && (!pursuit->homeserver->refuses || !pursuit->report.rejected))
        world_accuse(world, "%s; report: %s", text, buffer_text(&pursuit->report.refusals));
    if (pursuit->report.rejected)
        return;
    user_known_deinit(&pursuit->known);
    clock_pass(1 + world->lateness + chance_below(1000));
    wanted.since = instant_now();
    pursuit->homeserver->trouble = 0;
    writes = world->writes;
    if (!pursue(pursuit, &wanted, MOST_STEPS))
        world_accuse(world, "there is no end the second time");
    if (world->writes != writes && !pursuit->user->ambiguous)
        world_accuse(world, "the second time something is written");
}

/* What other processes than the one that did it tell is late. */
static const struct homeserver late = {.trouble = 0}, late_with_mas = {.mas = true};

/* Of most who are there; who is an admin, or deactivated, need not be so for both. */
static void open_accounts(struct world *world)
{
    for (size_t i = 0; i < world->user_count; i++) {
        struct world_user *user = &world->users[i];

        user->account.retires_at = INSTANT_NEVER;
        user->account.here = user->here && !user->puppet && chance_percent(80);
        user->account.gone = user->account.here && chance_percent(user->deactivated ? 80 : 15);
        user->account.admin = chance_percent(15);
    }
}

static bool run_case(uint64_t seed, const void *temper)
{
    struct world *world = NEW(struct world);
    struct homeserver homeserver = *(const struct homeserver *)temper;
    struct pursuit pursuit = {.homeserver = &homeserver};
    bool good;

    clock_start(seed);
    world_init(world);
    homeserver.world = world;
    world->lateness = temper == &late || temper == &late_with_mas ? 9000 : 0;
    world->rules.reactivate = chance_percent(30);
    world->rules.erase = chance_percent(50);
    others_populate(world);
    world->rules.mas = homeserver.mas;
    if (homeserver.mas)
        open_accounts(world);
    pursuit.user = &world->users[chance_below(WORLD_SUBJECTS)];
    user_known_init(&pursuit.known);
    report_init(&pursuit.report);
    gather_knowledge(&pursuit);
    if (!world->crime[0])
        check_case(&pursuit);
    good = world_is_good(world, seed);
    report_deinit(&pursuit.report);
    user_known_deinit(&pursuit.known);
    world_deinit(world);
    free(world);
    return good;
}

static void test_all_goes_well(void **state)
{
    const struct homeserver temper = {.trouble = 0};

    (void)state;
    assert_true(world_try_cases(FIRST_SEED, CASES, run_case, &temper));
}

static void test_trouble(void **state)
{
    const struct homeserver temper = {.trouble = 25, .patience = 40, .races = 5};

    (void)state;
    assert_true(world_try_cases(FIRST_SEED + CASES, CASES, run_case, &temper));
}

static void test_refusals(void **state)
{
    const struct homeserver temper = {.trouble = 25, .patience = 40, .races = 5, .refuses = true};

    (void)state;
    assert_true(world_try_cases(FIRST_SEED + 2 * CASES, CASES, run_case, &temper));
}

static void test_late_answers(void **state)
{
    (void)state;
    assert_true(world_try_cases(FIRST_SEED + 3 * CASES, CASES, run_case, &late));
}

static void test_late_answers_with_mas(void **state)
{
    (void)state;
    assert_true(world_try_cases(FIRST_SEED + 3 * CASES, CASES, run_case, &late_with_mas));
}

static void test_all_goes_well_with_mas(void **state)
{
    const struct homeserver temper = {.mas = true};

    (void)state;
    assert_true(world_try_cases(FIRST_SEED + 3 * CASES, CASES, run_case, &temper));
}

static void test_trouble_with_mas(void **state)
{
    const struct homeserver temper = {.mas = true, .trouble = 25, .patience = 40, .races = 5};

    (void)state;
    assert_true(world_try_cases(FIRST_SEED + 4 * CASES, CASES, run_case, &temper));
}

static void test_refusals_with_mas(void **state)
{
    const struct homeserver temper = {
        .mas = true, .trouble = 25, .patience = 40, .races = 5, .refuses = true};

    (void)state;
    assert_true(world_try_cases(FIRST_SEED + 5 * CASES, CASES, run_case, &temper));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_all_goes_well_with_mas),
        cmocka_unit_test(test_trouble_with_mas),
        cmocka_unit_test(test_refusals_with_mas),
        cmocka_unit_test(test_all_goes_well),
        cmocka_unit_test(test_trouble),
        cmocka_unit_test(test_refusals),
        cmocka_unit_test(test_late_answers),
        cmocka_unit_test(test_late_answers_with_mas),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
