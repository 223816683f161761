/* Connections that die without a word: what is not used any more, what is given up, and what is not. */

#include "http/fixture.h"
#include "support/test.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

enum { SOON = 100, LONGER_THAN_THE_GRACE = 2500 /* ms */ };

static const struct http_request get = {.path = "/"};
static const struct http_request fresh = {.path = "/fresh", .fresh = true};
static const struct http_request slow = {.method = HTTP_POST, .path = "/slow"};
static const struct http_request lost = {.path = "/lost", .limit = SOON};
static const struct http_request lost_probe = {.path = "/lost", .limit = SOON, .fresh = true};

static void begin(struct fixture *fixture, struct http_server *server)
{
    struct http_config config = fixture_config(http_server_uri(server));

    fixture_begin(fixture, server, &config);
}

static void stop_loop(void *context)
{
    loop_stop(context);
}

static void run_for(struct fixture *fixture, int64_t milliseconds)
{
    struct loop_timer timer;

    loop_timer_init(&timer, fixture->loop, stop_loop, fixture->loop);
    loop_timer_set(&timer, instant_now() + milliseconds);
    loop_run(fixture->loop);
}

/* Two requests at a time leave two idle connections. */
static void fill_pool(struct fixture *fixture)
{
    (void)fixture_send(fixture, &get);
    (void)fixture_send(fixture, &get);
    fixture_await(fixture, 2);
    assert_int_equal(http_server_connections(fixture->server), 2);
}

/* ---- connections ---- */

static void test_fresh_takes_no_connection_of_the_pool(void **state)
{
    static const struct server_step steps[] = {
        {.status = 200, .wait_for = 2}, {.status = 200, .wait_for = 2}, {.status = 200}, {.status = 200}};
    struct fixture fixture;

    (void)state;
    begin(&fixture, HTTP_SERVER_START(steps));
    fill_pool(&fixture);
    assert_int_equal(fixture_ask(&fixture, fresh)->status, 200);
    assert_int_equal(http_server_connections(fixture.server), 3);
    assert_int_equal(fixture_ask(&fixture, get)->status, 200);
    assert_int_equal(http_server_connections(fixture.server), 3);
    fixture_end(&fixture);
}

static void test_no_older_connection_is_used_after_a_failure(void **state)
{
    static const struct server_step steps[] = {{.status = 200, .wait_for = 2},
                                               {.status = 200, .wait_for = 2},
                                               {.line = "GET /lost"},
                                               {.status = 200}};
    struct fixture fixture;

    (void)state;
    begin(&fixture, HTTP_SERVER_START(steps));
    fill_pool(&fixture);
    assert_int_equal(fixture_ask(&fixture, lost)->result, HTTP_BROKEN);
    assert_int_equal(http_server_connections(fixture.server), 2);
    assert_int_equal(fixture_ask(&fixture, get)->status, 200);
    assert_int_equal(http_server_connections(fixture.server), 3);
    fixture_end(&fixture);
}

/* Also later, when those that were made since are good again. */
static void test_younger_connections_are_used_again(void **state)
{
    static const struct server_step steps[] = {{.status = 200, .wait_for = 2},
                                               {.status = 200, .wait_for = 2},
                                               {.line = "GET /lost"},
                                               {.status = 200},
                                               {.status = 200}};
    struct fixture fixture;

    (void)state;
    begin(&fixture, HTTP_SERVER_START(steps));
    fill_pool(&fixture);
    run_for(&fixture, 1000); /* libcurl knows the age of a connection in whole seconds */
    assert_int_equal(fixture_ask(&fixture, lost)->result, HTTP_BROKEN);
    run_for(&fixture, 2200);
    assert_int_equal(fixture_ask(&fixture, get)->status, 200);
    assert_int_equal(http_server_connections(fixture.server), 3);
    assert_int_equal(fixture_ask(&fixture, get)->status, 200);
    assert_int_equal(http_server_connections(fixture.server), 3);
    fixture_end(&fixture);
}

