#include "fixture.h"
#include "login.h"
#include "support/capture.h"
#include "support/test.h"

/* hex HMAC-SHA512 of "@sync:h" with the key "shared", by `openssl dgst` */
#define SHARED_PASSWORD                                                                                      \
    "f339e5fb5a3d7c1dc1e37f7cf01f8b784b0356e5b7b5ca3a07d85b30ee3f79715e6aeb8433c1fc9e3c60382745e5f82d999941" \
    "68a88e2ee7476967bb1532748b"

static const struct synapse_config by_password = {
    .server_name = "h", .sync_user = "@sync:h", .password = "PASSWORD", .shared_secret = "shared"};
static const struct synapse_config by_secret = {
    .server_name = "h", .sync_user = "@sync:h", .shared_secret = "shared"};

/* Runs the script until the session is open. */
static void assert_opens(struct http_server *server, const struct synapse_config *config)
{
    struct client client;

    client_begin(&client, server, config);
    assert_false(synapse_is_ready(client.synapse));
    assert_non_null(synapse_trouble(client.synapse));
    client_await(&client, "+");
    client_end(&client);
}

/* Runs the script until the trouble comes; returns what was logged, which the caller frees. */
static char *assert_troubled(struct http_server *server, const struct synapse_config *config,
                             const char *trouble)
{
    struct capture capture;
    struct client client;
    char *log;

    capture_begin(&capture);
    client_begin(&client, server, config);
    client_await_trouble(&client, trouble);
    log = capture_end(&capture);
    assert_string_equal(client.events, "");
    client_end(&client);
    return log;
}

/* ---- ways to log in ---- */

static void opens_with_a_token(void **state)
{
    static const struct server_step steps[] = {OPEN_SESSION};
    struct synapse_config config = given_token();

    (void)state;
    config.password = "PASSWORD"; /* of no use then */
    assert_opens(HTTP_SERVER_START(steps), &config);
}

static void opens_with_a_password(void **state)
{
    static const struct server_step steps[] = {
        LOG_IN(PASSWORD_LOGIN, "NEW"),
        READ_SELF("NEW"),
        READ_CAPABILITIES("NEW"),
    };

    (void)state;
    assert_opens(HTTP_SERVER_START(steps), &by_password);
}

static void opens_with_the_shared_secret_as_password(void **state)
{
    static const struct server_step steps[] = {
        {.line = "GET /_matrix/client/v3/login",
         .status = 200,
         .reply = "{\"flows\":[{\"type\":\"m.login.password\"},{},7]}"},
        LOG_IN(LOGIN_BODY("m.login.password", "password", SHARED_PASSWORD), "NEW"),
        READ_SELF("NEW"),
        READ_CAPABILITIES("NEW"),
    };

    (void)state;
    assert_opens(HTTP_SERVER_START(steps), &by_secret);
}

static void opens_with_the_shared_secret_as_token(void **state)
{
    static const struct server_step steps[] = {
        {.line = "GET /_matrix/client/v3/login",
         .status = 200,
         .reply =
             "{\"flows\":[{\"type\":\"m.login.password\"},{\"type\":\"com.devture.shared_secret_auth\"}]}"},
        LOG_IN(LOGIN_BODY("com.devture.shared_secret_auth", "token", SHARED_PASSWORD), "NEW"),
        READ_SELF("NEW"),
        READ_CAPABILITIES("NEW"),
    };

    (void)state;
    assert_opens(HTTP_SERVER_START(steps), &by_secret);
}

/* ---- what is wrong ---- */

static void assert_holds_no_secret(const char *log)
{
    static const char *const secrets[] = {"syt_given", "PASSWORD", "shared\"",
                                          "=shared",   "NEW",      "f339e5fb5a"};

    for (size_t i = 0; i < sizeof(secrets) / sizeof(secrets[0]); i++)
        assert_null(strstr(log, secrets[i]));
}

static void is_not_let_in(void **state)
{
    static const struct server_step steps[] = {
        {.line = "POST /_matrix/client/v3/login",
         .body = PASSWORD_LOGIN,
         REFUSED(403, "M_FORBIDDEN", "Invalid password PASSWORD")},
    };
    char *log = assert_troubled(HTTP_SERVER_START(steps), &by_password,
                                "the sync user cannot log in (log-in: 403 M_FORBIDDEN)");

    (void)state;
    assert_non_null(strstr(log, "level=error event=homeserver-refused user=@sync:h"));
    assert_holds_no_secret(log);
    free(log);
}

