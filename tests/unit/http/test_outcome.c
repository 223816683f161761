/* What became of a request: every http_result, and what goes over the wire for it. */

#include "http/fixture.h"
#include "support/evil.h"
#include "support/test.h"

#include <stdio.h>
#include <time.h>

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))
#define ASK(fixture, ...) fixture_ask(fixture, (struct http_request){__VA_ARGS__})

static void begin(struct fixture *fixture, struct http_server *server)
{
    struct http_config config = fixture_config(http_server_uri(server));

    fixture_begin(fixture, server, &config);
}

/* One request to a server that is not one of ours. */
static void assert_unreachable(const char *base, int64_t connect_limit, const char *words)
{
    struct http_config config = fixture_config(base);
    const struct kept_reply *reply;
    struct fixture fixture;

    config.connect_limit = connect_limit;
    fixture_begin(&fixture, NULL, &config);
    reply = ASK(&fixture, .method = HTTP_POST, .path = "/secret/path?secret=query", .bearer = "secret-token");
    assert_int_equal(reply->result, HTTP_UNREACHABLE);
    assert_int_equal(reply->status, 0);
    assert_int_equal(reply->retry_after, -1);
    assert_string_equal(reply->body, "");
    assert_non_null(strstr(reply->problem, words));
    assert_null(strstr(reply->problem, "secret"));
    fixture_end(&fixture);
}

/* The reply to a GET that the server answers with these bytes and this end. */
static void assert_outcome(const char *raw, enum server_end end, enum http_result result, const char *words)
{
    const struct server_step steps[] = {{.line = "GET /secret?secret", .raw = raw, .end = end}};
    const struct kept_reply *reply;
    struct fixture fixture;

    begin(&fixture, HTTP_SERVER_START(steps));
    reply = ASK(&fixture, .path = "/secret?secret");
    assert_int_equal(reply->result, result);
    assert_int_equal(reply->status, result == HTTP_ANSWERED ? 200 : 0);
    assert_string_equal(reply->body, result == HTTP_ANSWERED ? words : "");
    if (result == HTTP_ANSWERED) {
        assert_null(reply->problem);
    } else {
        assert_non_null(strstr(reply->problem, words));
        assert_null(strstr(reply->problem, "secret"));
        assert_non_null(strstr(reply->problem, "127.0.0.1:"));
    }
    fixture_end(&fixture);
}

static void test_each_method_is_sent_to_the_byte(void **state)
{
    static const struct server_step steps[] = {
        {.line = "GET /users/%40a%2Fb%3Ah/../x?b=%20", .bearer = "tok_en-1", .status = 200, .reply = "{}"},
        {.line = "PUT /users/%40a", .bearer = "t", .body = "{\"a\":1}", .status = 201},
        {.line = "PUT /empty", .status = 200},
        {.line = "POST /empty", .bearer = "t", .status = 200},
        {.line = "POST /upload",
         .content_type = "image/png",
         .body = "\0\r\n",
         .body_size = 3,
         .status = 200},
        {.line = "DELETE /rooms/!a", .body = "{}", .status = 200},
        {.line = "DELETE /rooms/!a", .status = 404, .reply = "{\"errcode\":1}"},
        {.line = "GET /last", .status = 500},
    };
    struct fixture fixture;

    (void)state;
    begin(&fixture, HTTP_SERVER_START(steps));
    ASK(&fixture, .path = "/users/%40a%2Fb%3Ah/../x?b=%20", .bearer = "tok_en-1");
    ASK(&fixture, .method = HTTP_PUT, .path = "/users/%40a", .bearer = "t", .body = "{\"a\":1}",
        .body_size = 7);
    ASK(&fixture, .method = HTTP_PUT, .path = "/empty");
    ASK(&fixture, .method = HTTP_POST, .path = "/empty", .bearer = "t");
    ASK(&fixture, .method = HTTP_POST, .path = "/upload", .content_type = "image/png", .body = "\0\r\n",
        .body_size = 3);
    ASK(&fixture, .method = HTTP_DELETE, .path = "/rooms/!a", .body = "{}", .body_size = 2);
    ASK(&fixture, .method = HTTP_DELETE, .path = "/rooms/!a");
    ASK(&fixture, .path = "/last");
    for (size_t i = 0; i < fixture.count; i++) {
        assert_int_equal(fixture.replies[i].result, HTTP_ANSWERED);
        assert_int_equal(fixture.replies[i].status, steps[i].status);
        assert_int_equal(fixture.replies[i].retry_after, -1);
        assert_string_equal(fixture.replies[i].body, steps[i].reply ? steps[i].reply : "");
        assert_null(fixture.replies[i].problem);
    }
    fixture_end(&fixture);
}

