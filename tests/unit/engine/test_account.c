/*
 * Where the Matrix Authentication Service (MAS) keeps the accounts, and it and the homeserver do not know the
 * same. (Cases at random: test_user_plan.c.)
 */
#include "base/memory.h"
#include "engine/user_learn.h"
#include "support/test.h"

#include <string.h>

enum { SENT_BEFORE = 5 /* ms: how long a reply takes */ };

static const struct engine_rules rules = {.server_name = "h", .sync_user = "@sync:h", .mas = true};
static const struct engine_rules reactivating = {
    .server_name = "h", .sync_user = "@sync:h", .mas = true, .reactivate = true};

static const struct user_wanted added = {
    .id = "@ada:h", .added = true, .name = "Ada", .renamed = true, .since = 1000};
static const struct user_wanted member = {.id = "@ada:h", .since = 1000};
static const struct user_wanted removed = {.id = "@ada:h", .removed = true, .since = 1000};

static const struct synapse_reply absent = {.outcome = SYNAPSE_ABSENT};

static void hear_by(const struct engine_rules *by, struct user_known *known, enum synapse_kind kind,
                    struct synapse_reply reply, instant now)
{
    const struct synapse_call call = {.kind = kind, .user = added.id, .name = added.name};
    const struct news news = {
        .call = &call, .reply = &reply, .rules = by, .sent = now - SENT_BEFORE, .now = now};

    reply.retry_after = -1;
    user_learn(known, &news);
    synapse_reply_deinit(&reply);
}

static void hear(struct user_known *known, enum synapse_kind kind, struct synapse_reply reply, instant now)
{
    hear_by(&rules, known, kind, reply, now);
}

static struct synapse_reply user(bool deactivated)
{
    return (struct synapse_reply){.user = {.name = text_copy("Ada"), .deactivated = deactivated}};
}

static struct synapse_reply account(bool deactivated)
{
    return (struct synapse_reply){.text = text_copy("01ADA"),
                                  .user = {.name = text_copy("ada"), .deactivated = deactivated}};
}

/* Read of both, before 1100. */
static struct user_known known_as(struct synapse_reply of_user, struct synapse_reply of_account)
{
    struct user_known known;

    user_known_init(&known);
    hear(&known, SYNAPSE_READ_USER, of_user, 1050);
    hear(&known, SYNAPSE_READ_ACCOUNT, of_account, 1080);
    return known;
}

static void assert_calls(struct action action, enum synapse_kind kind)
{
    assert_int_equal(action.kind, ACTION_CALL);
    assert_int_equal(action.call.kind, kind);
}

static bool is_warned_of(const struct user_known *known, const struct user_wanted *wanted)
{
    struct report report;
    bool warned;

    report_init(&report);
    user_report(known, wanted, &rules, &report);
    warned = strstr(buffer_text(&report.warnings), "deactivated and stays so") && !report.rejected;
    report_deinit(&report);
    return warned;
}

/* ---- deactivated at MAS only ---- */

static void test_who_is_deactivated_at_mas_only_stays_so(void **state)
{
    struct user_known known = known_as(user(false), account(true));
    struct user_outlook outlook = user_outlook(&known, &member, &rules, 1100);

    (void)state;
    assert_int_equal(outlook.action.kind, ACTION_NONE);
    assert_int_equal(outlook.readiness, USER_HOPELESS);
    assert_int_equal(user_next(&known, &added, &rules, 1100).kind, ACTION_NONE);
    assert_true(is_warned_of(&known, &added));
    assert_true(is_warned_of(&known, &member));
    user_known_deinit(&known);
}

/* Nobody was taken out of any room, so there is nothing to wait for. */
static void test_who_is_deactivated_at_mas_only_is_reactivated_there(void **state)
{
    struct user_known known = known_as(user(false), account(true));
    struct action action = user_next(&known, &added, &reactivating, 1100);

    (void)state;
    assert_calls(action, SYNAPSE_REACTIVATE_ACCOUNT);
    assert_string_equal(action.call.account, "01ADA");
    assert_int_equal(user_next(&known, &member, &reactivating, 1100).kind, ACTION_NONE);
    hear_by(&reactivating, &known, SYNAPSE_REACTIVATE_ACCOUNT, account(false), 1200);
    hear_by(&reactivating, &known, SYNAPSE_READ_USER, user(false), 1250);
    assert_true(user_is_there(&known));
    assert_false(is_warned_of(&known, &added));
    user_known_deinit(&known);
}

