#include "fixture.h"
#include "support/capture.h"
#include "support/test.h"

/* Refusals that may be the sync user's own: whose they are is asked before they count. */

static const struct synapse_call join = {.kind = SYNAPSE_JOIN_USER, .room = "!r:h", .user = "@a:h"};
static const struct synapse_call enter = {.kind = SYNAPSE_ENTER_ROOM, .room = "!r:h"};
static const struct synapse_call levels = {.kind = SYNAPSE_READ_LEVELS, .room = "!r:h"};

#define ERROR(errcode) "{\"errcode\":\"" errcode "\",\"error\":\"why\"}"
#define REPLY(line_, body_, status_, reply_)                                                                 \
    {                                                                                                        \
        .line = (line_), .bearer = "syt_given", .body = (body_), .status = (status_), .reply = (reply_)      \
    }
#define JOIN(status_, reply_)                                                                                \
    REPLY("POST /_synapse/admin/v1/join/%21r%3Ah", "{\"user_id\":\"@a:h\"}", status_, reply_)
#define LEVELS(status_, reply_)                                                                              \
    REPLY("GET /_matrix/client/v3/rooms/%21r%3Ah/state/m.room.power_levels/", NULL, status_, reply_)
#define ENTER(status_, reply_) REPLY("POST /_matrix/client/v3/join/%21r%3Ah", "{}", status_, reply_)
#define SELF_IS(what)                                                                                        \
    REPLY("GET /_synapse/admin/v2/users/" SELF, NULL, 200, "{\"admin\":true,\"deactivated\":false," what "}")
#define SELF_IS_FINE SELF_IS("\"locked\":false,\"suspended\":false,\"shadow_banned\":false")
/* A room that cannot be made: no more is asked than whether the sync user may make any. */
#define TRY(status_, reply_)                                                                                 \
    REPLY("POST /_matrix/client/v3/createRoom", "{\"preset\":\"synapse-sync: may I?\"}", status_, reply_)
#define TRY_IS_FINE TRY(400, ERROR("M_BAD_JSON"))

static void begin(struct client *client, struct http_server *server)
{
    const struct synapse_config config = given_token();

    client_begin(client, server, &config);
    client_await(client, "+");
}

/* The session closes for that trouble, is told of once, and opens again when it is over. */
static void assert_own(struct http_server *server, const struct synapse_call *call, const char *trouble)
{
    CLEANUP(freep) char *whole = NULL;
    const char *log;
    struct capture capture;
    struct client client;

    capture_begin(&capture);
    begin(&client, server);
    client_send(&client, '0', call);
    client_await(&client, "+-0");
    assert_int_equal(client.replies[0].outcome, SYNAPSE_SHUT_OUT);
    assert_string_equal(synapse_trouble(client.synapse), trouble);
    assert_string_equal(client.replies[0].problem.text, trouble);
    client_await(&client, "+-0+");
    client_end(&client);
    whole = capture_end(&capture);
    log = strstr(whole, "level=error");
    assert_non_null(log);
    assert_null(strstr(log + 1, "level=error"));
    assert_null(strstr(log, "level=warning"));
}

static struct synapse_reply answer_to(struct http_server *server, const struct synapse_call *call)
{
    struct synapse_reply reply;
    struct client client;

    begin(&client, server);
    client_send(&client, '0', call);
    client_await(&client, "+0");
    assert_true(synapse_is_ready(client.synapse));
    reply = client.replies[0];
    client_end(&client);
    return reply;
}

/* ---- what the account of the sync user shows ---- */

static void a_suspended_sync_user(void **state)
{
    static const struct server_step joins[] = {
        OPEN_SESSION,
        JOIN(403, ERROR("M_USER_SUSPENDED")),
        SELF_IS("\"suspended\":true"),
        SELF_IS("\"suspended\":true"),
        SELF_IS_FINE,
        READ_CAPABILITIES("syt_given"),
    };
    static const struct server_step enters[] = {
        OPEN_SESSION, ENTER(403, ERROR("M_USER_SUSPENDED")), SELF_IS("\"suspended\":true"),
        SELF_IS_FINE, READ_CAPABILITIES("syt_given"),
    };

    (void)state;
    assert_own(HTTP_SERVER_START(joins), &join, "@sync:h is suspended");
    assert_own(HTTP_SERVER_START(enters), &enter, "@sync:h is suspended");
}

