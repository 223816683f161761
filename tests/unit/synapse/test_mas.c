#include "fixture.h"
#include "login.h"
#include "support/capture.h"
#include "synapse/call_table.h"
#include "synapse/mas.h"
#include "synapse/steps_mas.h"

/* Where the Matrix Authentication Service (MAS) keeps the accounts: how it is found, what it is asked, byte
   for byte, and what is made of its replies. */

#define METADATA                                                                                             \
    {                                                                                                        \
        .line = "GET /_matrix/client/v1/auth_metadata", .status = 200,                                       \
        .reply = "{\"issuer\":\"https://mas.h/\",\"account_management_uri\":\"https://mas.h/account/\"}"     \
    }
#define NO_METADATA(path)                                                                                    \
    {                                                                                                        \
        .line = "GET /_matrix/client/" path "auth_metadata", REFUSED(404, "M_UNRECOGNIZED", "Unrecognized")  \
    }
#define WHO_WITH_DEVICE                                                                                      \
    {                                                                                                        \
        .line = "GET /_matrix/client/v3/account/whoami", .bearer = "syt_given", .status = 200,               \
        .reply = "{\"user_id\":\"@sync:h\",\"device_id\":\"SYNAPSESYNC\"}"                                   \
    }
/* Synapse calls nobody an admin then. */
#define PLAIN_SELF                                                                                           \
    {                                                                                                        \
        .line = "GET /_synapse/admin/v2/users/" SELF, .bearer = "syt_given", .status = 200,                  \
        .reply = "{\"name\":\"@sync:h\",\"admin\":false,\"deactivated\":false}"                              \
    }
#define OPEN_AT_HOMESERVER METADATA, WHO_WITH_DEVICE, PLAIN_SELF, READ_CAPABILITIES("syt_given")
#define SITE(token, name)                                                                                    \
    {                                                                                                        \
        .line = "GET /api/admin/v1/site-config", .bearer = (token), .status = 200,                           \
        .reply = "{\"server_name\":\"" name "\"}"                                                            \
    }
/* "client:a%20secret" */
#define GET_TOKEN(token, seconds)                                                                            \
    {                                                                                                        \
        .line = "POST /oauth2/token", .bearer = "Y2xpZW50OmElMjBzZWNyZXQ=", .basic = true,                   \
        .content_type = "application/x-www-form-urlencoded",                                                 \
        .body = "grant_type=client_credentials&scope=urn%3Amas%3Aadmin", .status = 200,                      \
        .reply = "{\"access_token\":\"" token "\",\"token_type\":\"Bearer\",\"expires_in\":" seconds "}"     \
    }
#define ACCOUNT(name, more)                                                                                  \
    "{\"data\":{\"type\":\"user\",\"id\":\"01A\",\"attributes\":{\"username\":\"" name                       \
    "\",\"created_at\":\"2026-01-01T00:00:00Z\",\"admin\":false" more "}}}"
#define WORDS(title) "{\"errors\":[{\"title\":\"" title "\"}]}"

static const struct http_config terms = {
    .user_agent = HTTP_SERVER_USER_AGENT, .connections = 8, .largest_reply = 100000, .connect_limit = 5000};

/* A client of both. */
static void begin(struct client *client, struct http_server *homeserver, struct http_server *mas,
                  bool by_client)
{
    struct synapse_config config = given_token();

    config.mas_uri = mas ? http_server_uri(mas) : NULL;
    config.mas_http = &terms;
    config.mas_client_id = by_client ? "client" : NULL;
    config.mas_client_secret = by_client ? "a secret" : NULL;
    client_begin(client, homeserver, &config);
}

static void end(struct client *client, struct http_server *mas)
{
    client_end(client);
    if (mas)
        http_server_finish(mas);
}

/* ---- the session ---- */

static void one_token_is_enough_for_both(void **state)
{
    static const struct server_step steps[] = {OPEN_AT_HOMESERVER}, at_mas[] = {SITE("syt_given", "h")};
    struct http_server *mas = HTTP_SERVER_START(at_mas);
    struct client client;

    (void)state;
    begin(&client, HTTP_SERVER_START(steps), mas, false);
    client_await(&client, "+");
    assert_true(synapse_has_mas(client.synapse));
    end(&client, mas);
}

