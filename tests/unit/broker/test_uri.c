#include "base/cleanup.h"
#include "base/memory.h"
#include "broker/uri.h"
#include "support/test.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const struct good {
    const char *text;
    const char *host, *user, *password, *vhost;
    uint16_t port;
    bool tls;
} good[] = {
    {"amqp://localhost", "localhost", "guest", "guest", "/", 5672, false},
    {"amqps://localhost", "localhost", "guest", "guest", "/", 5671, true},
    {"AMQP://Host", "Host", "guest", "guest", "/", 5672, false},
    {"amqp://user:pass@host:10000/vhost", "host", "user", "pass", "vhost", 10000, false},
    {"amqp://user%61:%61pass@ho%61st:10000/v%2fhost", "hoast", "usera", "apass", "v/host", 10000, false},
    {"amqp://host/%2f", "host", "guest", "guest", "/", 5672, false},
    {"amqp://host/%2F", "host", "guest", "guest", "/", 5672, false},
    {"amqp://host/a%2Fb%25", "host", "guest", "guest", "a/b%", 5672, false},
    {"amqp://:10000", "localhost", "guest", "guest", "/", 10000, false},
    {"amqp:///vhost", "localhost", "guest", "guest", "vhost", 5672, false},
    {"amqp://user@", "localhost", "user", "", "/", 5672, false},
    {"amqp://user@host", "host", "user", "", "/", 5672, false},
    {"amqp://user:@host", "host", "user", "", "/", 5672, false},
    {"amqp://:@host", "host", "", "", "/", 5672, false},
    {"amqp://u:p%3A%40%2F%3F%23@host", "host", "u", "p:@/?#", "/", 5672, false},
    {"amqp://u:a:b@host", "host", "u", "a:b", "/", 5672, false},
    {"amqp://u:p@ss@host", "host", "u", "p@ss", "/", 5672, false},
    {"amqp://u:p%20%c3%a4@host", "host", "u", "p \xc3\xa4", "/", 5672, false},
    {"amqp://[::1]", "::1", "guest", "guest", "/", 5672, false},
    {"amqp://[::1]:1/v", "::1", "guest", "guest", "v", 1, false},
    {"amqp://u:p@[fe80::1%25eth0]:65535", "fe80::1%eth0", "u", "p", "/", 65535, false},
    {"amqp://10.0.0.1:5672", "10.0.0.1", "guest", "guest", "/", 5672, false},
    {"amqp://rabbit_mq.internal-net", "rabbit_mq.internal-net", "guest", "guest", "/", 5672, false},
    {"amqp://host?", "host", "guest", "guest", "/", 5672, false},
    {"amqp://host?&&", "host", "guest", "guest", "/", 5672, false},
    {"amqp://u:p@host/v?heartbeat=5", "host", "u", "p", "v", 5672, false},
};

static void test_good(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
        struct broker_uri uri;
        struct error error;

        if (!broker_uri_parse(good[i].text, &uri, &error))
            fail_msg("%s: %s", good[i].text, error.text);
        assert_int_equal(uri.tls, good[i].tls);
        assert_string_equal(uri.host, good[i].host);
        assert_int_equal(uri.port, good[i].port);
        assert_string_equal(uri.user, good[i].user);
        assert_string_equal(uri.password, good[i].password);
        assert_string_equal(uri.vhost, good[i].vhost);
        assert_true(uri.verify);
        broker_uri_deinit(&uri);
    }
}

/* Each holds "sesame" where a secret could be. */
static const char *const bad[] = {
    "",
    "amqp",
    "amqp:",
    "amqp:/sesame",
    "amqp://",
    "amqps://",
    "http://sesame",
    "amqpx://sesame",
    " amqp://sesame",
    "amqp://sesame/",
    "amqp://u:sesame@host/",
    "amqp://sesame/?heartbeat=5",
    "amqp://sesame/a/b",
    "amqp://sesame/a/",
    "amqp://u:sesame@host:",
    "amqp://u:sesame@host:0",
    "amqp://u:sesame@host:65536",
    "amqp://u:sesame@host:99999999999999999999",
    "amqp://u:sesame@host:+1",
    "amqp://u:sesame@host:5672x",
    "amqp://u:sesame@host:5672:5672",
    "amqp://u:ses/ame@host",
    "amqp://u:ses?ame@host",
    "amqp://u:ses#ame@host",
    "amqp://u:ses ame@host",
    "amqp://u:ses\tame@host",
    "amqp://u:sesame\x7f@host",
    "amqp://sesame#",
    "amqp://u:sesame%@host",
    "amqp://u:sesame%4@host",
    "amqp://u:sesame%4x@host",
    "amqp://u:sesame%x4@host",
    "amqp://u:sesame%00@host",
    "amqp://sesame%00",
    "amqp://host/sesame%00",
    "amqp://host/sesame%",
    "amqp://host/sesame%4",
    "amqp://::1",
    "amqp://[::1",
    "amqp://[::1]x",
    "amqp://[::1]:",
    "amqp://[sesame]",
    "amqp://[]",
    "amqp://ses%20ame",
    "amqp://ses%2Fame",
    "amqp://sesame\xc3\xa4",
    "amqp://host?heartbeat=sesame",
    "amqp://host?heartbeat=",
    "amqp://host?heartbeat",
    "amqp://host?heartbeat=-1",
    "amqp://host?heartbeat=65536",
    "amqp://host?connection_timeout=0",
    "amqp://host?connection_timeout=600001",
    "amqp://host?verify=sesame",
    "amqp://host?cacertfile=",
    "amqp://host?certfile=sesame",
    "amqp://host?keyfile=sesame",
    "amqp://host?server_name_indication=",
    "amqp://host?sesame%",
    "amqp://host?sesame=%00",
};

