#include "base/cleanup.h"
#include "base/memory.h"
#include "base/visible.h"
#include "support/test.h"

#include <string.h>

static void assert_shown(const char *text, const char *expected)
{
    CLEANUP(freep) char *shown = visible_copy(text), *again = visible_copy(shown);

    assert_string_equal(shown, expected);
    assert_string_equal(again, expected);
}

static void shows_what_is_hidden(void **state)
{
    (void)state;
    assert_null(visible_copy(NULL));
    assert_shown("", "");
    assert_shown("M\xc3\xbcller \\u202e \"=", "M\xc3\xbcller \\u202e \"=");
    assert_shown("a\tb\nc\x7f", "a\\u0009b\\u000ac\\u007f");
    assert_shown("\xe2\x80\xae\xe2\x80\xa8\xc2\x9b\xef\xbb\xbf", "\\u202e\\u2028\\u009b\\ufeff");
    assert_shown("\xf3\xa0\x81\xbf\xf0\x9f\x98\x80", "\\udb40\\udc7f\xf0\x9f\x98\x80");
    assert_shown("a\xff"
                 "b\xe2\x82",
                 "a\xef\xbf\xbd"
                 "b\xef\xbf\xbd\xef\xbf\xbd");
}

/* Nothing else than what has no shape: every letter of every script stays. */
static void knows_what_is_hidden(void **state)
{
    static const uint32_t hidden[] = {0x00,   0x1f,   0x7f,   0x85,   0x9f,   0xad,
                                      0x61c,  0x180e, 0x200b, 0x200f, 0x2028, 0x202e,
                                      0x2060, 0x2066, 0x2069, 0xfeff, 0xfff9, 0xe0001};
    static const uint32_t shown[] = {' ', '~', 0xa0, 0x61b, 0x200a, 0x2010, 0x202f, 0x2070, 0xfffd, 0x1f600};

    (void)state;
    for (size_t i = 0; i < sizeof(hidden) / sizeof(hidden[0]); i++)
        assert_true(visible_is_hidden(hidden[i]));
    for (size_t i = 0; i < sizeof(shown) / sizeof(shown[0]); i++)
        assert_false(visible_is_hidden(shown[i]));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(shows_what_is_hidden),
        cmocka_unit_test(knows_what_is_hidden),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
