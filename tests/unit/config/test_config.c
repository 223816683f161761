/* The configuration as a whole: values and the precedence of their sources. */

#include "config/workspace.h"
#include "support/test.h"

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
    assert_int_equal(config->rabbitmq.prefetch, 64);
    assert_int_equal(config->rabbitmq.heartbeat, 5);
    assert_int_equal(config->rabbitmq.hold_seconds, 1200);
    assert_int_equal(config->rabbitmq.largest_message, 1024 * 1024);
    assert_null(config->rabbitmq.ca_file);
    assert_null(config->rabbitmq.certificate_file);
    assert_null(config->rabbitmq.key_file);
    assert_int_equal(config->sync.concurrency, 16);
    assert_int_equal(config->sync.bulk_rest, 1);
    assert_false(config->sync.reactivate);
    assert_true(config->sync.erase);
    assert_true(config->sync.lift_rate_limit);
    assert_null(config->sync.room_version);
    assert_non_null(config->sync.former_sync_users);
    assert_null(config->sync.former_sync_users[0]);
    assert_non_null(config->sync.protected_users);
    assert_null(config->sync.protected_users[0]);
    assert_int_equal(config->sync.removals_per_hour, 500);
    assert_int_equal(config->sync.drain_seconds, 25);
    assert_null(config->http.proxy);
    assert_null(config->http.ca_file);
    assert_int_equal(config->http.request_seconds, 60);
    assert_int_equal(config->http.connect_seconds, 5);
    assert_int_equal(config->http.largest_reply, 16 * 1024 * 1024);
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
    set("SYNC__PROTECTED_USERS", "head tg_*,@*-bot:example.org");
    set("SYNC__REMOVALS_PER_HOUR", "0");
    set("SYNC__BULK_REST", "0");
    set("MONITOR__LISTEN", "off");
    set("LOG__LEVEL", "debug");
    config = load();
    assert_string_equal(config->matrix.uri, "https://m.example.org");
    assert_string_equal(config->matrix.sync_user_name, "bot");
    assert_string_equal(config->sync.former_sync_users[0], "@old:example.org");
    assert_string_equal(config->sync.former_sync_users[1], "@older:example.org");
    assert_null(config->sync.former_sync_users[2]);
    assert_string_equal(config->sync.protected_users[0], "@head:example.org");
    assert_string_equal(config->sync.protected_users[1], "@tg_*:example.org");
    assert_string_equal(config->sync.protected_users[2], "@*-bot:example.org");
    assert_null(config->sync.protected_users[3]);
    assert_int_equal(config->sync.removals_per_hour, 0);
    assert_int_equal(config->sync.bulk_rest, 0);
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

        assert_int_equal(config->sync.concurrency, expected == 14 ? 16 : expected);
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

/* By their whole paths, the first in precedence first. Secrets' files are not among them. */
static void test_files_that_were_read(void **state)
{
    CLEANUP(freep) char *folder = getcwd(NULL, 0);
    CLEANUP(freep) char *expected = text_format("%s/.env, %s/given.yaml", folder, folder);
    CLEANUP(config_freep) struct config *without = NULL;
    CLEANUP(config_freep) struct config *with = NULL;

    (void)state;
    set_required();
    without = load();
    assert_null(without->files);
    write_file(".env", "SYNC__CONCURRENCY=12");
    write_file("given.yaml", "SYNC:\n");
    with = load_from(&(struct config_sources){.yaml_file = "given.yaml"});
    assert_string_equal(with->files, expected);
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
        TEST(test_files_that_were_read),
        TEST(test_everything_in_dotenv),
        TEST(test_everything_in_yaml),
        TEST(test_free_takes_null),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
