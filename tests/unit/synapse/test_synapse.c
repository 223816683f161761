#include "fixture.h"
#include "support/capture.h"
#include "support/test.h"

/* Calls within a session, and what they do to it. */

static const struct synapse_call read_user = {.kind = SYNAPSE_READ_USER, .user = "@a:h"};
static const struct synapse_call read_other = {.kind = SYNAPSE_READ_USER, .user = "@b:h"};
static const struct synapse_call join = {.kind = SYNAPSE_JOIN_USER, .room = "!r:h", .user = "@a:h"};
static const struct synapse_call enter = {.kind = SYNAPSE_ENTER_ROOM, .room = "!r:h"};

static const struct synapse_config by_password = {
    .server_name = "h", .sync_user = "@sync:h", .password = "PASSWORD"};

#define LOG_IN(token)                                                                                        \
    {                                                                                                        \
        .line = "POST /_matrix/client/v3/login",                                                             \
        .body =                                                                                              \
            "{\"type\":\"m.login.password\",\"identifier\":{\"type\":\"m.id.user\",\"user\":\"@sync:h\"},"   \
            "\"password\":\"PASSWORD\",\"device_id\":\"synapse-sync\","                                      \
            "\"initial_device_display_name\":\"synapse-sync\"}",                                             \
        .status = 200, .reply = "{\"user_id\":\"@sync:h\",\"access_token\":\"" token "\"}"                   \
    }
#define OPEN_BY_PASSWORD(token) LOG_IN(token), READ_SELF(token), READ_CAPABILITIES(token)

#define USER_REPLY "{\"displayname\":\"A\",\"admin\":false,\"deactivated\":false}"
#define READ_USER(user_, token)                                                                              \
    {                                                                                                        \
        .line = "GET /_synapse/admin/v2/users/%40" user_ "%3Ah", .bearer = (token), .status = 200,           \
        .reply = USER_REPLY                                                                                  \
    }
#define REFUSE_TOKEN(user_, token)                                                                           \
    {                                                                                                        \
        .line = "GET /_synapse/admin/v2/users/%40" user_ "%3Ah", .bearer = (token), .status = 401,           \
        .reply = "{\"errcode\":\"M_UNKNOWN_TOKEN\",\"error\":\"Invalid access token passed.\"}"              \
    }
#define JOIN_OF(user_, token, status_, reply_)                                                               \
    {                                                                                                        \
        .line = "POST /_synapse/admin/v1/join/%21r%3Ah", .bearer = (token),                                  \
        .body = "{\"user_id\":\"@" user_ ":h\"}", .status = (status_), .reply = (reply_)                     \
    }
#define JOIN(token, status_, reply_) JOIN_OF("a", token, status_, reply_)
#define FORBIDDEN "{\"errcode\":\"M_FORBIDDEN\",\"error\":\"@a:h is already in the room.\"}"

/* ---- the token ---- */

static void waits_for_the_session(void **state)
{
    static const struct server_step steps[] = {OPEN_SESSION};
    struct synapse_config config = given_token();
    struct client client;

    (void)state;
    client_begin(&client, HTTP_SERVER_START(steps), &config);
    client_send(&client, '0', &read_user);
    client_await(&client, "0");
    assert_int_equal(client.replies[0].outcome, SYNAPSE_SHUT_OUT);
    assert_string_equal(client.replies[0].problem.text, "read-user: the homeserver has not answered yet");
    client_await(&client, "0+");
    client_end(&client);
}

/* First the session is closed, then the reply comes; another log-in, and what was asked can be asked again.
 */
