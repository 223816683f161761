/* The configuration as a whole: sources, their precedence, and what is refused. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "config/settings.h"
#include "config/workspace.h"

static const char *const no_overrides[] = {NULL};

/* ---- values ---- */

static void test_defaults(void **state)
{
    CLEANUP(config_freep) struct config *config = NULL;

    (void)state;
    set_required();
    config = load();
    assert_string_equal(config->matrix.uri, "http://localhost:8008");
    assert_string_equal(config->matrix.server_name, "example.org");
    assert_string_equal(config->matrix.secret, "environment-secret");
    assert_string_equal(config->matrix.sync_user_name, "sync");
    assert_null(config->matrix.sync_user_password);
    assert_null(config->matrix.sync_user_token);
    assert_string_equal(config->matrix.sync_user_displayname, "Sync-Bot");
    assert_string_equal(config->rabbitmq.uri, "amqp://localhost");
    assert_string_equal(config->rabbitmq.queue, "matrix_sync_populated");
    assert_int_equal(config->rabbitmq.queue_declare, QUEUE_DECLARE_DURABLE);
    assert_int_equal(config->rabbitmq.prefetch, 32);
    assert_int_equal(config->rabbitmq.heartbeat, 30);
    assert_int_equal(config->rabbitmq.largest_message, 1024 * 1024);
    assert_null(config->rabbitmq.ca_file);
    assert_null(config->rabbitmq.certificate_file);
    assert_null(config->rabbitmq.key_file);
    assert_int_equal(config->sync.concurrency, 8);
    assert_false(config->sync.reactivate);
    assert_true(config->sync.erase);
    assert_true(config->sync.lift_rate_limit);
    assert_null(config->sync.room_version);
    assert_non_null(config->sync.former_sync_users);
    assert_null(config->sync.former_sync_users[0]);
    assert_int_equal(config->sync.drain_seconds, 25);
    assert_null(config->http.proxy);
    assert_null(config->http.ca_file);
    assert_int_equal(config->http.request_seconds, 60);
    assert_int_equal(config->http.connect_seconds, 5);
    assert_int_equal(config->http.largest_reply, 64 * 1024 * 1024);
    assert_string_equal(config->monitor.listen, "127.0.0.1:9595");
    assert_int_equal(config->log.level, LOG_INFO);
    assert_int_equal(config->log.format, LOG_LOGFMT);
}

static void test_environment(void **state)
{
    CLEANUP(config_freep) struct config *config = NULL;

    (void)state;
    set_required();
    set("MATRIX_MESSENGER__URI", "https://m.example.org/");
    set("MATRIX_MESSENGER__SYNC_USER_NAME", "@bot:example.org");
    set("SYNC__FORMER_SYNC_USERS", "old, @older:example.org");
    set("MONITOR__LISTEN", "off");
    set("LOG__LEVEL", "debug");
    config = load();
    assert_string_equal(config->matrix.uri, "https://m.example.org");
    assert_string_equal(config->matrix.sync_user_name, "bot");
    assert_string_equal(config->sync.former_sync_users[0], "@old:example.org");
    assert_string_equal(config->sync.former_sync_users[1], "@older:example.org");
    assert_null(config->sync.former_sync_users[2]);
    assert_null(config->monitor.listen);
    assert_int_equal(config->log.level, LOG_DEBUG);
}

/* The default picture is the one below the working directory, if there is one; else the installed one. */
static void test_avatar(void **state)
{
    (void)state;
    set_required();
    {
        CLEANUP(config_freep) struct config *config = load();

        assert_string_not_equal(config->matrix.sync_user_avatar_path, "./data/avatar.png");
        assert_non_null(strstr(config->matrix.sync_user_avatar_path, "/avatar.png"));
        assert_int_equal(config->matrix.sync_user_avatar_path[0], '/');
    }
    assert_int_equal(mkdir("data", 0700), 0);
    write_file("data/avatar.png", "");
    {
        CLEANUP(config_freep) struct config *config = load();

        assert_string_equal(config->matrix.sync_user_avatar_path, "./data/avatar.png");
    }
    assert_int_equal(remove("data/avatar.png"), 0);
    set("MATRIX_MESSENGER__SYNC_USER_AVATAR_PATH", "./data/avatar.png");
    {
        CLEANUP(config_freep) struct config *config = load();

        assert_string_equal(config->matrix.sync_user_avatar_path, "./data/avatar.png");
    }
}

/* ---- precedence ---- */