/* As with every removal, it is waited for that the homeserver shows it. */
static void test_who_is_deactivated_at_mas_only_is_still_to_be_removed(void **state)
{
    struct user_known known = known_as(user(false), account(true));

    (void)state;
    assert_calls(user_next(&known, &removed, &rules, 1100), SYNAPSE_DEACTIVATE_ACCOUNT);
    user_known_deinit(&known);
}

static void test_whom_mas_calls_deactivated_and_the_homeserver_does_not_know(void **state)
{
    struct user_known known = known_as(absent, account(true));

    (void)state;
    assert_int_equal(user_next(&known, &added, &rules, 1100).kind, ACTION_NONE);
    assert_int_equal(user_outlook(&known, &member, &rules, 1100).readiness, USER_HOPELESS);
    assert_true(is_warned_of(&known, &added));
    assert_calls(user_next(&known, &added, &reactivating, 1100), SYNAPSE_REACTIVATE_ACCOUNT);
    known.record = RECORD_OPEN; /* that of a creation which was thought to be possible */
    assert_calls(user_next(&known, &added, &rules, 1100), SYNAPSE_WRITE_RECORDS);
    user_known_deinit(&known);
}

/* An earlier message saw it: the account may be active by now. */
static void test_who_was_deactivated_at_mas_is_looked_at_again(void **state)
{
    struct user_known known = known_as(absent, account(true));
    struct user_wanted later = added;

    (void)state;
    later.since = 5000;
    hear(&known, SYNAPSE_READ_USER, absent, 5010);
    assert_calls(user_next(&known, &later, &rules, 5010), SYNAPSE_READ_ACCOUNT);
    user_known_deinit(&known);
}

/* Nobody but the homeserver can do it then. */
static void test_whose_account_is_gone_is_removed_at_the_homeserver(void **state)
{
    struct user_known known = known_as(user(false), account(false));

    (void)state;
    assert_calls(user_next(&known, &removed, &rules, 1100), SYNAPSE_DEACTIVATE_ACCOUNT);
    hear(&known, SYNAPSE_DEACTIVATE_ACCOUNT, absent, 1110);
    assert_calls(user_next(&known, &removed, &rules, 1110), SYNAPSE_DEACTIVATE_USER);
    user_known_deinit(&known);
}

/* ---- another process of the homeserver has not heard of it yet ---- */

static void test_whom_mas_has_just_made_is_not_absent(void **state)
{
    struct user_known known;

    (void)state;
    user_known_init(&known);
    hear(&known, SYNAPSE_READ_USER, absent, 1050);
    hear(&known, SYNAPSE_CREATE_ACCOUNT, account(false), 1100);
    hear(&known, SYNAPSE_READ_USER, absent, 1200);
    assert_int_equal(known.presence, PRESENCE_UNKNOWN);
    assert_int_equal(user_next(&known, &added, &rules, 1200).kind, ACTION_WAIT);
    known.presence = PRESENCE_HERE; /* as it turned out then; and its message is over */
    (void)user_known_settle(&known);
    hear(&known, SYNAPSE_READ_USER, absent, 5000);
    assert_int_equal(user_next(&known, &removed, &rules, 5000).kind, ACTION_WAIT);
    hear(&known, SYNAPSE_READ_USER, absent, 1100 + 10000 + SENT_BEFORE);
    assert_int_equal(known.presence, PRESENCE_ABSENT);
    user_known_deinit(&known);
}

static void test_whom_mas_has_just_reactivated_is_not_deactivated(void **state)
{
    struct user_known known = known_as(user(true), account(true));

    (void)state;
    hear(&known, SYNAPSE_REACTIVATE_ACCOUNT, account(false), 1100);
    hear(&known, SYNAPSE_READ_USER, user(true), 1200);
    assert_int_equal(known.presence, PRESENCE_UNKNOWN);
    user_known_deinit(&known);
}

