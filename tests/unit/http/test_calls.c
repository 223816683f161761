/* Many calls: their order, their connections, cancelling, sending from a callback. */

#include "http/fixture.h"
#include "support/test.h"

#include <stdio.h>

static const struct http_request get = {.path = "/"};

static void begin(struct fixture *fixture, struct http_server *server, long connections)
{
    struct http_config config = fixture_config(http_server_uri(server));

    config.connections = connections;
    fixture_begin(fixture, server, &config);
}

static void stop_loop(void *context)
{
    loop_stop(context);
}

/* Runs the loop for a moment, for what must not happen. */
static void run_a_moment(struct fixture *fixture)
{
    struct loop_timer timer;

    loop_timer_init(&timer, fixture->loop, stop_loop, fixture->loop);
    loop_timer_set(&timer, instant_now() + 50);
    loop_run(fixture->loop);
}

/* Runs the loop until the server has received so many requests. */
static void await_requests(struct fixture *fixture, unsigned count)
{
    instant end = instant_now() + PATIENCE;
    struct loop_timer timer;

    loop_timer_init(&timer, fixture->loop, stop_loop, fixture->loop);
    while (http_server_requests(fixture->server) < count) {
        assert_true(instant_now() < end);
        loop_timer_set(&timer, instant_now() + 1);
        loop_run(fixture->loop);
    }
}

/* ---- connections ---- */

static void test_no_reply_before_send_returned(void **state)
{
    static const struct http_request unsendable = {.path = "no good"};
    static const struct server_step steps[] = {{.status = 200}};
    struct fixture fixture;

    (void)state;
    begin(&fixture, HTTP_SERVER_START(steps), 1);
    assert_int_equal(http_count(fixture.http), 0);
    (void)fixture_send(&fixture, &unsendable);
    (void)fixture_send(&fixture, &get);
    assert_int_equal(fixture.count, 0);
    assert_int_equal(http_count(fixture.http), 2);
    fixture_await(&fixture, 2);
    assert_int_equal(fixture.replies[0].result, HTTP_UNREACHABLE);
    assert_int_equal(fixture.replies[1].result, HTTP_ANSWERED);
    assert_int_equal(http_count(fixture.http), 2);
    fixture_end(&fixture);
}

/* With one connection the requests must come in the order they were sent: the script is in order. */
static void test_one_connection_serves_all_in_order(void **state)
{
    struct server_step steps[20];
    char lines[20][16];
    struct fixture fixture;

    (void)state;
    for (size_t i = 0; i < 20; i++) {
        (void)snprintf(lines[i], sizeof(lines[i]), "GET /%zu", i);
        steps[i] = (struct server_step){.line = lines[i], .status = 200, .reply = lines[i]};
    }
    begin(&fixture, HTTP_SERVER_START(steps), 1);
    for (size_t i = 0; i < 20; i++) {
        char path[16];
        struct http_request request = {.path = path};

        (void)snprintf(path, sizeof(path), "/%zu", i);
        (void)fixture_send(&fixture, &request);
    }
    fixture_await(&fixture, 20);
    for (size_t i = 0; i < 20; i++)
        assert_string_equal(fixture.replies[i].body, lines[i]);
    assert_int_equal(http_server_connections(fixture.server), 1);
    fixture_end(&fixture);
}

/* The first replies come only when four requests are there: they must be under way together. */
static void test_many_calls_over_few_connections(void **state)
{
    struct server_step steps[60];
    struct fixture fixture;

    (void)state;
    for (size_t i = 0; i < 60; i++)
        steps[i] = (struct server_step){.status = 200, .wait_for = 4};
    begin(&fixture, HTTP_SERVER_START(steps), 4);
    for (size_t i = 0; i < 60; i++)
        (void)fixture_send(&fixture, &get);
    fixture_await(&fixture, 60);
    for (size_t i = 0; i < 60; i++)
        assert_int_equal(fixture.replies[i].status, 200);
    assert_int_equal(http_server_connections(fixture.server), 4);
    fixture_end(&fixture);
}

