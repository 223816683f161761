/* What a configuration is refused for, and what is only noticed. */

#include "config/workspace.h"
#include "support/test.h"

static void test_bad_values(void **state)
{
    static const char *const overrides[] = {"SYNC__CONCURRENCY=0", NULL};

    (void)state;
    set_required();
    assert_refused_from(&(struct config_sources){.overrides = overrides},
                        "command line: SYNC__CONCURRENCY: expected a whole number from 1 to 64");
    set("SYNC__CONCURRENCY", "many");
    assert_refused("environment: SYNC__CONCURRENCY: expected a whole number from 1 to 64");
    assert_int_equal(unsetenv("SYNC__CONCURRENCY"), 0);
    write_file("f.yaml", "# c\nSYNC:\n  CONCURRENCY: 65\n");
    assert_refused_from(&(struct config_sources){.yaml_file = "f.yaml"},
                        "f.yaml:3: SYNC__CONCURRENCY: expected a whole number from 1 to 64");
    write_file(".env", "\n\n\n\n\n\nSYNC__CONCURRENCY=x");
    assert_refused(".env:7: SYNC__CONCURRENCY: expected a whole number from 1 to 64");
}

/* A pair of which one alone is of no use. */
static void test_a_client_without_its_secret(void **state)
{
    (void)state;
    set_required();
    set("MATRIX_MESSENGER__MAS_CLIENT_ID", "client");
    assert_refused("MATRIX_MESSENGER__MAS_CLIENT_ID: expected MATRIX_MESSENGER__MAS_CLIENT_SECRET with it");
    set("MATRIX_MESSENGER__MAS_CLIENT_SECRET", "hunter2");
    config_free(load());
}

static void test_unknown_names(void **state)
{
    static const char *const overrides[] = {"LOGLEVEL=info", NULL};

    (void)state;
    set_required();
    assert_refused_from(&(struct config_sources){.overrides = overrides},
                        "command line: LOGLEVEL: unknown setting; did you mean LOG__LEVEL?");
    set("SYNC__CONCURENCY", "");
    assert_refused("environment: SYNC__CONCURENCY: unknown setting; did you mean SYNC__CONCURRENCY?");
    assert_int_equal(unsetenv("SYNC__CONCURENCY"), 0);
    set("HTTP__WHATEVER", "1");
    assert_refused("environment: HTTP__WHATEVER: unknown setting");
    assert_int_equal(unsetenv("HTTP__WHATEVER"), 0);
    write_file("f.yaml", "SYNC:\n  CONCURENCY: 3\n");
    assert_refused_from(&(struct config_sources){.yaml_file = "f.yaml"},
                        "f.yaml:2: SYNC__CONCURENCY: unknown setting; did you mean SYNC__CONCURRENCY?");
    write_file(".env", "A=b\nMONITOR__LISTENS=off");
    assert_refused(".env:2: MONITOR__LISTENS: unknown setting; did you mean MONITOR__LISTEN?");
}

/* RABBITMQ_ is the broker's, too: there a slip is a warning, and all else is passed over. */
static void test_near_misses_are_warnings(void **state)
{
    (void)state;
    set_required();
    set("RABBITMQ_URL", "amqp://user:hunter2@h");
    set("RABBITMQ_NODENAME", "rabbit@h");
    set("LOG_LEVEL", "debug");
    set("HTTP_PROXY", "http://p");
    write_file(".env", "A=b\nRABBITMQ__PREFETCH=1\n");
    capture_log();
    config_free(load());
    assert_non_null(strstr(logged(),
                           "level=warning event=config-unknown-name place=environment name=RABBITMQ_URL "
                           "did_you_mean=RABBITMQ_URI"));
    assert_non_null(strstr(logged(), "place=.env:2 name=RABBITMQ__PREFETCH did_you_mean=RABBITMQ_PREFETCH"));
    assert_null(strstr(logged(), "NODENAME"));
    assert_null(strstr(logged(), "HTTP_PROXY"));
    assert_null(strstr(logged(), "hunter2"));
}