static void it_is_found_at_the_earlier_path(void **state)
{
    static const struct server_step steps[] = {
        NO_METADATA("v1/"),
        {.line = "GET /_matrix/client/unstable/org.matrix.msc2965/auth_metadata",
         .status = 200,
         .reply = "{\"issuer\":\"https://mas.h/\"}"},
        WHO_WITH_DEVICE,
        PLAIN_SELF,
        READ_CAPABILITIES("syt_given"),
    };
    static const struct server_step at_mas[] = {SITE("syt_given", "h")};
    struct http_server *mas = HTTP_SERVER_START(at_mas);
    struct client client;

    (void)state;
    begin(&client, HTTP_SERVER_START(steps), mas, false);
    client_await(&client, "+");
    assert_true(synapse_has_mas(client.synapse));
    end(&client, mas);
}

static void there_is_none(void **state)
{
    static const struct server_step steps[] = {NO_METADATA("v1/"),
                                               NO_METADATA("unstable/org.matrix.msc2965/"), OPEN_SESSION};
    struct client client;

    (void)state;
    begin(&client, HTTP_SERVER_START(steps), NULL, false);
    client_await(&client, "+");
    assert_false(synapse_has_mas(client.synapse));
    client_end(&client);
}

/* While that is not known, nothing is done: a token of a migration would do much harm. */
static void it_is_not_known_whether_there_is_one(void **state)
{
    static const struct server_step steps[] = {
        {.line = "GET /_matrix/client/v1/auth_metadata", REFUSED(500, "M_UNKNOWN", "Internal server error")},
        NO_METADATA("v1/"),
        NO_METADATA("unstable/org.matrix.msc2965/"),
        OPEN_SESSION};
    struct client client;

    (void)state;
    begin(&client, HTTP_SERVER_START(steps), NULL, false);
    client_await_trouble(&client, "find-accounts: 500");
    client_await(&client, "+");
    client_end(&client);
}

static void assert_refused(const struct server_step *steps, size_t count, const struct server_step *at_mas,
                           size_t mas_count, bool by_client, const char *trouble)
{
    struct http_server *mas = http_server_start(at_mas, mas_count);
    struct capture capture;
    struct client client;
    char *log;

    capture_begin(&capture);
    begin(&client, http_server_start(steps, count), mas, by_client);
    client_await_trouble(&client, trouble);
    assert_true(synapse_is_refused(client.synapse));
    log = capture_end(&capture);
    assert_non_null(strstr(log, "event=homeserver-refused"));
    assert_null(strstr(log, "syt_given"));
    assert_null(strstr(log, "a secret"));
    assert_null(strstr(log, "Y2xpZW50"));
    free(log);
    end(&client, mas);
}

static void what_is_missing_is_said(void **state)
{
    static const struct server_step open[] = {OPEN_AT_HOMESERVER};
    static const struct server_step deviceless[] = {METADATA, WHO_AM_I};
    static const struct server_step foreign[] = {SITE("syt_given", "other")};
    static const struct server_step no_right[] = {{.line = "GET /api/admin/v1/site-config",
                                                   .bearer = "syt_given",
                                                   .status = 401,
                                                   .reply = WORDS("Missing urn:mas:admin scope")}};
    static const struct server_step no_client[] = {
        {.line = "POST /oauth2/token",
         .bearer = "Y2xpZW50OmElMjBzZWNyZXQ=",
         .basic = true,
         .content_type = "application/x-www-form-urlencoded",
         .body = "grant_type=client_credentials&scope=urn%3Amas%3Aadmin",
         .status = 401,
         .reply = "{\"error\":\"invalid_client\"}"}};

    (void)state;
    assert_refused(deviceless, 2, NULL, 0, false, MAS_SCOPE);
    assert_refused(open, 4, foreign, 1, false, "is that of another homeserver than h");
    assert_refused(open, 4, no_right, 1, false, "(read-mas: 401 MAS: Missing urn:mas:admin scope)");
    assert_refused(open, 4, no_client, 1, true, "MAS_CLIENT_SECRET (get-mas-token: 401: invalid_client)");
}