static void test_idle_connection_closed_by_server(void **state)
{
    static const struct server_step steps[] = {{.status = 200, .end = SERVER_CLOSE},
                                               {.status = 201, .headers = "Connection: close\r\n"},
                                               {.status = 202}};
    static const struct http_request post = {.method = HTTP_POST, .path = "/"};
    struct fixture fixture;

    (void)state;
    begin(&fixture, HTTP_SERVER_START(steps), 4);
    for (long i = 0; i < 3; i++) {
        const struct kept_reply *reply = fixture_ask(&fixture, post);

        assert_int_equal(reply->result, HTTP_ANSWERED);
        assert_int_equal(reply->status, 200 + i);
        run_a_moment(&fixture); /* until the end of the connection has come in too */
    }
    assert_int_equal(http_server_connections(fixture.server), 3);
    fixture_end(&fixture);
}

/* The server reads the request on a connection used before, and closes it without a word. */
static void assert_sent(enum http_method method, bool with_body, unsigned times, enum http_result result)
{
    const struct server_step steps[] = {{.status = 200}, {.end = SERVER_CLOSE}, {.status = 200}};
    struct http_request request = {.method = method, .path = "/"};
    struct fixture fixture;

    if (with_body) {
        request.body = "{}";
        request.body_size = 2;
    }
    begin(&fixture, http_server_start(steps, times + 1), 4);
    assert_int_equal(fixture_ask(&fixture, get)->result, HTTP_ANSWERED);
    assert_int_equal(fixture_ask(&fixture, request)->result, result);
    assert_int_equal(http_server_requests(fixture.server), times + 1);
    fixture_end(&fixture);
}

static void test_only_get_is_sent_again(void **state)
{
    (void)state;
    assert_sent(HTTP_GET, false, 2, HTTP_ANSWERED);
    assert_sent(HTTP_POST, true, 1, HTTP_BROKEN);
    assert_sent(HTTP_POST, false, 1, HTTP_BROKEN);
    assert_sent(HTTP_PUT, true, 1, HTTP_BROKEN);
    assert_sent(HTTP_DELETE, false, 1, HTTP_BROKEN);
}

/* ---- cancelling ---- */

static void must_not_be_called(void *context, const struct http_reply *reply)
{
    (void)context;
    (void)reply;
    fail_msg("a cancelled call was reported");
}

static void test_cancel_before_the_loop_runs(void **state)
{
    struct fixture fixture;

    (void)state;
    begin(&fixture, http_server_start(NULL, 0), 1);
    http_cancel(NULL);
    http_cancel(http_send(fixture.http, &get, must_not_be_called, NULL));
    run_a_moment(&fixture);
    fixture_end(&fixture);
}

static void test_cancel_of_a_waiting_call(void **state)
{
    static const struct server_step steps[] = {{.line = "GET /1", .status = 200},
                                               {.line = "GET /3", .status = 200}};
    static const struct http_request first = {.path = "/1"}, second = {.path = "/2"}, third = {.path = "/3"};
    struct fixture fixture;
    struct http_call *waiting;

    (void)state;
    begin(&fixture, HTTP_SERVER_START(steps), 1);
    (void)fixture_send(&fixture, &first);
    waiting = http_send(fixture.http, &second, must_not_be_called, NULL);
    (void)fixture_send(&fixture, &third);
    http_cancel(waiting);
    fixture_await(&fixture, 2);
    fixture_end(&fixture);
}

/* Cancelled before any of the reply has come, and in the middle of it; the connection is not used again. */
static void test_cancel_of_a_running_call(void **state)
{
    static const struct server_step steps[] = {
        {0}, {.raw = "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n{}"}, {.status = 200}};
    struct http_call *call;
    struct fixture fixture;

    (void)state;
    begin(&fixture, HTTP_SERVER_START(steps), 1);
    for (unsigned i = 1; i <= 2; i++) {
        call = http_send(fixture.http, &get, must_not_be_called, NULL);
        await_requests(&fixture, i);
        run_a_moment(&fixture);
        http_cancel(call);
    }
    assert_int_equal(fixture_ask(&fixture, get)->status, 200);
    fixture_end(&fixture);
}

