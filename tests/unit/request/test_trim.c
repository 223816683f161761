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

/* All of str.isspace(), asked of Python 3.11, and none of what looks like it. */
static void test_every_white_space(void **state)
{
    static const char *const blanks[] = {
        " ",      "\t",     "\n",       "\v",       "\f",     "\r",     "\x1c",   "\x1d",
        "\x1e",   "\x1f",   "\xc2\x85", "\xc2\xa0", "\u1680", "\u2000", "\u2001", "\u2002",
        "\u2003", "\u2004", "\u2005",   "\u2006",   "\u2007", "\u2008", "\u2009", "\u200a",
        "\u2028", "\u2029", "\u202f",   "\u205f",   "\u3000",
    };
    static const char *const others[] = {"\x1b", "\u180e", "\u200b", "\u2060", "\ufeff", "\x7f"};

    (void)state;
    for (size_t i = 0; i < sizeof(blanks) / sizeof(blanks[0]); i++) {
        CLEANUP(freep)
        char *text = text_format("%s%sA%sB%s%s", blanks[i], blanks[0], blanks[i], blanks[i], blanks[i]);
        CLEANUP(freep) char *expected = text_format("A%sB", blanks[i]);

        assert_trimmed(text, expected);
        assert_trimmed(blanks[i], NULL);
    }
    for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++)
        assert_trimmed(others[i], others[i]);
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
        cmocka_unit_test(test_every_white_space),
        cmocka_unit_test(test_nothing_but_white_space_is_nothing),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
