/* Who wants to be told of all that is wrong with the settings, in place of the log; and the files by
 * themselves. */

#include "config/workspace.h"

struct told {
    unsigned mistakes, doubts;
    char text[4096];
};

static void keep(struct told *told, const char *text)
{
    size_t length = strlen(told->text);

    (void)snprintf(told->text + length, sizeof(told->text) - length, "%s\n", text);
}

static void mistake(void *context, const char *text)
{
    struct told *told = context;

    told->mistakes++;
    keep(told, text);
}

static void doubt(void *context, const char *place, const char *name, const char *text)
{
    struct told *told = context;

    told->doubts++;
    keep(told, place);
    keep(told, name);
    keep(told, text);
}

static struct config *load_telling(struct told *told, bool no_environment)
{
    const struct config_listener listener = {mistake, doubt, told};
    struct error error;

    *told = (struct told){0};
    return config_load(&(struct config_sources){.listener = &listener, .no_environment = no_environment},
                       &error);
}

static void test_all_mistakes_are_told_and_none_is_logged(void **state)
{
    struct told told;

    (void)state;
    set("SYNC__ERASE", "perhaps");
    set("RABBITMQ_PREFETCH", "many");
    capture_log();
    assert_null(load_telling(&told, false));
    assert_int_equal(told.mistakes, 2);
    assert_non_null(strstr(told.text, "environment: SYNC__ERASE: expected"));
    assert_non_null(strstr(told.text, "environment: RABBITMQ_PREFETCH: expected"));
    assert_string_equal(logged(), "");
}

static void test_doubts_are_told_and_not_logged(void **state)
{
    struct told told;

    (void)state;
    set_required();
    set("RABBITMQ_URL", "x");
    set("MATRIX_MESSENGER__SYNC_USER_DISPLAYNAME", "'Bot'");
    capture_log();
    config_free(load_telling(&told, false));
    assert_int_equal(told.doubts, 2);
    assert_non_null(
        strstr(told.text, "environment\nRABBITMQ_URL\nunknown setting; did you mean RABBITMQ_URI?"));
    assert_non_null(strstr(told.text, "the quotes around the value"));
    assert_string_equal(logged(), "");
}

static void test_without_the_environment_its_part_is_only_missed(void **state)
{
    struct told told;

    (void)state;
    set("MATRIX_MESSENGER__SECRET", "sesame");
    set("SYNC__ERASE", "perhaps");
    set("CREDENTIALS_DIRECTORY", "credentials");
    assert_int_equal(mkdir("credentials", 0700), 0);
    write_file("credentials/MATRIX_MESSENGER__SYNC_USER_TOKEN", "token");
    write_file(".env", "MATRIX_MESSENGER__URI=http://localhost\n");
    config_free(load_telling(&told, true));
    assert_int_equal(told.mistakes, 0);
    assert_int_equal(told.doubts, 2);
    assert_non_null(strstr(told.text, "MATRIX_MESSENGER__SERVERNAME\nnot in the files"));
    assert_non_null(strstr(told.text, "no way to log in\nnot in the files"));
    write_file(".env", "SYNC__ERASE=perhaps\n");
    assert_null(load_telling(&told, true));
    assert_int_equal(told.mistakes, 1);
}

/* Whether anything is told of a .env of these rights with this line. */
static bool is_exposed(const char *line, unsigned mode)
{
    struct told told;

    write_file(".env", line);
    assert_int_equal(chmod(".env", mode), 0);
    config_free(load_telling(&told, false));
    assert_true(told.doubts <= 1);
    if (told.doubts == 1)
        assert_non_null(strstr(told.text, ".env\n"));
    return told.doubts == 1;
}

static void test_files_that_everybody_can_read(void **state)
{
    (void)state;
    set_required();
    assert_true(
        is_exposed("MATRIX_MESSENGER__SYNC_USER_TOKEN=t\nMATRIX_MESSENGER__SYNC_USER_PASSWORD=p\n", 0644));
    assert_false(is_exposed("MATRIX_MESSENGER__SYNC_USER_TOKEN=token\n", 0640));
    assert_false(is_exposed("SYNC__ERASE=false\n", 0644));
    assert_false(is_exposed("RABBITMQ_URI=amqp://rabbit\n", 0644));
    assert_true(is_exposed("RABBITMQ_URI=amqp://a:b@rabbit\n", 0644));
}

static void test_files_of_secrets_that_everybody_can_read(void **state)
{
    struct told told;

    (void)state;
    set_required();
    set("MATRIX_MESSENGER__SYNC_USER_TOKEN_FILE", "token");
    write_file("token", "sesame\n");
    assert_int_equal(chmod("token", 0644), 0);
    config_free(load_telling(&told, false));
    assert_non_null(strstr(told.text, "token\nMATRIX_MESSENGER__SYNC_USER_TOKEN\neverybody"));
    assert_null(strstr(told.text, "sesame"));
    set("CREDENTIALS_DIRECTORY", "credentials");
    assert_int_equal(mkdir("credentials", 0700), 0);
    write_file("credentials/MATRIX_MESSENGER__SECRET", "sesame");
    assert_int_equal(chmod("credentials/MATRIX_MESSENGER__SECRET", 0444), 0);
    assert_int_equal(unsetenv("MATRIX_MESSENGER__SECRET"), 0);
    config_free(load_telling(&told, false));
    assert_int_equal(told.doubts, 1);
    capture_log();
    config_free(load());
    assert_non_null(strstr(logged(), "level=warning event=config-file-readable place=token"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_all_mistakes_are_told_and_none_is_logged, workspace_setup,
                                        workspace_teardown),
        cmocka_unit_test_setup_teardown(test_doubts_are_told_and_not_logged, workspace_setup,
                                        workspace_teardown),
        cmocka_unit_test_setup_teardown(test_without_the_environment_its_part_is_only_missed, workspace_setup,
                                        workspace_teardown),
        cmocka_unit_test_setup_teardown(test_files_that_everybody_can_read, workspace_setup,
                                        workspace_teardown),
        cmocka_unit_test_setup_teardown(test_files_of_secrets_that_everybody_can_read, workspace_setup,
                                        workspace_teardown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
