/* What replies may take of memory: each, all together, and those that are taken in as they come. */

#include "base/buffer.h"
#include "http/fixture.h"
#include "support/test.h"

/* The limit of the fixture is 1000 bytes, for each and for all. */
static const struct http_request get = {.path = "/"};

static void begin(struct fixture *fixture, struct http_server *server)
{
    struct http_config config = fixture_config(http_server_uri(server));

    fixture_begin(fixture, server, &config);
}

/* ---- encodings ---- */

static void assert_refused(const char *headers, const char *words)
{
    CLEANUP(freep) char *raw = text_format("HTTP/1.1 200 OK\r\n%s\r\n{}", headers);
    const struct server_step steps[] = {{.raw = raw, .end = SERVER_CLOSE}};
    const struct kept_reply *reply;
    struct fixture fixture;

    begin(&fixture, HTTP_SERVER_START(steps));
    reply = fixture_ask(&fixture, get);
    assert_int_equal(reply->result, HTTP_BROKEN);
    assert_non_null(strstr(reply->problem, words));
    fixture_end(&fixture);
}

/* Nobody asked for it, and a few bytes would become very many. */
static void test_a_transfer_encoding_is_not_undone(void **state)
{
    static const char *const headers[] = {
        "Transfer-Encoding: gzip\r\n",
        "transfer-encoding:deflate\r\n",
        "Transfer-Encoding: gzip, chunked\r\n",
        "Transfer-Encoding: chunked\r\nTransfer-Encoding: gzip\r\n",
        "TRANSFER-ENCODING: \tgzip , gzip\t\r\n",
        "Transfer-Encoding: chunkedx\r\n",
    };

    (void)state;
    for (size_t i = 0; i < sizeof(headers) / sizeof(headers[0]); i++)
        assert_refused(headers[i], "Transfer-Encoding that was not asked for");
}

static void test_chunks_are_no_such_encoding(void **state)
{
    static const char *const names[] = {"Transfer-Encoding: chunked", "transfer-encoding:Chunked \t"};

    (void)state;
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        CLEANUP(freep)
        char *raw = text_format("HTTP/1.1 200 OK\r\n%s\r\n\r\n2\r\n{}\r\n0\r\n\r\n", names[i]);
        const struct server_step steps[] = {{.raw = raw}};
        struct fixture fixture;

        begin(&fixture, HTTP_SERVER_START(steps));
        assert_string_equal(fixture_ask(&fixture, get)->body, "{}");
        fixture_end(&fixture);
    }
}

static void test_headers_have_a_largest_size(void **state)
{
    struct buffer headers;

    (void)state;
    buffer_init(&headers, SIZE_MAX);
    while (headers.size < 130 * 1024)
        (void)buffer_append_text(&headers, "X-Anything: 0123456789012345678901234567890123456789\r\n");
    assert_refused(buffer_text(&headers), "");
    buffer_deinit(&headers);
}

/* ---- takers ---- */

struct taker {
    struct buffer taken;
    size_t most;
};

static bool take(void *context, const char *bytes, size_t size)
{
    struct taker *taker = context;

    return taker->taken.size + size <= taker->most && buffer_append(&taker->taken, bytes, size);
}

/* The body of a reply of `size` bytes and of this status, taken by one who takes `most`. */
static void ask_with_taker(int status, size_t size, size_t most, enum http_result result, bool is_taken)
{
    CLEANUP(freep) char *body = memory_new(size + 1, 1);
    struct server_step step = {.status = status, .reply = memset(body, 'x', size)};
    struct http_server *server = http_server_start(&step, 1);
    struct taker taker = {.most = most};
    const struct kept_reply *reply;
    struct fixture fixture;

    buffer_init(&taker.taken, SIZE_MAX);
    begin(&fixture, server);
    reply = fixture_ask(&fixture, (struct http_request){.path = "/", .take = take, .taker = &taker});
    assert_int_equal(reply->result, result);
    if (result == HTTP_ANSWERED) {
        assert_string_equal(buffer_text(&taker.taken), is_taken ? body : "");
        assert_string_equal(reply->body, is_taken ? "" : body);
    }
    fixture_end(&fixture);
    buffer_deinit(&taker.taken);
}

