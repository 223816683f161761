/* What http_new() accepts, and that no secret gets into a text. */

#include "base/log.h"
#include "http/fixture.h"
#include "support/capture.h"
#include "support/test.h"

static void assert_refused(const struct http_config *config, const char *words)
{
    struct error error = {""};
    struct loop *loop = loop_new(&error);

    assert_non_null(loop);
    assert_null(http_new(config, loop, &error));
    assert_non_null(strstr(error.text, words));
    assert_null(strstr(error.text, "secret"));
    loop_free(loop);
}

static void test_refused_configurations(void **state)
{
    static const struct {
        const char *base, *words;
    } cases[] = {
        {"", "cannot be read"},
        {"synapse:secret", "cannot be read"},
        {"http://secret host", "cannot be read"},
        {"ftp://synapse", "http:// or https://"},
        {"http://user:secret@synapse", "user name or password"},
        {"http://secret@synapse", "user name or password"},
        {"http://synapse/", "end in a slash"},
        {"http://synapse?secret", "query"},
        {"http://synapse#secret", "query"},
    };
    struct http_config config;

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        config = fixture_config(cases[i].base);
        assert_refused(&config, cases[i].words);
    }
    config = fixture_config("https://synapse");
    config.ca_file = "/no/such/file.pem";
    assert_refused(&config, "/no/such/file.pem: No such file or directory");
    config.ca_file = NULL;
    config.certificate_file = "/dev/null";
    assert_refused(&config, "certificate and its key go together");
    config.key_file = "/no/such/key.pem";
    assert_refused(&config, "/no/such/key.pem: No such file or directory");
}

static void test_the_configuration_is_copied(void **state)
{
    static const struct server_step steps[] = {{.line = "GET /prefix/path", .status = 200}};
    struct http_server *server = HTTP_SERVER_START(steps);
    char *base = text_format("%s/prefix", http_server_uri(server));
    char *user_agent = text_copy(HTTP_SERVER_USER_AGENT);
    struct http_config config = fixture_config(base);
    struct fixture fixture;

    (void)state;
    config.user_agent = user_agent;
    fixture_begin(&fixture, server, &config);
    text_free_secret(base);
    text_free_secret(user_agent);
    assert_int_equal(fixture_ask(&fixture, (struct http_request){.path = "/path"})->status, 200);
    fixture_end(&fixture);
}

static void test_the_request_is_copied(void **state)
{
    static const struct server_step steps[] = {{.line = "PUT /path",
                                                .bearer = "token",
                                                .content_type = "text/plain",
                                                .body = "body",
                                                .status = 200}};
    char *texts[] = {text_copy("/path"), text_copy("token"), text_copy("text/plain"), text_copy("body")};
    struct http_request request = {.method = HTTP_PUT,
                                   .path = texts[0],
                                   .bearer = texts[1],
                                   .content_type = texts[2],
                                   .body = texts[3],
                                   .body_size = 4};
    struct http_server *server = HTTP_SERVER_START(steps);
    struct http_config config = fixture_config(http_server_uri(server));
    struct fixture fixture;

    (void)state;
    fixture_begin(&fixture, server, &config);
    (void)fixture_send(&fixture, &request);
    for (size_t i = 0; i < 4; i++)
        text_free_secret(texts[i]);
    fixture_await(&fixture, 1);
    assert_int_equal(fixture.replies[0].status, 200);
    fixture_end(&fixture);
}

/* All kinds of failures, with all lines of the log wanted. */
static void test_no_secret_in_any_text(void **state)
{
    static const struct server_step steps[] = {
        {.end = SERVER_CLOSE},
        {.raw = "secret-nonsense\r\n\r\n", .end = SERVER_CLOSE},
        {.raw = "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nsecret", .end = SERVER_RESET},
        {.status = 401, .reply = "secret"}};
    const struct http_request request = {
        .method = HTTP_POST, .path = "/secret?secret", .bearer = "secret", .body = "secret", .body_size = 6};
    struct http_server *server = HTTP_SERVER_START(steps);
    struct http_config config = fixture_config(http_server_uri(server));
    CLEANUP(freep) char *logged = NULL;
    struct fixture fixture;
    struct capture capture;

    (void)state;
    log_configure(LOG_DEBUG, LOG_LOGFMT);
    capture_begin(&capture);
    fixture_begin(&fixture, server, &config);
    for (size_t i = 0; i < 4; i++)
        (void)fixture_ask(&fixture, request);
    log_warning("the-end");
    logged = capture_end(&capture);
    assert_non_null(strstr(logged, "the-end"));
    assert_null(strstr(logged, "secret"));
    for (size_t i = 0; i < fixture.count; i++)
        assert_true(!fixture.replies[i].problem || !strstr(fixture.replies[i].problem, "secret"));
    fixture_end(&fixture);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_refused_configurations),
        cmocka_unit_test(test_the_configuration_is_copied),
        cmocka_unit_test(test_the_request_is_copied),
        cmocka_unit_test(test_no_secret_in_any_text),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