/* Each source in turn says 10, 11, …; the first in precedence that says anything counts. */
static void test_precedence(void **state)
{
    static const char *const overrides[] = {"SYNC__CONCURRENCY=10", NULL};
    struct config_sources sources = {.yaml_file = "given.yaml", .overrides = overrides};

    (void)state;
    set_required();
    set("SYNC__CONCURRENCY", "11");
    write_file(".env", "SYNC__CONCURRENCY=12");
    write_file("given.yaml", "SYNC:\n  CONCURRENCY: 13\n");
    for (uint32_t expected = 10; expected <= 14; expected++) {
        CLEANUP(config_freep) struct config *config = load_from(&sources);

        assert_int_equal(config->sync.concurrency, expected == 14 ? 8 : expected);
        if (expected == 10)
            sources.overrides = no_overrides;
        if (expected == 11)
            set("SYNC__CONCURRENCY", ""); /* empty: the same as none */
        if (expected == 12)
            write_file(".env", "SYNC__CONCURRENCY=");
        if (expected == 13)
            write_file("given.yaml", "SYNC:\n  CONCURRENCY:\n");
    }
}

static void test_empty_override_is_none(void **state)
{
    static const char *const overrides[] = {"SYNC__CONCURRENCY=", NULL};
    CLEANUP(config_freep) struct config *config = NULL;

    (void)state;
    set_required();
    set("SYNC__CONCURRENCY", "11");
    config = load_from(&(struct config_sources){.overrides = overrides});
    assert_int_equal(config->sync.concurrency, 11);
}

static void test_local_yaml_file(void **state)
{
    CLEANUP(config_freep) struct config *config = NULL;

    (void)state;
    set_required();
    assert_int_equal(mkdir("config", 0700), 0);
    write_file("config/default.yaml", "SYNC:\n  CONCURRENCY: 20\n");
    config = load();
    assert_int_equal(config->sync.concurrency, 20);
}

static void test_given_yaml_file_replaces_the_local_one(void **state)
{
    CLEANUP(config_freep) struct config *config = NULL;

    (void)state;
    set_required();
    assert_int_equal(mkdir("config", 0700), 0);
    write_file("config/default.yaml", "SYNC:\n  CONCURRENCY: nonsense\n  REACTIVATE: true\n");
    write_file("other.yaml", "SYNC:\n  CONCURRENCY: 21\n");
    config = load_from(&(struct config_sources){.yaml_file = "other.yaml"});
    assert_int_equal(config->sync.concurrency, 21);
    assert_false(config->sync.reactivate);
}

static void test_everything_in_dotenv(void **state)
{
    CLEANUP(config_freep) struct config *config = NULL;

    (void)state;
    write_file(".env", "MATRIX_MESSENGER__URI='https://a'\n"
                       "MATRIX_MESSENGER__SERVERNAME=\"b.org\" # c\n"
                       "export MATRIX_MESSENGER__SYNC_USER_TOKEN=first\n"
                       "MATRIX_MESSENGER__SYNC_USER_TOKEN=second\n"
                       "NODE_ENV=production\n");
    config = load();
    assert_string_equal(config->matrix.uri, "https://a");
    assert_string_equal(config->matrix.server_name, "b.org");
    assert_string_equal(config->matrix.sync_user_token, "second");
}

static void test_everything_in_yaml(void **state)
{
    CLEANUP(config_freep) struct config *config = NULL;

    (void)state;
    write_file("all.yaml", "MATRIX_MESSENGER:\n  URI: https://a\n  SERVERNAME: b.org\n  SECRET: c\n"
                           "RABBITMQ_URI: amqps://d\nSYNC:\n  FORMER_SYNC_USERS: e f\n");
    config = load_from(&(struct config_sources){.yaml_file = "all.yaml"});
    assert_string_equal(config->matrix.uri, "https://a");
    assert_string_equal(config->matrix.secret, "c");
    assert_string_equal(config->rabbitmq.uri, "amqps://d");
    assert_string_equal(config->sync.former_sync_users[1], "@f:b.org");
}

/* ---- secrets ---- */

static void test_secret_file(void **state)
{
    static const struct {
        const char *content, *secret;
    } cases[] = {{"s", "s"}, {"s\n", "s"}, {"s\r\n", "s"}, {" s ", " s "}};

    (void)state;
    set_required();
    assert_int_equal(unsetenv("MATRIX_MESSENGER__SECRET"), 0);
    set("MATRIX_MESSENGER__SECRET_FILE", "secret");
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        CLEANUP(config_freep) struct config *config = NULL;

        write_file("secret", cases[i].content);
        config = load();
        assert_string_equal(config->matrix.secret, cases[i].secret);
    }
}