/* What is sent in place of the shared secret is as good as it. And a proxy may repeat what it was given. */
static void is_told_what_it_sent(void **state)
{
    static const struct server_step steps[] = {
        {.line = "GET /_matrix/client/v3/login",
         .status = 200,
         .reply = "{\"flows\":[{\"type\":\"m.login.password\"}]}"},
        {.line = "POST /_matrix/client/v3/login",
         .body = LOGIN_BODY("m.login.password", "password", SHARED_PASSWORD),
         REFUSED(403, "M_FORBIDDEN", "Invalid password " SHARED_PASSWORD)},
    };
    static const struct server_step proxy[] = {
        {.line = "GET /_matrix/client/v3/login",
         REFUSED(403, "M_FORBIDDEN", "Bad Proxy-Authorization: Basic dTpodW50ZXIyLTEyMw==")},
    };
    static const char *const further[] = {"hunter2%2D123", NULL};
    struct synapse_config behind_proxy = by_secret;
    char *log;

    (void)state;
    log = assert_troubled(HTTP_SERVER_START(steps), &by_secret,
                          "the sync user cannot log in (log-in: 403 M_FORBIDDEN)");
    assert_holds_no_secret(log);
    free(log);
    behind_proxy.secrets = further;
    log = assert_troubled(HTTP_SERVER_START(proxy), &behind_proxy,
                          "does not say how to log in (read-login-types: 403 M_FORBIDDEN)");
    assert_null(strstr(log, "dTpodW50"));
    free(log);
}

static void is_logged_in_as_another(void **state)
{
    static const struct server_step steps[] = {
        {.line = "POST /_matrix/client/v3/login",
         .body = PASSWORD_LOGIN,
         .status = 200,
         .reply = "{\"user_id\":\"@other:h\",\"access_token\":\"NEW\"}"},
    };
    char *log =
        assert_troubled(HTTP_SERVER_START(steps), &by_password, "logged in a different user than @sync:h");

    (void)state;
    assert_holds_no_secret(log);
    free(log);
}

static void is_given_no_fit_token(void **state)
{
    static const struct server_step steps[] = {
        {.line = "POST /_matrix/client/v3/login",
         .body = PASSWORD_LOGIN,
         .status = 200,
         .reply = "{\"user_id\":\"@sync:h\",\"access_token\":\"a\\r\\nb\"}"},
    };

    (void)state;
    free(assert_troubled(HTTP_SERVER_START(steps), &by_password, "the homeserver gives no token"));
}

static void has_the_token_of_another(void **state)
{
    static const struct server_step steps[] = {
        {.line = "GET /_matrix/client/v3/account/whoami",
         .bearer = "syt_given",
         .status = 200,
         .reply = "{\"user_id\":\"@other:h\"}"},
    };
    struct synapse_config config = given_token();
    char *log = assert_troubled(HTTP_SERVER_START(steps), &config, "belongs to @other:h, not to @sync:h");

    (void)state;
    assert_holds_no_secret(log);
    free(log);
}

static void has_a_token_that_is_refused(void **state)
{
    static const struct server_step steps[] = {
        {.line = "GET /_matrix/client/v3/account/whoami",
         .bearer = "syt_given",
         REFUSED(401, "M_UNKNOWN_TOKEN", "Unknown token syt_given")},
    };
    struct synapse_config config = given_token();
    char *log = assert_troubled(HTTP_SERVER_START(steps), &config,
                                "the token that was given is refused (who-am-i: 401 M_UNKNOWN_TOKEN)");

    (void)state;
    assert_non_null(strstr(log, "level=error event=homeserver-refused"));
    assert_holds_no_secret(log);
    free(log);
}

static void has_a_token_that_is_none(void **state)
{
    static const struct server_step steps[] = {{.line = "GET /none"}};
    struct http_server *server = http_server_start(steps, 0);
    struct synapse_config config = given_token();

    (void)state;
    config.token = "syt given";
    free(assert_troubled(server, &config, "contains characters that no token can have"));
}

static void is_no_admin(void **state)
{
    static const struct server_step refused[] = {
        WHO_AM_I,
        {.line = "GET /_synapse/admin/v2/users/" SELF,
         .bearer = "syt_given",
         REFUSED(403, "M_FORBIDDEN", "You are not a server admin")},
    };
    static const struct server_step shown[] = {
        WHO_AM_I,
        {.line = "GET /_synapse/admin/v2/users/" SELF,
         .bearer = "syt_given",
         .status = 200,
         .reply = "{\"admin\":false,\"deactivated\":false}"},
    };
    struct synapse_config config = given_token();

    (void)state;
    free(assert_troubled(HTTP_SERVER_START(refused), &config,
                         "the sync user is not a server admin (read-self: 403 M_FORBIDDEN: You are not"));
    free(assert_troubled(HTTP_SERVER_START(shown), &config, "@sync:h is not a server admin"));
}

