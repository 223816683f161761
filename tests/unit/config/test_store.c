/* From a setting's text to its value, for each type; a text that is refused changes nothing. */

#include "base/memory.h"
#include "config/settings.h"
#include "config/store.h"
#include "support/test.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static struct config *new_config(void)
{
    struct config *config = NEW(struct config);

    config->matrix.server_name = text_copy("example.org");
    return config;
}

static bool store(struct config *config, const char *name, const char *text)
{
    struct error error = {""};
    bool stored = setting_store(&settings[setting_number(name)], text, config, &error);

    assert_true(stored == (error.text[0] == '\0'));
    return stored;
}

static void assert_error(const char *name, const char *text, const char *expected)
{
    CLEANUP(config_freep) struct config *config = new_config();
    struct error error = {""};

    assert_false(setting_store(&settings[setting_number(name)], text, config, &error));
    assert_string_equal(error.text, expected);
}

static void test_numbers(void **state)
{
    CLEANUP(config_freep) struct config *config = new_config();
    static const char *const bad[] = {"",
                                      " ",
                                      "0",
                                      "65",
                                      "-1",
                                      "+1",
                                      " 8",
                                      "8 ",
                                      "8.0",
                                      "0x8",
                                      "1e1",
                                      "ten",
                                      "8k",
                                      "4294967297",
                                      "99999999999999999999999",
                                      "18446744073709551617"};
    char text[16];

    (void)state;
    for (uint32_t number = 1; number <= 64; number++) {
        (void)snprintf(text, sizeof(text), "%u", number);
        assert_true(store(config, "SYNC__CONCURRENCY", text));
        assert_int_equal(config->sync.concurrency, number);
    }
    for (size_t i = 0; i < COUNT(bad); i++)
        assert_false(store(config, "SYNC__CONCURRENCY", bad[i]));
    assert_int_equal(config->sync.concurrency, 64);
    assert_true(store(config, "SYNC__DRAIN_SECONDS", "0"));
    assert_int_equal(config->sync.drain_seconds, 0);
    assert_true(store(config, "HTTP__MAX_REPLY_SIZE", "1073741824"));
    assert_int_equal(config->http.largest_reply, 1073741824);
    assert_error("SYNC__CONCURRENCY", "65", "expected a whole number from 1 to 64");
    assert_error("SYNC__CONCURRENCY", "010", "expected a whole number without leading zeros");
}

static void test_booleans(void **state)
{
    static const char *const yes[] = {"true", "TRUE", "True", "yes", "on", "1"};
    static const char *const no[] = {"false", "FALSE", "no", "off", "0"};
    static const char *const bad[] = {"", "2", "y", "truee", " true", "null"};
    CLEANUP(config_freep) struct config *config = new_config();

    (void)state;
    for (size_t i = 0; i < COUNT(yes); i++) {
        config->sync.erase = false;
        assert_true(store(config, "SYNC__ERASE", yes[i]));
        assert_true(config->sync.erase);
    }
    for (size_t i = 0; i < COUNT(no); i++) {
        config->sync.erase = true;
        assert_true(store(config, "SYNC__ERASE", no[i]));
        assert_false(config->sync.erase);
    }
    for (size_t i = 0; i < COUNT(bad); i++)
        assert_false(store(config, "SYNC__ERASE", bad[i]));
    assert_error("SYNC__ERASE", "maybe", "expected true or false");
}

