/* A session in which nothing is written, and whether its trouble passes by itself. */
#include "fixture.h"
#include "support/test.h"

static void only_reads(struct client *client, struct http_server *server, const struct synapse_config *config)
{
    client_begin(client, server, config);
    synapse_only_read(client->synapse);
}

/* Neither name nor avatar nor rate limit are touched, or asked after. */
static void test_nothing_is_set_at_the_start(void **state)
{
    static const struct server_step steps[] = {OPEN_SESSION};
    struct synapse_config config = given_token();
    struct client client;

    (void)state;
    config.display_name = "Another";
    config.avatar_path = "no such file";
    config.lift_rate_limit = true;
    only_reads(&client, HTTP_SERVER_START(steps), &config);
    client_await(&client, "+");
    client_end(&client);
}

/* Else a createRoom that cannot succeed would tell whose the refusal is (synapse/blame.h). */
static void test_no_write_is_tried(void **state)
{
    static const struct server_step steps[] = {
        OPEN_SESSION,
        {.line = "GET /_synapse/admin/v2/users/%40a%3Ah",
         .bearer = "syt_given",
         .status = 403,
         .reply = "{\"errcode\":\"M_CONSENT_NOT_GIVEN\",\"error\":\"no\"}"}};
    struct synapse_config config = given_token();
    struct client client;

    (void)state;
    only_reads(&client, HTTP_SERVER_START(steps), &config);
    client_await(&client, "+");
    client_send(&client, '0', &(struct synapse_call){.kind = SYNAPSE_READ_USER, .user = "@a:h"});
    client_await(&client, "+0");
    assert_int_not_equal(client.replies[0].outcome, SYNAPSE_OK);
    client_end(&client);
}

static void check_trouble(struct http_server *server, const char *trouble, bool is_refused)
{
    struct synapse_config config = given_token();
    struct client client;

    client_begin(&client, server, &config);
    assert_false(synapse_is_refused(client.synapse));
    client_await_trouble(&client, trouble);
    assert_int_equal(synapse_is_refused(client.synapse), is_refused);
    client_end(&client);
}

static void test_what_passes_and_what_does_not(void **state)
{
    static const struct server_step refused[] = {
        {.line = "GET /_matrix/client/v3/account/whoami",
         .bearer = "syt_given",
         .status = 401,
         .reply = "{\"errcode\":\"M_UNKNOWN_TOKEN\",\"error\":\"no\"}"}};
    static const struct server_step failing[] = {{.line = "GET /_matrix/client/v3/account/whoami",
                                                  .bearer = "syt_given",
                                                  .status = 500,
                                                  .reply = "{}"}};

    (void)state;
    check_trouble(HTTP_SERVER_START(refused), "the token that was given is refused", true);
    check_trouble(HTTP_SERVER_START(failing), "500", false);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_nothing_is_set_at_the_start),
        cmocka_unit_test(test_no_write_is_tried),
        cmocka_unit_test(test_what_passes_and_what_does_not),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
