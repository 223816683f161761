/*
 * A look at a homeserver, for who wants to know what is wrong: what is made of answers that a homeserver
 * which is well does not give, and that nothing of ours is shown that it tells.
 */
#include "synapse/inspect.h"

#include "base/memory.h"
#include "support/http_server.h"
#include "support/test.h"

#include <string.h>

#define GET(path_) .line = "GET " path_
#define SAYS(errcode) .reply = "{\"errcode\":\"" errcode "\"}"

/* What is asked before the sync user comes in, and the usual answers. */
#define VERSIONS                                                                                             \
    {                                                                                                        \
        GET("/_matrix/client/versions"), .status = 200, .reply = "{\"versions\":[\"v1.11\"]}"                \
    }
#define REGISTRATION                                                                                         \
    {                                                                                                        \
        GET("/_matrix/client/v3/register/available?username=synapse-sync-asks"), .status = 403,              \
                                                                                 SAYS("M_FORBIDDEN")         \
    }
#define KEY                                                                                                  \
    {                                                                                                        \
        GET("/_matrix/key/v2/server"), .status = 200, .reply = "{\"server_name\":\"h\"}"                     \
    }
#define VERSION                                                                                              \
    {                                                                                                        \
        GET("/_synapse/admin/v1/server_version"), .status = 200, .reply = "{\"server_version\":\"1.120.2\"}" \
    }
#define WELL VERSIONS, VERSION, REGISTRATION, KEY
#define WHO_AM_I GET("/_matrix/client/v3/account/whoami"), .bearer = "syt_given"
#define METADATA GET("/_matrix/client/v1/auth_metadata"), .status = 200
#define SITE GET("/api/admin/v1/site-config"), .bearer = "syt_given"

static struct synapse_config with_token(void)
{
    return (struct synapse_config){.server_name = "h", .sync_user = "@sync:h", .token = "syt_given"};
}

static struct http_config terms_of(const struct http_server *server)
{
    return (struct http_config){.base = http_server_uri(server),
                                .user_agent = HTTP_SERVER_USER_AGENT,
                                .connections = 2,
                                .largest_reply = 100000,
                                .connect_limit = 5000};
}

/* What is seen of a homeserver that answers by the script; to be freed by the caller. */
static struct synapse_sight look(struct http_server *server, const struct synapse_config *config,
                                 void (*inspect)(struct synapse_inspector *inspector,
                                                 struct synapse_sight *ret_sight))
{
    const struct http_config terms = terms_of(server);
    struct error error;
    struct loop *loop = loop_new(&error);
    struct http *http = http_new(&terms, loop, &error);
    struct synapse_inspector *inspector = synapse_inspector_new(config, http, http, loop);
    struct synapse_sight sight;

    inspect(inspector, &sight);
    synapse_inspector_free(inspector);
    http_free(http);
    loop_free(loop);
    http_server_finish(server);
    return sight;
}

/* ---- coming in ---- */

static void assert_entry(const struct server_step *steps, size_t count, const struct synapse_config *config,
                         enum synapse_entry entry, const char *problem)
{
    struct synapse_sight sight = look(http_server_start(steps, count), config, synapse_inspect);

    assert_int_equal(sight.entry, entry);
    assert_non_null(strstr(sight.problem.text, problem));
    synapse_sight_deinit(&sight);
}

static void test_why_a_token_does_not_let_in(void **state)
{
    static const struct {
        struct server_step steps[5];
        enum synapse_entry entry;
        const char *problem;
    } cases[] = {
        {{WELL, {WHO_AM_I, .status = 401, SAYS("M_USER_LOCKED")}}, SYNAPSE_ENTRY_LOCKED, "M_USER_LOCKED"},
        {{WELL, {WHO_AM_I, .status = 403, SAYS("M_USER_DEACTIVATED")}},
         SYNAPSE_ENTRY_DEACTIVATED,
         "M_USER_DEACTIVATED"},
        {{WELL, {WHO_AM_I, .status = 429, SAYS("M_LIMIT_EXCEEDED")}}, SYNAPSE_ENTRY_LIMITED, "429"},
        {{WELL, {WHO_AM_I, .status = 401, SAYS("M_UNKNOWN_TOKEN")}}, SYNAPSE_ENTRY_REFUSED, "401"},
        {{WELL, {WHO_AM_I, .status = 500, .reply = "oh"}}, SYNAPSE_ENTRY_FAILED, "500"},
    };
    const struct synapse_config config = with_token();

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
        assert_entry(cases[i].steps, 5, &config, cases[i].entry, cases[i].problem);
}

