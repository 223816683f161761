/* What each thing that was seen is made of: how it stands, where it is told, and what is advised. */

#include "command/check_broker.h"
#include "command/check_homeserver.h"
#include "support/test.h"

#include <string.h>

/* One line of what is expected; the words are in its detail or its advice. */
struct expected {
    enum finding_status status;
    const char *name, *words;
};

static void assert_told(const struct findings *findings, const struct expected *expected)
{
    for (size_t i = 0; i < findings->count; i++) {
        const struct finding *finding = &findings->all[i];

        if (finding->status == expected->status && strcmp(finding->name, expected->name) == 0 &&
            (strstr(finding->detail, expected->words) ||
             (finding->advice && strstr(finding->advice, expected->words))))
            return;
    }
    for (size_t i = 0; i < findings->count; i++)
        print_error("%d %s: %s => %s\n", (int)findings->all[i].status, findings->all[i].name,
                    findings->all[i].detail, findings->all[i].advice ? findings->all[i].advice : "");
    fail_msg("not told: %s: %s", expected->name, expected->words);
}

static void assert_not_told(const struct findings *findings, const char *name)
{
    for (size_t i = 0; i < findings->count; i++)
        if (strcmp(findings->all[i].name, name) == 0)
            fail_msg("told: %s: %s", name, findings->all[i].detail);
}

/* Who has to mend something is told what to do. */
static void assert_advised(const struct findings *findings)
{
    for (size_t i = 0; i < findings->count; i++)
        if (findings->all[i].status == FINDING_ERROR)
            assert_non_null(findings->all[i].advice);
}

/* ---- the broker ---- */

static char host[] = "rabbit.example", user[] = "sync", vhost[] = "/", name[] = "q", dead[] = "q_dlq",
            tries[] = "q_try";
static char durable[] = "durable classic", transient[] = "not durable classic",
            lost[] = "its messages are lost";

static struct broker_sight sound_broker(void)
{
    char *const names[BROKER_QUEUES] = {name, dead, tries};
    struct broker_sight sight = {
        .host = host, .user = user, .vhost = vhost, .port = 5672, .version = 403, .publish = BROKER_MAY};

    for (int i = 0; i < BROKER_QUEUES; i++)
        sight.queues[i] = (struct broker_queue_sight){.name = names[i],
                                                      .state = BROKER_QUEUE_FOUND,
                                                      .configure = BROKER_MAY,
                                                      .read = BROKER_MAY,
                                                      .kind = durable};
    return sight;
}

static struct findings findings_of_broker(const struct broker_sight *sight, enum broker_declare declare)
{
    struct findings findings = {.area = "broker"};

    check_broker(sight, &(struct check_broker_terms){.declare = declare, .is_near = true}, &findings);
    assert_advised(&findings);
    return findings;
}

static void expect_of_broker(const struct broker_sight *sight, enum broker_declare declare,
                             struct expected expected)
{
    struct findings findings = findings_of_broker(sight, declare);

    assert_told(&findings, &expected);
    findings_deinit(&findings);
}

static void test_a_sound_broker(void **state)
{
    struct broker_sight sight = sound_broker();
    struct findings findings = findings_of_broker(&sight, BROKER_DURABLE);

    (void)state;
    assert_int_equal(findings.of[FINDING_ERROR] + findings.of[FINDING_WARNING], 0);
    findings_deinit(&findings);
}

static void test_the_way_to_the_broker_ends_where_the_trouble_is(void **state)
{
    static const struct {
        enum broker_trouble trouble;
        const char *name, *words;
        size_t lines;
    } cases[] = {
        {BROKER_NO_NAME, "name", "correct the host", 1},
        {BROKER_NO_CONNECTION, "port", "start the broker", 2},
        {BROKER_NO_ANSWER, "port", "firewall", 2},
        {BROKER_BAD_FILES, "TLS", "RABBITMQ_CERTIFICATE_FILE", 3},
        {BROKER_NO_TLS, "TLS", "amqp://", 3},
        {BROKER_BAD_CERTIFICATE, "TLS", "RABBITMQ_CA_FILE", 3},
        {BROKER_BAD_TLS, "TLS", "1.2", 3},
        {BROKER_NO_LOGIN, "login", "5672", 4},
        {BROKER_LOGIN_REFUSED, "login", "change_password", 4},
        {BROKER_NO_VHOST, "vhost", "add_vhost", 5},
        {BROKER_VHOST_FORBIDDEN, "vhost", "set_permissions", 5},
        {BROKER_CLOSED, "queues", "log", 6},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct broker_sight sight = sound_broker();
        struct findings findings;

        sight.trouble = cases[i].trouble;
        (void)error_set(&sight.problem, "why");
        findings = findings_of_broker(&sight, BROKER_DURABLE);
        assert_int_equal(findings.count, cases[i].lines);
        assert_told(&findings, &(struct expected){FINDING_ERROR, cases[i].name, cases[i].words});
        assert_told(&findings, &(struct expected){FINDING_ERROR, cases[i].name, "why"});
        findings_deinit(&findings);
    }
}

