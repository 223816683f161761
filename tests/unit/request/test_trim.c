#include "base/cleanup.h"
#include "base/memory.h"
#include "request/trim.h"
#include "support/test.h"

static void assert_trimmed(const char *text, const char *expected)
{
    CLEANUP(freep) char *trimmed = trim(text);

    if (expected)
        assert_string_equal(trimmed, expected);
    else
        assert_null(trimmed);
}

static void test_white_space_at_the_ends_goes(void **state)
{
    (void)state;
    assert_trimmed("Ada", "Ada");
    assert_trimmed("  Ada Lovelace\t\n", "Ada Lovelace");
    assert_trimmed("\xc2\xa0"
                   "Ada\xe3\x80\x80\xe2\x80\x8a",
                   "Ada");
    assert_trimmed("\xe2\x80\x8b"
                   "Ada",
                   "\xe2\x80\x8b"
                   "Ada"); /* U+200B is none */
    assert_trimmed("\xc3\xa9", "\xc3\xa9");
}

static void test_nothing_but_white_space_is_nothing(void **state)
{
    (void)state;
    assert_trimmed(" \xe1\x9a\x80 ", NULL);
    assert_trimmed("", NULL);
    assert_trimmed(NULL, NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_white_space_at_the_ends_goes),
        cmocka_unit_test(test_nothing_but_white_space_is_nothing),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
