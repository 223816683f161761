/* Marks that nobody has had before. */

#include "base/cleanup.h"
#include "base/random.h"
#include "support/test.h"

#include <stdlib.h>
#include <string.h>

static void test_each_mark_is_another(void **state)
{
    CLEANUP(freep) char *one = random_mark();
    CLEANUP(freep) char *other = random_mark();

    (void)state;
    assert_int_equal(strlen(one), 16);
    assert_int_equal(strspn(one, "0123456789abcdef"), 16);
    assert_string_not_equal(one, other);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_each_mark_is_another),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