static void test_queues(void **state)
{
    struct broker_sight sight = sound_broker();

    (void)state;
    sight.queues[BROKER_QUEUE].kind = transient;
    sight.queues[BROKER_QUEUE].shortcomings = lost;
    sight.queues[BROKER_QUEUE].loses = true;
    expect_of_broker(&sight, BROKER_DURABLE, (struct expected){FINDING_WARNING, name, lost});
    sight.queues[BROKER_QUEUE].loses = false;
    expect_of_broker(&sight, BROKER_DURABLE, (struct expected){FINDING_OK, name, lost});
    sight.queues[BROKER_QUEUE].kind = NULL;
    expect_of_broker(&sight, BROKER_DURABLE, (struct expected){FINDING_WARNING, name, "right to configure"});
    sight.queues[BROKER_QUEUE].state = BROKER_QUEUE_LOCKED;
    expect_of_broker(&sight, BROKER_DURABLE, (struct expected){FINDING_ERROR, name, "exclusive"});
    sight.queues[BROKER_QUEUE].state = BROKER_QUEUE_FORBIDDEN;
    expect_of_broker(&sight, BROKER_DURABLE, (struct expected){FINDING_ERROR, name, "set_permissions"});
    sight.queues[BROKER_QUEUE].state = BROKER_QUEUE_UNSEEN;
    expect_of_broker(&sight, BROKER_DURABLE, (struct expected){FINDING_ERROR, name, "broker's log"});
    sight.queues[BROKER_QUEUE].state = BROKER_QUEUE_MISSING;
    expect_of_broker(&sight, BROKER_LEGACY, (struct expected){FINDING_OK, name, "does not outlive"});
    expect_of_broker(&sight, BROKER_PASSIVE, (struct expected){FINDING_WARNING, name, "waits"});
    sight.queues[BROKER_QUEUE].configure = BROKER_MAY_NOT;
    expect_of_broker(&sight, BROKER_QUORUM, (struct expected){FINDING_ERROR, name, "may not declare"});
}

static void test_dead_letters_that_cannot_be_seen(void **state)
{
    struct broker_sight sight = sound_broker();

    (void)state;
    sight.queues[BROKER_DEAD_LETTERS].state = BROKER_QUEUE_FORBIDDEN;
    (void)error_set(&sight.queues[BROKER_DEAD_LETTERS].problem, "403 ACCESS_REFUSED");
    expect_of_broker(&sight, BROKER_DURABLE, (struct expected){FINDING_ERROR, dead, "403 ACCESS_REFUSED"});
    expect_of_broker(&sight, BROKER_DURABLE, (struct expected){FINDING_ERROR, dead, "set_permissions"});
}

static void test_rights_consumers_and_dead_letters(void **state)
{
    struct broker_sight sight = sound_broker();

    (void)state;
    sight.queues[BROKER_QUEUE].read = BROKER_MAY_NOT;
    sight.queues[BROKER_QUEUE].consumers = 2;
    sight.queues[BROKER_DEAD_LETTERS].messages = 3;
    sight.publish = BROKER_MAY_NOT;
    expect_of_broker(&sight, BROKER_DURABLE, (struct expected){FINDING_ERROR, name, "may not read"});
    expect_of_broker(&sight, BROKER_DURABLE, (struct expected){FINDING_WARNING, name, "2 consumers"});
    expect_of_broker(&sight, BROKER_DURABLE, (struct expected){FINDING_WARNING, dead, "3 dead letters"});
    expect_of_broker(&sight, BROKER_DURABLE, (struct expected){FINDING_ERROR, dead, "may not write"});
}

static bool tells_of(const struct findings *findings, const char *of)
{
    for (size_t i = 0; i < findings->count; i++)
        if (strcmp(findings->all[i].name, of) == 0)
            return true;
    return false;
}