static void test_waiting_call_takes_the_place_of_a_cancelled_one(void **state)
{
    static const struct server_step steps[] = {{0}, {.status = 200}};
    struct http_call *call;
    struct fixture fixture;

    (void)state;
    begin(&fixture, HTTP_SERVER_START(steps), 1);
    call = http_send(fixture.http, &get, must_not_be_called, NULL);
    (void)fixture_send(&fixture, &get);
    await_requests(&fixture, 1);
    http_cancel(call);
    fixture_await(&fixture, 1);
    assert_int_equal(fixture.replies[0].status, 200);
    fixture_end(&fixture);
}

static void test_free_cancels_all(void **state)
{
    static const struct server_step steps[] = {{0}, {0}};
    struct fixture fixture;

    (void)state;
    begin(&fixture, HTTP_SERVER_START(steps), 2);
    for (int i = 0; i < 5; i++)
        (void)http_send(fixture.http, &get, must_not_be_called, NULL);
    await_requests(&fixture, 2);
    fixture_end(&fixture);
}

/* ---- from within a callback ---- */

struct pair {
    struct fixture *fixture;
    struct http_call *calls[2];
    unsigned done;
};

static void cancel_both(void *context, const struct http_reply *reply)
{
    struct pair *pair = context;

    assert_int_equal(reply->result, HTTP_UNREACHABLE);
    pair->done++;
    http_cancel(pair->calls[0]);
    http_cancel(pair->calls[1]);
    assert_non_null(strstr(reply->problem, "cannot be sent")); /* the reply is still there */
    loop_stop(pair->fixture->loop);
}

/* Both fail at once, in one go of libcurl; the first to be reported cancels itself and the other one. */
static void test_cancel_of_a_finished_call(void **state)
{
    static const struct http_request unsendable = {.path = "no good"};
    struct fixture fixture;
    struct pair pair = {.fixture = &fixture};

    (void)state;
    begin(&fixture, http_server_start(NULL, 0), 2);
    pair.calls[0] = http_send(fixture.http, &unsendable, cancel_both, &pair);
    pair.calls[1] = http_send(fixture.http, &unsendable, cancel_both, &pair);
    loop_run(fixture.loop);
    run_a_moment(&fixture);
    assert_int_equal(pair.done, 1);
    fixture_end(&fixture);
}

static void send_next(void *context, const struct http_reply *reply)
{
    struct fixture *fixture = context;

    keep_reply(fixture, reply);
    if (fixture->count < fixture->wanted)
        (void)http_send(fixture->http, &get, send_next, fixture);
}

static void test_callback_sends_the_next(void **state)
{
    struct server_step steps[30];
    struct fixture fixture;

    (void)state;
    for (size_t i = 0; i < 30; i++)
        steps[i] = (struct server_step){.line = "GET /", .status = 200};
    begin(&fixture, HTTP_SERVER_START(steps), 1);
    (void)http_send(fixture.http, &get, send_next, &fixture);
    fixture_await(&fixture, 30);
    assert_int_equal(http_server_connections(fixture.server), 1);
    assert_int_equal(http_count(fixture.http), 30);
    fixture_end(&fixture);
}

/* A handle that is used again must keep nothing of the call before. */
static void test_nothing_is_left_of_the_call_before(void **state)
{
    static const struct server_step steps[] = {{.line = "POST /a",
                                                .bearer = "t",
                                                .body = "{}",
                                                .status = 429,
                                                .headers = "Retry-After: 9\r\n",
                                                .reply = "x"},
                                               {.line = "GET /b", .status = 200},
                                               {.line = "DELETE /c", .status = 200},
                                               {.line = "PUT /d", .status = 200}};
    static const struct http_request requests[] = {
        {.method = HTTP_POST, .path = "/a", .bearer = "t", .body = "{}", .body_size = 2, .limit = INT64_MAX},
        {.method = HTTP_GET, .path = "/b"},
        {.method = HTTP_DELETE, .path = "/c"},
        {.method = HTTP_PUT, .path = "/d"}};
    struct fixture fixture;

    (void)state;
    begin(&fixture, HTTP_SERVER_START(steps), 1);
    for (size_t i = 0; i < 4; i++) {
        const struct kept_reply *reply = fixture_ask(&fixture, requests[i]);

        assert_int_equal(reply->retry_after, i == 0 ? 9000 : -1);
        assert_string_equal(reply->body, i == 0 ? "x" : "");
    }
    fixture_end(&fixture);
}

