/* What is shown of a letter besides its body. */
#include "base/memory.h"
#include "command/dlq_body.h"
#include "command/dlq_print.h"
#include "support/evil.h"
#include "support/test.h"

#include <stdlib.h>
#include <string.h>

enum { HEADERS = 8 };

static char *value_shown(const char *value)
{
    CLEANUP(secrets_freep) struct secrets *secrets = secrets_new();

    secrets_add(secrets, "sesame-open");
    return dlq_body_value(value, secrets);
}

static void test_a_value_may_be_a_body(void **state)
{
    static const struct {
        const char *value, *shown;
    } cases[] = {
        {"t-1", "t-1"},
        {"{\"user\":{\"password\":\"x\",\"id\":\"@a\"}}", "{\"user\":{\"password\":***,\"id\":\"@a\"}}"},
        {"method=addUser&password=x", "method=addUser&password=***"},
        {"eyJwYXNzd29yZCI6IngifQ==", "***"}, /* the first in base64 */
        {"say sesame-open", "***"},
        {"a\x1b\nb", "a\\u001b\\u000ab"},
        {"", ""},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        CLEANUP(freep) char *shown = value_shown(cases[i].value);

        assert_string_equal(shown, cases[i].shown);
    }
}

/* A letter with these headers, name and value by turns; NULL: no more. */
static struct letter letter_with(const char *const *texts, struct letter_header *headers)
{
    struct letter letter = {.number = 1, .body = "{}", .size = 2, .headers = headers};

    for (; texts[0]; texts += 2) {
        struct letter_header *header = &headers[letter.header_count++];

        *header = (struct letter_header){.name = text_copy(texts[0]), .value = text_copy(texts[1])};
        if (strcmp(texts[0], "x-error-detail") == 0)
            letter.detail = header->value;
    }
    return letter;
}

static void free_headers(struct letter_header *headers, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        free(headers[i].name);
        free(headers[i].value);
    }
}

static char *printed(const struct letter *letter)
{
    CLEANUP(secrets_freep) struct secrets *secrets = secrets_new();
    char *text = NULL;
    size_t size = 0;
    FILE *file = open_memstream(&text, &size);

    dlq_print_letter(letter, secrets, 0, file);
    assert_int_equal(fclose(file), 0);
    return text;
}

static char *told(const struct letter *letter)
{
    CLEANUP(secrets_freep) struct secrets *secrets = secrets_new();
    json_t *object = dlq_letter_json(letter, secrets, 0);
    char *text = json_dumps(json_object_get(object, "headers"), JSON_COMPACT);

    json_decref(object);
    return text;
}

static void test_headers(void **state)
{
    static const char *const texts[] = {"x-error-detail",
                                        "user.password: expected string, got integer",
                                        "x-first",
                                        "{\"password\":\"canary\",\"id\":1}",
                                        "X-Token",
                                        "canary",
                                        "password=canary",
                                        "1",
                                        NULL};
    struct letter_header headers[HEADERS];
    struct letter letter = letter_with(texts, headers);
    CLEANUP(freep) char *text = printed(&letter);
    CLEANUP(freep) char *json = told(&letter);

    (void)state;
    assert_null(strstr(text, "canary"));
    assert_non_null(strstr(text, "  x-error-detail: user.password: expected string, got integer\n"));
    assert_non_null(
        strstr(text, "  x-first: {\"password\":***,\"id\":1}\n  X-Token: ***\n  password=***: ***\n"));
    assert_string_equal(json, "{\"x-error-detail\":\"user.password: expected string, got integer\","
                              "\"x-first\":\"{\\\"password\\\":***,\\\"id\\\":1}\",\"X-Token\":\"***\","
                              "\"password=***\":\"***\"}");
    free_headers(headers, letter.header_count);
}

static void test_words_of_others_stay_in_their_lines(void **state)
{
    CLEANUP(secrets_freep) struct secrets *secrets = secrets_new();

    (void)state;
    for (size_t i = 0; i < evil_count(); i++) {
        const char *evil = evil_text(i);
        const char *const texts[] = {"x-error-detail", evil, evil, evil, "x-first", evil, NULL};
        struct letter_header headers[HEADERS];
        struct letter letter = letter_with(texts, headers);
        json_t *body = json_pack("{s:s?, s:{s:s?}}", "method", is_text(evil) ? evil : NULL, "user", "id",
                                 is_text(evil) ? evil : NULL);
        CLEANUP(freep) char *json = json_dumps(body, 0);
        CLEANUP(freep) char *text = NULL, *table = NULL;
        struct dlq_rows rows = {.count = 0};
        size_t size;
        FILE *file = open_memstream(&table, &size);

        letter.code = letter.failed_at = evil;
        letter.body = json;
        letter.size = strlen(json);
        text = printed(&letter);
        assert_shown_in_lines(text, 19);
        dlq_rows_add(&rows, &letter, secrets, 0);
        dlq_print_table(&rows, file);
        assert_int_equal(fclose(file), 0);
        assert_shown_in_lines(table, 2);
        dlq_rows_deinit(&rows);
        letter.body = (char *)(uintptr_t)evil;
        letter.size = strlen(evil);
        freep(&text);
        text = printed(&letter);
        assert_shown_in_lines(text, count_of(text, "\n"));
        json_decref(body);
        free_headers(headers, letter.header_count);
    }
}