static void test_bad(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        struct broker_uri uri = {.port = 7};
        struct error error = {""};

        if (broker_uri_parse(bad[i], &uri, &error))
            fail_msg("taken: %s", bad[i]);
        assert_int_equal(uri.port, 7);
        assert_string_not_equal(error.text, "");
        assert_null(strstr(error.text, "ses"));
    }
}

static void test_query(void **state)
{
    struct broker_uri uri;
    struct error error;

    (void)state;
    assert_true(broker_uri_parse("amqps://h/v?heartbeat=65535&connection_timeout=600000&verify=verify_none&"
                                 "cacertfile=/a%20b&certfile=c&keyfile=d%26&server_name_indication=n&"
                                 "locale=en_US&frameMax=0x1000&x",
                                 &uri, &error));
    assert_int_equal(uri.heartbeat, 65535);
    assert_int_equal(uri.connect_limit, 600000);
    assert_false(uri.verify);
    assert_string_equal(uri.ca_file, "/a b");
    assert_string_equal(uri.certificate_file, "c");
    assert_string_equal(uri.key_file, "d&");
    assert_string_equal(uri.server_name, "n");
    assert_int_equal(uri.ignored, 3);
    broker_uri_deinit(&uri);
}

static void test_query_defaults(void **state)
{
    struct broker_uri uri;
    struct error error;

    (void)state;
    assert_true(broker_uri_parse("amqp://h?heartbeat=0&verify=verify_peer", &uri, &error));
    assert_int_equal(uri.heartbeat, 0);
    assert_true(uri.verify);
    broker_uri_deinit(&uri);
    assert_true(broker_uri_parse("amqp://h", &uri, &error));
    assert_int_equal(uri.heartbeat, -1);
    assert_int_equal(uri.connect_limit, -1);
    assert_null(uri.ca_file);
    assert_null(uri.certificate_file);
    assert_null(uri.key_file);
    assert_null(uri.server_name);
    assert_int_equal(uri.ignored, 0);
    broker_uri_deinit(&uri);
}

static void test_last_of_duplicates_wins(void **state)
{
    struct broker_uri uri;
    struct error error;

    (void)state;
    assert_true(broker_uri_parse("amqp://h?heartbeat=1&heartbeat=2&cacertfile=a&cacertfile=b", &uri, &error));
    assert_int_equal(uri.heartbeat, 2);
    assert_string_equal(uri.ca_file, "b");
    broker_uri_deinit(&uri);
}

/* Whatever byte is in a password, written encoded it comes out as it was; NUL cannot be one. */
static void test_every_byte_survives_encoding(void **state)
{
    (void)state;
    for (unsigned byte = 1; byte < 256; byte++) {
        char text[64], expected[8];
        struct broker_uri uri;
        struct error error;

        (void)snprintf(text, sizeof(text), "amqp://u:a%%%02Xb@h/a%%%02xb", byte, byte);
        (void)snprintf(expected, sizeof(expected), "a%cb", (int)byte);
        assert_true(broker_uri_parse(text, &uri, &error));
        assert_string_equal(uri.password, expected);
        assert_string_equal(uri.vhost, expected);
        broker_uri_deinit(&uri);
    }
}

static void test_lengths(void **state)
{
    char text[9000] = "amqp://h/";
    struct broker_uri uri;
    struct error error;

    (void)state;
    memset(text + 9, 'v', 255);
    assert_true(broker_uri_parse(text, &uri, &error));
    broker_uri_deinit(&uri);
    text[9 + 255] = 'v';
    assert_false(broker_uri_parse(text, &uri, &error));
    memset(text, 0, sizeof(text));
    (void)strcpy(text, "amqp://h?x=");
    memset(text + 11, 'v', 8192 - 11);
    assert_true(broker_uri_parse(text, &uri, &error));
    broker_uri_deinit(&uri);
    text[8192] = 'v';
    assert_false(broker_uri_parse(text, &uri, &error));
}

static void test_deinit_of_nothing(void **state)
{
    struct broker_uri uri = {0};

    (void)state;
    broker_uri_deinit(&uri);
    broker_uri_deinit(&uri);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_good),
        cmocka_unit_test(test_bad),
        cmocka_unit_test(test_query),
        cmocka_unit_test(test_query_defaults),
        cmocka_unit_test(test_last_of_duplicates_wins),
        cmocka_unit_test(test_every_byte_survives_encoding),
        cmocka_unit_test(test_lengths),
        cmocka_unit_test(test_deinit_of_nothing),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