/* For every secret, and from every source that may name a file. */
static void test_each_secret_has_a_file(void **state)
{
    (void)state;
    set("MATRIX_MESSENGER__URI", "http://a");
    set("MATRIX_MESSENGER__SERVERNAME", "example.org");
    write_file("login", "l");
    for (size_t i = 0; i < SETTING_COUNT; i++) {
        CLEANUP(config_freep) struct config *config = NULL;
        CLEANUP(freep)
        char *override = text_format("%s=secret", settings[i].file_name ? settings[i].file_name : "");
        const char *const overrides[] = {override, NULL};
        const char *uri = settings[i].type == SETTING_PROXY ? "http://u:p@h" : "amqp://u:p@h";

        if (!settings[i].file_name)
            continue;
        set("MATRIX_MESSENGER__SECRET_FILE",
            settings[i].offset == offsetof(struct config, matrix.secret) ? "" : "login");
        write_file("secret", uri);
        config = load_from(&(struct config_sources){.overrides = overrides});
        assert_string_equal(*(char **)((char *)config + settings[i].offset), uri);
    }
}

static void test_bad_secret_files(void **state)
{
    char *large = memory_new(65536 + 2, 1);

    (void)state;
    set_required();
    assert_int_equal(unsetenv("MATRIX_MESSENGER__SECRET"), 0);
    set("MATRIX_MESSENGER__SECRET_FILE", "secret");
    assert_refused(
        "environment: MATRIX_MESSENGER__SECRET_FILE: cannot read secret: No such file or directory");
    write_file("secret", "");
    assert_refused(
        "environment: MATRIX_MESSENGER__SECRET_FILE: expected a secret in secret, but it is empty");
    write_file("secret", "\n");
    assert_refused(
        "environment: MATRIX_MESSENGER__SECRET_FILE: expected a secret in secret, but it is empty");
    write_bytes("secret", "a\0b", 3);
    assert_refused("environment: MATRIX_MESSENGER__SECRET_FILE: cannot read secret: it holds a NUL byte");
    memset(large, 'x', 65537);
    write_bytes("secret", large, 65537);
    assert_refused(
        "environment: MATRIX_MESSENGER__SECRET_FILE: cannot read secret: it is larger than 65536 bytes");
    write_bytes("secret", large, 65536);
    config_free(load());
    write_file("secret", "hunter2\nhunter3\n");
    assert_refused("secret: MATRIX_MESSENGER__SECRET: expected text without control characters");
    assert_int_equal(remove("secret"), 0);
    assert_int_equal(mkdir("secret", 0700), 0);
    assert_refused("environment: MATRIX_MESSENGER__SECRET_FILE: cannot read secret: Is a directory");
    free(large);
}

static void test_secret_together_with_its_file(void **state)
{
    (void)state;
    set_required();
    write_file("secret", "s");
    set("MATRIX_MESSENGER__SECRET_FILE", "secret");
    assert_refused("environment: MATRIX_MESSENGER__SECRET: given together with MATRIX_MESSENGER__SECRET_FILE "
                   "(environment); expected one of them");
    set("MATRIX_MESSENGER__SECRET_FILE", "");
    write_file(".env", "\nMATRIX_MESSENGER__SECRET_FILE=secret\n");
    assert_refused("environment: MATRIX_MESSENGER__SECRET: given together with MATRIX_MESSENGER__SECRET_FILE "
                   "(.env:2); expected one of them");
    /* One of them empty: that is no mistake. */
    set("MATRIX_MESSENGER__SECRET", "");
    config_free(load());
}

static void test_credentials(void **state)
{
    CLEANUP(config_freep) struct config *config = NULL;

    (void)state;
    set_required();
    assert_int_equal(unsetenv("MATRIX_MESSENGER__SECRET"), 0);
    assert_int_equal(mkdir("credentials", 0700), 0);
    set("CREDENTIALS_DIRECTORY", "credentials");
    write_file("credentials/MATRIX_MESSENGER__SECRET", "from-systemd\n");
    write_file("credentials/SYNC__CONCURRENCY", "9"); /* no secret: not read */
    write_file("credentials/RABBITMQ_URI", "");       /* empty: none */
    write_file(".env", "MATRIX_MESSENGER__SECRET=from-dotenv");
    config = load();
    assert_string_equal(config->matrix.secret, "from-systemd");
    assert_int_equal(config->sync.concurrency, 8);
    assert_string_equal(config->rabbitmq.uri, "amqp://localhost");
}

static void test_environment_comes_before_credentials(void **state)
{
    CLEANUP(config_freep) struct config *config = NULL;

    (void)state;
    set_required();
    assert_int_equal(mkdir("credentials", 0700), 0);
    set("CREDENTIALS_DIRECTORY", "credentials");
    write_file("credentials/MATRIX_MESSENGER__SECRET", "from-systemd");
    config = load();
    assert_string_equal(config->matrix.secret, "environment-secret");
}