static bool tells_of_tries(const struct broker_sight *sight, enum broker_declare declare)
{
    struct findings findings = findings_of_broker(sight, declare);
    bool tells = tells_of(&findings, tries);

    findings_deinit(&findings);
    return tells;
}

static void test_the_queue_of_the_counts(void **state)
{
    struct broker_sight sight = sound_broker();

    (void)state;
    expect_of_broker(&sight, BROKER_DURABLE, (struct expected){FINDING_OK, tries, "has to be counted"});
    sight.queues[BROKER_TRIES].read = BROKER_MAY_NOT;
    expect_of_broker(&sight, BROKER_DURABLE, (struct expected){FINDING_WARNING, tries, "set_permissions"});
    sight.queues[BROKER_TRIES].read = BROKER_RIGHT_UNSEEN;
    sight.queues[BROKER_TRIES].configure = BROKER_MAY_NOT;
    expect_of_broker(&sight, BROKER_QUORUM, (struct expected){FINDING_WARNING, tries, "never set aside"});
    sight.queues[BROKER_TRIES].configure = BROKER_RIGHT_UNSEEN;
    assert_false(tells_of_tries(&sight, BROKER_DURABLE));
    sight.queues[BROKER_TRIES].configure = BROKER_MAY_NOT;
    sight.queues[BROKER_QUEUE].counts = true;
    assert_false(tells_of_tries(&sight, BROKER_DURABLE));
    sight.queues[BROKER_QUEUE].counts = false;
    sight.queues[BROKER_QUEUE].state = BROKER_QUEUE_MISSING;
    assert_false(tells_of_tries(&sight, BROKER_QUORUM));
    assert_true(tells_of_tries(&sight, BROKER_DURABLE));
}

static void test_plain_text_to_elsewhere_is_a_warning(void **state)
{
    const struct check_broker_terms far = {.declare = BROKER_DURABLE};
    struct broker_sight sight = sound_broker();
    struct findings findings = {.area = "broker"};

    (void)state;
    check_broker(&sight, &far, &findings);
    assert_told(&findings, &(struct expected){FINDING_WARNING, "TLS", "amqps://"});
    sight.tls = true;
    check_broker(&sight, &far, &findings);
    assert_told(&findings, &(struct expected){FINDING_WARNING, "TLS", "verify_none"});
    findings_deinit(&findings);
}

/* ---- the homeserver ---- */

static char version[] = "1.160.0", ours[] = "school.example", id[] = "@sync:school.example",
            elsewhere[] = "a.example", issuer[] = "https://mas.example", rooms[] = "11";

static struct synapse_sight sound_homeserver(void)
{
    return (struct synapse_sight){
        .peer = SYNAPSE_PEER_MATRIX,
        .status = 200,
        .has_clock = true,
        .admin_api = SYNAPSE_ADMIN_THERE,
        .version = version,
        .version_number = 1160,
        .open_registration = SYNAPSE_NO,
        .server_name = ours,
        .is_ours = SYNAPSE_YES,
        .entry = SYNAPSE_ENTRY_DONE,
        .owner = id,
        .is_admin = SYNAPSE_YES,
        .rate_limited = SYNAPSE_NO,
        .room_version = rooms,
        .has_rooms = true,
        .looked_at = 2,
    };
}

static const struct check_homeserver_terms near_terms = {.uri = "http://localhost:8008",
                                                         .server_name = ours,
                                                         .sync_user = id,
                                                         .way = CHECK_BY_PASSWORD,
                                                         .lifts_rate_limit = true,
                                                         .is_near = true};

static void expect_of_homeserver(const struct synapse_sight *sight, struct expected expected)
{
    struct findings findings = {.area = "homeserver"};

    check_homeserver(sight, &near_terms, &findings);
    assert_advised(&findings);
    assert_told(&findings, &expected);
    findings_deinit(&findings);
}

static void test_a_sound_homeserver(void **state)
{
    struct synapse_sight sight = sound_homeserver();
    struct findings findings = {.area = "homeserver"};

    (void)state;
    check_homeserver(&sight, &near_terms, &findings);
    assert_int_equal(findings.of[FINDING_ERROR] + findings.of[FINDING_WARNING], 0);
    findings_deinit(&findings);
}

