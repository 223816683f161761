/* A first configuration: what is written is read again as it was meant, and nothing is overwritten. */

#include "config/dotenv.h"
#include "config/dotenv_write.h"
#include "config/draft.h"
#include "config/workspace.h"
#include "support/test.h"

#define SECRET "MATRIX_MESSENGER__SYNC_USER_PASSWORD"

static void add(struct config_draft *draft, const char *name, const char *value)
{
    struct error error = {"no error"};

    if (!config_draft_add(draft, name, value, &error))
        fail_msg("%s: %s", name, error.text);
}

static struct config_draft *begin(void)
{
    struct config_draft *draft = config_draft_new();

    add(draft, "MATRIX_MESSENGER__URI", "http://localhost:8008");
    add(draft, "MATRIX_MESSENGER__SERVERNAME", "example.org");
    return draft;
}

static void write_draft(const struct config_draft *draft)
{
    struct error error = {"no error"};

    if (!config_draft_write(draft, ".env", &error))
        fail_msg("%s", error.text);
}

static void check_survives(const char *secret)
{
    CLEANUP(config_draft_freep) struct config_draft *draft = begin();
    CLEANUP(config_freep) struct config *config = NULL;

    add(draft, SECRET, secret);
    /* What follows is not taken for a part of the secret. */
    add(draft, "RABBITMQ_MATRIX_QUEUE_EXTERNAL", " # queue");
    add(draft, "SYNC__CONCURRENCY", "3");
    write_draft(draft);
    config = load();
    assert_string_equal(config->matrix.sync_user_password, secret);
    assert_string_equal(config->rabbitmq.queue, " # queue");
    assert_int_equal(config->sync.concurrency, 3);
    assert_int_equal(unlink(".env"), 0);
}

static void test_it_tells_what_the_program_would_run_with(void **state)
{
    CLEANUP(config_draft_freep) struct config_draft *draft = begin();
    const struct config *config = config_draft_config(draft);

    (void)state;
    assert_string_equal(config->matrix.uri, "http://localhost:8008");
    assert_string_equal(config->matrix.sync_user_name, "sync");
    assert_int_equal(config->sync.concurrency, 16);
    assert_null(config->matrix.sync_user_token);
    add(draft, "SYNC__CONCURRENCY", "3");
    assert_int_equal(config->sync.concurrency, 3);
}

static void test_special_characters_survive(void **state)
{
    static const char *const secrets[] = {
        "plain",
        "a b",
        " a ",
        "#a",
        "a #b",
        "a#b",
        "'",
        "\"",
        "`",
        "it's",
        "say \"a\"",
        "a`b",
        "'a'",
        "\"a\"",
        "`a`",
        "a'b\"c",
        "a'b`c",
        "\"`",
        "a\\",
        "a\\nb",
        "\\r",
        "\\\\",
        "a\\'b",
        "\\\"",
        "$HOME ${A}",
        "A=b",
        "export A=b",
        "!%&/()=?*~",
        "\xc3\xa4 \xe2\x82\xac",
        "it's # a \"b\" c",
        "'\"`",
        "\\'",
        "a\\ '",
        "';A=b",
        "\"'\\n'\"",
    };

    (void)state;
    for (size_t i = 0; i < sizeof(secrets) / sizeof(secrets[0]); i++)
        check_survives(secrets[i]);
}

static void note(void *context, const struct dotenv_entry *entry)
{
    (void)buffer_append_format(context, "%s=%s|", entry->name, entry->value);
}

/* Whether the value was written; then it is read as it is, and so is what follows. */
static bool is_written(const char *value)
{
    CLEANUP(freep) char *expected = text_format("A=%s|B= #|", value);
    CLEANUP(buffer_deinit) struct buffer text, notes;
    struct error error;
    unsigned line;

    buffer_init(&text, 100);
    buffer_init(&notes, 100);
    if (!dotenv_write(&text, "A", value))
        return false;
    assert_true(dotenv_write(&text, "B", " #"));
    assert_true(dotenv_parse(text.bytes, text.size, note, &notes, &line, &error));
    assert_string_equal(buffer_text(&notes), expected);
    return true;
}