static void test_who_takes_a_body_has_his_own_limit(void **state)
{
    (void)state;
    ask_with_taker(200, 100000, 100000, HTTP_ANSWERED, true);
    ask_with_taker(200, 100000, 99999, HTTP_TOO_LARGE, true);
    ask_with_taker(200, 1, 0, HTTP_TOO_LARGE, true);
}

/* It is what the server says of an error, and not what was asked for. */
static void test_only_a_success_is_taken(void **state)
{
    (void)state;
    ask_with_taker(299, 10, 10, HTTP_ANSWERED, true);
    ask_with_taker(404, 10, 0, HTTP_ANSWERED, false);
    ask_with_taker(500, 1000, 0, HTTP_ANSWERED, false);
    ask_with_taker(500, 1001, 5000, HTTP_TOO_LARGE, false);
}

/* ---- together ---- */

static void stop_loop(void *context)
{
    loop_stop(context);
}

/* Until what was sent has come, and longer. */
static void run_a_moment(struct fixture *fixture)
{
    struct loop_timer timer;

    loop_timer_init(&timer, fixture->loop, stop_loop, fixture->loop);
    loop_timer_set(&timer, instant_now() + 300);
    loop_run(fixture->loop);
}

enum { TOLD = 900 /* bytes that a reply says it has */ };

/* A reply of which so many bytes come. */
static char *reply_of(size_t size)
{
    char *raw = text_format("HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%*s", TOLD, (int)size, "x");

    return raw;
}

/* The first holds 600 bytes; the second goes beyond what all may hold, and the third waits, until one of the
   others holds nothing any more. */
static void test_what_does_not_fit_beside_others_waits(void **state)
{
    (void)state;
    for (size_t ends = 0; ends < 2; ends++) {
        CLEANUP(freep) char *first = reply_of(600), *second = reply_of(700), *third = reply_of(TOLD);
        const struct server_step steps[] = {{.raw = first}, {.raw = second}, {.raw = third}};
        struct http_call *calls[3];
        struct fixture fixture;

        begin(&fixture, HTTP_SERVER_START(steps));
        for (size_t i = 0; i < 3; i++) {
            calls[i] = fixture_send(&fixture, &get);
            run_a_moment(&fixture);
        }
        assert_int_equal(fixture.count, 0);
        http_cancel(calls[1 - ends]); /* the one beyond, or the first and so all but the one beyond */
        if (ends == 1) {
            run_a_moment(&fixture);
            assert_int_equal(fixture.count, 0);
            http_cancel(calls[1]);
        }
        fixture_await(&fixture, 1);
        assert_int_equal(strlen(fixture.replies[0].body), TOLD);
        fixture_end(&fixture);
    }
}

/* All are large, and all come, one after the other. */
static void test_all_that_wait_come_in_the_end(void **state)
{
    enum { CALLS = 40 };
    struct server_step steps[CALLS];
    CLEANUP(freep) char *raw = reply_of(TOLD);
    struct fixture fixture;

    (void)state;
    for (size_t i = 0; i < CALLS; i++)
        steps[i] = (struct server_step){.raw = raw};
    begin(&fixture, HTTP_SERVER_START(steps));
    for (size_t i = 0; i < CALLS; i++)
        (void)fixture_send(&fixture, &get);
    fixture_await(&fixture, CALLS);
    for (size_t i = 0; i < CALLS; i++)
        assert_int_equal(fixture.replies[i].result, HTTP_ANSWERED);
    fixture_end(&fixture);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_transfer_encoding_is_not_undone),
        cmocka_unit_test(test_chunks_are_no_such_encoding),
        cmocka_unit_test(test_headers_have_a_largest_size),
        cmocka_unit_test(test_who_takes_a_body_has_his_own_limit),
        cmocka_unit_test(test_only_a_success_is_taken),
        cmocka_unit_test(test_what_does_not_fit_beside_others_waits),
        cmocka_unit_test(test_all_that_wait_come_in_the_end),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
