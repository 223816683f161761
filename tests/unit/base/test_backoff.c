#include "base/backoff.h"
#include "support/test.h"

/* min(first × 2^n, longest), computed in a way that cannot overflow */
static int64_t ceiling(int64_t first, unsigned n, int64_t longest)
{
    while (n-- > 0 && first < longest)
        first *= 2;
    return first < longest ? first : longest;
}

/* Each pause of long series, for all sorts of settings, lies between a quarter of the first and the ceiling.
 */
static void test_bounds(void **state)
{
    static const int64_t lengths[] = {1, 3, 4, 100, 1000, 7777, 60000, 3600000, 86400000};
    enum { COUNT = sizeof(lengths) / sizeof(lengths[0]) };

    (void)state;
    for (size_t i = 0; i < COUNT; i++)
        for (size_t j = 0; j < COUNT; j++) {
            struct backoff backoff = {0};

            for (unsigned n = 0; n < 200; n++) {
                int64_t pause = backoff_next(&backoff, lengths[i], lengths[j]);
                int64_t least = lengths[i] / 4 < lengths[j] ? lengths[i] / 4 : lengths[j];

                assert_true(pause >= least);
                assert_true(pause <= ceiling(lengths[i], n, lengths[j]));
            }
        }
}

/* Pauses grow: the mean of many third ones is well above the first ceiling; and they are not all the same. */
static void test_growth_and_jitter(void **state)
{
    int64_t sum = 0, smallest = INT64_MAX, largest = 0;

    (void)state;
    for (int i = 0; i < 1000; i++) {
        struct backoff backoff = {.attempts = 4};
        int64_t pause = backoff_next(&backoff, 1000, 60000);

        sum += pause;
        smallest = pause < smallest ? pause : smallest;
        largest = pause > largest ? pause : largest;
    }
    assert_true(sum / 1000 > 6000 && sum / 1000 < 10000); /* evenly from 250 to 16000 */
    assert_true(smallest < 2000 && largest > 14000);
}

static void test_reset(void **state)
{
    struct backoff backoff = {0};

    (void)state;
    for (int i = 0; i < 30; i++)
        (void)backoff_next(&backoff, 1000, 1000000);
    for (int i = 0; i < 100; i++) {
        backoff_reset(&backoff);
        assert_true(backoff_next(&backoff, 1000, 1000000) <= 1000);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_bounds),
        cmocka_unit_test(test_growth_and_jitter),
        cmocka_unit_test(test_reset),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
