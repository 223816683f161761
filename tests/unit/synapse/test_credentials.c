/* Other credentials in mid-run. */
#include "fixture.h"
#include "login.h"
#include "support/capture.h"
#include "support/test.h"

static const struct synapse_config by_password = {
    .server_name = "h", .sync_user = "@sync:h", .password = "PASSWORD"};
static const struct synapse_call join = {.kind = SYNAPSE_JOIN_USER, .room = "!r:h", .user = "@a:h"};
static const struct synapse_call look = {.kind = SYNAPSE_READ_USER, .user = "@a:h"};

static void opens_anew_with_other_credentials(void **state)
{
    static const struct server_step steps[] = {
        OPEN_SESSION,
        LOG_IN(PASSWORD_LOGIN, "NEW"),
        READ_SELF("NEW"),
        READ_CAPABILITIES("NEW"),
    };
    struct synapse_config config = given_token();
    struct client client;

    (void)state;
    client_begin(&client, HTTP_SERVER_START(steps), &config);
    client_await(&client, "+");
    synapse_set_credentials(client.synapse, &by_password);
    assert_false(synapse_is_ready(client.synapse));
    client_await(&client, "+-+");
    client_end(&client);
}

/* Whatever was wrong with those before, and however long the pauses had grown. */
static void other_credentials_are_tried_at_once(void **state)
{
    static const struct server_step steps[] = {
        {.line = "GET /_matrix/client/v3/account/whoami",
         .bearer = "syt_given",
         REFUSED(401, "M_UNKNOWN_TOKEN", "no")},
        LOG_IN(PASSWORD_LOGIN, "NEW"),
        READ_SELF("NEW"),
        READ_CAPABILITIES("NEW"),
    };
    struct synapse_config config = given_token();
    struct client client;

    (void)state;
    client_begin(&client, HTTP_SERVER_START(steps), &config);
    client_await_trouble(&client, "the token that was given is refused");
    assert_true(synapse_is_refused(client.synapse));
    synapse_set_credentials(client.synapse, &by_password);
    assert_false(synapse_is_refused(client.synapse));
    client_await(&client, "+");
    client_end(&client);
}

/* Words of the homeserver must not repeat the new one, and nobody is asked with the old one. */
static void another_token_is_used_and_not_told(void **state)
{
    static const struct server_step steps[] = {
        OPEN_SESSION,
        {.line = "GET /_matrix/client/v3/account/whoami",
         .bearer = "syt_another",
         REFUSED(500, "M_UNKNOWN", "cannot look up syt_another")},
        {.line = "GET /_matrix/client/v3/account/whoami",
         .bearer = "syt_another",
         .status = 200,
         .reply = "{\"user_id\":\"@sync:h\"}"},
        READ_SELF("syt_another"),
        READ_CAPABILITIES("syt_another"),
    };
    struct synapse_config config = given_token();
    CLEANUP(freep) char *log = NULL;
    struct capture capture;
    struct client client;

    (void)state;
    client_begin(&client, HTTP_SERVER_START(steps), &config);
    client_await(&client, "+");
    config.token = "syt_another";
    capture_begin(&capture);
    synapse_set_credentials(client.synapse, &config);
    client_await(&client, "+-+");
    log = capture_end(&capture);
    assert_non_null(strstr(log, "homeserver-unavailable"));
    assert_null(strstr(log, "syt_another"));
    client_end(&client);
}

struct poll {
    struct client *client;
    struct loop_timer timer;
    unsigned requests;
};

static void poll_requests(void *context)
{
    struct poll *poll = context;

    if (http_server_requests(poll->client->server) >= poll->requests)
        loop_stop(poll->client->loop);
    else
        loop_timer_set(&poll->timer, instant_now() + 1);
}

/* Runs the loop until so many requests have come to the server in all. */
static void await_requests(struct client *client, unsigned requests)
{
    struct poll poll = {.client = client, .requests = requests};

    loop_timer_init(&poll.timer, client->loop, poll_requests, &poll);
    loop_timer_set(&poll.timer, instant_now());
    loop_run(client->loop);
    loop_timer_stop(&poll.timer);
}

static void run_for(struct client *client, int64_t milliseconds)
{
    loop_timer_set(&client->patience, instant_now() + milliseconds);
    loop_run(client->loop);
    loop_timer_stop(&client->patience);
}

/* What was being asked with those before is not waited for: its answer is taken for that to nothing else, and
   its absence is no silence of the homeserver, after which its health would be asked for. */
static void a_step_under_way_is_dropped(void **state)
{
    static const struct server_step steps[] = {
        {.line = "GET /_matrix/client/v3/account/whoami",
         .bearer = "syt_given",
         REFUSED(403, "M_FORBIDDEN", "no"),
         .wait_for = 2},
        LOG_IN(PASSWORD_LOGIN, "NEW"),
        READ_SELF("NEW"),
        READ_CAPABILITIES("NEW"),
    };
    enum { SILENCE = 2500 }; /* ms */
    struct synapse_config config = given_token();
    CLEANUP(freep) char *log = NULL;
    struct capture capture;
    struct client client;

    (void)state;
    client_begin(&client, HTTP_SERVER_START(steps), &config);
    await_requests(&client, 1);
    capture_begin(&capture);
    synapse_set_credentials(client.synapse, &by_password);
    client_await(&client, "+");
    run_for(&client, SILENCE);
    log = capture_end(&capture);
    assert_null(strstr(log, "homeserver-refused"));
    client_end(&client);
}

/* Whether the sync user was an admin with the credentials before says nothing of those that are used now. */
static void what_was_asked_before_is_no_news(void **state)
{
    static const struct server_step steps[] = {
        OPEN_SESSION,
        {.line = "POST /_synapse/admin/v1/join/%21r%3Ah",
         .bearer = "syt_given",
         .body = "{\"user_id\":\"@a:h\"}",
         REFUSED(403, "M_FORBIDDEN", "no")},
        {.line = "GET /_synapse/admin/v2/users/" SELF,
         .bearer = "syt_given",
         REFUSED(403, "M_FORBIDDEN", "You are not a server admin"),
         .wait_for = 9},
        LOG_IN(PASSWORD_LOGIN, "NEW"),
        READ_SELF("NEW"),
        READ_CAPABILITIES("NEW"),
        {.line = "GET /_synapse/admin/v2/users/%40a%3Ah", .bearer = "NEW", .status = 200, .reply = "{}"},
    };
    struct synapse_config config = given_token();
    struct client client;

    (void)state;
    client_begin(&client, HTTP_SERVER_START(steps), &config);
    client_await(&client, "+");
    client_send(&client, '0', &join);
    await_requests(&client, 5);
    synapse_set_credentials(client.synapse, &by_password);
    client_await(&client, "+-+");
    client_send(&client, '1', &look);
    client.wanted = 5;
    while (client.count < client.wanted)
        loop_run(client.loop);
    assert_null(strchr(client.events + 3, '-'));
    assert_true(synapse_is_ready(client.synapse));
    assert_int_equal(client.replies[0].outcome, SYNAPSE_SHUT_OUT);
    client_end(&client);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(opens_anew_with_other_credentials),
        cmocka_unit_test(other_credentials_are_tried_at_once),
        cmocka_unit_test(another_token_is_used_and_not_told),
        cmocka_unit_test(a_step_under_way_is_dropped),
        cmocka_unit_test(what_was_asked_before_is_no_news),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
