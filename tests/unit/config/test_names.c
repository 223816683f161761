/* Names that are not in the table. */

#include "base/memory.h"
#include "config/names.h"
#include "config/settings.h"
#include "support/test.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static void test_distance(void **state)
{
    (void)state;
    assert_int_equal(names_distance("", "", 9), 0);
    assert_int_equal(names_distance("abc", "abc", 9), 0);
    assert_int_equal(names_distance("abc", "ABC", 9), 0);
    assert_int_equal(names_distance("", "abc", 9), 3);
    assert_int_equal(names_distance("abc", "", 9), 3);
    assert_int_equal(names_distance("abc", "abd", 9), 1);
    assert_int_equal(names_distance("abc", "abcd", 9), 1);
    assert_int_equal(names_distance("abc", "bc", 9), 1);
    assert_int_equal(names_distance("abcd", "acbd", 9), 1);
    assert_int_equal(names_distance("abcd", "badc", 9), 2);
    assert_int_equal(names_distance("kitten", "sitting", 9), 3);
    assert_int_equal(names_distance("kitten", "sitting", 2), 3);
    assert_int_equal(names_distance("kitten", "sitting", 1), 2);
}

/* The definition, word by word and slow. */
static size_t distance_by_definition(const char *a, const char *b)
{
    size_t best, i = strlen(a), j = strlen(b), other;
    char shorter_a[8] = "", shorter_b[8] = "";

    if (i == 0 || j == 0)
        return i + j;
    memcpy(shorter_a, a, i - 1);
    memcpy(shorter_b, b, j - 1);
    best = distance_by_definition(shorter_a, shorter_b) + (a[i - 1] != b[j - 1]);
    other = distance_by_definition(shorter_a, b) + 1;
    best = other < best ? other : best;
    other = distance_by_definition(a, shorter_b) + 1;
    best = other < best ? other : best;
    if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1]) {
        shorter_a[i - 2] = shorter_b[j - 2] = '\0';
        other = distance_by_definition(shorter_a, shorter_b) + 1;
        best = other < best ? other : best;
    }
    return best;
}

static void test_distance_is_as_defined(void **state)
{
    (void)state;
    srand(1);
    for (int round = 0; round < 2000; round++) {
        char words[2][6] = {"", ""};

        for (size_t i = 0; i < 2; i++)
            for (size_t j = 0, length = (size_t)rand() % 6; j < length; j++)
                words[i][j] = "abc"[rand() % 3];
        assert_int_equal(names_distance(words[0], words[1], 9), distance_by_definition(words[0], words[1]));
    }
}

static void test_long_names_are_not_near(void **state)
{
    char name[100];

    (void)state;
    memset(name, 'A', sizeof(name) - 1);
    name[sizeof(name) - 1] = '\0';
    assert_int_equal(names_distance(name, name, 3), 4);
    assert_null(names_suggestion(name));
}

static void test_suggestions(void **state)
{
    static const struct {
        const char *name, *meant;
    } cases[] = {
        {"SYNC__CONCURENCY", "SYNC__CONCURRENCY"},
        {"sync__concurrency", "SYNC__CONCURRENCY"},
        {"MATRIX_MESSENGER__URL", "MATRIX_MESSENGER__URI"},
        {"MATRIX_MESSENGER__SERVER_NAME", "MATRIX_MESSENGER__SERVERNAME"},
        {"MATRIX_MESSENGER__SECRTE_FILE", "MATRIX_MESSENGER__SECRET_FILE"},
        {"LOG__LEVLE", "LOG__LEVEL"},
        {"RABBITMQ__URI", "RABBITMQ_URI"},
        {"SYNC_ERASE", "SYNC__ERASE"},
        {"SYNC__WHATEVER", NULL},
        {"NODE_ENV", NULL},
        {"", NULL},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        const char *found = names_suggestion(cases[i].name);

        if (!text_equal(found, cases[i].meant))
            fail_msg("%s: %s", cases[i].name, found ? found : "none");
    }
}

/* One wrong letter, one too many, one too few, or two swapped: the name that was meant is found. */
static void test_every_small_slip_is_understood(void **state)
{
    (void)state;
    for (size_t number = 0; number < NAME_COUNT; number++) {
        const char *name = setting_name(number);
        size_t length = name ? strlen(name) : 0;

        for (size_t i = 0; i < length; i++) {
            char wrong[80], extra[80], missing[80];

            (void)snprintf(wrong, sizeof(wrong), "%s", name);
            wrong[i] = '#';
            (void)snprintf(extra, sizeof(extra), "%.*s#%s", (int)i, name, name + i);
            (void)snprintf(missing, sizeof(missing), "%.*s%s", (int)i, name, name + i + 1);
            assert_string_equal(names_suggestion(wrong), name);
            assert_string_equal(names_suggestion(extra), name);
            assert_string_equal(names_suggestion(missing), name);
        }
    }
}

static void test_ours(void **state)
{
    static const char *const ours[] = {"MATRIX_MESSENGER__X", "SYNC__", "HTTP__A",
                                       "MONITOR__B",          "LOG__C", "sync__erase"};
    static const char *const others[] = {"MATRIX_MESSENGER_URI", "SYNC",      "SYNC_ERASE",
                                         "HTTP_PROXY",           "LOG_LEVEL", "RABBITMQ_URI",
                                         "RABBITMQ__URI",        "XSYNC__A",  ""};

    (void)state;
    for (size_t i = 0; i < COUNT(ours); i++)
        assert_true(names_is_ours(ours[i]));
    for (size_t i = 0; i < COUNT(others); i++)
        assert_false(names_is_ours(others[i]));
}