static void nobody_can_log_in_by_password(void **state)
{
    static const struct server_step steps[] = {METADATA};
    const struct synapse_config config = {
        .server_name = "h", .sync_user = "@sync:h", .password = "PASSWORD", .mas_http = &terms};
    struct client client;

    (void)state;
    client_begin(&client, HTTP_SERVER_START(steps), &config);
    client_await_trouble(&client, MAS_SCOPE);
    client_end(&client);
}

static void a_token_of_mas_without_mas(void **state)
{
    static const struct server_step steps[] = {NO_METADATA("v1/"),
                                               NO_METADATA("unstable/org.matrix.msc2965/")};
    struct synapse_config config = given_token();
    struct client client;

    (void)state;
    config.token = "mpt_given";
    client_begin(&client, HTTP_SERVER_START(steps), &config);
    client_await_trouble(&client, "does not tell of one");
    client_end(&client);
}

/* ---- its token ---- */

static const struct synapse_call look = {.kind = SYNAPSE_READ_ACCOUNT, .user = "@a:h"};

#define LOOK(token)                                                                                          \
    {                                                                                                        \
        .line = "GET /api/admin/v1/users/by-username/a", .bearer = (token), .status = 200,                   \
        .reply = ACCOUNT("a", "")                                                                            \
    }

static void a_token_that_is_refused_is_replaced(void **state)
{
    static const struct server_step steps[] = {OPEN_AT_HOMESERVER};
    static const struct server_step at_mas[] = {
        GET_TOKEN("ONE", "300"),
        SITE("ONE", "h"),
        {.line = "GET /api/admin/v1/users/by-username/a",
         .bearer = "ONE",
         .status = 401,
         .reply = WORDS("Unknown access token")},
        GET_TOKEN("TWO", "300"),
        SITE("TWO", "h"),
        LOOK("TWO"),
    };
    struct http_server *mas = HTTP_SERVER_START(at_mas);
    struct client client;

    (void)state;
    begin(&client, HTTP_SERVER_START(steps), mas, true);
    client_await(&client, "+");
    client_send(&client, '0', &look);
    client_await(&client, "+-0+");
    assert_int_equal(client.replies[0].outcome, SYNAPSE_SHUT_OUT);
    client_send(&client, '1', &look);
    client_await(&client, "+-0+1");
    assert_int_equal(client.replies[1].outcome, SYNAPSE_OK);
    end(&client, mas);
}

/* And one that ends soon is not used any more. The log says nothing of it. */
static void a_token_is_renewed_in_time(void **state)
{
    static const struct server_step steps[] = {OPEN_AT_HOMESERVER};
    static const struct server_step at_mas[] = {GET_TOKEN("ONE", "0"), SITE("ONE", "h"),
                                                GET_TOKEN("TWO", "300"), SITE("TWO", "h"), LOOK("TWO")};
    struct http_server *mas = HTTP_SERVER_START(at_mas);
    CLEANUP(freep) char *log = NULL;
    struct capture capture;
    struct client client;

    (void)state;
    capture_begin(&capture);
    begin(&client, HTTP_SERVER_START(steps), mas, true);
    client_await(&client, "+");
    loop_timer_set(&client.patience, instant_now() + 1200);
    loop_run(client.loop);
    client_send(&client, '0', &look);
    client_await(&client, "+-0+");
    assert_int_equal(client.replies[0].outcome, SYNAPSE_SHUT_OUT);
    client_send(&client, '1', &look);
    client_await(&client, "+-0+1");
    end(&client, mas);
    log = capture_end(&capture);
    assert_non_null(strstr(log, "event=homeserver-ready"));
    assert_null(strstr(strstr(log, "event=homeserver-ready") + 1, "event=homeserver"));
}

static void it_is_away_for_a_while(void **state)
{
    static const struct server_step steps[] = {OPEN_AT_HOMESERVER};
    static const struct server_step at_mas[] = {
        SITE("syt_given", "h"),
        {.line = "GET /api/admin/v1/users/by-username/a",
         .bearer = "syt_given",
         .raw = "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n{",
         .end = SERVER_CLOSE},
        {.line = "GET /api/admin/v1/site-config", .bearer = "syt_given", .status = 503},
        SITE("syt_given", "h"),
        LOOK("syt_given"),
    };
    struct http_server *mas = HTTP_SERVER_START(at_mas);
    struct client client;

    (void)state;
    begin(&client, HTTP_SERVER_START(steps), mas, false);
    client_await(&client, "+");
    client_send(&client, '0', &look);
    client_await(&client, "+-0+");
    assert_int_equal(client.replies[0].outcome, SYNAPSE_UNREACHABLE); /* it may have been carried out */
    client_send(&client, '1', &look);
    client_await(&client, "+-0+1");
    assert_int_equal(client.replies[1].outcome, SYNAPSE_OK);
    end(&client, mas);
}