/* The composed request of the other tests, once spelt out. */
static void test_headers(void **state)
{
    struct http_server *server;
    struct server_step step = {.status = 200};
    struct fixture fixture;
    CLEANUP(freep) char *bytes = NULL;

    (void)state;
    server = http_server_start(&step, 1);
    bytes = text_format("POST /p HTTP/1.1\r\nHost: 127.0.0.1:%u\r\nUser-Agent: synapse-sync/test\r\n"
                        "Accept: application/json\r\nContent-Type: application/json\r\n"
                        "Authorization: Bearer abc\r\nContent-Length: 2\r\n\r\n{}",
                        http_server_port(server));
    step.bytes = bytes;
    begin(&fixture, server);
    assert_int_equal(
        ASK(&fixture, .method = HTTP_POST, .path = "/p", .bearer = "abc", .body = "{}", .body_size = 2)
            ->status,
        200);
    fixture_end(&fixture);
}

/* Larger than what libcurl sends at once, and than what it would ask leave for ("Expect: 100-continue"). */
static void test_large_body(void **state)
{
    enum { SIZE = 1500000 };
    CLEANUP(freep) char *body = memory_new(SIZE + 1, 1);
    struct server_step step = {.line = "POST /large", .body = body, .status = 200};
    struct fixture fixture;

    (void)state;
    for (size_t i = 0; i < SIZE; i++)
        body[i] = (char)('a' + i % 23);
    begin(&fixture, http_server_start(&step, 1));
    ASK(&fixture, .method = HTTP_POST, .path = "/large", .body = body, .body_size = SIZE);
    assert_int_equal(fixture.replies[0].result, HTTP_ANSWERED);
    fixture_end(&fixture);
}

/* A redirection would take the token to whoever the answer names. */
static void test_redirection_is_an_answer(void **state)
{
    static const int statuses[] = {301, 302, 303, 307, 308};
    struct http_server *elsewhere = http_server_start(NULL, 0);
    CLEANUP(freep) char *headers = text_format("Location: %s/stolen\r\n", http_server_uri(elsewhere));
    struct server_step steps[2 * COUNT(statuses)];
    struct fixture fixture;

    (void)state;
    for (size_t i = 0; i < COUNT(steps); i++)
        steps[i] = (struct server_step){.line = i % 2 ? "PUT /a" : "GET /a",
                                        .bearer = "token",
                                        .status = statuses[i / 2],
                                        .headers = headers};
    begin(&fixture, HTTP_SERVER_START(steps));
    for (size_t i = 0; i < COUNT(steps); i++) {
        const struct kept_reply *reply =
            ASK(&fixture, .method = i % 2 ? HTTP_PUT : HTTP_GET, .path = "/a", .bearer = "token");

        assert_int_equal(reply->status, statuses[i / 2]);
    }
    assert_int_equal(http_server_connections(elsewhere), 0);
    fixture_end(&fixture);
    http_server_finish(elsewhere);
}

static void test_answered_by_all_ways_to_end_a_reply(void **state)
{
    (void)state;
    assert_outcome("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}", SERVER_KEEP, HTTP_ANSWERED, "{}");
    assert_outcome("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\n{\r\n1\r\n}\r\n0\r\n\r\n",
                   SERVER_KEEP, HTTP_ANSWERED, "{}");
    assert_outcome("HTTP/1.0 200 OK\r\n\r\n{}", SERVER_CLOSE, HTTP_ANSWERED, "{}");
    assert_outcome("HTTP/1.1 103 Early\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", SERVER_KEEP,
                   HTTP_ANSWERED, "");
}

static void test_broken(void **state)
{
    (void)state;
    assert_outcome(NULL, SERVER_CLOSE, HTTP_BROKEN, "closed before the reply");
    assert_outcome("SSH-2.0-OpenSSH_9.2\r\n", SERVER_CLOSE, HTTP_BROKEN,
                   "what answers there does not speak HTTP");
    assert_outcome("HTTP/1.1 200 OK\r\nContent-Length: many\r\n\r\n", SERVER_CLOSE, HTTP_BROKEN,
                   "what answers there does not speak HTTP");
    assert_outcome(NULL, SERVER_RESET, HTTP_BROKEN, "cut");
    assert_outcome("HTTP/1.1 200 O", SERVER_RESET, HTTP_BROKEN, "cut");
    assert_outcome("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n{}", SERVER_CLOSE, HTTP_BROKEN,
                   "in the middle");
    assert_outcome("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n9\r\n{}", SERVER_CLOSE, HTTP_BROKEN,
                   "in the middle");
    assert_outcome("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nno number", SERVER_KEEP, HTTP_BROKEN,
                   "127.0.0.1");
    assert_outcome("What do you want?\r\n\r\n", SERVER_CLOSE, HTTP_BROKEN, "127.0.0.1");
}