static void test_the_way_to_the_homeserver(void **state)
{
    static const struct {
        enum http_trouble trouble;
        const char *name, *words;
    } cases[] = {
        {HTTP_TROUBLE, "address", "port"},
        {HTTP_NO_NAME, "name", "correct the host"},
        {HTTP_NO_PROXY_NAME, "proxy", "HTTP__PROXY"},
        {HTTP_NO_CONNECTION, "port", "start the homeserver"},
        {HTTP_NO_TLS, "TLS", "HTTP__CERTIFICATE_FILE"},
        {HTTP_BAD_CERTIFICATE, "TLS", "HTTP__CA_FILE"},
        {HTTP_BAD_FILES, "TLS", "HTTP__KEY_FILE"},
        {HTTP_NO_TIME, "port", "firewall"},
    };
    struct synapse_sight sight = {.peer = SYNAPSE_PEER_NONE};

    (void)state;
    (void)error_set(&sight.problem, "why");
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        sight.trouble = cases[i].trouble;
        expect_of_homeserver(&sight, (struct expected){FINDING_ERROR, cases[i].name, cases[i].words});
        expect_of_homeserver(&sight, (struct expected){FINDING_ERROR, cases[i].name, "why"});
    }
    sight.other_scheme = true;
    expect_of_homeserver(
        &sight, (struct expected){FINDING_ERROR, "TLS", "set MATRIX_MESSENGER__URI=https://localhost:8008"});
}

static void test_strangers(void **state)
{
    struct synapse_sight sight = {.peer = SYNAPSE_PEER_PAGE, .status = 200};

    (void)state;
    expect_of_homeserver(&sight, (struct expected){FINDING_ERROR, "homeserver", "a page (status 200)"});
    sight.title = elsewhere;
    expect_of_homeserver(&sight,
                         (struct expected){FINDING_ERROR, "homeserver", "a page called \"a.example\""});
    sight.peer = SYNAPSE_PEER_REDIRECT;
    expect_of_homeserver(&sight, (struct expected){FINDING_ERROR, "homeserver", "elsewhere"});
    sight.peer = SYNAPSE_PEER_OTHER;
    expect_of_homeserver(&sight, (struct expected){FINDING_ERROR, "homeserver", "no Matrix homeserver"});
}

/* Who keeps the accounts in its place has to let us in. */
static void test_whether_mas_lets_us_in(void **state)
{
    static const struct {
        enum synapse_mas mas;
        enum finding_status status;
        const char *words;
    } cases[] = {
        {SYNAPSE_MAS_LETS_IN, FINDING_OK, "v1.22.0 at https://mas.example lets us in"},
        {SYNAPSE_MAS_NOWHERE, FINDING_ERROR, "MATRIX_MESSENGER__MAS_URI"},
        {SYNAPSE_MAS_AWAY, FINDING_ERROR, "does not answer"},
        {SYNAPSE_MAS_NO_CLIENT, FINDING_ERROR, "MATRIX_MESSENGER__MAS_CLIENT_SECRET"},
        {SYNAPSE_MAS_NO_API, FINDING_ERROR, "adminapi"},
        {SYNAPSE_MAS_NO_RIGHT, FINDING_ERROR, "urn:mas:admin"},
        {SYNAPSE_MAS_FOREIGN, FINDING_ERROR, "for a.example, not for school.example"},
    };
    struct check_homeserver_terms by_token = near_terms;
    struct synapse_sight sight = sound_homeserver();
    static char mas_version[] = "v1.22.0";

    (void)state;
    by_token.way = CHECK_BY_TOKEN;
    sight.issuer = sight.mas_address = issuer;
    sight.mas_version = mas_version;
    sight.mas_name = elsewhere;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct findings findings = {.area = "homeserver"};
        const struct expected expected = {cases[i].status, "MAS", cases[i].words};

        sight.mas = cases[i].mas;
        check_homeserver(&sight, &by_token, &findings);
        assert_advised(&findings);
        assert_told(&findings, &expected);
        findings_deinit(&findings);
    }
}

static void test_mas_without_tls_is_warned_of(void **state)
{
    static char far[] = "http://mas.example", near[] = "http://localhost:8080";
    struct check_homeserver_terms by_token = near_terms;
    struct synapse_sight sight = sound_homeserver();

    (void)state;
    by_token.way = CHECK_BY_TOKEN;
    sight.issuer = issuer;
    sight.mas = SYNAPSE_MAS_LETS_IN;
    for (int is_near = 0; is_near < 2; is_near++) {
        struct findings findings = {.area = "homeserver"};

        sight.mas_address = is_near ? near : far;
        check_homeserver(&sight, &by_token, &findings);
        assert_int_equal(findings.of[FINDING_WARNING], !is_near);
        findings_deinit(&findings);
    }
}