static void test_choices(void **state)
{
    CLEANUP(config_freep) struct config *config = new_config();

    (void)state;
    assert_true(store(config, "RABBITMQ_QUEUE_DECLARE", "passive"));
    assert_int_equal(config->rabbitmq.queue_declare, QUEUE_DECLARE_PASSIVE);
    assert_true(store(config, "RABBITMQ_QUEUE_DECLARE", "durable"));
    assert_int_equal(config->rabbitmq.queue_declare, QUEUE_DECLARE_DURABLE);
    assert_true(store(config, "RABBITMQ_QUEUE_DECLARE", "quorum"));
    assert_int_equal(config->rabbitmq.queue_declare, QUEUE_DECLARE_QUORUM);
    assert_true(store(config, "RABBITMQ_QUEUE_DECLARE", "legacy"));
    assert_int_equal(config->rabbitmq.queue_declare, QUEUE_DECLARE_LEGACY);
    assert_true(store(config, "LOG__LEVEL", "DEBUG"));
    assert_int_equal(config->log.level, LOG_DEBUG);
    assert_true(store(config, "LOG__LEVEL", "error"));
    assert_int_equal(config->log.level, LOG_ERROR);
    assert_true(store(config, "LOG__LEVEL", "warning"));
    assert_int_equal(config->log.level, LOG_WARNING);
    assert_true(store(config, "LOG__FORMAT", "json"));
    assert_int_equal(config->log.format, LOG_JSON);
    assert_false(store(config, "LOG__FORMAT", "xml"));
    assert_int_equal(config->log.format, LOG_JSON);
    assert_error("RABBITMQ_QUEUE_DECLARE", "x", "expected durable, quorum, legacy or passive");
    assert_error("LOG__FORMAT", "", "expected logfmt or json");
}

static void test_texts(void **state)
{
    CLEANUP(config_freep) struct config *config = new_config();
    char queue[253];

    (void)state;
    assert_true(store(config, "MATRIX_MESSENGER__SYNC_USER_DISPLAYNAME", "J\xc3\xb6rg"));
    assert_string_equal(config->matrix.sync_user_displayname, "J\xc3\xb6rg");
    assert_false(store(config, "MATRIX_MESSENGER__SYNC_USER_DISPLAYNAME", "a\nb"));
    assert_false(store(config, "MATRIX_MESSENGER__SYNC_USER_DISPLAYNAME", "\xff"));
    assert_string_equal(config->matrix.sync_user_displayname, "J\xc3\xb6rg");
    memset(queue, 'q', sizeof(queue) - 1);
    queue[sizeof(queue) - 1] = '\0';
    assert_false(store(config, "RABBITMQ_MATRIX_QUEUE_EXTERNAL", queue));
    assert_true(store(config, "RABBITMQ_MATRIX_QUEUE_EXTERNAL", queue + 1));
    assert_false(store(config, "MATRIX_MESSENGER__SYNC_USER_TOKEN", "a\r\nb"));
    assert_true(store(config, "MATRIX_MESSENGER__SYNC_USER_TOKEN", "syt_a"));
    assert_true(store(config, "MATRIX_MESSENGER__SECRET", "a \"b\" 'c' \\"));
    assert_string_equal(config->matrix.secret, "a \"b\" 'c' \\");
}

static void test_homeserver(void **state)
{
    static const char *const bad[] = {"",           "a",          "ftp://a",      "http://",
                                      "http:///",   "http://u@a", "http://u:p@a", "http://a?b",
                                      "http://a#b", "http://a b", "amqp://a",     "http://a:0"};
    CLEANUP(config_freep) struct config *config = new_config();

    (void)state;
    assert_true(store(config, "MATRIX_MESSENGER__URI", "http://localhost:8008"));
    assert_string_equal(config->matrix.uri, "http://localhost:8008");
    assert_true(store(config, "MATRIX_MESSENGER__URI", "https://example.org/"));
    assert_string_equal(config->matrix.uri, "https://example.org");
    assert_true(store(config, "MATRIX_MESSENGER__URI", "HTTPS://[::1]:8448/under/this//"));
    assert_string_equal(config->matrix.uri, "HTTPS://[::1]:8448/under/this");
    for (size_t i = 0; i < COUNT(bad); i++)
        assert_false(store(config, "MATRIX_MESSENGER__URI", bad[i]));
}