/* Whether there is no log-in at all, or it does not answer just now. */
static void test_where_nobody_tells_how_to_log_in(void **state)
{
    static const struct {
        struct server_step steps[5];
        enum synapse_entry entry;
        const char *problem;
    } cases[] = {
        {{WELL, {GET("/_matrix/client/v3/login"), .status = 404, SAYS("M_UNRECOGNIZED")}},
         SYNAPSE_ENTRY_NO_WAY,
         "404"},
        {{WELL, {GET("/_matrix/client/v3/login"), .status = 503}}, SYNAPSE_ENTRY_FAILED, "503"},
    };
    const struct synapse_config config = {.server_name = "h", .sync_user = "@sync:h", .password = "PASSWORD"};

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
        assert_entry(cases[i].steps, 5, &config, cases[i].entry, cases[i].problem);
}

/* ---- what is there ---- */

static void test_whether_the_admin_api_is_there(void **state)
{
    static const struct {
        struct server_step step;
        enum synapse_admin_api api;
    } cases[] = {
        {{GET("/_synapse/admin/v1/server_version"), .status = 404, SAYS("M_UNRECOGNIZED")},
         SYNAPSE_ADMIN_MISSING},
        {{GET("/_synapse/admin/v1/server_version"), .status = 404, .reply = "<html>"}, SYNAPSE_ADMIN_BARRED},
        {{GET("/_synapse/admin/v1/server_version"), .status = 502}, SYNAPSE_ADMIN_UNSEEN},
        {{GET("/_synapse/admin/v1/server_version"), .status = 429, SAYS("M_LIMIT_EXCEEDED")},
         SYNAPSE_ADMIN_UNSEEN},
    };
    const struct synapse_config config = with_token();

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        const struct server_step steps[] = {
            VERSIONS, cases[i].step, REGISTRATION, KEY, {WHO_AM_I, .status = 500}};
        struct synapse_sight sight = look(HTTP_SERVER_START(steps), &config, synapse_inspect);

        assert_int_equal(sight.admin_api, cases[i].api);
        assert_int_equal(sight.admin_status, cases[i].step.status);
        synapse_sight_deinit(&sight);
    }
}

/* A page for people. A title that holds a secret of ours, or never ends, is not shown. */
static void test_what_a_page_is_called(void **state)
{
    static const struct {
        const char *page, *title;
    } cases[] = {
        {"<!DOCTYPE html><title>Apache</title>", "Apache"},
        {"<html><title>hello syt_given</title>", NULL},
        {"<html><title>hello", NULL},
        {"<html><body>hello</body>", NULL},
    };
    const struct synapse_config config = with_token();

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        const struct server_step steps[] = {
            {GET("/_matrix/client/versions"), .status = 404, .reply = cases[i].page}};
        struct synapse_sight sight = look(HTTP_SERVER_START(steps), &config, synapse_inspect);

        assert_int_equal(sight.peer, SYNAPSE_PEER_PAGE);
        assert_int_equal(sight.title != NULL, cases[i].title != NULL);
        if (cases[i].title)
            assert_string_equal(sight.title, cases[i].title);
        synapse_sight_deinit(&sight);
    }
}