static void misses_a_room_version(void **state)
{
    static const struct server_step steps[] = {OPEN_SESSION};
    struct synapse_config config = given_token();

    (void)state;
    config.room_version = "99";
    free(assert_troubled(HTTP_SERVER_START(steps), &config, "does not offer room version 99"));
}

/* ---- what passes ---- */

/* Each step is taken again until it succeeds, whatever stands in its way for a while. */
static void tries_again(void **state)
{
    static const struct server_step steps[] = {
        {.line = "GET /_matrix/client/v3/account/whoami", .bearer = "syt_given", .status = 503},
        {.line = "GET /_matrix/client/v3/account/whoami",
         .bearer = "syt_given",
         .status = 404,
         .reply = "<html>"},
        {.line = "GET /_matrix/client/v3/account/whoami",
         .bearer = "syt_given",
         .end = SERVER_CLOSE,
         .raw = "HTTP"},
        {.line = "GET /_matrix/client/v3/account/whoami",
         .bearer = "syt_given",
         REFUSED(401, "M_UNKNOWN_TOKEN", "")},
        WHO_AM_I,
        {.line = "GET /_synapse/admin/v2/users/" SELF,
         .bearer = "syt_given",
         REFUSED(403, "M_FORBIDDEN", "")},
        READ_SELF("syt_given"),
        {.line = "GET /_matrix/client/v3/capabilities",
         .bearer = "syt_given",
         .status = 429,
         .reply = "{\"errcode\":\"M_LIMIT_EXCEEDED\",\"retry_after_ms\":10}"},
        READ_CAPABILITIES("syt_given"),
    };
    struct synapse_config config = given_token();

    (void)state;
    assert_opens(HTTP_SERVER_START(steps), &config);
}

/* The same trouble is told once, and the end of it. */
static void tells_trouble_once(void **state)
{
    static const struct server_step steps[] = {
        {.line = "GET /_matrix/client/v3/account/whoami", .bearer = "syt_given", .status = 503},
        {.line = "GET /_matrix/client/v3/account/whoami", .bearer = "syt_given", .status = 503},
        {.line = "GET /_matrix/client/v3/account/whoami", .bearer = "syt_given", .status = 503},
        OPEN_SESSION,
    };
    struct synapse_config config = given_token();
    struct capture capture;
    const char *told;
    char *log;

    (void)state;
    capture_begin(&capture);
    assert_opens(HTTP_SERVER_START(steps), &config);
    log = capture_end(&capture);
    told = strstr(log, "level=warning event=homeserver-unavailable problem=\"who-am-i: 503\"");
    assert_non_null(told);
    assert_null(strstr(told + strlen("level=warning event=homeserver"), "event=homeserver-unavailable"));
    assert_non_null(strstr(told, "level=info event=homeserver-ready user=@sync:h room_version=11"));
    assert_holds_no_secret(log);
    free(log);
}

/* Whoever reads the log need not be who may see the token. */
static void a_room_version_that_is_a_secret_is_not_logged(void **state)
{
    static const struct server_step steps[] = {
        WHO_AM_I,
        READ_SELF("syt_given"),
        {.line = "GET /_matrix/client/v3/capabilities",
         .bearer = "syt_given",
         .status = 200,
         .reply = "{\"capabilities\":{\"m.room_versions\":{\"default\":\"SYT_given\"}}}"},
    };
    struct synapse_config config = given_token();
    struct capture capture;
    char *log;

    (void)state;
    capture_begin(&capture);
    assert_opens(HTTP_SERVER_START(steps), &config);
    log = capture_end(&capture);
    assert_non_null(strstr(log, "event=homeserver-ready user=@sync:h\n"));
    assert_null(strstr(log, "SYT_given"));
    free(log);
}

/* A token that was just given out and is refused costs another log-in. */
static void logs_in_again_on_the_way(void **state)
{
    static const struct server_step steps[] = {
        LOG_IN(PASSWORD_LOGIN, "OLD"),
        {.line = "GET /_synapse/admin/v2/users/" SELF, .bearer = "OLD", REFUSED(401, "M_UNKNOWN_TOKEN", "")},
        LOG_IN(PASSWORD_LOGIN, "NEW"),
        READ_SELF("NEW"),
        READ_CAPABILITIES("NEW"),
    };

    (void)state;
    assert_opens(HTTP_SERVER_START(steps), &by_password);
}

/* ---- looks and limits ---- */

#define PICTURE "\x89PNG\r\n\x1a\n\0picture"