static void logs_in_again(void **state)
{
    static const struct server_step steps[] = {
        OPEN_BY_PASSWORD("T1"),
        REFUSE_TOKEN("a", "T1"),
        OPEN_BY_PASSWORD("T2"),
        READ_USER("a", "T2"),
    };
    struct client client;

    (void)state;
    client_begin(&client, HTTP_SERVER_START(steps), &by_password);
    client_await(&client, "+");
    client_send(&client, '0', &read_user);
    client_await(&client, "+-0");
    assert_int_equal(client.replies[0].outcome, SYNAPSE_SHUT_OUT);
    assert_string_equal(client.replies[0].errcode, "M_UNKNOWN_TOKEN");
    client_await(&client, "+-0+");
    client_send(&client, '1', &read_user);
    client_await(&client, "+-0+1");
    assert_int_equal(client.replies[1].outcome, SYNAPSE_OK);
    client_end(&client);
}

/* Several calls under way meet the refusal of one token: that is one log-in. One that is answered only after
   the session was opened again, too. */
static void logs_in_again_once(void **state)
{
    /* The last reply is owed until all eleven requests have come in. */
    static struct server_step steps[] = {
        OPEN_BY_PASSWORD("T1"),  REFUSE_TOKEN("a", "T1"), REFUSE_TOKEN("b", "T1"),
        REFUSE_TOKEN("c", "T1"), OPEN_BY_PASSWORD("T2"),  READ_USER("a", "T2"),
    };
    struct client client;
    const struct synapse_call slow = {.kind = SYNAPSE_READ_USER, .user = "@c:h"};
    struct http_server *server;

    (void)state;
    steps[5].wait_for = 10;
    server = HTTP_SERVER_START(steps);
    http_server_any_order(server);
    client_begin(&client, server, &by_password);
    client_await(&client, "+");
    client_send(&client, '0', &read_user);
    client_send(&client, '1', &read_other);
    client_send(&client, '2', &slow);
    client.wanted = 5;
    loop_timer_set(&client.patience, instant_now() + PATIENCE);
    loop_run(client.loop);
    loop_timer_stop(&client.patience);
    assert_true(strcmp(client.events, "+-01+") == 0 || strcmp(client.events, "+-10+") == 0);
    client_send(&client, '3', &read_user);
    client.wanted = 7;
    loop_timer_set(&client.patience, instant_now() + PATIENCE);
    loop_run(client.loop);
    loop_timer_stop(&client.patience);
    assert_non_null(strchr(client.events, '3'));
    for (size_t i = 0; i < 3; i++)
        assert_int_equal(client.replies[i].outcome, SYNAPSE_SHUT_OUT);
    assert_int_equal(client.replies[3].outcome, SYNAPSE_OK);
    assert_true(synapse_is_ready(client.synapse));
    client_end(&client);
}

/* A token that was given is asked for again, and serves again when it is accepted again. */
static void keeps_a_given_token(void **state)
{
    static const struct server_step steps[] = {
        OPEN_SESSION,
        REFUSE_TOKEN("a", "syt_given"),
        {.line = "GET /_matrix/client/v3/account/whoami",
         .bearer = "syt_given",
         .status = 401,
         .reply = "{\"errcode\":\"M_UNKNOWN_TOKEN\"}"},
        OPEN_SESSION,
    };
    struct synapse_config config = given_token();
    struct capture capture;
    struct client client;
    char *log;

    (void)state;
    capture_begin(&capture);
    client_begin(&client, HTTP_SERVER_START(steps), &config);
    client_await(&client, "+");
    client_send(&client, '0', &read_user);
    client_await(&client, "+-0");
    assert_non_null(strstr(synapse_trouble(client.synapse), "the token that was given is refused"));
    client_await(&client, "+-0+");
    client_end(&client);
    log = capture_end(&capture);
    assert_non_null(strstr(log, "level=error event=homeserver-refused user=@sync:h"));
    assert_null(strstr(log, "syt_given"));
    free(log);
}

/* ---- the admin right ---- */