static void test_broker(void **state)
{
    static const char *const good[] = {"amqp://localhost", "amqps://h",    "amqp://u:p@h:5672/vh",
                                       "AMQP://h",         "amqp://h/%2F", "amqp://h?heartbeat=5",
                                       "amqp://u:p@ss@h",  "amqp://:5672"};
    static const char *const bad[] = {"",
                                      "localhost",
                                      "http://h",
                                      "amqp://h/",
                                      "amqp://h:5672/vh/",
                                      "amqp://",
                                      "amqp://h/?x=/",
                                      "amqp://u:p#@h",
                                      "amqp:h",
                                      "'amqp://h'",
                                      "amqp://h?heartbeat=x",
                                      "amqp://h:0"};
    CLEANUP(config_freep) struct config *config = new_config();

    (void)state;
    for (size_t i = 0; i < COUNT(good); i++) {
        assert_true(store(config, "RABBITMQ_URI", good[i]));
        assert_string_equal(config->rabbitmq.uri, good[i]);
    }
    for (size_t i = 0; i < COUNT(bad); i++)
        assert_false(store(config, "RABBITMQ_URI", bad[i]));
    assert_error("RABBITMQ_URI", "amqp://user:hunter2@h/",
                 "expected an amqp:// or amqps:// URI that does not end in /");
}

static void test_proxy(void **state)
{
    static const char *const good[] = {"http://p:3128", "https://u:p@p", "socks5h://p:1080", "socks4://p",
                                       "http://p/"};
    static const char *const bad[] = {"",           "p:3128",     "ftp://p",   "http://",
                                      "http://p/x", "http://p?x", "http://p#x"};
    CLEANUP(config_freep) struct config *config = new_config();

    (void)state;
    for (size_t i = 0; i < COUNT(good); i++)
        assert_true(store(config, "HTTP__PROXY", good[i]));
    for (size_t i = 0; i < COUNT(bad); i++)
        assert_false(store(config, "HTTP__PROXY", bad[i]));
}

static void test_sync_user(void **state)
{
    static const char *const bad[] = {"",
                                      "@sync",
                                      "@sync:other.org",
                                      "@:example.org",
                                      "@sync:example.org:80",
                                      "@sync:example.orgx",
                                      "sync:example.org",
                                      "a b",
                                      "@sync:",
                                      "@sync:EXAMPLE.org"};
    CLEANUP(config_freep) struct config *config = new_config();
    char localpart[260];

    (void)state;
    assert_true(store(config, "MATRIX_MESSENGER__SYNC_USER_NAME", "bot"));
    assert_string_equal(config->matrix.sync_user_name, "bot");
    assert_true(store(config, "MATRIX_MESSENGER__SYNC_USER_NAME", "@sync:example.org"));
    assert_string_equal(config->matrix.sync_user_name, "sync");
    for (size_t i = 0; i < COUNT(bad); i++)
        assert_false(store(config, "MATRIX_MESSENGER__SYNC_USER_NAME", bad[i]));
    assert_string_equal(config->matrix.sync_user_name, "sync");
    /* 255 bytes for the whole id: @localpart:example.org */
    memset(localpart, 'a', sizeof(localpart));
    localpart[243] = '\0';
    assert_false(store(config, "MATRIX_MESSENGER__SYNC_USER_NAME", localpart));
    localpart[242] = '\0';
    assert_true(store(config, "MATRIX_MESSENGER__SYNC_USER_NAME", localpart));
}

static void assert_former(const struct config *config, const char *first, const char *second)
{
    char **users = config->sync.former_sync_users;

    assert_non_null(users);
    assert_true(text_equal(users[0], first));
    assert_true(!first || text_equal(users[1], second));
    assert_true(!second || !users[2]);
}

static void test_former_sync_users(void **state)
{
    static const char *const bad[] = {"a b @c:other.org", "a,:b", "@", "a @b"};
    CLEANUP(config_freep) struct config *config = new_config();

    (void)state;
    assert_true(store(config, "SYNC__FORMER_SYNC_USERS", ""));
    assert_former(config, NULL, NULL);
    assert_true(store(config, "SYNC__FORMER_SYNC_USERS", "old"));
    assert_former(config, "@old:example.org", NULL);
    assert_true(store(config, "SYNC__FORMER_SYNC_USERS", " a,\t@b:example.org,\n"));
    assert_former(config, "@a:example.org", "@b:example.org");
    for (size_t i = 0; i < COUNT(bad); i++)
        assert_false(store(config, "SYNC__FORMER_SYNC_USERS", bad[i]));
    assert_former(config, "@a:example.org", "@b:example.org");
    assert_true(store(config, "SYNC__FORMER_SYNC_USERS", "a,b,c,d,e,f,g,h"));
    assert_string_equal(config->sync.former_sync_users[7], "@h:example.org");
    assert_null(config->sync.former_sync_users[8]);
}