static bool may_not(void *context, const char *path, instant begun)
{
    assert_string_equal(path, "/a");
    assert_in_range(instant_now() - begun, 0, 60000);
    ++*(unsigned *)context;
    return false;
}

/* The one request that the server knows of is the GET. */
static void test_a_write_that_may_not_go_out_any_more(void **state)
{
    static const struct server_step steps[] = {{.line = "GET /", .status = 200}};
    struct http_server *server = HTTP_SERVER_START(steps);
    struct http_config config = fixture_config(http_server_uri(server));
    struct fixture fixture;
    unsigned asked = 0;

    (void)state;
    config.may_write = may_not;
    config.context = &asked;
    fixture_begin(&fixture, server, &config);
    assert_int_equal(fixture_ask(&fixture, (struct http_request){.method = HTTP_PUT, .path = "/a"})->result,
                     HTTP_UNREACHABLE);
    assert_int_equal(asked, 1);
    assert_int_equal(fixture_ask(&fixture, get)->result, HTTP_ANSWERED);
    fixture_end(&fixture);
}

/* ---- the observer ---- */

struct seen {
    struct http_event events[4];
    size_t count;
};

static void see(void *observer, const struct http_event *event)
{
    struct seen *seen = observer;

    assert_true(seen->count < 4);
    seen->events[seen->count++] = *event;
}

static void test_each_request_is_told_by_its_route(void **state)
{
    static const struct server_step steps[] = {{.status = 404}, {.raw = "nonsense", .end = SERVER_CLOSE}};
    static const struct http_request named = {.route = "/rooms/{room}", .path = "/rooms/7"};
    struct http_server *server = HTTP_SERVER_START(steps);
    struct http_config config = fixture_config(http_server_uri(server));
    struct seen seen = {.count = 0};
    struct fixture fixture;

    (void)state;
    config.observe = see;
    config.observer = &seen;
    fixture_begin(&fixture, server, &config);
    (void)fixture_ask(&fixture, named);
    (void)fixture_ask(&fixture, (struct http_request){.method = HTTP_PUT, .path = "/rooms/7"});
    assert_int_equal(seen.count, 2);
    assert_string_equal(seen.events[0].route, "/rooms/{room}");
    assert_int_equal(seen.events[0].status, 404);
    assert_int_equal(seen.events[0].result, HTTP_ANSWERED);
    assert_int_equal(seen.events[1].method, HTTP_PUT);
    assert_null(seen.events[1].route);
    assert_int_equal(seen.events[1].status, 0);
    assert_int_equal(seen.events[1].result, HTTP_BROKEN);
    fixture_end(&fixture);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_no_reply_before_send_returned),
        cmocka_unit_test(test_one_connection_serves_all_in_order),
        cmocka_unit_test(test_many_calls_over_few_connections),
        cmocka_unit_test(test_idle_connection_closed_by_server),
        cmocka_unit_test(test_only_get_is_sent_again),
        cmocka_unit_test(test_cancel_before_the_loop_runs),
        cmocka_unit_test(test_cancel_of_a_waiting_call),
        cmocka_unit_test(test_cancel_of_a_running_call),
        cmocka_unit_test(test_waiting_call_takes_the_place_of_a_cancelled_one),
        cmocka_unit_test(test_free_cancels_all),
        cmocka_unit_test(test_cancel_of_a_finished_call),
        cmocka_unit_test(test_callback_sends_the_next),
        cmocka_unit_test(test_nothing_is_left_of_the_call_before),
        cmocka_unit_test(test_a_write_that_may_not_go_out_any_more),
        cmocka_unit_test(test_each_request_is_told_by_its_route),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