/* The sockets of this process that are connected to the port. */
static unsigned check_sockets(unsigned port)
{
    struct sockaddr_in peer = {0};
    unsigned unanswered = 0, found = 0;
    int idle = 0, every = 0;

    for (int fd = 0; fd < 256; fd++) {
        socklen_t size = sizeof(peer);

        if (getpeername(fd, (struct sockaddr *)&peer, &size) < 0 || peer.sin_family != AF_INET ||
            ntohs(peer.sin_port) != port)
            continue;
        found++;
        size = sizeof(unanswered);
        assert_int_equal(getsockopt(fd, IPPROTO_TCP, TCP_USER_TIMEOUT, &unanswered, &size), 0);
        assert_int_equal(unanswered, 10000);
        assert_int_equal(getsockopt(fd, IPPROTO_TCP, TCP_KEEPIDLE, &idle, &size), 0);
        assert_int_equal(getsockopt(fd, IPPROTO_TCP, TCP_KEEPINTVL, &every, &size), 0);
        assert_int_equal(idle + every, 10);
    }
    return found;
}

static void test_the_kernel_notices_a_dead_peer_soon(void **state)
{
    static const struct server_step steps[] = {{.status = 200, .wait_for = 2},
                                               {.status = 200, .wait_for = 2}};
    struct fixture fixture;

    (void)state;
    begin(&fixture, HTTP_SERVER_START(steps));
    fill_pool(&fixture);
    assert_int_equal(check_sockets(http_server_port(fixture.server)), 2);
    fixture_end(&fixture);
}

/* ---- calls ---- */

static void test_silent_calls_are_given_up_when_the_server_is_back(void **state)
{
    static const struct server_step steps[] = {
        {.line = "POST /slow"}, {.line = "POST /slow"}, {.line = "GET /lost"}, {.status = 200}};
    struct fixture fixture;

    (void)state;
    begin(&fixture, HTTP_SERVER_START(steps));
    (void)fixture_send(&fixture, &slow);
    (void)fixture_send(&fixture, &slow);
    run_for(&fixture, SOON);
    assert_int_equal(fixture_ask(&fixture, lost_probe)->result, HTTP_BROKEN);
    http_doubt(fixture.http);
    assert_int_equal(fixture_ask(&fixture, get)->status, 200);
    http_grace(fixture.http);
    fixture_await(&fixture, 4); /* its patience is less than the limit of the calls */
    for (size_t i = 2; i < 4; i++) {
        assert_int_equal(fixture.replies[i].result, HTTP_BROKEN);
        assert_non_null(strstr(fixture.replies[i].problem, ": the connection is dead"));
    }
    fixture_end(&fixture);
}

static void test_nothing_is_given_up_while_the_server_is_away(void **state)
{
    static const struct server_step steps[] = {{.line = "POST /slow", .status = 200, .wait_for = 5},
                                               {.line = "POST /slow", .status = 201, .wait_for = 4},
                                               {.line = "GET /lost"},
                                               {.line = "GET /lost"},
                                               {.line = "GET /", .status = 200}};
    struct fixture fixture;

    (void)state;
    begin(&fixture, HTTP_SERVER_START(steps));
    (void)fixture_send(&fixture, &slow);
    run_for(&fixture, SOON);
    (void)fixture_send(&fixture, &slow);
    run_for(&fixture, SOON);
    assert_int_equal(fixture_ask(&fixture, lost_probe)->result, HTTP_BROKEN);
    http_doubt(fixture.http);
    (void)fixture_send(&fixture, &lost);
    fixture_await(&fixture, 3);
    assert_int_equal(fixture.replies[1].status, 201);
    assert_int_equal(fixture.replies[2].result, HTTP_BROKEN);
    run_for(&fixture, LONGER_THAN_THE_GRACE);
    assert_int_equal(fixture.count, 3);
    http_grace(fixture.http);
    (void)fixture_send(&fixture, &get);
    fixture_await(&fixture, 5); /* both, within the grace */
    assert_int_equal(fixture.replies[3].result, HTTP_ANSWERED);
    assert_int_equal(fixture.replies[4].result, HTTP_ANSWERED);
    fixture_end(&fixture);
}

