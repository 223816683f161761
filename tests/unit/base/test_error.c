#include "base/error.h"
#include "base/text.h"
#include "support/test.h"

#include <string.h>

static void test_set_and_within(void **state)
{
    struct error error;

    (void)state;
    assert_false(error_set(&error, "port %d is taken", 80));
    assert_string_equal(error.text, "port 80 is taken");
    assert_false(error_within(&error, "%s:%d", "file", 3));
    assert_string_equal(error.text, "file:3: port 80 is taken");
    assert_false(error_within(&error, "start"));
    assert_string_equal(error.text, "start: file:3: port 80 is taken");
    assert_false(error_set(&error, "%s", ""));
    assert_string_equal(error.text, "");
}

/* The text there was may be an argument of the new one. */
static void test_within_of_its_own_text(void **state)
{
    struct error error;

    (void)state;
    (void)error_set(&error, "abc");
    (void)error_within(&error, "%s", error.text);
    assert_string_equal(error.text, "abc: abc");
}

/* What others wrote stays on its line, in its direction. */
static void test_hidden_characters(void **state)
{
    struct error error;

    (void)state;
    (void)error_set(&error, "%s: %s", "a\x1b[1m\n", "b\xe2\x80\xae\xc2\x85");
    assert_string_equal(error.text, "a\\u001b[1m\\u000a: b\\u202e\\u0085");
    (void)error_within(&error, "\xe2\x81\xa6%d", 1);
    assert_string_equal(error.text, "\\u20661: a\\u001b[1m\\u000a: b\\u202e\\u0085");
}

/* Contexts and sentences of all lengths around the size: cut at the end, always terminated. */
static void test_cut(void **state)
{
    char context[ERROR_TEXT_SIZE + 50], sentence[ERROR_TEXT_SIZE + 50];

    (void)state;
    for (size_t length = ERROR_TEXT_SIZE - 4; length < ERROR_TEXT_SIZE + 40; length++) {
        struct error error;

        memset(context, 'c', length);
        context[length] = '\0';
        memset(sentence, 's', length);
        sentence[length] = '\0';
        (void)error_set(&error, "%s", sentence);
        assert_int_equal(strlen(error.text), length < ERROR_TEXT_SIZE ? length : ERROR_TEXT_SIZE - 1);
        (void)error_within(&error, "a");
        assert_int_equal(strlen(error.text), ERROR_TEXT_SIZE - 1);
        assert_memory_equal(error.text, "a: sss", 6);
        (void)error_within(&error, "%s", context);
        assert_int_equal(strlen(error.text), ERROR_TEXT_SIZE - 1);
        assert_int_equal(error.text[0], 'c');
    }
}

/* A sentence that is too long ends with a whole character. */
static void test_cut_between_characters(void **state)
{
    char sentence[3 * ERROR_TEXT_SIZE];

    (void)state;
    for (size_t before = 0; before < 3; before++) {
        struct error error;
        size_t length;

        memset(sentence, 's', before);
        for (length = before; length < 2 * ERROR_TEXT_SIZE; length += 3)
            memcpy(sentence + length, "\xe2\x82\xac", 3);
        sentence[length] = '\0';
        (void)error_set(&error, "%s", sentence);
        (void)error_within(&error, "%s", "a");
        (void)error_within(&error, "%s", "b");
        length = strlen(error.text);
        assert_in_range(length, ERROR_TEXT_SIZE - 3, ERROR_TEXT_SIZE - 1);
        for (const char *at = error.text; *at; at += text_read(at, &(uint32_t){0}))
            assert_int_not_equal(text_read(at, &(uint32_t){0}), 0);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_set_and_within),         cmocka_unit_test(test_within_of_its_own_text),
        cmocka_unit_test(test_hidden_characters),      cmocka_unit_test(test_cut),
        cmocka_unit_test(test_cut_between_characters),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