static void test_what_the_homeserver_is(void **state)
{
    struct synapse_sight sight = sound_homeserver();

    (void)state;
    sight.version_number = 1119;
    sight.admin_api = SYNAPSE_ADMIN_BARRED;
    sight.issuer = issuer;
    sight.ahead = 31;
    sight.open_registration = SYNAPSE_YES;
    expect_of_homeserver(&sight, (struct expected){FINDING_WARNING, "homeserver", "older than 1.120"});
    expect_of_homeserver(&sight, (struct expected){FINDING_ERROR, "admin API", "inside address"});
    expect_of_homeserver(&sight, (struct expected){FINDING_ERROR, "accounts", issuer});
    expect_of_homeserver(&sight, (struct expected){FINDING_ERROR, "accounts", "urn:mas:admin"});
    expect_of_homeserver(&sight, (struct expected){FINDING_WARNING, "clock", "31 s ahead"});
    expect_of_homeserver(&sight, (struct expected){FINDING_WARNING, "registration", "enable_registration"});
    sight.ahead = -31;
    sight.admin_api = SYNAPSE_ADMIN_MISSING;
    expect_of_homeserver(&sight, (struct expected){FINDING_WARNING, "clock", "31 s behind"});
    expect_of_homeserver(&sight, (struct expected){FINDING_ERROR, "admin API", "main process"});
    sight.admin_api = SYNAPSE_ADMIN_UNSEEN;
    expect_of_homeserver(&sight, (struct expected){FINDING_ERROR, "admin API", "try again"});
    sight.ahead = 30;
    expect_of_homeserver(&sight, (struct expected){FINDING_OK, "clock", "the same"});
}

static void test_the_server_name_goes_before_the_login(void **state)
{
    struct synapse_sight sight = sound_homeserver();
    struct findings findings = {.area = "homeserver"};

    (void)state;
    sight.entry = SYNAPSE_ENTRY_REFUSED;
    sight.is_ours = SYNAPSE_NO;
    sight.server_name = elsewhere;
    expect_of_homeserver(&sight, (struct expected){FINDING_ERROR, "server name", "SERVERNAME=a.example"});
    sight.server_name = NULL;
    check_homeserver(&sight, &near_terms, &findings);
    assert_told(&findings, &(struct expected){FINDING_ERROR, "server name", "behind the colon"});
    assert_int_equal(findings.of[FINDING_ERROR], 1);
    findings_deinit(&findings);
    sight.is_ours = SYNAPSE_UNSEEN;
    expect_of_homeserver(&sight, (struct expected){FINDING_WARNING, "server name", "does not tell"});
}

static void test_entries(void **state)
{
    static const struct {
        enum synapse_entry entry;
        const char *words;
    } cases[] = {
        {SYNAPSE_ENTRY_REFUSED, "SYNC_USER_PASSWORD: correct the password"},
        {SYNAPSE_ENTRY_LOCKED, "unlock"},
        {SYNAPSE_ENTRY_DEACTIVATED, "reactivate"},
        {SYNAPSE_ENTRY_NO_WAY, "SYNC_USER_TOKEN"},
        {SYNAPSE_ENTRY_LIMITED, "wait some minutes"},
        {SYNAPSE_ENTRY_FAILED, "try again"},
    };
    struct synapse_sight sight = sound_homeserver();

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        sight.entry = cases[i].entry;
        expect_of_homeserver(&sight, (struct expected){FINDING_ERROR, "sync user", cases[i].words});
    }
    sight.entry = SYNAPSE_ENTRY_REFUSED;
    sight.is_known = SYNAPSE_NO;
    expect_of_homeserver(&sight, (struct expected){FINDING_ERROR, "sync user", "--user sync"});
}

static void test_what_the_sync_user_may(void **state)
{
    struct synapse_sight sight = sound_homeserver();

    (void)state;
    sight.suspended = sight.shadow_banned = sight.without_device = true;
    expect_of_homeserver(&sight, (struct expected){FINDING_ERROR, "sync user", "suspended"});
    expect_of_homeserver(&sight, (struct expected){FINDING_ERROR, "sync user", "shadow-banned"});
    expect_of_homeserver(&sight, (struct expected){FINDING_ERROR, "token", "device"});
    sight.is_admin = SYNAPSE_NO;
    expect_of_homeserver(&sight, (struct expected){FINDING_ERROR, "admin right", "SET admin = 1"});
    sight.is_admin = SYNAPSE_UNSEEN;
    expect_of_homeserver(&sight, (struct expected){FINDING_ERROR, "admin right", "cannot be seen"});
    sight.owner = elsewhere;
    expect_of_homeserver(&sight, (struct expected){FINDING_ERROR, "sync user", "that of a.example"});
}

