#include "command/dlq_choice.h"
#include "support/test.h"

static struct dlq_choice *choose(const char *const *arguments, size_t count)
{
    struct error error;

    return dlq_choice_new(arguments, count, &error);
}

static void test_none_is_all(void **state)
{
    CLEANUP(dlq_choice_freep) struct dlq_choice *choice = choose(NULL, 0);

    (void)state;
    assert_true(dlq_choice_takes(choice, 7, NULL, "0123456789ab"));
    assert_null(dlq_choice_unmet(choice));
}

static void test_each_kind(void **state)
{
    const char *const arguments[] = {"12", "abcdef", "alias-conflict"};
    CLEANUP(dlq_choice_freep) struct dlq_choice *choice = choose(arguments, 3);

    (void)state;
    assert_string_equal(dlq_choice_unmet(choice), "12");
    assert_true(dlq_choice_takes(choice, 12, "invalid-json", "000000000000"));
    assert_string_equal(dlq_choice_unmet(choice), "abcdef");
    assert_true(dlq_choice_takes(choice, 1, NULL, "abcdef000000"));
    assert_true(dlq_choice_takes(choice, 1, "alias-conflict", "000000000000"));
    assert_null(dlq_choice_unmet(choice));
    assert_false(dlq_choice_takes(choice, 2, "invalid-json", "abcde0000000"));
    assert_false(dlq_choice_takes(choice, 120, NULL, "120000000000"));
}

/* Five digits are a number, six the beginning of a digest. */
static void test_digits(void **state)
{
    const char *const number[] = {"12345"}, *const digest[] = {"123456"};
    CLEANUP(dlq_choice_freep) struct dlq_choice *a = choose(number, 1);
    CLEANUP(dlq_choice_freep) struct dlq_choice *b = choose(digest, 1);

    (void)state;
    assert_true(dlq_choice_takes(a, 12345, NULL, "000000000000"));
    assert_false(dlq_choice_takes(a, 1, NULL, "123450000000"));
    assert_true(dlq_choice_takes(b, 1, NULL, "123456000000"));
    assert_false(dlq_choice_takes(b, 123456, NULL, "000000000000"));
}

static void test_what_is_none_of_them(void **state)
{
    static const char *const wrong[] = {
        "", "0", "-1", "1x", "abcde", "invalid", "ABCDEF", "12 ", "*", "abcdef0123456", "all"};

    (void)state;
    for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++)
        assert_null(choose(&wrong[i], 1));
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_none_is_all), cmocka_unit_test(test_each_kind),
                                       cmocka_unit_test(test_digits),
                                       cmocka_unit_test(test_what_is_none_of_them)};

    return cmocka_run_group_tests(tests, NULL, NULL);
}
