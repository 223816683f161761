#include "base/cleanup.h"
#include "base/memory.h"
#include "config/peers.h"
#include "support/capture.h"
#include "support/test.h"

#include <stdlib.h>
#include <string.h>

static void knows_this_machine(void **state)
{
    static const char *const here[] = {
        "http://localhost",           "http://LOCALHOST:8008/x",   "http://a.localhost",
        "http://127.0.0.1:8008",      "http://127.255.0.3",        "http://127.1",
        "http://[::1]:8008",          "http://[::ffff:127.0.0.1]", "amqp://:5672",
        "amqp://u:p@localhost/vhost", "socks5://u@127.0.0.1:1080",
    };
    static const char *const elsewhere[] = {
        "http://synapse:8008",
        "http://localhost.example.org",
        "http://notlocalhost",
        "http://128.0.0.1",
        "http://0.0.0.0",
        "http://[::2]",
        "http://[::ffff:128.0.0.1]",
        "amqp://localhost@rabbitmq",
        "http://127.0.0.1.example.org",
        "",
        "localhost",
        "http://10.127.0.1",
    };

    (void)state;
    for (size_t i = 0; i < sizeof(here) / sizeof(here[0]); i++)
        if (!config_is_loopback(here[i]))
            fail_msg("%s", here[i]);
    for (size_t i = 0; i < sizeof(elsewhere) / sizeof(elsewhere[0]); i++)
        if (config_is_loopback(elsewhere[i]))
            fail_msg("%s", elsewhere[i]);
}

/* The names of the settings that are warned of, in one text. */
static void assert_warned(const char *homeserver, const char *broker, const char *proxy, const char *expected)
{
    char *uris[] = {text_copy(homeserver), text_copy(broker), text_copy(proxy)};
    struct config config = {.matrix.uri = uris[0], .rabbitmq.uri = uris[1], .http.proxy = uris[2]};
    CLEANUP(freep) char *lines = NULL;
    struct capture capture;
    char names[200] = "";

    capture_begin(&capture);
    config_warn_of_plain_text(&config);
    lines = capture_end(&capture);
    for (const char *at = lines; (at = strstr(at, " name=")); at++)
        (void)strncat(names, at + 6, strcspn(at + 6, " ") + 1);
    assert_string_equal(names, expected);
    assert_null(strstr(lines, "hunter2"));
    for (size_t i = 0; i < 3; i++)
        free(uris[i]);
}

static void warns_of_plain_text(void **state)
{
    (void)state;
    assert_warned("https://h", "amqps://h", NULL, "");
    assert_warned("http://localhost:8008", "amqp://localhost", "http://127.0.0.1:3128", "");
    assert_warned("HTTP://synapse:8008", "amqps://h", NULL, "MATRIX_MESSENGER__URI ");
    assert_warned("https://h", "amqp://u:hunter2@rabbitmq/v", NULL, "RABBITMQ_URI ");
    assert_warned("https://h", "amqps://h", "http://u:hunter2@proxy", "HTTP__PROXY ");
    assert_warned("https://h", "amqps://h", "socks5h://proxy", "HTTP__PROXY ");
    assert_warned("https://h", "amqps://h", "https://proxy", "");
    assert_warned("http://h", "amqp://h", "socks4://h", "MATRIX_MESSENGER__URI RABBITMQ_URI HTTP__PROXY ");
}

static void warns_of_plain_text_to_mas(void **state)
{
    CLEANUP(freep) char *uri = text_copy("http://mas");
    CLEANUP(freep) char *lines = NULL;
    struct config config = {.matrix = {.mas_uri = uri}};
    struct capture capture;

    (void)state;
    capture_begin(&capture);
    config_warn_of_plain_text(&config);
    lines = capture_end(&capture);
    assert_non_null(strstr(lines, " name=MATRIX_MESSENGER__MAS_URI "));
}

static void assert_password(const char *uri, const char *expected)
{
    CLEANUP(text_free_secretp) char *password = config_uri_password(uri);

    assert_true(text_equal(password, expected));
}

static void finds_passwords(void **state)
{
    (void)state;
    assert_password(NULL, NULL);
    assert_password("no URI", NULL);
    assert_password("amqp://h", NULL);
    assert_password("amqp://@h", NULL);
    assert_password("amqp://u:hun%2Fter2@h/v", "hun/ter2");
    assert_password("amqp://u:hun:ter2@h", "hun:ter2");
    assert_password("http://hunter2@proxy", "hunter2");
    assert_password("amqp://guest:guest@h", NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(knows_this_machine),
        cmocka_unit_test(warns_of_plain_text),
        cmocka_unit_test(warns_of_plain_text_to_mas),
        cmocka_unit_test(finds_passwords),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