static struct synapse_config with_everything(void)
{
    struct synapse_config config = given_token();

    config.display_name = "Sync \"B\u00f6t\"";
    config.avatar_path = "avatar of \u00e4.png";
    config.lift_rate_limit = true;
    return config;
}

static void write_picture(const char *path)
{
    FILE *file = fopen(path, "w");

    assert_non_null(file);
    assert_int_equal(fwrite(PICTURE, 1, sizeof(PICTURE) - 1, file), sizeof(PICTURE) - 1);
    assert_int_equal(fclose(file), 0);
}

static void sets_looks_and_limits(void **state)
{
    static const struct server_step steps[] = {
        WHO_AM_I,
        {.line = "GET /_synapse/admin/v2/users/" SELF,
         .bearer = "syt_given",
         .status = 200,
         .reply = "{\"displayname\":\"sync\",\"admin\":1,\"deactivated\":0,\"avatar_url\":null}"},
        READ_CAPABILITIES("syt_given"),
        {.line = "PUT /_matrix/client/v3/profile/" SELF "/displayname",
         .bearer = "syt_given",
         .body = "{\"displayname\":\"Sync \\\"B\u00f6t\\\"\"}",
         .status = 200,
         .reply = "{}"},
        {.line = "POST /_matrix/media/v3/upload?filename=avatar%20of%20%C3%A4.png",
         .bearer = "syt_given",
         .content_type = "image/png",
         .body = PICTURE,
         .body_size = sizeof(PICTURE) - 1,
         .status = 200,
         .reply = "{\"content_uri\":\"mxc://h/picture\"}"},
        {.line = "PUT /_matrix/client/v3/profile/" SELF "/avatar_url",
         .bearer = "syt_given",
         .body = "{\"avatar_url\":\"mxc://h/picture\"}",
         .status = 200,
         .reply = "{}"},
        {.line = "GET /_synapse/admin/v1/users/" SELF "/override_ratelimit",
         .bearer = "syt_given",
         .status = 200,
         .reply = "{\"messages_per_second\":0,\"burst_count\":7}"},
        {.line = "POST /_synapse/admin/v1/users/" SELF "/override_ratelimit",
         .bearer = "syt_given",
         .body = "{\"messages_per_second\":0,\"burst_count\":0}",
         .status = 200,
         .reply = "{}"},
    };
    struct synapse_config config = with_everything();

    (void)state;
    write_picture(config.avatar_path);
    assert_opens(HTTP_SERVER_START(steps), &config);
    (void)unlink(config.avatar_path);
}

/* Twice changes nothing and writes nothing. */
static void leaves_what_is_right(void **state)
{
    static const struct server_step steps[] = {
        OPEN_SESSION,
        {.line = "GET /_synapse/admin/v1/users/" SELF "/override_ratelimit",
         .bearer = "syt_given",
         .status = 200,
         .reply = "{\"messages_per_second\":0,\"burst_count\":0}"},
    };
    struct synapse_config config = with_everything();

    (void)state;
    config.display_name = "Sync-Bot";
    write_picture(config.avatar_path);
    assert_opens(HTTP_SERVER_START(steps), &config);
    (void)unlink(config.avatar_path);
}

/* A media repository that is not Synapse's own may answer anything. */
static void does_without_an_avatar_that_is_nowhere(void **state)
{
    static const struct server_step steps[] = {
        WHO_AM_I,
        {.line = "GET /_synapse/admin/v2/users/" SELF,
         .bearer = "syt_given",
         .status = 200,
         .reply = "{\"displayname\":\"sync\",\"admin\":true,\"deactivated\":false}"},
        READ_CAPABILITIES("syt_given"),
        {.line = "POST /_matrix/media/v3/upload?filename=avatar%20of%20%C3%A4.png",
         .bearer = "syt_given",
         .content_type = "image/png",
         .body = PICTURE,
         .body_size = sizeof(PICTURE) - 1,
         .status = 200,
         .reply = "{\"content_uri\":\"https://h/picture\"}"},
    };
    struct synapse_config config = given_token();

    (void)state;
    config.avatar_path = with_everything().avatar_path;
    write_picture(config.avatar_path);
    assert_opens(HTTP_SERVER_START(steps), &config);
    (void)unlink(config.avatar_path);
}

