/* YAML files: what is taken from them, and what is said of those that do not fit. */

#include "base/memory.h"
#include "config/yaml.h"
#include "support/test.h"

#include <string.h>

static void read_text(const char *text, size_t size, struct givens *givens, struct error *error)
{
    struct complaints complaints = {.first = error};

    *error = (struct error){""};
    yaml_read("f.yaml", text, size, givens, &complaints);
}

/* The text is taken as the value of that name, at that line. */
static void assert_taken(const char *yaml, const char *name, const char *text, const char *place)
{
    CLEANUP(givens_deinit) struct givens givens = {0};
    const struct given *given = &givens.of[setting_number(name)];
    struct error error;

    read_text(yaml, strlen(yaml), &givens, &error);
    assert_string_equal(error.text, "");
    if (!text_equal(given->text, text))
        fail_msg("%s: %s", yaml, given->text ? given->text : "none");
    assert_true(!text || given->source == SOURCE_YAML);
    assert_true(text_equal(given->place, place));
}

static void assert_none_taken(const char *yaml)
{
    CLEANUP(givens_deinit) struct givens givens = {0};
    struct error error;

    read_text(yaml, strlen(yaml), &givens, &error);
    assert_string_equal(error.text, "");
    for (size_t i = 0; i < NAME_COUNT; i++)
        assert_null(givens.of[i].text);
}

static void assert_refused(const char *yaml, const char *expected)
{
    CLEANUP(givens_deinit) struct givens givens = {0};
    struct error error;

    read_text(yaml, strlen(yaml), &givens, &error);
    assert_string_equal(error.text, expected);
}

/* It is refused; what libyaml says of it is its own matter, but the line is told and the secret is not. */
static void assert_refused_somehow(const char *yaml, const char *place)
{
    CLEANUP(givens_deinit) struct givens givens = {0};
    struct error error;

    read_text(yaml, strlen(yaml), &givens, &error);
    if (strncmp(error.text, place, strlen(place)) != 0)
        fail_msg("%s: %s", yaml, error.text);
    assert_null(strstr(error.text, "hunter2"));
}

static void test_values(void **state)
{
    (void)state;
    assert_taken("RABBITMQ_URI: amqp://h\n", "RABBITMQ_URI", "amqp://h", "f.yaml:1");
    assert_taken("SYNC:\n  ERASE: false\n", "SYNC__ERASE", "false", "f.yaml:2");
    assert_taken("{SYNC: {ERASE: 'false'}}", "SYNC__ERASE", "false", "f.yaml:1");
    assert_taken("# c\nSYNC:\n\n  # d\n  REACTIVATE: true\n  ERASE: no # e\n", "SYNC__ERASE", "no",
                 "f.yaml:6");
    assert_taken("SYNC:\n  ERASE:\n    true\n", "SYNC__ERASE", "true", "f.yaml:2");
    assert_taken("MATRIX_MESSENGER:\n  SECRET_FILE: /a\n", "MATRIX_MESSENGER__SECRET_FILE", "/a", "f.yaml:2");
    assert_taken("RABBITMQ_URI_FILE: /a\n", "RABBITMQ_URI_FILE", "/a", "f.yaml:1");
    assert_taken("LOG:\n  LEVEL: a\nHTTP:\n  PROXY: b\nMONITOR:\n  LISTEN: c\n", "MONITOR__LISTEN", "c",
                 "f.yaml:6");
    assert_taken("SYNC:\n  FORMER_SYNC_USERS: >\n    a,\n    b\n", "SYNC__FORMER_SYNC_USERS", "a, b\n",
                 "f.yaml:2");
}

/* Texts stay what they are, whatever YAML's types would make of them. */
static void test_scalars_stay_texts(void **state)
{
    (void)state;
    assert_taken("SYNC:\n  CONCURRENCY: 010\n", "SYNC__CONCURRENCY", "010", "f.yaml:2");
    assert_taken("SYNC:\n  CONCURRENCY: 10abc\n", "SYNC__CONCURRENCY", "10abc", "f.yaml:2");
    assert_taken("SYNC:\n  ERASE: perhaps\n", "SYNC__ERASE", "perhaps", "f.yaml:2");
    assert_taken("SYNC:\n  ROOM_VERSION: \"010\"\n", "SYNC__ROOM_VERSION", "010", "f.yaml:2");
}

static void test_nothing(void **state)
{
    (void)state;
    assert_none_taken("");
    assert_none_taken("# c\n");
    assert_none_taken("---\n");
    assert_none_taken("~");
    assert_none_taken("{}");
    assert_none_taken("SYNC:\n");
    assert_none_taken("SYNC: {}\n");
    assert_none_taken("SYNC:\n  ERASE:\n");
    assert_none_taken("SYNC:\n  ERASE: ~\n  REACTIVATE: null\n  ROOM_VERSION: ''\nRABBITMQ_URI:\n");
}

static void test_unknown_names(void **state)
{
    (void)state;
    assert_refused("SYNC:\n  CONCURENCY: 3\n",
                   "f.yaml:2: SYNC__CONCURENCY: unknown setting; did you mean SYNC__CONCURRENCY?");
    assert_refused("RABBITMQ_URL: x\n",
                   "f.yaml:1: RABBITMQ_URL: unknown setting; did you mean RABBITMQ_URI?");
    assert_refused("RABBITMQ:\n  URI: x\n",
                   "f.yaml:2: RABBITMQ__URI: unknown setting; did you mean RABBITMQ_URI?");
    assert_refused("\nSYNC__ERASE: true\n", "f.yaml:2: SYNC__ERASE: expected ERASE below SYNC in its place");
    assert_refused("WHATEVER: x\n", "f.yaml:1: WHATEVER: unknown setting");
    assert_refused("LOGS:\n  LEVEL: info\n",
                   "f.yaml:2: LOGS__LEVEL: unknown setting; did you mean LOG__LEVEL?");
    assert_refused("sync:\n  erase: true\n",
                   "f.yaml:2: sync__erase: unknown setting; did you mean SYNC__ERASE?");
    assert_refused("\nWHATEVER: {}\n", "f.yaml:2: WHATEVER: unknown setting");
    assert_refused("WHATEVER: []\n", "f.yaml:1: WHATEVER: unknown setting");
}