/* Then the join is the member's affair. */
static void a_suspended_member(void **state)
{
    static const struct server_step steps[] = {OPEN_SESSION, JOIN(403, ERROR("M_USER_SUSPENDED")),
                                               SELF_IS_FINE};
    struct synapse_reply reply;

    (void)state;
    reply = answer_to(HTTP_SERVER_START(steps), &join);
    assert_int_equal(reply.outcome, SYNAPSE_REFUSED);
    assert_string_equal(reply.problem.text, "join-user: 403 M_USER_SUSPENDED: why");
}

/* Its invitations fail with 500, and nobody sees what it writes. */
static void a_shadow_banned_sync_user(void **state)
{
    static const struct server_step steps[] = {
        OPEN_SESSION, JOIN(500, ERROR("M_UNKNOWN")),  SELF_IS("\"shadow_banned\":true"),
        SELF_IS_FINE, READ_CAPABILITIES("syt_given"),
    };
    static const struct server_step others[] = {OPEN_SESSION, JOIN(500, ERROR("M_UNKNOWN")), SELF_IS_FINE};
    struct synapse_reply reply;

    (void)state;
    assert_own(HTTP_SERVER_START(steps), &join, "@sync:h is shadow-banned");
    reply = answer_to(HTTP_SERVER_START(others), &join);
    assert_int_equal(reply.outcome, SYNAPSE_FAILED);
    assert_false(reply.unwilling);
}

/* ---- what only shows when it is tried ---- */

static void without_consent(void **state)
{
    static const struct server_step steps[] = {
        OPEN_SESSION,
        ENTER(403, ERROR("M_CONSENT_NOT_GIVEN")),
        TRY(403, ERROR("M_CONSENT_NOT_GIVEN")),
        SELF_IS_FINE,
        TRY(403, ERROR("M_CONSENT_NOT_GIVEN")),
        TRY_IS_FINE,
        READ_CAPABILITIES("syt_given"),
    };

    (void)state;
    assert_own(HTTP_SERVER_START(steps), &enter,
               "the sync user may not write (try-to-write: 403 M_CONSENT_NOT_GIVEN: the homeserver's "
               "terms have not been agreed to)");
}

static void over_the_limits(void **state)
{
    static const struct server_step steps[] = {
        OPEN_SESSION,
        JOIN(403, ERROR("M_RESOURCE_LIMIT_EXCEEDED")),
        TRY(403, ERROR("M_RESOURCE_LIMIT_EXCEEDED")),
        SELF_IS_FINE,
        TRY_IS_FINE,
        READ_CAPABILITIES("syt_given"),
    };

    (void)state;
    assert_own(HTTP_SERVER_START(steps), &join,
               "the sync user may not write (try-to-write: 403 M_RESOURCE_LIMIT_EXCEEDED: why)");
}

/* A module may answer so because of the member: that may pass, and is nobody else's. */
static void an_errcode_of_a_module(void **state)
{
    static const char *const errcodes[] = {ERROR("M_CONSENT_NOT_GIVEN"), ERROR("M_RESOURCE_LIMIT_EXCEEDED")};

    (void)state;
    for (size_t i = 0; i < 2; i++) {
        const struct server_step steps[] = {OPEN_SESSION, JOIN(403, errcodes[i]), TRY_IS_FINE};
        const struct synapse_reply reply = answer_to(HTTP_SERVER_START(steps), &join);

        assert_int_equal(reply.outcome, SYNAPSE_FAILED);
        assert_true(reply.unwilling);
    }
}

static void whether_it_would_not_or_could_not(void **state)
{
    static const struct server_step would_not[] = {OPEN_SESSION, LEVELS(403, ERROR("ORG.SCHOOL.NO"))};
    static const struct server_step could_not[] = {OPEN_SESSION, LEVELS(500, ERROR("M_UNKNOWN"))};

    (void)state;
    assert_true(answer_to(HTTP_SERVER_START(would_not), &levels).unwilling);
    assert_false(answer_to(HTTP_SERVER_START(could_not), &levels).unwilling);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_suspended_sync_user),
        cmocka_unit_test(a_suspended_member),
        cmocka_unit_test(a_shadow_banned_sync_user),
        cmocka_unit_test(without_consent),
        cmocka_unit_test(over_the_limits),
        cmocka_unit_test(an_errcode_of_a_module),
        cmocka_unit_test(whether_it_would_not_or_could_not),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