/* Of two calls that were under way with it. */
static void a_token_is_lost_once(void **state)
{
    static const struct server_step steps[] = {OPEN_AT_HOMESERVER};
    static const struct server_step at_mas[] = {
        SITE("syt_given", "h"),
        {.line = "GET /api/admin/v1/users/by-username/a",
         .bearer = "syt_given",
         .status = 401,
         .wait_for = 3},
        {.line = "GET /api/admin/v1/users/by-username/a",
         .bearer = "syt_given",
         .status = 401,
         .wait_for = 3},
        SITE("syt_given", "h"),
    };
    struct http_server *mas = HTTP_SERVER_START(at_mas);
    struct client client;

    (void)state;
    begin(&client, HTTP_SERVER_START(steps), mas, false);
    client_await(&client, "+");
    client_send(&client, '0', &look);
    client_send(&client, '0', &look);
    client_await(&client, "+-00+");
    end(&client, mas);
}

/* ---- calls ---- */

static const struct {
    struct synapse_call call;
    const char *line, *body; /* of the request */
    int status;
    const char *reply;
    enum synapse_outcome outcome;
} calls[] = {
    {{.kind = SYNAPSE_READ_ACCOUNT, .user = "@a/b:h"},
     "GET /api/admin/v1/users/by-username/a%2Fb",
     NULL,
     200,
     ACCOUNT("a/b", ",\"deactivated_at\":\"2026-01-01T00:00:00Z\""),
     SYNAPSE_OK},
    {{.kind = SYNAPSE_READ_ACCOUNT, .user = "@a:h"},
     "GET /api/admin/v1/users/by-username/a",
     NULL,
     404,
     WORDS("User with username not found"),
     SYNAPSE_ABSENT},
    /* A listener without this API, or something before it, says nothing of users. */
    {{.kind = SYNAPSE_READ_ACCOUNT, .user = "@a:h"},
     "GET /api/admin/v1/users/by-username/a",
     NULL,
     404,
     "",
     SYNAPSE_FAILED},
    {{.kind = SYNAPSE_READ_ACCOUNT, .user = "@a:h"},
     "GET /api/admin/v1/users/by-username/a",
     NULL,
     200,
     "{\"data\":{\"id\":\"01A\",\"attributes\":{\"username\":\"a\"}}}",
     SYNAPSE_FAILED},
    {{.kind = SYNAPSE_CREATE_ACCOUNT, .user = "@a:h", .password = "no", .email = "no"},
     "POST /api/admin/v1/users",
     "{\"username\":\"a\"}",
     201,
     ACCOUNT("a", ""),
     SYNAPSE_OK},
    {{.kind = SYNAPSE_CREATE_ACCOUNT, .user = "@a:h", .name = "Ada", .adopts = true},
     "POST /api/admin/v1/users",
     "{\"username\":\"a\",\"displayname\":\"Ada\",\"skip_homeserver_check\":true}",
     409,
     WORDS("User already exists"),
     SYNAPSE_TAKEN},
    {{.kind = SYNAPSE_CREATE_ACCOUNT, .user = "@_a:h"},
     "POST /api/admin/v1/users",
     "{\"username\":\"_a\"}",
     400,
     WORDS("Username is not valid"),
     SYNAPSE_REFUSED},
    {{.kind = SYNAPSE_CREATE_ACCOUNT, .user = "@a:h"},
     "POST /api/admin/v1/users",
     "{\"username\":\"a\"}",
     500,
     WORDS("homeserver"),
     SYNAPSE_FAILED},
    {{.kind = SYNAPSE_SET_PASSWORD, .user = "@a:h", .account = "01/A", .password = "geheim"},
     "POST /api/admin/v1/users/01%2FA/set-password",
     "{\"password\":\"geheim\",\"skip_password_check\":true}",
     204,
     NULL,
     SYNAPSE_OK},
    {{.kind = SYNAPSE_SET_PASSWORD, .user = "@a:h", .account = "01A", .password = "geheim"},
     "POST /api/admin/v1/users/01A/set-password",
     "{\"password\":\"geheim\",\"skip_password_check\":true}",
     403,
     WORDS("Password auth is disabled"),
     SYNAPSE_REFUSED},
    {{.kind = SYNAPSE_READ_ADDRESS_OWNER, .email = "Anna+X@Example.Org"},
     "GET /api/admin/v1/user-emails?filter%5Bemail%5D=Anna%2BX%40Example.Org&page%5Bfirst%5D=1",
     NULL,
     200,
     "{\"data\":[{\"type\":\"user-email\",\"id\":\"01E\",\"attributes\":{\"user_id\":\"01A\"}}]}",
     SYNAPSE_OK},
    {{.kind = SYNAPSE_ADD_ADDRESS, .user = "@a:h", .account = "01A", .email = "a@b"},
     "POST /api/admin/v1/user-emails",
     "{\"user_id\":\"01A\",\"email\":\"a@b\"}",
     201,
     "{\"data\":{\"type\":\"user-email\",\"id\":\"01E\"}}",
     SYNAPSE_OK},
    {{.kind = SYNAPSE_REACTIVATE_ACCOUNT, .user = "@a:h", .account = "01A"},
     "POST /api/admin/v1/users/01A/reactivate",
     "{}",
     200,
     ACCOUNT("a", ""),
     SYNAPSE_OK},
    {{.kind = SYNAPSE_DEACTIVATE_ACCOUNT, .user = "@a:h", .account = "01A", .erase = true},
     "POST /api/admin/v1/users/01A/deactivate",
     "{\"skip_erase\":false}",
     200,
     ACCOUNT("a", ""),
     SYNAPSE_OK},
    {{.kind = SYNAPSE_DEACTIVATE_ACCOUNT, .user = "@a:h", .account = "01A"},
     "POST /api/admin/v1/users/01A/deactivate",
     "{\"skip_erase\":true}",
     200,
     ACCOUNT("a", ""),
     SYNAPSE_OK},
};
enum { CALLS = sizeof(calls) / sizeof(calls[0]) };