static void test_given_twice(void **state)
{
    (void)state;
    assert_refused("SYNC:\n  ERASE: a\n  ERASE: b\n", "f.yaml:3: SYNC__ERASE: given twice, first in line 2");
    assert_refused("RABBITMQ_URI: a\n\nRABBITMQ_URI: b\n",
                   "f.yaml:3: RABBITMQ_URI: given twice, first in line 1");
    assert_refused("SYNC:\n  ERASE: a\nSYNC:\n  REACTIVATE: b\n",
                   "f.yaml:3: SYNC: given twice, first in line 2");
    assert_refused("{SYNC: {ERASE: a}, SYNC: {REACTIVATE: b}}\n",
                   "f.yaml:1: SYNC: given twice, first in line 1");
}

static void test_shapes(void **state)
{
    (void)state;
    assert_refused("MATRIX_MESSENGER:\n  SECRET: [hunter2]\n",
                   "f.yaml:2: MATRIX_MESSENGER__SECRET: expected one value, found a list");
    assert_refused("MATRIX_MESSENGER:\n  SECRET:\n    - hunter2\n",
                   "f.yaml:3: MATRIX_MESSENGER__SECRET: expected one value, found a list");
    assert_refused("MATRIX_MESSENGER:\n  SECRET: {hunter2: {a: [b]}}\n",
                   "f.yaml:2: MATRIX_MESSENGER__SECRET: expected one value, found a mapping");
    assert_refused("RABBITMQ_URI: {a: b}\n", "f.yaml:1: RABBITMQ_URI: expected one value, found a mapping");
    assert_refused("MATRIX_MESSENGER: hunter2\n", "f.yaml:1: MATRIX_MESSENGER: expected settings below it");
    assert_refused("MATRIX_MESSENGER: [hunter2]\n", "f.yaml:1: MATRIX_MESSENGER: expected settings below it");
    assert_refused("? [a]\n: b\n", "f.yaml:1: expected the name of a setting");
    assert_refused("*a : [b]\n", "f.yaml:1: expected the name of a setting");
    assert_refused("SYNC:\n  *a : [b]\n", "f.yaml:2: expected the name of a setting");
    assert_refused("? {a: b}\n: {c: d}\n", "f.yaml:1: expected the name of a setting");
    assert_refused("SYNC:\n  ? {a: b}\n  : {c: d}\n", "f.yaml:2: expected the name of a setting");
    assert_refused("'': x\n", "f.yaml:1: expected the name of a setting");
    assert_refused("{SYNC: {'': x}}\n", "f.yaml:1: expected the name of a setting");
    assert_refused("- hunter2\n", "f.yaml:1: expected settings, each with its name");
    assert_refused("\nhunter2\n", "f.yaml:2: expected settings, each with its name");
    assert_refused("MATRIX_MESSENGER:\n  SECRET: &a hunter2\n  SYNC_USER_PASSWORD: *a\n",
                   "f.yaml:3: MATRIX_MESSENGER__SYNC_USER_PASSWORD: expected one value, found an alias");
    assert_refused("SYNC: &a\n  ERASE: b\nLOG: *a\n", "f.yaml:3: LOG: expected settings below it");
    assert_refused("SYNC:\n  ERASE: a\n---\nLOG:\n  LEVEL: b\n", "f.yaml:3: expected one document only");
}

static void test_no_yaml(void **state)
{
    (void)state;
    assert_refused("SYNC:\n  ERASE: a: b\n",
                   "f.yaml:2: expected YAML: mapping values are not allowed in this context");
    assert_refused_somehow("RABBITMQ_URI: \"hunter2\n", "f.yaml:2: expected YAML: ");
    assert_refused_somehow("SYNC:\n\tERASE: hunter2\n", "f.yaml:2: expected YAML: ");
    assert_refused_somehow("SYNC:\n  ERASE: [{hunter2\n", "f.yaml:2: ");
    assert_refused_somehow("# c\nSYNC:\n  ERASE: \xff\n", "f.yaml:3: expected YAML: ");
    assert_refused("LOG:\n  LEVEL: \"a\\0b\"\n", "f.yaml:2: expected text, found a NUL character");
}

/* Every name of the table has its place in a file, and is found there with its line. */
static void test_every_name(void **state)
{
    (void)state;
    for (size_t i = 0; i < NAME_COUNT; i++) {
        const char *name = setting_name(i);
        size_t group = name ? yaml_group_length(name) : 0;
        CLEANUP(freep)
        char *yaml = group > 0 ? text_format("\n%.*s:\n  %s: x\n", (int)group, name, name + group + 2)
                               : text_format("\n\n%s: x\n", name ? name : "");

        if (name)
            assert_taken(yaml, name, "x", "f.yaml:3");
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_values),      cmocka_unit_test(test_scalars_stay_texts),
        cmocka_unit_test(test_nothing),     cmocka_unit_test(test_unknown_names),
        cmocka_unit_test(test_given_twice), cmocka_unit_test(test_shapes),
        cmocka_unit_test(test_no_yaml),     cmocka_unit_test(test_every_name),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