/* The largest one is told by its name, else by its id. */
static void test_a_room_without_a_name(void **state)
{
    static const struct server_step steps[] = {
        WELL,
        {WHO_AM_I, .status = 200, .reply = "{\"user_id\":\"@sync:h\",\"device_id\":\"D\"}"},
        {GET("/_synapse/admin/v2/users/%40sync%3Ah"), .bearer = "syt_given", .status = 200,
         .reply = "{\"admin\":true}"},
        {GET("/_matrix/client/v3/capabilities"), .bearer = "syt_given", .status = 200, .reply = "{}"},
        {GET("/_synapse/admin/v1/users/%40sync%3Ah/override_ratelimit"), .bearer = "syt_given", .status = 200,
         .reply = "{}"},
        {GET("/_synapse/admin/v1/rooms?order_by=joined_members&limit=100"), .bearer = "syt_given",
         .status = 200,
         .reply = "{\"rooms\":[{\"room_id\":\"!a:h\",\"name\":\"A\",\"joined_members\":5},"
                  "{\"room_id\":\"!b:h\",\"name\":null,\"joined_members\":9}],\"total_rooms\":2}"},
    };
    const struct synapse_config config = with_token();
    struct synapse_sight sight = look(HTTP_SERVER_START(steps), &config, synapse_inspect);

    (void)state;
    assert_string_equal(sight.version, "1.120.2");
    assert_int_equal(sight.is_admin, SYNAPSE_YES);
    assert_true(sight.has_rooms);
    assert_int_equal(sight.most_members, 9);
    assert_string_equal(sight.largest, "!b:h");
    synapse_sight_deinit(&sight);
}

/* ---- where the Matrix Authentication Service keeps the accounts ---- */

static void assert_mas(const struct server_step *answer, enum synapse_mas expected)
{
    static const struct server_step steps[] = {{METADATA, .reply = "{\"issuer\":\"https://mas.h/\"}"}};
    struct http_server *server = HTTP_SERVER_START(steps), *mas = http_server_start(answer, 1);
    const struct http_config terms = terms_of(mas);
    struct synapse_config config = with_token();
    struct synapse_sight sight;

    config.mas_uri = http_server_uri(mas);
    config.mas_http = &terms;
    sight = look(server, &config, synapse_inspect_accounts);
    assert_int_equal(sight.mas, expected);
    assert_string_equal(sight.issuer, "https://mas.h/");
    synapse_sight_deinit(&sight);
    http_server_finish(mas);
}

static void test_why_the_authentication_service_does_not_let_in(void **state)
{
    static const struct server_step no_api = {SITE, .status = 404}, no_right = {SITE, .status = 403},
                                    away = {SITE, .status = 502},
                                    foreign = {SITE, .status = 200, .reply = "{\"server_name\":\"other\"}"};

    (void)state;
    assert_mas(&no_api, SYNAPSE_MAS_NO_API);
    assert_mas(&no_right, SYNAPSE_MAS_NO_RIGHT);
    assert_mas(&away, SYNAPSE_MAS_AWAY);
    assert_mas(&foreign, SYNAPSE_MAS_FOREIGN);
}

/* Its issuer may be no address; or it is one, but one that we have no way to. */
static void test_an_authentication_service_that_is_nowhere(void **state)
{
    static const struct server_step nameless[] = {{METADATA, .reply = "{\"issuer\":\"mas\"}"}},
                                    named[] = {{METADATA, .reply = "{\"issuer\":\"https://mas.h/\"}"}};
    const struct synapse_config config = with_token();
    struct synapse_sight sight = look(HTTP_SERVER_START(nameless), &config, synapse_inspect_accounts);

    (void)state;
    assert_int_equal(sight.mas, SYNAPSE_MAS_NOWHERE);
    assert_null(sight.mas_address);
    synapse_sight_deinit(&sight);

    sight = look(HTTP_SERVER_START(named), &config, synapse_inspect_accounts);
    assert_int_equal(sight.mas, SYNAPSE_MAS_NOWHERE);
    assert_string_equal(sight.mas_address, "https://mas.h");
    assert_non_null(strstr(sight.problem.text, "https://mas.h"));
    synapse_sight_deinit(&sight);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_why_a_token_does_not_let_in),
        cmocka_unit_test(test_where_nobody_tells_how_to_log_in),
        cmocka_unit_test(test_whether_the_admin_api_is_there),
        cmocka_unit_test(test_what_a_page_is_called),
        cmocka_unit_test(test_a_room_without_a_name),
        cmocka_unit_test(test_why_the_authentication_service_does_not_let_in),
        cmocka_unit_test(test_an_authentication_service_that_is_nowhere),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