static void test_nothing_is_given_up_without_a_doubt(void **state)
{
    static const struct server_step steps[] = {{.line = "POST /slow", .status = 200, .wait_for = 4},
                                               {.line = "GET /lost"},
                                               {.line = "GET /", .status = 200},
                                               {.line = "GET /", .status = 200}};
    struct fixture fixture;

    (void)state;
    begin(&fixture, HTTP_SERVER_START(steps));
    (void)fixture_send(&fixture, &slow);
    run_for(&fixture, SOON);
    assert_int_equal(fixture_ask(&fixture, lost)->result, HTTP_BROKEN);
    assert_int_equal(fixture_ask(&fixture, get)->status, 200);
    http_grace(fixture.http);
    run_for(&fixture, LONGER_THAN_THE_GRACE);
    assert_int_equal(fixture.count, 2);
    (void)fixture_send(&fixture, &get);
    fixture_await(&fixture, 4);
    assert_int_equal(fixture.replies[2].result, HTTP_ANSWERED);
    assert_int_equal(fixture.replies[3].result, HTTP_ANSWERED);
    fixture_end(&fixture);
}

/* Calls that began after the server was found to be away know better than that. */
static void test_later_calls_are_not_given_up(void **state)
{
    static const struct server_step steps[] = {{.line = "GET /lost"},
                                               {.line = "POST /slow", .status = 200, .wait_for = 4},
                                               {.line = "GET /", .status = 200},
                                               {.line = "GET /", .status = 200}};
    struct fixture fixture;

    (void)state;
    begin(&fixture, HTTP_SERVER_START(steps));
    assert_int_equal(fixture_ask(&fixture, lost_probe)->result, HTTP_BROKEN);
    http_doubt(fixture.http);
    (void)fixture_send(&fixture, &slow);
    run_for(&fixture, SOON);
    assert_int_equal(fixture_ask(&fixture, get)->status, 200);
    http_grace(fixture.http);
    run_for(&fixture, LONGER_THAN_THE_GRACE);
    assert_int_equal(fixture.count, 2);
    (void)fixture_send(&fixture, &get);
    fixture_await(&fixture, 4);
    assert_int_equal(fixture.replies[2].result, HTTP_ANSWERED);
    assert_int_equal(fixture.replies[3].result, HTTP_ANSWERED);
    fixture_end(&fixture);
}

struct pair {
    struct fixture fixture;
    struct http_call *other;
};

static void cancel_other(void *context, const struct http_reply *reply)
{
    struct pair *pair = context;

    http_cancel(pair->other);
    keep_reply(&pair->fixture, reply);
}

static void test_cancelling_while_calls_are_given_up(void **state)
{
    static const struct server_step steps[] = {
        {.line = "POST /slow"}, {.line = "POST /slow"}, {.line = "GET /lost"}, {.status = 200}};
    struct pair pair = {0};

    (void)state;
    begin(&pair.fixture, HTTP_SERVER_START(steps));
    (void)http_send(pair.fixture.http, &slow, cancel_other, &pair);
    pair.other = fixture_send(&pair.fixture, &slow);
    run_for(&pair.fixture, SOON);
    assert_int_equal(fixture_ask(&pair.fixture, lost_probe)->result, HTTP_BROKEN);
    http_doubt(pair.fixture.http);
    assert_int_equal(fixture_ask(&pair.fixture, get)->status, 200);
    http_grace(pair.fixture.http);
    fixture_await(&pair.fixture, 3);
    run_for(&pair.fixture, SOON);
    assert_int_equal(pair.fixture.count, 3);
    fixture_end(&pair.fixture);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_fresh_takes_no_connection_of_the_pool),
        cmocka_unit_test(test_no_older_connection_is_used_after_a_failure),
        cmocka_unit_test(test_younger_connections_are_used_again),
        cmocka_unit_test(test_the_kernel_notices_a_dead_peer_soon),
        cmocka_unit_test(test_silent_calls_are_given_up_when_the_server_is_back),
        cmocka_unit_test(test_nothing_is_given_up_while_the_server_is_away),
        cmocka_unit_test(test_nothing_is_given_up_without_a_doubt),
        cmocka_unit_test(test_later_calls_are_not_given_up),
        cmocka_unit_test(test_cancelling_while_calls_are_given_up),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