/* RABBITMQ_ is shared: no variable of the broker itself may be taken for a slip. */
static void test_near_misses(void **state)
{
    static const char *const slips[] = {"RABBITMQ_URL", "RABBITMQ____URI", "RABBITMQ_PREFETCHS",
                                        "RABBITMQ_QUEUE_DECLARED", "rabbitmq_uri"};
    static const char *const brokers[] = {
        "RABBITMQ_NODENAME",
        "RABBITMQ_NODE_PORT",
        "RABBITMQ_NODE_IP_ADDRESS",
        "RABBITMQ_DIST_PORT",
        "RABBITMQ_BASE",
        "RABBITMQ_HOME",
        "RABBITMQ_CONFIG_FILE",
        "RABBITMQ_CONFIG_FILES",
        "RABBITMQ_CONF_ENV_FILE",
        "RABBITMQ_ADVANCED_CONFIG_FILE",
        "RABBITMQ_ENABLED_PLUGINS_FILE",
        "RABBITMQ_PLUGINS_DIR",
        "RABBITMQ_MNESIA_BASE",
        "RABBITMQ_MNESIA_DIR",
        "RABBITMQ_LOGS",
        "RABBITMQ_LOG_BASE",
        "RABBITMQ_LOG",
        "RABBITMQ_PID_FILE",
        "RABBITMQ_USE_LONGNAME",
        "RABBITMQ_SERVICENAME",
        "RABBITMQ_CONSOLE_LOG",
        "RABBITMQ_DEFAULT_USER",
        "RABBITMQ_DEFAULT_PASS",
        "RABBITMQ_DEFAULT_VHOST",
        "RABBITMQ_ERLANG_COOKIE",
        "RABBITMQ_VM_MEMORY_HIGH_WATERMARK",
        "RABBITMQ_VERSION",
        "RABBITMQ_DATA_DIR",
        "RABBITMQ_SSL_KEYFILE",
        "RABBITMQ_SSL_CACERTFILE",
        "RABBITMQ_SSL_CERTFILE",
        "RABBITMQ_HOST",
        "RABBITMQ_PORT",
        "RABBITMQ_USER",
        "RABBITMQ_PASSWORD",
        "RABBITMQ_VHOST",
        "RABBITMQ_SERVER_ERL_ARGS",
        "RABBITMQ_CTL_ERL_ARGS",
    };

    (void)state;
    for (size_t i = 0; i < COUNT(slips); i++)
        assert_non_null(names_near_miss(slips[i]));
    for (size_t i = 0; i < COUNT(brokers); i++)
        if (names_near_miss(brokers[i]))
            fail_msg("%s: %s", brokers[i], names_near_miss(brokers[i]));
}

/* Outside of all groups, where nobody else would complain. */
static void test_near_misses_of_groups(void **state)
{
    static const struct {
        const char *slip, *meant;
    } slips[] = {
        {"SYNC_ERASE", "SYNC__ERASE"},
        {"sync_erase", "SYNC__ERASE"},
        {"SYNC...ERASE", "SYNC__ERASE"},
        {"SYN_ERASE", "SYNC__ERASE"},
        {"SYNC_REACTIVATE", "SYNC__REACTIVATE"},
        {"MATRIX_MESSENGER_URI", "MATRIX_MESSENGER__URI"},
        {"MATRIX_MESSENGER_SYNC_USER_TOKEN_FILE", "MATRIX_MESSENGER__SYNC_USER_TOKEN_FILE"},
        {"LOG_LEVEL", "LOG__LEVEL"},
        {"HTTP_CA_FILE", "HTTP__CA_FILE"},
    };
    static const char *const others[] = {
        "PATH",      "HOME",         "HTTP_PROXY", "https_proxy",    "NO_PROXY",     "all_proxy",
        "ERASE",     "SYNC",         "LOGNAME",    "LOG_DIR",        "RSYNC_RSH",    "SYNC_HOST",
        "LANG",      "NODE_ENV",     "LISTEN_FDS", "JOURNAL_STREAM", "MONITOR_PORT", "MATRIX_HOMESERVER",
        "SSH_AGENT", "INVOCATION_ID"};

    (void)state;
    for (size_t i = 0; i < COUNT(slips); i++)
        assert_string_equal(names_near_miss(slips[i].slip), slips[i].meant);
    for (size_t i = 0; i < COUNT(others); i++)
        if (names_near_miss(others[i]))
            fail_msg("%s: %s", others[i], names_near_miss(others[i]));
}

/* Who misspells one of these would lose what was to be kept. */
static void test_guards(void **state)
{
    (void)state;
    assert_true(names_guards("SYNC__ERASE"));
    assert_true(names_guards("SYNC__REMOVALS_PER_HOUR"));
    assert_true(names_guards("SYNC__PROTECTED_USERS"));
    assert_false(names_guards("SYNC__REACTIVATE"));
    assert_false(names_guards("LOG__LEVEL"));
}

static void test_length(void **state)
{
    (void)state;
    assert_int_equal(names_length(""), 0);
    assert_int_equal(names_length("SYNC__ERASE"), 11);
    assert_int_equal(names_length("A-b.c_0:hunter2"), 7);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_distance),
        cmocka_unit_test(test_distance_is_as_defined),
        cmocka_unit_test(test_long_names_are_not_near),
        cmocka_unit_test(test_suggestions),
        cmocka_unit_test(test_every_small_slip_is_understood),
        cmocka_unit_test(test_ours),
        cmocka_unit_test(test_near_misses),
        cmocka_unit_test(test_near_misses_of_groups),
        cmocka_unit_test(test_guards),
        cmocka_unit_test(test_length),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