/* A refusal stands when the sync user still is an admin. */
static void asks_whether_still_an_admin(void **state)
{
    static const struct server_step steps[] = {
        OPEN_SESSION,
        JOIN("syt_given", 403, FORBIDDEN),
        READ_SELF("syt_given"),
    };
    struct synapse_config config = given_token();
    struct client client;

    (void)state;
    client_begin(&client, HTTP_SERVER_START(steps), &config);
    client_await(&client, "+");
    client_send(&client, '0', &join);
    client_await(&client, "+0");
    assert_int_equal(client.replies[0].outcome, SYNAPSE_REFUSED);
    assert_string_equal(client.replies[0].errcode, "M_FORBIDDEN");
    assert_string_equal(client.replies[0].problem.text,
                        "join-user: 403 M_FORBIDDEN: @a:h is already in the room.");
    client_end(&client);
}

/* Nothing is asked where the admin right plays no part, or something else was wrong. */
static void asks_only_in_doubt(void **state)
{
    static const struct server_step steps[] = {
        OPEN_SESSION,
        {.line = "POST /_matrix/client/v3/join/%21r%3Ah",
         .bearer = "syt_given",
         .body = "{}",
         .status = 403,
         .reply = FORBIDDEN},
        JOIN("syt_given", 403, "{\"errcode\":\"M_BAD_STATE\"}"),
    };
    struct synapse_config config = given_token();
    struct client client;

    (void)state;
    client_begin(&client, HTTP_SERVER_START(steps), &config);
    client_await(&client, "+");
    client_send(&client, '0', &enter);
    client_await(&client, "+0");
    client_send(&client, '1', &join);
    client_await(&client, "+01");
    assert_int_equal(client.replies[0].outcome, SYNAPSE_REFUSED);
    assert_int_equal(client.replies[1].outcome, SYNAPSE_REFUSED);
    client_end(&client);
}

/* The sync user is an admin no more: the session closes until they are again. */
static void assert_loses_admin(const struct server_step *doubt, const char *trouble)
{
    const struct server_step steps[] = {
        OPEN_SESSION,           JOIN("syt_given", 403, FORBIDDEN), *doubt, *doubt,
        READ_SELF("syt_given"), READ_CAPABILITIES("syt_given"),
    };
    struct synapse_config config = given_token();
    struct client client;

    client_begin(&client, HTTP_SERVER_START(steps), &config);
    client_await(&client, "+");
    client_send(&client, '0', &join);
    client_await(&client, "+-0");
    assert_int_equal(client.replies[0].outcome, SYNAPSE_SHUT_OUT);
    assert_string_equal(synapse_trouble(client.synapse), trouble);
    client_await(&client, "+-0+");
    client_end(&client);
}

static void notices_the_loss_of_the_admin_right(void **state)
{
    static const struct server_step refused = {
        .line = "GET /_synapse/admin/v2/users/" SELF,
        .bearer = "syt_given",
        .status = 403,
        .reply = "{\"errcode\":\"M_FORBIDDEN\",\"error\":\"You are not a server admin\"}"};
    static const struct server_step shown = {.line = "GET /_synapse/admin/v2/users/" SELF,
                                             .bearer = "syt_given",
                                             .status = 200,
                                             .reply = "{\"admin\":false,\"deactivated\":false}"};

    (void)state;
    assert_loses_admin(&refused, "the sync user is not a server admin "
                                 "(read-self: 403 M_FORBIDDEN: You are not a server admin)");
    assert_loses_admin(&shown, "@sync:h is not a server admin");
}

/* Two calls that were under way when the right was lost. The answers to them and to the question why they
   were refused wait for so many requests. */