/* ---- MAS does it, and the homeserver never hears of it ---- */

enum { MINUTE = 60 * 1000, MOST_CALLS = 500 };

/* All that is asked of MAS is done, the homeserver shows `shown`; until nothing is left to do, or for an
   hour. Returns how long it took. */
static instant pursue(struct user_known *known, const struct user_wanted *wanted, struct synapse_reply shown)
{
    instant now = wanted->since, end = now + 60 * MINUTE;
    bool gone = false;

    for (unsigned calls = 0; calls < MOST_CALLS && now < end; calls++) {
        struct action action = user_next(known, wanted, &rules, now);
        enum synapse_kind kind = action.call.kind;
        struct synapse_reply reply = {.outcome = SYNAPSE_OK};
        struct news news = {.call = &action.call,
                            .reply = &reply,
                            .rules = &rules,
                            .others_succeeded = true,
                            .sent = now,
                            .now = now + 10};

        if (action.kind == ACTION_NONE)
            break;
        if (action.kind == ACTION_WAIT) {
            now = action.until;
            continue;
        }
        gone = gone || kind == SYNAPSE_DEACTIVATE_ACCOUNT;
        if (kind == SYNAPSE_READ_USER)
            reply = shown;
        else if (kind == SYNAPSE_READ_RECORDS)
            reply.records = records_new();
        else
            reply = account(gone);
        reply.retry_after = -1;
        obstacle_risk(&known->obstacles, &action.call, now);
        user_learn(known, &news);
        synapse_reply_deinit(&reply);
        now += 10;
    }
    return now - wanted->since;
}

static void assert_fails_in_time(struct user_known *known, const struct user_wanted *wanted,
                                 struct synapse_reply shown, const char *words)
{
    instant took = pursue(known, wanted, shown);
    struct report report;

    assert_in_range(took, 10 * MINUTE, 25 * MINUTE);
    report_init(&report);
    user_report(known, wanted, &rules, &report);
    assert_true(report.rejected);
    assert_int_equal(report.code, REQUEST_HOMESERVER_FAILING);
    if (!strstr(buffer_text(&report.refusals), words))
        fail_msg("%s", buffer_text(&report.refusals));
    report_deinit(&report);
    user_known_deinit(known);
}

static void test_an_account_of_which_the_homeserver_never_hears(void **state)
{
    struct user_known known;

    (void)state;
    user_known_init(&known);
    assert_fails_in_time(&known, &added, absent, "the homeserver does not know the user");
}

static void test_a_deactivation_that_the_homeserver_never_shows(void **state)
{
    struct user_known known;

    (void)state;
    user_known_init(&known);
    assert_fails_in_time(&known, &removed, (struct synapse_reply){.outcome = SYNAPSE_OK},
                         "the homeserver does not show it");
}

/* It shows before that the user was just made: that is no older answer. */
static void test_the_removal_of_whom_mas_has_just_made_is_seen_at_once(void **state)
{
    struct user_known known;

    (void)state;
    user_known_init(&known);
    hear(&known, SYNAPSE_READ_USER, absent, 1050);
    hear(&known, SYNAPSE_CREATE_ACCOUNT, account(false), 1100);
    hear(&known, SYNAPSE_READ_USER, user(false), 1200);
    hear(&known, SYNAPSE_READ_ACCOUNT, account(false), 1210);
    assert_calls(user_next(&known, &removed, &rules, 1220), SYNAPSE_DEACTIVATE_ACCOUNT);
    hear(&known, SYNAPSE_DEACTIVATE_ACCOUNT, account(true), 1300);
    hear(&known, SYNAPSE_READ_USER, absent, 1500);
    assert_int_equal(known.presence, PRESENCE_HERE);
    hear(&known, SYNAPSE_READ_USER, user(true), 2500);
    assert_int_equal(user_next(&known, &removed, &rules, 2500).kind, ACTION_NONE);
    user_known_deinit(&known);
}

