/* Secrets: files, credentials, and that they are never told. */

#include "config/settings.h"
#include "config/workspace.h"
#include "support/test.h"

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
    assert_refused("environment: MATRIX_MESSENGER__SECRET_FILE: expected the path of a file with the secret: "
                   "No such file or directory");
    write_file("secret", "");
    assert_refused(
        "environment: MATRIX_MESSENGER__SECRET_FILE: expected a secret in secret, but it is empty");
    write_file("secret", "\n");
    assert_refused(
        "environment: MATRIX_MESSENGER__SECRET_FILE: expected a secret in secret, but it is empty");
    write_bytes("secret", "a\0b", 3);
    assert_refused("environment: MATRIX_MESSENGER__SECRET_FILE: expected the path of a file with the secret: "
                   "it holds a NUL byte");
    memset(large, 'x', 65537);
    write_bytes("secret", large, 65537);
    assert_refused("environment: MATRIX_MESSENGER__SECRET_FILE: expected the path of a file with the secret: "
                   "it is larger than 65536 bytes");
    write_bytes("secret", large, 65536);
    config_free(load());
    write_file("secret", "hunter2\nhunter3\n");
    assert_refused("secret: MATRIX_MESSENGER__SECRET: expected text without control characters");
    assert_int_equal(remove("secret"), 0);
    assert_int_equal(mkdir("secret", 0700), 0);
    assert_refused("environment: MATRIX_MESSENGER__SECRET_FILE: expected the path of a file with the secret: "
                   "Is a directory");
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
    assert_int_equal(config->sync.concurrency, 16);
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

/* Somebody put the secret itself where the path of its file belongs. */
static void test_path_that_is_the_secret(void **state)
{
    (void)state;
    for (size_t i = 0; i < SETTING_COUNT; i++) {
        CLEANUP(freep) char *expected = NULL;

        if (!settings[i].file_name)
            continue;
        set_required();
        assert_int_equal(unsetenv(settings[i].name), 0);
        set(settings[i].file_name, "hunter2");
        expected =
            text_format("environment: %s: expected the path of a file with the secret: No such file or "
                        "directory",
                        settings[i].file_name);
        capture_log();
        assert_refused(expected);
        assert_null(strstr(logged(), "hunter2"));
        assert_int_equal(unsetenv(settings[i].file_name), 0);
    }
}

/* Nothing stands between the name and what was to be its value: all of it is a name to YAML. */
static void test_name_that_ends_in_the_secret(void **state)
{
    (void)state;
    set_required();
    write_file("y.yaml", "MATRIX_MESSENGER: {SECRET:hunter2}\n");
    assert_refused_from(&(struct config_sources){.yaml_file = "y.yaml"},
                        "y.yaml:1: MATRIX_MESSENGER__SECRET…: unknown setting; did you mean "
                        "MATRIX_MESSENGER__SECRET_FILE?");
    write_file("y.yaml", "\"RABBITMQ_URI=amqp://u:hunter2@h\": x\n");
    assert_refused_from(&(struct config_sources){.yaml_file = "y.yaml"},
                        "y.yaml:1: RABBITMQ_URI…: unknown setting");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, workspace_setup, workspace_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_secret_file),
        TEST(test_each_secret_has_a_file),
        TEST(test_bad_secret_files),
        TEST(test_secret_together_with_its_file),
        TEST(test_credentials),
        TEST(test_environment_comes_before_credentials),
        TEST(test_credentials_beside_files),
        TEST(test_bad_credential),
        TEST(test_no_secret_on_the_command_line),
        TEST(test_path_that_is_the_secret),
        TEST(test_name_that_ends_in_the_secret),
        TEST(test_secrets_are_never_told),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