/* However many letters there are, a list of them stays small; one that is shown is shown whole. */
static void test_a_list_keeps_the_beginnings(void **state)
{
    CLEANUP(freep) char *long_text = memory_new(100001, 1);
    CLEANUP(secrets_freep) struct secrets *secrets = secrets_new();
    struct letter_header headers[HEADERS];
    const char *const texts[] = {"x-error-detail", long_text, NULL};
    struct dlq_rows rows = {.count = 0};
    struct letter letter;
    char *text;

    (void)state;
    memset(long_text, 'x', 100000);
    letter = letter_with(texts, headers);
    letter.code = letter.failed_at = long_text;
    dlq_rows_add(&rows, &letter, secrets, 0);
    assert_int_equal(strlen(rows.rows[0].detail), 1024 + 3);
    assert_int_equal(strlen(rows.rows[0].code), 80 + 3);
    assert_int_equal(strlen(rows.rows[0].failed_at), 80 + 3);
    assert_string_equal(rows.rows[0].detail + 1023, "x...");
    dlq_rows_deinit(&rows);
    text = printed(&letter);
    assert_non_null(strstr(text, long_text));
    free(text);
    free_headers(headers, letter.header_count);
}

static void test_a_place_that_is_long_is_cut(void **state)
{
    CLEANUP(freep) char *place = memory_new(100003, 1);
    CLEANUP(secrets_freep) struct secrets *secrets = secrets_new();
    struct dlq_rows rows = {.count = 0};
    struct letter letter = {.number = 1, .detail = place};

    (void)state;
    memset(place, 'x', 100000);
    memcpy(place + 100000, ": ", 2);
    dlq_rows_add(&rows, &letter, secrets, 0);
    assert_int_equal(strlen(rows.rows[0].place), 80 + 3);
    dlq_rows_deinit(&rows);
}

/* In the largest unit of which there are two; what cannot be read, or lies ahead, is no age. */
static void test_ages(void **state)
{
    static const time_t now = 1767323045; /* 2026-01-02T03:04:05Z */
    static const struct {
        const char *failed_at, *age;
    } cases[] = {
        {"2026-01-02T03:04:05Z", "0s"},   {"2026-01-02T03:02:06Z", "119s"}, {"2026-01-02T03:02:05Z", "2m"},
        {"2026-01-02T01:04:06Z", "119m"}, {"2026-01-02T01:04:05Z", "2h"},   {"2025-12-31T03:04:06Z", "47h"},
        {"2025-12-31T03:04:05Z", "2d"},   {"2026-01-02T03:04:06Z", "0s"},   {"yesterday", "-"},
        {"2026-01-02T03:04:05Zz", "-"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        const struct letter letter = {
            .number = 1, .body = "{}", .size = 2, .failed_at = cases[i].failed_at, .digest = "0123456789ab"};
        CLEANUP(secrets_freep) struct secrets *secrets = secrets_new();
        CLEANUP(freep) char *text = NULL, *since = NULL;
        size_t size;
        FILE *file = open_memstream(&text, &size);

        dlq_print_letter(&letter, secrets, now, file);
        assert_int_equal(fclose(file), 0);
        since = text_format("since: %s (%s)\n", cases[i].failed_at, cases[i].age);
        assert_non_null(strstr(text, since));
    }
}

/* A subject is put together from parts, none of which need be a secret. */
static void test_a_subject_that_becomes_a_secret_is_masked(void **state)
{
    static const char body[] = "{\"method\":\"removeRoom\",\"room\":{\"type\":\"sesame\",\"id\":\"open\"}}";
    const struct letter letter = {.number = 1, .body = body, .size = sizeof(body) - 1};
    CLEANUP(secrets_freep) struct secrets *secrets = secrets_new();
    struct dlq_rows rows = {.count = 0};

    (void)state;
    dlq_rows_add(&rows, &letter, secrets, 0);
    secrets_add(secrets, "sesame_open");
    dlq_rows_add(&rows, &letter, secrets, 0);
    assert_string_equal(rows.rows[0].subject, "#sesame_open");
    assert_string_equal(rows.rows[1].subject, "***");
    assert_string_equal(rows.rows[1].method, "removeRoom");
    dlq_rows_deinit(&rows);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_a_value_may_be_a_body),
                                       cmocka_unit_test(test_headers),
                                       cmocka_unit_test(test_words_of_others_stay_in_their_lines),
                                       cmocka_unit_test(test_a_list_keeps_the_beginnings),
                                       cmocka_unit_test(test_a_place_that_is_long_is_cut),
                                       cmocka_unit_test(test_ages),
                                       cmocka_unit_test(test_a_subject_that_becomes_a_secret_is_masked)};

    return cmocka_run_group_tests(tests, NULL, NULL);
}