/* But of whom was brought back the answer may be of before that. */
static void test_the_removal_of_whom_mas_has_just_brought_back_is_seen_later(void **state)
{
    struct user_known known = known_as(user(true), account(true));

    (void)state;
    hear(&known, SYNAPSE_REACTIVATE_ACCOUNT, account(false), 1100);
    hear(&known, SYNAPSE_READ_USER, user(false), 1200);
    hear(&known, SYNAPSE_READ_ACCOUNT, account(false), 1210);
    assert_calls(user_next(&known, &removed, &rules, 1220), SYNAPSE_DEACTIVATE_ACCOUNT);
    hear(&known, SYNAPSE_DEACTIVATE_ACCOUNT, account(true), 1300);
    hear(&known, SYNAPSE_READ_USER, user(true), 2500);
    assert_int_not_equal(user_next(&known, &removed, &rules, 2500).kind, ACTION_NONE);
    user_known_deinit(&known);
}

/* ---- what is set once ---- */

static const struct user_wanted with_password = {.id = "@ada:h",
                                                 .added = true,
                                                 .name = "Ada",
                                                 .renamed = true,
                                                 .email = "ada@school",
                                                 .password = "first",
                                                 .welcome = "Hello",
                                                 .welcome_alias = "#sync_ada:h",
                                                 .since = 1000};

/* Of whom it is noted that this was to be set. */
static struct user_known noted(bool is_set)
{
    const struct synapse_record record = {.open = true, .email = true, .set = is_set};
    struct user_known known = known_as(user(false), account(false));
    struct synapse_reply reply = {.records = records_new()};

    records_set(reply.records, added.id, record);
    hear(&known, SYNAPSE_READ_RECORDS, reply, 1090);
    return known;
}

/* The call that is next succeeds. */
static void carry_out(struct user_known *known, enum synapse_kind kind, instant now)
{
    struct action action = user_next(known, &with_password, &rules, now);
    struct synapse_reply reply = {.outcome = SYNAPSE_OK, .retry_after = -1};
    const struct news news = {
        .call = &action.call, .reply = &reply, .rules = &rules, .sent = now, .now = now + 1};

    assert_calls(action, kind);
    user_learn(known, &news);
}

/* The welcome may be held up until an operator sends the message again. By then the user may have chosen
   another password, and another address. */
static void test_what_was_set_is_noted_before_the_welcome(void **state)
{
    struct user_known known = noted(false);
    struct action action;

    (void)state;
    carry_out(&known, SYNAPSE_SET_PASSWORD, 1100);
    carry_out(&known, SYNAPSE_READ_ADDRESS_OWNER, 1110);
    carry_out(&known, SYNAPSE_ADD_ADDRESS, 1120);
    action = user_next(&known, &with_password, &rules, 1130);
    assert_true(action.call.record.open && action.call.record.email && action.call.record.set);
    carry_out(&known, SYNAPSE_WRITE_RECORDS, 1130);
    assert_calls(user_next(&known, &with_password, &rules, 1140), SYNAPSE_CREATE_WELCOME_ROOM);
    user_known_deinit(&known);
}

static void test_what_was_set_is_not_set_again(void **state)
{
    struct user_known known = noted(true);

    (void)state;
    assert_calls(user_next(&known, &with_password, &rules, 1100), SYNAPSE_CREATE_WELCOME_ROOM);
    user_known_deinit(&known);
}

/* ---- when MAS is asked ---- */

/* Each of the two looks takes longer than the other is good for. */
static void test_slow_looks_come_to_an_end(void **state)
{
    struct user_known known = known_as(user(false), account(false));

    (void)state;
    known.seen_at = known.account.read_at = 7000;
    known.account.seen_at = 13000;
    assert_calls(user_next(&known, &removed, &rules, 13000), SYNAPSE_DEACTIVATE_ACCOUNT);
    assert_calls(user_next(&known, &removed, &rules, 13000 + 5001), SYNAPSE_READ_USER);
    known.account.read_at = 7000 + 5001; /* the user had not been seen right before */
    assert_calls(user_next(&known, &removed, &rules, 13000), SYNAPSE_READ_USER);
    user_known_deinit(&known);
}