static void assert_loses_it_once(unsigned second_call, unsigned first_reason)
{
    const struct server_step shown = {.line = "GET /_synapse/admin/v2/users/" SELF,
                                      .bearer = "syt_given",
                                      .status = 200,
                                      .reply = "{\"admin\":false,\"deactivated\":false}"};
    struct server_step steps[] = {
        OPEN_SESSION,
        JOIN_OF("a", "syt_given", 403, FORBIDDEN),
        JOIN_OF("b", "syt_given", 403, FORBIDDEN),
        shown,
        shown,
        READ_SELF("syt_given"),
        READ_CAPABILITIES("syt_given"),
    };
    const struct synapse_call other_join = {.kind = SYNAPSE_JOIN_USER, .room = "!r:h", .user = "@b:h"};
    struct synapse_config config = given_token();
    struct http_server *server;
    struct client client;

    steps[3].wait_for = 5; /* both are under way */
    steps[4].wait_for = second_call;
    steps[5].wait_for = first_reason;
    server = HTTP_SERVER_START(steps);
    http_server_any_order(server);
    client_begin(&client, server, &config);
    client_await(&client, "+");
    client_send(&client, '0', &join);
    client_send(&client, '1', &other_join);
    client_run(&client, strlen("+-01")); /* the calls in either order */
    assert_int_equal(client.replies[0].outcome, SYNAPSE_SHUT_OUT);
    assert_int_equal(client.replies[1].outcome, SYNAPSE_SHUT_OUT);
    client_run(&client, strlen("+-01+"));
    assert_int_equal(client.events[1], '-');
    assert_int_equal(client.events[4], '+');
    client_end(&client);
}

static void refuses_nothing_without_the_admin_right(void **state)
{
    (void)state;
    assert_loses_it_once(7, 0); /* the second is refused when the session asks already */
    assert_loses_it_once(5, 7); /* both are asked about at the same time */
}

/* As long as it is not known, nothing is refused for good. */
static void does_not_refuse_while_in_doubt(void **state)
{
    static const struct {
        const char *reply;
        int status;
        enum synapse_outcome outcome;
    } cases[] = {
        {"", 503, SYNAPSE_UNREACHABLE},
        {"", 500, SYNAPSE_FAILED},
        {"{}", 200, SYNAPSE_FAILED},
        {"{\"errcode\":\"M_NOT_FOUND\"}", 404, SYNAPSE_FAILED},
        {"{\"errcode\":\"M_LIMIT_EXCEEDED\",\"retry_after_ms\":7}", 429, SYNAPSE_LIMITED},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        const struct server_step steps[] = {
            OPEN_SESSION,
            JOIN("syt_given", 403, FORBIDDEN),
            {.line = "GET /_synapse/admin/v2/users/" SELF,
             .bearer = "syt_given",
             .status = cases[i].status,
             .reply = cases[i].reply},
        };
        struct synapse_config config = given_token();
        struct client client;

        client_begin(&client, HTTP_SERVER_START(steps), &config);
        client_await(&client, "+");
        client_send(&client, '0', &join);
        client_await(&client, "+0");
        assert_int_equal(client.replies[0].outcome, cases[i].outcome);
        client_end(&client);
    }
}

static void loses_the_token_while_in_doubt(void **state)
{
    static const struct server_step steps[] = {
        OPEN_BY_PASSWORD("T1"),
        JOIN("T1", 403, FORBIDDEN),
        REFUSE_TOKEN("sync", "T1"),
        OPEN_BY_PASSWORD("T2"),
    };
    struct client client;

    (void)state;
    client_begin(&client, HTTP_SERVER_START(steps), &by_password);
    client_await(&client, "+");
    client_send(&client, '0', &join);
    client_await(&client, "+-0+");
    assert_int_equal(client.replies[0].outcome, SYNAPSE_SHUT_OUT);
    client_end(&client);
}

/* ---- the rest ---- */

static void tells_whether_a_user_was_created(void **state)
{
    static const struct server_step steps[] = {
        OPEN_SESSION,
        {.line = "PUT /_synapse/admin/v2/users/%40a%3Ah",
         .bearer = "syt_given",
         .body = "{}",
         .status = 201,
         .reply = "{}"},
        {.line = "PUT /_synapse/admin/v2/users/%40a%3Ah",
         .bearer = "syt_given",
         .body = "{}",
         .status = 200,
         .reply = "{}"},
    };
    const struct synapse_call create = {.kind = SYNAPSE_CREATE_USER, .user = "@a:h"};
    struct synapse_config config = given_token();
    struct client client;

    (void)state;
    client_begin(&client, HTTP_SERVER_START(steps), &config);
    client_await(&client, "+");
    client_send(&client, '0', &create);
    client_await(&client, "+0");
    client_send(&client, '1', &create);
    client_await(&client, "+01");
    assert_true(client.replies[0].created);
    assert_false(client.replies[1].created);
    client_end(&client);
}