static void sends_every_kind_of_call(void **state)
{
    static const struct server_step steps[] = {OPEN_AT_HOMESERVER}, opening[] = {SITE("syt_given", "h")};
    struct server_step at_mas[1 + CALLS] = {opening[0]};
    char events[CALLS + 2] = "+";
    struct http_server *mas;
    struct client client;

    (void)state;
    for (size_t i = 0; i < CALLS; i++)
        at_mas[1 + i] = (struct server_step){.line = calls[i].line,
                                             .bearer = "syt_given",
                                             .body = calls[i].body,
                                             .status = calls[i].status,
                                             .reply = calls[i].reply};
    mas = HTTP_SERVER_START(at_mas);
    begin(&client, HTTP_SERVER_START(steps), mas, false);
    client_await(&client, events);
    for (size_t i = 0; i < CALLS; i++) {
        events[i + 1] = '0';
        client_send(&client, '0', &calls[i].call);
        client_await(&client, events);
        if (client.replies[0].outcome != calls[i].outcome)
            fail_msg("%s: %s", calls[i].line, client.replies[0].problem.text);
    }
    end(&client, mas);
}

static void knows_every_kind(void **state)
{
    (void)state;
    for (unsigned kind = 0; kind < SYNAPSE_KINDS; kind++) {
        const char *line = NULL;

        for (size_t i = 0; i < CALLS; i++)
            if (calls[i].call.kind == kind)
                line = calls[i].line;
        assert_int_equal(call_is_of_mas(kind), line != NULL);
        if (line)
            assert_int_equal(synapse_kind_writes(kind), strncmp(line, "GET ", 4) != 0);
    }
}