static void test_out_of_time(void **state)
{
    static const struct server_step steps[] = {
        {.line = "POST /none"},
        {.line = "POST /half", .raw = "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n{}"}};
    struct fixture fixture;

    (void)state;
    begin(&fixture, HTTP_SERVER_START(steps));
    assert_int_equal(ASK(&fixture, .method = HTTP_POST, .path = "/none", .limit = 100)->result, HTTP_BROKEN);
    assert_int_equal(ASK(&fixture, .method = HTTP_POST, .path = "/half", .limit = 100)->result, HTTP_BROKEN);
    assert_non_null(strstr(fixture.replies[0].problem, "no whole reply in time"));
    assert_non_null(strstr(fixture.replies[1].problem, "no whole reply in time"));
    fixture_end(&fixture);
}

/* The limit of the fixture is 1000 bytes. */
static void test_too_large(void **state)
{
    static const char start[] = "HTTP/1.1 200 OK\r\nContent-Length: %zu\r\n\r\n%s";
    char body[1002] = "";
    CLEANUP(freep) char *fits = NULL, *long_one = NULL, *chunked = NULL;

    (void)state;
    memset(body, 'x', 1001);
    long_one = text_format(start, strlen(body), body);
    chunked =
        text_format("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3e9\r\n%s\r\n0\r\n\r\n", body);
    body[1000] = '\0';
    fits = text_format(start, strlen(body), body);
    assert_outcome(fits, SERVER_KEEP, HTTP_ANSWERED, body);
    assert_outcome(long_one, SERVER_KEEP, HTTP_TOO_LARGE, "larger than 1000 bytes");
    assert_outcome(chunked, SERVER_KEEP, HTTP_TOO_LARGE, "larger than 1000 bytes");
}

/* A port on which nobody listens: it was just given back. */
static void test_refused(void **state)
{
    struct http_server *server = http_server_start(NULL, 0);
    CLEANUP(freep) char *base = text_copy(http_server_uri(server));

    (void)state;
    http_server_finish(server);
    assert_unreachable(base, 5000, "no connection: Connection refused");
}

/* A name with an empty label is refused by the resolver itself, without asking anyone. */
static void test_unknown_name(void **state)
{
    (void)state;
    assert_unreachable("http://a..b:8008", 5000, "a..b:8008: the name cannot be resolved");
}

static void test_no_tls(void **state)
{
    struct http_server *server = http_server_start(NULL, 0);
    CLEANUP(freep) char *base = text_format("https://127.0.0.1:%u", http_server_port(server));

    (void)state;
    http_server_greet(server, "220 some other protocol\r\n\r\n");
    assert_unreachable(base, 5000, "no secure connection: ");
    http_server_finish(server);
}

/* Connected, but the TLS handshake is never answered. */
static void test_no_connection_in_time(void **state)
{
    struct http_server *server = http_server_start(NULL, 0);
    CLEANUP(freep) char *base = text_format("https://127.0.0.1:%u", http_server_port(server));

    (void)state;
    assert_unreachable(base, 100, "no connection in time");
    http_server_finish(server);
}

/* What a header may hold, and no log would show otherwise. */
static bool is_sendable(const char *text)
{
    for (; *text; text++)
        if (*text <= ' ' || *text > '~')
            return false;
    return true;
}

/* There is room for so many only. */
static void forget_replies(struct fixture *fixture)
{
    for (; fixture->count > 0; fixture->count--) {
        free(fixture->replies[fixture->count - 1].body);
        free(fixture->replies[fixture->count - 1].problem);
    }
}

