/* What is written about the settings keeps in step with their table: config/default.yaml, .env.sample, the
 * help. */

#include "config/names.h"
#include "config/settings.h"
#include "config/workspace.h"
#include "config/yaml.h"
#include "support/test.h"

#include <ctype.h>

/* A file of the project; the caller frees it. */
static char *read_document(const char *name)
{
    CLEANUP(freep) char *path = text_copy(TEST_DATA_DIR);
    CLEANUP(freep) char *whole = NULL;
    char *text = memory_new(65536, 1), *end = strstr(path, "/tests/data");
    FILE *file;

    assert_non_null(end);
    *end = '\0';
    whole = text_format("%s/%s", path, name);
    file = fopen(whole, "rb");
    assert_non_null(file);
    assert_true(fread(text, 1, 65535, file) > 0);
    assert_int_equal(fclose(file), 0);
    return text;
}

/* Takes the # off the lines that are settings: those without a blank behind it. */
static void uncomment(char *text)
{
    char *to = text;
    bool at_start = true;

    for (char *from = text; *from; from++) {
        if (at_start && *from == '#' && isupper((unsigned char)from[1]))
            continue;
        at_start = *from == '\n' || (at_start && *from == ' ');
        *to++ = *from;
    }
    *to = '\0';
}

static void assert_equal_settings(const struct config *a, const struct config *b)
{
    for (size_t i = 0; i < SETTING_COUNT; i++) {
        const char *place_a = (const char *)a + settings[i].offset,
                   *place_b = (const char *)b + settings[i].offset;

        switch (settings[i].type) {
        case SETTING_USERS:
            assert_null((*(char **const *)place_a)[0]);
            assert_null((*(char **const *)place_b)[0]);
            break;
        case SETTING_NUMBER:
        case SETTING_CHOICE:
            assert_memory_equal(place_a, place_b, sizeof(uint32_t));
            break;
        case SETTING_BOOLEAN:
            assert_memory_equal(place_a, place_b, sizeof(bool));
            break;
        case SETTING_TEXT:
        case SETTING_TOKEN:
        case SETTING_PATH:
        case SETTING_FILE:
        case SETTING_URI:
        case SETTING_PROXY:
        case SETTING_BROKER:
        case SETTING_SERVER_NAME:
        case SETTING_USER:
        case SETTING_LISTEN:
            if (!text_equal(*(char *const *)place_a, *(char *const *)place_b))
                fail_msg("%s: %s", settings[i].name, *(char *const *)place_a);
            break;
        }
    }
}

/* As it is, the file sets nothing. */
static void test_default_yaml_works_as_it_is(void **state)
{
    CLEANUP(freep) char *text = read_document("config/default.yaml");
    CLEANUP(config_freep) struct config *without = NULL;
    CLEANUP(config_freep) struct config *with = NULL;

    (void)state;
    set_required();
    without = load();
    assert_int_equal(mkdir("config", 0700), 0);
    write_file("config/default.yaml", text);
    with = load();
    assert_equal_settings(with, without);
}

/* With each # taken away, every setting is there, and at its default. */
static void test_default_yaml_shows_the_defaults(void **state)
{
    CLEANUP(freep) char *text = read_document("config/default.yaml");
    CLEANUP(config_freep) struct config *without = NULL;
    CLEANUP(config_freep) struct config *with = NULL;

    (void)state;
    set("MATRIX_MESSENGER__SYNC_USER_AVATAR_PATH", "./data/avatar.png"); /* not the installed one */
    set("MATRIX_MESSENGER__SECRET", "s");
    uncomment(text);
    write_file("f.yaml", text);
    with = load_from(&(struct config_sources){.yaml_file = "f.yaml"});
    set("MATRIX_MESSENGER__URI", with->matrix.uri);
    set("MATRIX_MESSENGER__SERVERNAME", with->matrix.server_name);
    without = load();
    assert_equal_settings(with, without);
}

/* The file with the setting once more, right behind the beginning of its group. */
static char *with_another(const char *text, const char *name)
{
    int group = (int)yaml_group_length(name);
    CLEANUP(freep) char *beginning = text_format("\n%.*s:\n", group, name);
    const char *place = group > 0 ? strstr(text, beginning) : text;

    if (!place)
        fail_msg("no group for %s in config/default.yaml", name);
    if (group == 0)
        return text_format("%s: x\n%s", name, text);
    place += strlen(beginning);
    return text_format("%.*s  %s: x\n%s", (int)(place - text), text, name + group + 2, place);
}

/* So that once more is twice. */
static void test_default_yaml_mentions_every_setting(void **state)
{
    CLEANUP(freep) char *text = read_document("config/default.yaml");

    (void)state;
    uncomment(text);
    for (size_t i = 0; i < NAME_COUNT; i++) {
        const char *name = setting_name(i);
        CLEANUP(freep) char *twice = name ? with_another(text, name) : NULL;
        CLEANUP(givens_deinit) struct givens givens = {0};
        struct error error = {""};
        struct complaints complaints = {.first = &error};

        if (!name)
            continue;
        yaml_read("default.yaml", twice, strlen(twice), &givens, &complaints);
        if (complaints.count != 1 || !strstr(error.text, "given twice"))
            fail_msg("%s is missing in config/default.yaml", name);
    }
}

