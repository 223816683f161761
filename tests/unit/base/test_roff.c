/* Text for a page of the manual. */

#include "base/cleanup.h"
#include "base/roff.h"
#include "support/test.h"

#include <stdlib.h>

static void assert_printed(const char *text, const char *expected)
{
    CLEANUP(freep) char *printed = NULL;
    size_t size = 0;
    FILE *stream = open_memstream(&printed, &size);

    assert_non_null(stream);
    roff_print(stream, text);
    assert_int_equal(fclose(stream), 0);
    assert_string_equal(printed, expected);
}

static void test_text_stays_text(void **state)
{
    (void)state;
    assert_printed("", "");
    assert_printed("a.b", "a.b");
    assert_printed(".env", "\\&.env");
    assert_printed("'quoted'", "\\&'quoted'");
    assert_printed("--json", "\\-\\-json");
    assert_printed("a\\b", "a\\eb");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_text_stays_text),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