static void test_what_cannot_be_sent(void **state)
{
    static const struct http_request requests[] = {
        {.path = "/a b"},
        {.path = "/a#b"},
        {.path = "/a\r\nX: y"},
        {.path = "/\xc3\xa4"},
        {.path = "/", .bearer = "token\r\nX: y"},
        {.path = "/", .bearer = "token\n"},
    };
    struct fixture fixture;

    (void)state;
    begin(&fixture, http_server_start(NULL, 0));
    for (size_t i = 0; i < sizeof(requests) / sizeof(requests[0]); i++) {
        const struct kept_reply *reply = fixture_ask(&fixture, requests[i]);

        assert_int_equal(reply->result, HTTP_UNREACHABLE);
        assert_non_null(strstr(reply->problem, "a character in the path or the token cannot be sent"));
    }
    for (size_t i = 0; i < evil_count(); i++) {
        const struct kept_reply *reply;

        if (is_sendable(evil_text(i)))
            continue;
        reply = fixture_ask(&fixture, (struct http_request){.path = "/", .bearer = evil_text(i)});
        assert_int_equal(reply->result, HTTP_UNREACHABLE);
        forget_replies(&fixture);
    }
    assert_int_equal(http_server_connections(fixture.server), 0);
    fixture_end(&fixture);
}

static void test_retry_after(void **state)
{
    char late[64], headers[128];
    time_t then = time(NULL) + 3000;
    struct server_step steps[] = {{.status = 429, .headers = "Retry-After: 0\r\n"},
                                  {.status = 503, .headers = "retry-after: 12\r\n"},
                                  {.status = 429, .headers = headers},
                                  {.status = 429, .headers = "Retry-After: soon\r\n"},
                                  {.status = 200, .headers = "Retry-After: 301\r\n"},
                                  {.status = 429}};
    static const int64_t expected[] = {0, 12000, 300000, -1, 300000, -1};
    struct fixture fixture;

    (void)state;
    assert_true(strftime(late, sizeof(late), "%a, %d %b %Y %H:%M:%S GMT", gmtime(&then)) > 0);
    (void)snprintf(headers, sizeof(headers), "Retry-After: %s\r\n", late);
    begin(&fixture, HTTP_SERVER_START(steps));
    for (size_t i = 0; i < sizeof(expected) / sizeof(expected[0]); i++)
        assert_int_equal(ASK(&fixture, .path = "/")->retry_after, expected[i]);
    fixture_end(&fixture);
}

static void test_proxy_of_the_environment_is_not_used(void **state)
{
    static const struct server_step steps[] = {{.line = "GET /", .status = 200}};
    struct fixture fixture;

    (void)state;
    assert_int_equal(setenv("http_proxy", "http://127.0.0.1:1", 1), 0);
    assert_int_equal(setenv("ALL_PROXY", "http://127.0.0.1:1", 1), 0);
    begin(&fixture, HTTP_SERVER_START(steps));
    assert_int_equal(ASK(&fixture, .path = "/")->status, 200);
    fixture_end(&fixture);
    assert_int_equal(unsetenv("http_proxy"), 0);
    assert_int_equal(unsetenv("ALL_PROXY"), 0);
}

static void test_configured_proxy_is_used(void **state)
{
    static const struct server_step steps[] = {
        {.bytes = "GET http://a..b:8008/x HTTP/1.1\r\nHost: a..b:8008\r\nUser-Agent: synapse-sync/test\r\n"
                  "Proxy-Connection: Keep-Alive\r\nAccept: application/json\r\n\r\n",
         .status = 200}};
    struct http_server *server = HTTP_SERVER_START(steps);
    struct http_config config = fixture_config("http://a..b:8008");
    struct fixture fixture;

    (void)state;
    assert_int_equal(setenv("NO_PROXY", "*", 1), 0);
    config.proxy = http_server_uri(server);
    fixture_begin(&fixture, server, &config);
    assert_int_equal(ASK(&fixture, .path = "/x")->status, 200);
    fixture_end(&fixture);
    assert_int_equal(unsetenv("NO_PROXY"), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_each_method_is_sent_to_the_byte),
        cmocka_unit_test(test_headers),
        cmocka_unit_test(test_large_body),
        cmocka_unit_test(test_redirection_is_an_answer),
        cmocka_unit_test(test_answered_by_all_ways_to_end_a_reply),
        cmocka_unit_test(test_broken),
        cmocka_unit_test(test_out_of_time),
        cmocka_unit_test(test_too_large),
        cmocka_unit_test(test_refused),
        cmocka_unit_test(test_unknown_name),
        cmocka_unit_test(test_no_tls),
        cmocka_unit_test(test_no_connection_in_time),
        cmocka_unit_test(test_what_cannot_be_sent),
        cmocka_unit_test(test_retry_after),
        cmocka_unit_test(test_proxy_of_the_environment_is_not_used),
        cmocka_unit_test(test_configured_proxy_is_used),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