/* Erasing is final: who meant to switch it off and misspelt that must be told before anything is erased. */
static void test_near_misses_of_guards_are_mistakes(void **state)
{
    (void)state;
    set_required();
    set("SYNC_ERASE", "false");
    assert_refused("environment: SYNC_ERASE: unknown setting; did you mean SYNC__ERASE?");
    assert_int_equal(unsetenv("SYNC_ERASE"), 0);
    write_file(".env", "Sync_Erase=no\n");
    assert_refused(".env:1: Sync_Erase: unknown setting; did you mean SYNC__ERASE?");
    write_file(".env", "SYNC_REACTIVATE=true\nMATRIX_MESSENGER_URI=http://h\nHTTP_PROXY=http://h\n");
    capture_log();
    config_free(load());
    assert_non_null(strstr(logged(), "did_you_mean=SYNC__REACTIVATE"));
    assert_non_null(strstr(logged(), "did_you_mean=MATRIX_MESSENGER__URI"));
    assert_null(strstr(logged(), "HTTP"));
}

static void test_required(void **state)
{
    (void)state;
    assert_refused(
        "MATRIX_MESSENGER__URI: expected an http:// or https:// URI without user, query and fragment, "
        "but it is set neither in the environment nor in .env of this folder nor in a YAML file");
    set_required();
    set("MATRIX_MESSENGER__SERVERNAME", "");
    assert_refused("MATRIX_MESSENGER__SERVERNAME: expected a server name such as example.org or "
                   "example.org:8448, but it is set neither in the environment nor in .env of this folder "
                   "nor in a YAML file");
}

static void test_a_way_to_log_in(void **state)
{
    static const char *const ways[] = {"MATRIX_MESSENGER__SECRET", "MATRIX_MESSENGER__SYNC_USER_PASSWORD",
                                       "MATRIX_MESSENGER__SYNC_USER_TOKEN"};

    (void)state;
    set_required();
    set("MATRIX_MESSENGER__SECRET", "");
    assert_refused("no way to log in: expected one of MATRIX_MESSENGER__SECRET, "
                   "MATRIX_MESSENGER__SYNC_USER_PASSWORD and MATRIX_MESSENGER__SYNC_USER_TOKEN");
    for (size_t i = 0; i < 3; i++) {
        set(ways[i], "x");
        config_free(load());
        set(ways[i], "");
    }
}

static void test_client_certificate_needs_its_key(void **state)
{
    (void)state;
    set_required();
    set("RABBITMQ_CERTIFICATE_FILE", "/dev/null");
    assert_refused("RABBITMQ_CERTIFICATE_FILE and RABBITMQ_KEY_FILE: expected both or neither");
    set("RABBITMQ_KEY_FILE", "/dev/null");
    config_free(load());
    set("HTTP__KEY_FILE", "/dev/null");
    assert_refused("HTTP__CERTIFICATE_FILE and HTTP__KEY_FILE: expected both or neither");
    set("HTTP__CERTIFICATE_FILE", "/dev/null");
    config_free(load());
}

static void test_bad_files(void **state)
{
    (void)state;
    set_required();
    assert_refused_from(&(struct config_sources){.yaml_file = "missing.yaml"},
                        "cannot read missing.yaml: No such file or directory");
    assert_int_equal(mkdir("config", 0700), 0);
    assert_int_equal(mkdir("config/default.yaml", 0700), 0);
    assert_refused("cannot read config/default.yaml: Is a directory");
    write_file("f.yaml", "SYNC:\n  ERASE: a: b\n");
    assert_refused_from(&(struct config_sources){.yaml_file = "f.yaml"},
                        "f.yaml:2: expected YAML: mapping values are not allowed in this context");
    write_file("f.yaml", "");
    write_file(".env", "A=b\n\nMATRIX_MESSENGER__SECRET hunter2\n");
    assert_refused_from(&(struct config_sources){.yaml_file = "f.yaml"},
                        ".env:3: expected NAME=value, a comment or an empty line");
    assert_int_equal(remove(".env"), 0);
    assert_int_equal(mkdir(".env", 0700), 0);
    assert_refused_from(&(struct config_sources){.yaml_file = "f.yaml"}, "cannot read .env: Is a directory");
}

static void test_malformed_override(void **state)
{
    static const char *const overrides[] = {"SYNC__ERASE", NULL};

    (void)state;
    set_required();
    assert_refused_from(&(struct config_sources){.overrides = overrides},
                        "command line: expected NAME=VALUE");
}

