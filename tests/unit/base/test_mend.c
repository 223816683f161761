#include "base/cleanup.h"
#include "base/memory.h"
#include "base/mend.h"
#include "support/test.h"

#include <stdlib.h>
#include <string.h>

/* From a block of the very size, so that the sanitizers see a look behind its end. */
static char *mend_copy(const char *text, bool numbers)
{
    size_t size = strlen(text);
    char *copy = memory_new(size, 1), *mended;

    memcpy(copy, text, size);
    mended = numbers ? mend_numbers(copy, size) : mend_escapes(copy, size, false);
    free(copy);
    return mended;
}

static void assert_escapes(const char *text, const char *expected)
{
    CLEANUP(freep) char *mended = mend_copy(text, false);

    assert_string_equal(mended, expected);
}

static void assert_numbers(const char *text, const char *expected)
{
    CLEANUP(freep) char *mended = mend_copy(text, true);

    assert_string_equal(mended, expected);
}

static void mends_halves_of_pairs(void **state)
{
    CLEANUP(freep) char *nul = mend_escapes("\\u0000", 6, true);

    (void)state;
    assert_null(mend_copy("", false));
    assert_null(mend_copy("[1, \"a\"]", false));
    assert_escapes("\"\\ud83d\\ude00\"", "\"\\ud83d\\ude00\"");
    assert_escapes("\"\\ud83d\\uD83D\\uDE00\\ude00\"", "\"\\ufffd\\uD83D\\uDE00\\ufffd\"");
    assert_escapes("\\\\ud83d \\\"\\ud83dx", "\\\\ud83d \\\"\\ufffdx");
    assert_escapes("\\u0000\\ud83", "\\u0000\\ud83");
    assert_escapes("\\", "\\");
    assert_string_equal(nul, "\\ufffd");
}

static void mends_numbers_out_of_range(void **state)
{
    (void)state;
    assert_numbers("", "");
    assert_numbers("[1, -1, 0, -0, 1e308, 1e-999]", "[1, -1, 0, -0, 1e308, 1e-999]");
    assert_numbers("[1e309,-2E308,17e+400]", "[1e308,-1e308,1e308  ]");
    assert_numbers("9223372036854775807 9223372036854775808", "9223372036854775807 9223372036854775807");
    assert_numbers("-9223372036854775808 -92233720368547758080",
                   "-9223372036854775808 -9223372036854775808 ");
    assert_numbers("0.1e999", "1e308  ");
    assert_numbers("\"1e400\\\"1e400\"1e400", "\"1e400\\\"1e400\"1e308");
    assert_numbers("01e400 00 -01e400 1e 1e+ -", "01e400 00 -01e400 1e 1e+ -");
    assert_numbers("\"1e400", "\"1e400");
    assert_numbers("\"1e400\\", "\"1e400\\");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(mends_halves_of_pairs),
        cmocka_unit_test(mends_numbers_out_of_range),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