/* All short texts of characters that have a meaning somewhere. */
static void test_no_text_is_read_as_another(void **state)
{
    static const char characters[] = "a'\"`#\\n =$";
    const size_t count = sizeof(characters) - 1, all = count * count * count * count;
    size_t written = 0;

    (void)state;
    for (size_t i = 0; i < all; i++) {
        const char value[] = {characters[i % count], characters[i / count % count],
                              characters[i / count / count % count], characters[i / count / count / count],
                              '\0'};

        written += is_written(value);
    }
    assert_true(written * 100 > all * 96);
}

static void test_what_no_line_can_hold_is_refused(void **state)
{
    CLEANUP(config_draft_freep) struct config_draft *draft = begin();
    struct error error;

    (void)state;
    assert_false(config_draft_add(draft, SECRET, "a'b\"c`d#e", &error));
    assert_string_equal(error.text,
                        "expected a value that a .env file can hold; this one is for a file of its "
                        "own, which " SECRET "_FILE names");
    add(draft, SECRET, "another");
}

static void test_values_are_checked(void **state)
{
    static const struct {
        const char *name, *value, *error;
    } cases[] = {
        {"MATRIX_MESSENGER__URI", "localhost",
         "expected an http:// or https:// URI without user, query and fragment"},
        {"MATRIX_MESSENGER__SYNC_USER_NAME", "@sync:else.org",
         "expected a localpart, or a full id @localpart:server of the configured server"},
        {"RABBITMQ_URI", "amqp://localhost/", "expected an amqp:// or amqps:// URI that does not end in /"},
        {SECRET, "", "expected something"},
    };
    CLEANUP(config_draft_freep) struct config_draft *draft = begin();
    CLEANUP(config_freep) struct config *config = NULL;

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct error error;

        assert_false(config_draft_add(draft, cases[i].name, cases[i].value, &error));
        assert_string_equal(error.text, cases[i].error);
    }
    add(draft, "MATRIX_MESSENGER__SYNC_USER_NAME", "@sync:example.org");
    add(draft, SECRET, "s");
    write_draft(draft);
    config = load();
    assert_string_equal(config->matrix.uri, "http://localhost:8008");
}

static void test_only_the_owner_may_read_it(void **state)
{
    CLEANUP(config_draft_freep) struct config_draft *draft = begin();
    mode_t mask = umask(0);
    struct stat status;

    (void)state;
    write_draft(draft);
    (void)umask(mask);
    assert_int_equal(stat(".env", &status), 0);
    assert_int_equal(status.st_mode & 07777, 0600);
}

/* Of what was begun nothing is left. */
static void assert_refused_to_write(const struct config_draft *draft, const char *path, const char *expected)
{
    struct error error;

    assert_false(config_draft_write(draft, path, &error));
    assert_string_equal(error.text, expected);
    assert_int_not_equal(system("ls -A | grep -q 'env[.]'"), 0);
}

static void test_nothing_is_overwritten(void **state)
{
    CLEANUP(config_draft_freep) struct config_draft *draft = begin();
    char text[8] = "";
    FILE *file;

    (void)state;
    write_file(".env", "mine");
    assert_refused_to_write(draft, ".env", "cannot write .env: File exists");
    file = fopen(".env", "rb");
    assert_non_null(file);
    assert_int_equal(fread(text, 1, sizeof(text) - 1, file), 4);
    (void)fclose(file);
    assert_string_equal(text, "mine");

    assert_int_equal(unlink(".env"), 0);
    assert_int_equal(symlink("elsewhere", ".env"), 0);
    assert_refused_to_write(draft, ".env", "cannot write .env: File exists");
    assert_int_not_equal(access("elsewhere", F_OK), 0);
    assert_refused_to_write(draft, "nowhere/.env",
                            "cannot write beside nowhere/.env: No such file or directory");
}

static void test_defaults(void **state)
{
    (void)state;
    assert_string_equal(config_draft_default("RABBITMQ_URI"), "amqp://localhost");
    assert_null(config_draft_default(SECRET));
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, workspace_setup, workspace_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_it_tells_what_the_program_would_run_with),
        TEST(test_special_characters_survive),
        TEST(test_no_text_is_read_as_another),
        TEST(test_what_no_line_can_hold_is_refused),
        TEST(test_values_are_checked),
        TEST(test_only_the_owner_may_read_it),
        TEST(test_nothing_is_overwritten),
        TEST(test_defaults),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