/* X_FILE often names the credential itself; that is not X together with X_FILE. */
static void test_credentials_beside_files(void **state)
{
    (void)state;
    set_required();
    set("MATRIX_MESSENGER__SECRET", "");
    assert_int_equal(mkdir("credentials", 0700), 0);
    set("CREDENTIALS_DIRECTORY", "credentials");
    write_file("credentials/MATRIX_MESSENGER__SECRET", "from-systemd");
    write_file("secret", "from-file");
    set("MATRIX_MESSENGER__SECRET_FILE", "secret");
    {
        CLEANUP(config_freep) struct config *config = load();

        assert_string_equal(config->matrix.secret, "from-file");
    }
    set("MATRIX_MESSENGER__SECRET_FILE", "");
    write_file(".env", "MATRIX_MESSENGER__SECRET_FILE=secret");
    {
        CLEANUP(config_freep) struct config *config = load();

        assert_string_equal(config->matrix.secret, "from-systemd");
    }
}

static void test_bad_credential(void **state)
{
    (void)state;
    set_required();
    set("CREDENTIALS_DIRECTORY", "credentials");
    assert_int_equal(mkdir("credentials", 0700), 0);
    write_bytes("credentials/RABBITMQ_URI", "a\0b", 3);
    assert_refused("credentials: RABBITMQ_URI: cannot read credentials/RABBITMQ_URI: it holds a NUL byte");
    write_file("credentials/RABBITMQ_URI", "http://hunter2");
    assert_refused(
        "credentials/RABBITMQ_URI: RABBITMQ_URI: expected an amqp:// or amqps:// URI that does not "
        "end in /");
}

static void test_no_secret_on_the_command_line(void **state)
{
    static const char *const overrides[] = {"MATRIX_MESSENGER__SECRET=hunter2", NULL};

    (void)state;
    set_required();
    assert_refused_from(
        &(struct config_sources){.overrides = overrides},
        "command line: MATRIX_MESSENGER__SECRET: expected it elsewhere, for it is a secret: in the "
        "environment or as MATRIX_MESSENGER__SECRET_FILE");
}

/* ---- what is refused ---- */

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

static void test_required(void **state)
{
    (void)state;
    assert_refused(
        "MATRIX_MESSENGER__URI: expected an http:// or https:// URI without user, query and fragment, "
        "but it is not set anywhere");
    set_required();
    set("MATRIX_MESSENGER__SERVERNAME", "");
    assert_refused("MATRIX_MESSENGER__SERVERNAME: expected a server name such as example.org or "
                   "example.org:8448, but it is not set anywhere");
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

/* Every secret is given a wrong value by every source; neither error nor log repeats it. */
static void test_secrets_are_never_told(void **state)
{
    (void)state;
    for (size_t i = 0; i < SETTING_COUNT; i++) {
        struct error error = {""};

        if (!settings[i].file_name)
            continue;
        set_required();
        set(settings[i].name, "\"hunter2\x01\"");
        write_file(".env", "");
        capture_log();
        assert_null(config_load(&(struct config_sources){0}, &error));
        assert_null(strstr(error.text, "hunter2"));
        assert_null(strstr(logged(), "hunter2"));
        assert_int_equal(unsetenv(settings[i].name), 0);
    }
}

static void test_free_takes_null(void **state)
{
    (void)state;
    config_free(NULL);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, workspace_setup, workspace_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_defaults),
        TEST(test_environment),
        TEST(test_avatar),
        TEST(test_precedence),
        TEST(test_empty_override_is_none),
        TEST(test_local_yaml_file),
        TEST(test_given_yaml_file_replaces_the_local_one),
        TEST(test_everything_in_dotenv),
        TEST(test_everything_in_yaml),
        TEST(test_secret_file),
        TEST(test_each_secret_has_a_file),
        TEST(test_bad_secret_files),
        TEST(test_secret_together_with_its_file),
        TEST(test_credentials),
        TEST(test_environment_comes_before_credentials),
        TEST(test_credentials_beside_files),
        TEST(test_bad_credential),
        TEST(test_no_secret_on_the_command_line),
        TEST(test_bad_values),
        TEST(test_unknown_names),
        TEST(test_near_misses_are_warnings),
        TEST(test_required),
        TEST(test_a_way_to_log_in),
        TEST(test_client_certificate_needs_its_key),
        TEST(test_bad_files),
        TEST(test_malformed_override),
        TEST(test_quotes_in_the_environment),
        TEST(test_value_cut_by_a_comment),
        TEST(test_all_mistakes_are_told),
        TEST(test_mistakes_are_bounded),
        TEST(test_secrets_are_never_told),
        TEST(test_free_takes_null),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