static void reads_what_is_said_of_an_account(void **state)
{
    static const char text[] = "{\"data\":{\"id\":\"01A\",\"attributes\":{\"username\":\"a\",\"admin\":true,"
                               "\"locked_at\":\"x\",\"deactivated_at\":null}}}";
    json_t *body = json_loads(text, 0, NULL), *nobody = json_loads("{\"data\":[]}", 0, NULL);
    struct synapse_reply reply = {.retry_after = -1};

    (void)state;
    assert_true(mas_reply_account(body, &reply));
    assert_string_equal(reply.text, "01A");
    assert_string_equal(reply.user.name, "a");
    assert_true(reply.user.admin && reply.user.locked && !reply.user.deactivated);
    synapse_reply_deinit(&reply);
    assert_true(mas_reply_owner(nobody, &reply));
    assert_null(reply.text);
    assert_false(mas_reply_owner(body, &reply));
    json_decref(body);
    json_decref(nobody);
}

static void knows_where_it_is(void **state)
{
    static const struct {
        const char *metadata, *base;
    } cases[] = {
        {"{\"issuer\":\"https://mas.h/\"}", "https://mas.h"},
        {"{\"issuer\":\"https://h/auth/\"}", "https://h/auth"},
        {"{\"issuer\":\"https://h/\",\"token_endpoint\":\"https://mas.h:8080/x/oauth2/token\"}",
         "https://mas.h:8080/x"},
        {"{\"issuer\":\"https://h/\",\"token_endpoint\":\"https://mas.h/token\"}", "https://h"},
        {"{\"issuer\":\"https://mas.h///\"}", "https://mas.h"},
        {"{\"issuer\":\"h\"}", NULL},
        {"{\"issuer\":\"ftp://h/\"}", NULL},
        {"{\"issuer\":\"https://u:p@h/\"}", NULL},
        {"{\"issuer\":\"https://h/?a\"}", NULL},
        {"{\"issuer\":\"https://h/\\r\\nX: y\"}", NULL},
        {"{\"issuer\":\"\"}", NULL},
        {"{}", NULL},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        json_t *metadata = json_loads(cases[i].metadata, 0, NULL);
        char *base = mas_base(metadata);

        if (!text_equal(base, cases[i].base))
            fail_msg("%s: %s", cases[i].metadata, base ? base : "(null)");
        free(base);
        json_decref(metadata);
    }
}

/* Whoever looks for the end of the address again for each of them is not done before the homeserver is. */
static void slashes_without_end_are_no_matter(void **state)
{
    enum { MANY = 8 << 20 };
    static const char before[] = "https://mas.h";
    size_t length = sizeof(before) - 1;
    char *issuer = memory_new(length + MANY + 1, 1), *base;
    json_t *metadata;

    (void)state;
    memcpy(issuer, before, length);
    memset(issuer + length, '/', MANY);
    metadata = json_pack("{s:s}", "issuer", issuer);
    base = mas_base(metadata);
    assert_string_equal(base, before);
    free(base);
    json_decref(metadata);
    free(issuer);
}

/* It would be in the log when the address cannot be reached. */
static void an_address_with_a_secret_is_refused(void **state)
{
    const struct synapse_config config = {.server_name = "h", .sync_user = "@sync:h", .token = "mpt_hunter2"};
    json_t *metadata = json_pack("{s:s}", "issuer", "https://MPT_hunter2.h/");
    struct error error = {""};
    struct facts facts;

    (void)state;
    facts_init(&facts, &config);
    assert_false(mas_find_learn(&facts, metadata, &error));
    assert_non_null(strstr(error.text, "holds a secret of ours"));
    assert_null(facts.mas);
    facts_deinit(&facts);
    json_decref(metadata);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(one_token_is_enough_for_both),
        cmocka_unit_test(it_is_found_at_the_earlier_path),
        cmocka_unit_test(there_is_none),
        cmocka_unit_test(it_is_not_known_whether_there_is_one),
        cmocka_unit_test(what_is_missing_is_said),
        cmocka_unit_test(nobody_can_log_in_by_password),
        cmocka_unit_test(a_token_of_mas_without_mas),
        cmocka_unit_test(a_token_that_is_refused_is_replaced),
        cmocka_unit_test(a_token_is_lost_once),
        cmocka_unit_test(a_token_is_renewed_in_time),
        cmocka_unit_test(it_is_away_for_a_while),
        cmocka_unit_test(sends_every_kind_of_call),
        cmocka_unit_test(knows_every_kind),
        cmocka_unit_test(reads_what_is_said_of_an_account),
        cmocka_unit_test(knows_where_it_is),
        cmocka_unit_test(slashes_without_end_are_no_matter),
        cmocka_unit_test(an_address_with_a_secret_is_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