static void test_mas_is_asked_for_each_message(void **state)
{
    struct user_known known = known_as(user(false), account(false));
    struct user_wanted later = added;

    (void)state;
    known.record = RECORD_CLOSED;
    assert_int_equal(user_next(&known, &added, &rules, 1100).kind, ACTION_NONE);
    later.since = 5000;
    hear(&known, SYNAPSE_READ_USER, user(false), 5010);
    assert_calls(user_next(&known, &later, &rules, 5010), SYNAPSE_READ_ACCOUNT);
    assert_int_equal(user_outlook(&known, &later, &rules, 5010).readiness, USER_PENDING);
    hear(&known, SYNAPSE_READ_ACCOUNT, account(true), 5020);
    assert_true(is_warned_of(&known, &later));
    user_known_deinit(&known);
}

/* Rooms that show all that is wanted spare both questions, for ten minutes. */
static void test_with_a_witness_mas_is_not_asked(void **state)
{
    struct user_known known = known_as(user(false), account(false));
    struct user_wanted later = added;

    (void)state;
    known.mirrored = true;
    known.record = RECORD_CLOSED;
    assert_true(user_known_settle(&known));
    later.witness = WITNESS_GIVEN;
    later.since = 60 * 1000;
    assert_int_equal(user_next(&known, &later, &rules, later.since).kind, ACTION_NONE);
    later.since += 11 * 60 * 1000;
    known.read_at = known.seen_at = later.since;
    assert_calls(user_next(&known, &later, &rules, later.since), SYNAPSE_READ_ACCOUNT);
    user_known_deinit(&known);
}

/* ---- an address that is in use ---- */

static void hear_of_owner(struct user_known *known, const char *owner)
{
    const struct synapse_call call = {
        .kind = SYNAPSE_READ_ADDRESS_OWNER, .user = added.id, .email = "ada@example.org"};
    struct synapse_reply reply = {.text = text_copy(owner), .retry_after = -1};
    const struct news news = {.call = &call, .reply = &reply, .rules = &rules, .sent = 1090, .now = 1100};

    if (!owner)
        reply.outcome = SYNAPSE_ABSENT;
    user_learn(known, &news);
    synapse_reply_deinit(&reply);
}

static void test_whose_address_it_is_is_known_by_the_account(void **state)
{
    struct user_known known = known_as(user(false), account(false));

    (void)state;
    hear_of_owner(&known, "01EVE");
    assert_true(known.email_is_taken && !known.has_email);
    hear_of_owner(&known, NULL);
    assert_true(!known.email_is_taken && !known.has_email);
    hear_of_owner(&known, "01ADA");
    assert_true(!known.email_is_taken && known.has_email);
    user_known_deinit(&known);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_who_is_deactivated_at_mas_only_stays_so),
        cmocka_unit_test(test_who_is_deactivated_at_mas_only_is_reactivated_there),
        cmocka_unit_test(test_who_is_deactivated_at_mas_only_is_still_to_be_removed),
        cmocka_unit_test(test_whom_mas_calls_deactivated_and_the_homeserver_does_not_know),
        cmocka_unit_test(test_who_was_deactivated_at_mas_is_looked_at_again),
        cmocka_unit_test(test_whose_account_is_gone_is_removed_at_the_homeserver),
        cmocka_unit_test(test_whom_mas_has_just_made_is_not_absent),
        cmocka_unit_test(test_whom_mas_has_just_reactivated_is_not_deactivated),
        cmocka_unit_test(test_an_account_of_which_the_homeserver_never_hears),
        cmocka_unit_test(test_a_deactivation_that_the_homeserver_never_shows),
        cmocka_unit_test(test_the_removal_of_whom_mas_has_just_made_is_seen_at_once),
        cmocka_unit_test(test_the_removal_of_whom_mas_has_just_brought_back_is_seen_later),
        cmocka_unit_test(test_what_was_set_is_noted_before_the_welcome),
        cmocka_unit_test(test_what_was_set_is_not_set_again),
        cmocka_unit_test(test_slow_looks_come_to_an_end),
        cmocka_unit_test(test_mas_is_asked_for_each_message),
        cmocka_unit_test(test_with_a_witness_mas_is_not_asked),
        cmocka_unit_test(test_whose_address_it_is_is_known_by_the_account),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