static void test_protected_users(void **state)
{
    static const char *const bad[] = {"tg_* @*:other.org", "@tg_*", "@*:*", "*:example.org", "a:*"};
    CLEANUP(config_freep) struct config *config = new_config();

    (void)state;
    assert_true(store(config, "SYNC__PROTECTED_USERS", "*"));
    assert_string_equal(config->sync.protected_users[0], "@*:example.org");
    for (size_t i = 0; i < COUNT(bad); i++)
        assert_false(store(config, "SYNC__PROTECTED_USERS", bad[i]));
    assert_string_equal(config->sync.protected_users[0], "@*:example.org");
    assert_null(config->sync.protected_users[1]);
}

static void test_listen(void **state)
{
    CLEANUP(config_freep) struct config *config = new_config();

    (void)state;
    assert_true(store(config, "MONITOR__LISTEN", "0.0.0.0:80"));
    assert_string_equal(config->monitor.listen, "0.0.0.0:80");
    assert_false(store(config, "MONITOR__LISTEN", "none"));
    assert_string_equal(config->monitor.listen, "0.0.0.0:80");
    assert_true(store(config, "MONITOR__LISTEN", "off"));
    assert_null(config->monitor.listen);
}

static void test_files(void **state)
{
    CLEANUP(config_freep) struct config *config = new_config();

    (void)state;
    assert_true(store(config, "HTTP__CA_FILE", "/dev/null"));
    assert_string_equal(config->http.ca_file, "/dev/null");
    assert_false(store(config, "HTTP__CA_FILE", "/nonexistent/ca.pem"));
    assert_true(store(config, "MATRIX_MESSENGER__SYNC_USER_AVATAR_PATH", "/nonexistent/avatar.png"));
}

/* No error repeats what it was given, be it secret or not. */
static void test_errors_never_quote(void **state)
{
    static const char text[] = "\x01hunter2:/\"";

    (void)state;
    for (size_t i = 0; i < SETTING_COUNT; i++) {
        CLEANUP(config_freep) struct config *config = new_config();
        struct error error = {""};

        if (settings[i].type == SETTING_PATH)
            continue;
        assert_false(setting_store(&settings[i], text, config, &error));
        assert_null(strstr(error.text, "hunter2"));
        assert_memory_equal(error.text, "expected ", 9);
    }
}

/* What the table itself promises. */
static void test_table(void **state)
{
    (void)state;
    for (size_t i = 0; i < SETTING_COUNT; i++) {
        const struct setting *setting = &settings[i];
        CLEANUP(config_freep) struct config *config = new_config();
        char expected[EXPECTED_SIZE];

        assert_int_equal(setting_number(setting->name), i);
        assert_true(!setting->fallback || store(config, setting->name, setting->fallback));
        assert_true(strlen(setting->help) > 0 && setting->help[strlen(setting->help) - 1] != '.');
        assert_true(strlen(setting_expected(setting, expected)) > 0);
        for (size_t j = 0; j < i; j++)
            assert_true(settings[j].offset != setting->offset);
    }
    assert_int_equal(setting_number("NO_SUCH_SETTING"), NAME_COUNT);
    assert_true(setting_number("RABBITMQ_URI_FILE") == SETTING_COUNT + setting_number("RABBITMQ_URI"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_numbers),
        cmocka_unit_test(test_booleans),
        cmocka_unit_test(test_choices),
        cmocka_unit_test(test_texts),
        cmocka_unit_test(test_homeserver),
        cmocka_unit_test(test_broker),
        cmocka_unit_test(test_proxy),
        cmocka_unit_test(test_sync_user),
        cmocka_unit_test(test_former_sync_users),
        cmocka_unit_test(test_protected_users),
        cmocka_unit_test(test_listen),
        cmocka_unit_test(test_files),
        cmocka_unit_test(test_errors_never_quote),
        cmocka_unit_test(test_table),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