/* What is nice to have is done without: each refusal and the missing file is a warning. */
static void does_without(void **state)
{
    static const struct server_step steps[] = {
        WHO_AM_I,
        {.line = "GET /_synapse/admin/v2/users/" SELF,
         .bearer = "syt_given",
         .status = 200,
         .reply = "{\"admin\":true,\"deactivated\":false,\"avatar_url\":\"\"}"},
        READ_CAPABILITIES("syt_given"),
        {.line = "PUT /_matrix/client/v3/profile/" SELF "/displayname",
         .bearer = "syt_given",
         .body = "{\"displayname\":\"Sync \\\"B\u00f6t\\\"\"}",
         REFUSED(400, "M_FORBIDDEN", "disabled")},
        {.line = "GET /_synapse/admin/v1/users/" SELF "/override_ratelimit",
         .bearer = "syt_given",
         .status = 200,
         .reply = "{\"messages_per_second\":1,\"burst_count\":0}"},
        {.line = "POST /_synapse/admin/v1/users/" SELF "/override_ratelimit",
         .bearer = "syt_given",
         .body = "{\"messages_per_second\":0,\"burst_count\":0}",
         .status = 500},
        {.line = "POST /_synapse/admin/v1/users/" SELF "/override_ratelimit",
         .bearer = "syt_given",
         .body = "{\"messages_per_second\":0,\"burst_count\":0}",
         .status = 500},
        {.line = "POST /_synapse/admin/v1/users/" SELF "/override_ratelimit",
         .bearer = "syt_given",
         .body = "{\"messages_per_second\":0,\"burst_count\":0}",
         .status = 500},
    };
    struct synapse_config config = with_everything();
    struct capture capture;
    char *log;

    (void)state;
    config.avatar_path = "no such file";
    capture_begin(&capture);
    assert_opens(HTTP_SERVER_START(steps), &config);
    log = capture_end(&capture);
    assert_non_null(strstr(log, "what=\"the display name of the sync user was not set\" "
                                "problem=\"set-own-name: 400 M_FORBIDDEN: disabled\""));
    assert_non_null(strstr(log, "what=\"the avatar of the sync user was not uploaded\" "
                                "problem=\"no such file: No such file or directory\""));
    assert_non_null(strstr(log, "what=\"the rate limit of the sync user was not lifted\" "
                                "problem=\"lift-rate-limit: 500\""));
    free(log);
}

/* A reply that was lost with the network is not waited for once the homeserver answers again. */
static void waits_for_no_lost_reply(void **state)
{
    static const struct server_step steps[] = {
        {.line = "GET /_matrix/client/v3/account/whoami", .bearer = "syt_given"}, /* never answered */
        {.line = "GET /health", .status = 502},
        {.line = "GET /health", .status = 200},
        OPEN_SESSION,
    };
    struct synapse_config config = given_token();

    (void)state;
    assert_opens(HTTP_SERVER_START(steps), &config);
}

/* It may take its time. */
static void waits_for_a_homeserver_that_is_well(void **state)
{
    static const struct server_step steps[] = {
        {.line = "GET /_matrix/client/v3/account/whoami",
         .bearer = "syt_given",
         .status = 200,
         .reply = "{\"user_id\":\"@sync:h\"}",
         .wait_for = 3},
        {.line = "GET /health", .status = 200},
        {.line = "GET /health", .status = 200},
        READ_SELF("syt_given"),
        READ_CAPABILITIES("syt_given"),
    };
    struct synapse_config config = given_token();

    (void)state;
    assert_opens(HTTP_SERVER_START(steps), &config);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(opens_with_a_token),
        cmocka_unit_test(opens_with_a_password),
        cmocka_unit_test(opens_with_the_shared_secret_as_password),
        cmocka_unit_test(opens_with_the_shared_secret_as_token),
        cmocka_unit_test(is_not_let_in),
        cmocka_unit_test(is_told_what_it_sent),
        cmocka_unit_test(is_logged_in_as_another),
        cmocka_unit_test(is_given_no_fit_token),
        cmocka_unit_test(has_the_token_of_another),
        cmocka_unit_test(has_a_token_that_is_refused),
        cmocka_unit_test(has_a_token_that_is_none),
        cmocka_unit_test(is_no_admin),
        cmocka_unit_test(misses_a_room_version),
        cmocka_unit_test(tries_again),
        cmocka_unit_test(waits_for_no_lost_reply),
        cmocka_unit_test(waits_for_a_homeserver_that_is_well),
        cmocka_unit_test(tells_trouble_once),
        cmocka_unit_test(a_room_version_that_is_a_secret_is_not_logged),
        cmocka_unit_test(logs_in_again_on_the_way),
        cmocka_unit_test(sets_looks_and_limits),
        cmocka_unit_test(does_without_an_avatar_that_is_nowhere),
        cmocka_unit_test(leaves_what_is_right),
        cmocka_unit_test(does_without),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