static void never_tells_the_password_it_sets(void **state)
{
    static const struct server_step steps[] = {
        OPEN_SESSION,
        {.line = "PUT /_synapse/admin/v2/users/%40a%3Ah",
         .bearer = "syt_given",
         .body = "{\"password\":\"geheim\"}",
         .status = 400,
         .reply = "{\"errcode\":\"M_WEAK_PASSWORD\",\"error\":\"geheim is too weak\"}"},
    };
    const struct synapse_call create = {.kind = SYNAPSE_CREATE_USER, .user = "@a:h", .password = "geheim"};
    struct synapse_config config = given_token();
    struct client client;

    (void)state;
    client_begin(&client, HTTP_SERVER_START(steps), &config);
    client_await(&client, "+");
    client_send(&client, '0', &create);
    client_await(&client, "+0");
    assert_string_equal(client.replies[0].problem.text, "create-user: 400 M_WEAK_PASSWORD");
    client_end(&client);
}

static void never_tells_the_address_it_sets(void **state)
{
    static const struct server_step steps[] = {
        OPEN_SESSION,
        {.line = "PUT /_synapse/admin/v2/users/%40a%3Ah",
         .bearer = "syt_given",
         .body = "{\"threepids\":[{\"medium\":\"email\",\"address\":\"ada@example.org\"}]}",
         .status = 400,
         .reply = "{\"errcode\":\"M_UNKNOWN\",\"error\":\"'Ada@Example.org' will not do\"}"},
    };
    const struct synapse_call create = {
        .kind = SYNAPSE_CREATE_USER, .user = "@a:h", .email = "ada@example.org"};
    struct synapse_config config = given_token();
    struct client client;

    (void)state;
    client_begin(&client, HTTP_SERVER_START(steps), &config);
    client_await(&client, "+");
    client_send(&client, '0', &create);
    client_await(&client, "+0");
    assert_string_equal(client.replies[0].problem.text, "create-user: 400 M_UNKNOWN");
    client_end(&client);
}

static void does_not_send_what_is_no_text(void **state)
{
    static const struct server_step steps[] = {OPEN_SESSION};
    const struct synapse_call rename = {.kind = SYNAPSE_SET_DISPLAY_NAME, .user = "@a:h", .name = "\xff"};
    struct synapse_config config = given_token();
    struct client client;

    (void)state;
    client_begin(&client, HTTP_SERVER_START(steps), &config);
    client_await(&client, "+");
    client_send(&client, '0', &rename);
    client_await(&client, "+0");
    assert_int_equal(client.replies[0].outcome, SYNAPSE_FAILED);
    client_end(&client);
}

/* Calls whose connections died are over when the homeserver is back, long before their limit. */
static void gives_up_what_was_lost_in_an_outage(void **state)
{
    static const struct server_step steps[] = {
        OPEN_SESSION,
        {.line = "GET /_synapse/admin/v2/users/%40a%3Ah", .bearer = "syt_given"}, /* never answered */
        {.line = "GET /health"},                                                  /* neither */
        {.line = "GET /health", .status = 200},
    };
    const struct synapse_call call = {.kind = SYNAPSE_READ_USER, .user = "@a:h"};
    struct synapse_config config = given_token();
    struct client client;

    (void)state;
    client_begin(&client, HTTP_SERVER_START(steps), &config);
    client_await(&client, "+");
    client_send(&client, '0', &call);
    client_await(&client, "+0");
    assert_int_equal(client.replies[0].outcome, SYNAPSE_UNREACHABLE);
    assert_non_null(strstr(client.replies[0].problem.text, "the connection is dead"));
    assert_int_equal(client.signs[SYNAPSE_AWAY], 1);
    assert_int_equal(client.signs[SYNAPSE_BACK], 1);
    assert_int_equal(client.signs[SYNAPSE_SLOW], 0);
    client_end(&client);
}