static void test_what_is_only_dear(void **state)
{
    struct check_homeserver_terms far = near_terms;
    struct synapse_sight sight = sound_homeserver();
    struct findings findings = {.area = "homeserver"};

    (void)state;
    far.is_near = far.lifts_rate_limit = false;
    far.room_version = "12";
    sight.has_version = SYNAPSE_NO;
    sight.rate_limited = SYNAPSE_YES;
    sight.encrypted = 1;
    sight.most_members = 1000;
    check_homeserver(&sight, &far, &findings);
    assert_told(&findings, &(struct expected){FINDING_WARNING, "TLS", "https://"});
    assert_told(&findings, &(struct expected){FINDING_ERROR, "room version", "the default is 11"});
    assert_told(&findings, &(struct expected){FINDING_WARNING, "rate limit", "SYNC__LIFT_RATE_LIMIT"});
    assert_told(&findings, &(struct expected){FINDING_WARNING, "encryption", "1 of 2"});
    assert_told(&findings, &(struct expected){FINDING_WARNING, "rooms", "1000 members"});
    findings_deinit(&findings);
    sight.has_version = SYNAPSE_YES;
    findings.area = "homeserver";
    check_homeserver(&sight, &far, &findings);
    assert_told(&findings, &(struct expected){FINDING_OK, "room version", "12, as SYNC__ROOM_VERSION says"});
    findings_deinit(&findings);
    sight.most_members = 999;
    expect_of_homeserver(&sight, (struct expected){FINDING_OK, "rooms", "999"});
    expect_of_homeserver(&sight, (struct expected){FINDING_OK, "rate limit", "will lift"});
}

/* A homeserver that is seen in part is not judged by what was not seen. */
static void test_what_was_not_seen_is_not_told(void **state)
{
    struct synapse_sight sight = sound_homeserver();
    struct findings findings = {.area = "homeserver"};

    (void)state;
    sight.version = NULL;
    sight.has_clock = sight.has_rooms = false;
    sight.open_registration = SYNAPSE_UNSEEN;
    check_homeserver(&sight, &near_terms, &findings);
    assert_not_told(&findings, "homeserver");
    assert_not_told(&findings, "clock");
    assert_not_told(&findings, "registration");
    assert_not_told(&findings, "rooms");
    assert_told(&findings, &(struct expected){FINDING_OK, "rate limit", "none"});
    findings_deinit(&findings);
    findings.area = "homeserver";
    sight.is_admin = SYNAPSE_NO;
    check_homeserver(&sight, &near_terms, &findings);
    assert_not_told(&findings, "rate limit");
    findings_deinit(&findings);
    findings.area = "homeserver";
    sight.entry = SYNAPSE_ENTRY_NONE;
    check_homeserver(&sight, &near_terms, &findings);
    assert_not_told(&findings, "sync user");
    assert_not_told(&findings, "admin right");
    findings_deinit(&findings);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_sound_broker),
        cmocka_unit_test(test_the_way_to_the_broker_ends_where_the_trouble_is),
        cmocka_unit_test(test_queues),
        cmocka_unit_test(test_dead_letters_that_cannot_be_seen),
        cmocka_unit_test(test_rights_consumers_and_dead_letters),
        cmocka_unit_test(test_the_queue_of_the_counts),
        cmocka_unit_test(test_plain_text_to_elsewhere_is_a_warning),
        cmocka_unit_test(test_a_sound_homeserver),
        cmocka_unit_test(test_the_way_to_the_homeserver),
        cmocka_unit_test(test_strangers),
        cmocka_unit_test(test_what_the_homeserver_is),
        cmocka_unit_test(test_whether_mas_lets_us_in),
        cmocka_unit_test(test_mas_without_tls_is_warned_of),
        cmocka_unit_test(test_the_server_name_goes_before_the_login),
        cmocka_unit_test(test_entries),
        cmocka_unit_test(test_what_the_sync_user_may),
        cmocka_unit_test(test_what_is_only_dear),
        cmocka_unit_test(test_what_was_not_seen_is_not_told),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