/* docker's --env-file keeps quotes: where they cannot belong they are refused, elsewhere noticed. */
static void test_quotes_in_the_environment(void **state)
{
    static const char *const names[] = {"RABBITMQ_URI", "MATRIX_MESSENGER__URI",
                                        "MATRIX_MESSENGER__SYNC_USER_TOKEN", "SYNC__CONCURRENCY"};
    static const char *const texts[] = {"\"amqp://h\"", "'http://a'", "`hunter2`", "\"8\""};
    CLEANUP(config_freep) struct config *config = NULL;

    (void)state;
    set_required();
    for (size_t i = 0; i < 4; i++) {
        char expected[160];

        (void)snprintf(expected, sizeof(expected),
                       "environment: %s: expected a value without quotes around it "
                       "(docker's --env-file keeps them)",
                       names[i]);
        set(names[i], texts[i]);
        assert_refused(expected);
        set(names[i], i == 1 ? "http://a" : "");
    }
    write_file(".env", "SYNC__CONCURRENCY='\"8\"'"); /* not from there: no word of docker */
    assert_refused(".env:1: SYNC__CONCURRENCY: expected a whole number from 1 to 64");
    assert_int_equal(remove(".env"), 0);
    set("MATRIX_MESSENGER__SYNC_USER_PASSWORD", "'hunter2'");
    capture_log();
    config = load();
    assert_string_equal(config->matrix.sync_user_password, "'hunter2'");
    assert_non_null(strstr(logged(), "event=config-value-quoted place=environment "
                                     "name=MATRIX_MESSENGER__SYNC_USER_PASSWORD"));
    assert_null(strstr(logged(), "hunter2"));
}

static void test_value_cut_by_a_comment(void **state)
{
    CLEANUP(config_freep) struct config *config = NULL;

    (void)state;
    set_required();
    write_file(".env", "MATRIX_MESSENGER__SYNC_USER_PASSWORD=abc#def\nOTHER=a#b\n");
    capture_log();
    config = load();
    assert_string_equal(config->matrix.sync_user_password, "abc");
    assert_non_null(strstr(logged(), "event=config-value-cut place=.env:1"));
    assert_null(strstr(logged(), "OTHER"));
    assert_null(strstr(logged(), "def"));
}

/* The first mistake is the error, those after it are in the log, and none is missing. */
static void test_all_mistakes_are_told(void **state)
{
    (void)state;
    set_required();
    set("SYNC__CONCURRENCY", "x");
    set("SYNC__ERASE", "x");
    write_file(".env", "LOG__LEVELS=x\nLOG__LEVEL=x\n");
    capture_log();
    assert_refused(".env:1: LOG__LEVELS: unknown setting; did you mean LOG__LEVEL?");
    assert_non_null(strstr(logged(), "environment: SYNC__CONCURRENCY: expected a whole number from 1 to 64"));
    assert_non_null(strstr(logged(), "environment: SYNC__ERASE: expected true or false"));
    assert_non_null(strstr(logged(), ".env:2: LOG__LEVEL: expected error, warning, info or debug"));
}

static void test_mistakes_are_bounded(void **state)
{
    FILE *file;
    size_t lines = 0;

    (void)state;
    set_required();
    file = fopen(".env", "wb");
    assert_non_null(file);
    for (int i = 0; i < 1000; i++)
        (void)fprintf(file, "SYNC__NONSENSE_%d=1\n", i);
    assert_int_equal(fclose(file), 0);
    capture_log();
    assert_refused(".env:1: SYNC__NONSENSE_0: unknown setting");
    for (const char *at = logged(); *at; at++)
        lines += *at == '\n';
    assert_in_range(lines, 10, 100);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, workspace_setup, workspace_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_bad_values),
        TEST(test_unknown_names),
        TEST(test_near_misses_are_warnings),
        TEST(test_near_misses_of_guards_are_mistakes),
        TEST(test_required),
        TEST(test_a_way_to_log_in),
        TEST(test_a_client_without_its_secret),
        TEST(test_client_certificate_needs_its_key),
        TEST(test_bad_files),
        TEST(test_malformed_override),
        TEST(test_quotes_in_the_environment),
        TEST(test_value_cut_by_a_comment),
        TEST(test_all_mistakes_are_told),
        TEST(test_mistakes_are_bounded),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