static void asks_for_a_homeserver_that_is_held_to_be_away(void **state)
{
    static const struct server_step steps[] = {OPEN_SESSION, {.line = "GET /health", .status = 200}};
    struct synapse_config config = given_token();
    struct client client;

    (void)state;
    client_begin(&client, HTTP_SERVER_START(steps), &config);
    client_await(&client, "+");
    synapse_doubt(client.synapse, -1);
    client_await_sign(&client, SYNAPSE_BACK);
    client_end(&client);
}

static void an_answer_shows_that_it_is_back(void **state)
{
    static const struct server_step steps[] = {OPEN_SESSION,
                                               {.line = "GET /_synapse/admin/v2/users/%40a%3Ah",
                                                .bearer = "syt_given",
                                                .status = 404,
                                                .reply = "{\"errcode\":\"M_NOT_FOUND\"}"}};
    const struct synapse_call call = {.kind = SYNAPSE_READ_USER, .user = "@a:h"};
    struct synapse_config config = given_token();
    struct client client;

    (void)state;
    client_begin(&client, HTTP_SERVER_START(steps), &config);
    client_await(&client, "+");
    synapse_doubt(client.synapse, PATIENCE);
    client_send(&client, '0', &call);
    client_await(&client, "+0");
    client_await_sign(&client, SYNAPSE_BACK);
    client_end(&client);
}

static void fail_if_called(void *context, struct synapse_reply *reply)
{
    (void)context;
    (void)reply;
    fail();
}

/* Sent or not: calls that are under way at the end are forgotten. */
static void forgets_calls_at_the_end(void **state)
{
    static const struct server_step steps[] = {
        OPEN_SESSION,
        {.line = "GET /_synapse/admin/v2/users/%40a%3Ah", .bearer = "syt_given"}, /* never answered */
    };
    struct synapse_config config = given_token();
    struct client client;

    (void)state;
    client_begin(&client, http_server_start(steps, 0), &config);
    synapse_send(client.synapse, &read_user, fail_if_called, NULL);
    client_end(&client);

    client_begin(&client, HTTP_SERVER_START(steps), &config);
    client_await(&client, "+");
    synapse_send(client.synapse, &read_user, fail_if_called, NULL);
    while (http_server_requests(client.server) < 4) {
        loop_timer_set(&client.patience, instant_now() + 5);
        loop_run(client.loop);
    }
    client_end(&client);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(waits_for_the_session),
        cmocka_unit_test(logs_in_again),
        cmocka_unit_test(logs_in_again_once),
        cmocka_unit_test(keeps_a_given_token),
        cmocka_unit_test(asks_whether_still_an_admin),
        cmocka_unit_test(asks_only_in_doubt),
        cmocka_unit_test(notices_the_loss_of_the_admin_right),
        cmocka_unit_test(refuses_nothing_without_the_admin_right),
        cmocka_unit_test(does_not_refuse_while_in_doubt),
        cmocka_unit_test(loses_the_token_while_in_doubt),
        cmocka_unit_test(tells_whether_a_user_was_created),
        cmocka_unit_test(never_tells_the_password_it_sets),
        cmocka_unit_test(never_tells_the_address_it_sets),
        cmocka_unit_test(does_not_send_what_is_no_text),
        cmocka_unit_test(gives_up_what_was_lost_in_an_outage),
        cmocka_unit_test(asks_for_a_homeserver_that_is_held_to_be_away),
        cmocka_unit_test(an_answer_shows_that_it_is_back),
        cmocka_unit_test(forgets_calls_at_the_end),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