/* As it is but for a way to log in, and with each # taken away. */
static void test_env_sample_works(void **state)
{
    CLEANUP(freep) char *text = read_document(".env.sample");
    CLEANUP(config_freep) struct config *without = NULL;
    CLEANUP(config_freep) struct config *with = NULL;

    (void)state;
    write_file(".env", text);
    assert_refused("no way to log in: expected one of MATRIX_MESSENGER__SECRET, "
                   "MATRIX_MESSENGER__SYNC_USER_PASSWORD and MATRIX_MESSENGER__SYNC_USER_TOKEN");
    uncomment(text);
    assert_non_null(strstr(text, "\nMATRIX_MESSENGER__SECRET_FILE=/run/secrets/"));
    write_file(".env", text);
    set("MATRIX_MESSENGER__SECRET_FILE", "secret");
    set("MATRIX_MESSENGER__SYNC_USER_AVATAR_PATH", "./data/avatar.png");
    write_file("secret", "s");
    with = load();
    set("MATRIX_MESSENGER__URI", with->matrix.uri);
    set("MATRIX_MESSENGER__SERVERNAME", with->matrix.server_name);
    assert_int_equal(remove(".env"), 0);
    without = load();
    assert_equal_settings(with, without);
}

static void test_env_sample_begins_with_what_is_required(void **state)
{
    CLEANUP(freep) char *text = read_document(".env.sample");
    const char *defaults = strstr(text, "at their defaults");

    (void)state;
    assert_non_null(defaults);
    for (size_t i = 0; i < SETTING_COUNT; i++) {
        CLEANUP(freep) char *line = text_format("\n%s=", settings[i].name);
        const char *found = strstr(text, line);

        assert_true(!settings[i].required || (found && found < defaults));
    }
}

/* ---- what is printed ---- */

static char *printed(void (*print)(FILE *stream))
{
    char *text = NULL;
    size_t size = 0;
    FILE *stream = open_memstream(&text, &size);

    assert_non_null(stream);
    print(stream);
    assert_int_equal(fclose(stream), 0);
    return text;
}

static void test_help(void **state)
{
    CLEANUP(freep) char *text = printed(config_print_help);

    (void)state;
    for (size_t i = 0; i < SETTING_COUNT; i++) {
        CLEANUP(freep) char *name = text_format("  %s", settings[i].name);

        assert_non_null(strstr(text, name));
        assert_non_null(strstr(text, settings[i].help));
        assert_true(!settings[i].file_name || strstr(text, settings[i].file_name));
    }
    assert_non_null(strstr(text, "  SYNC__CONCURRENCY = 16\n"));
    assert_non_null(strstr(text, "  MATRIX_MESSENGER__URI (required)\n"));
    assert_non_null(strstr(text, ": a whole number from 1 to 64.\n"));
    assert_non_null(strstr(text, "  SYNC__FORMER_SYNC_USERS\n"));
}

static void test_manual(void **state)
{
    CLEANUP(freep) char *text = printed(config_print_manual);

    (void)state;
    for (size_t i = 0; i < SETTING_COUNT; i++) {
        CLEANUP(freep) char *name = text_format(".TP\n\\fB%s\\fR", settings[i].name);

        assert_non_null(strstr(text, name));
        assert_true(!settings[i].file_name || strstr(text, settings[i].file_name));
    }
    assert_non_null(strstr(text, "\\fBSYNC__CONCURRENCY\\fR = 16\n"));
    assert_non_null(strstr(text, "\\fBMATRIX_MESSENGER__URI\\fR (required)\n"));
    assert_non_null(strstr(text, ": a whole number from 1 to 64.\n"));
    assert_non_null(strstr(text, "Sync\\-Bot"));
}

static void test_markdown(void **state)
{
    CLEANUP(freep) char *text = printed(config_print_markdown);
    size_t rows = 0;

    (void)state;
    assert_non_null(strstr(text, "\n| `SYNC__CONCURRENCY` | `16` | "));
    assert_non_null(strstr(text, "\n| `MATRIX_MESSENGER__URI` | required | "));
    assert_non_null(strstr(text, "\n| `HTTP__CA_FILE` |  | "));
    assert_non_null(strstr(text, "\\<queue\\>_dlq"));
    for (char *line = strtok(text, "\n"); line; line = strtok(NULL, "\n")) {
        size_t bars = 0;

        for (const char *at = line; *at; at++)
            bars += *at == '|';
        assert_int_equal(bars, 4);
        rows++;
    }
    assert_int_equal(rows, SETTING_COUNT + 2);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, workspace_setup, workspace_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_default_yaml_works_as_it_is),
        TEST(test_default_yaml_shows_the_defaults),
        TEST(test_default_yaml_mentions_every_setting),
        TEST(test_env_sample_works),
        TEST(test_env_sample_begins_with_what_is_required),
        TEST(test_help),
        TEST(test_manual),
        TEST(test_markdown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
