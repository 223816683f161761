#include "base/buffer.h"
#include "base/cleanup.h"
#include "support/test.h"

#include <stdlib.h>
#include <string.h>

static void test_appends(void **state)
{
    struct buffer buffer;

    (void)state;
    buffer_init(&buffer, 100);
    assert_string_equal(buffer_text(&buffer), "");
    assert_true(buffer_append(&buffer, "a\0b", 3));
    assert_true(buffer_append_text(&buffer, "-text-"));
    assert_true(buffer_append_char(&buffer, 'c'));
    assert_true(buffer_append_format(&buffer, "%d%%%s", 7, "!"));
    assert_true(buffer_append(&buffer, NULL, 0));
    assert_int_equal(buffer.size, 13);
    assert_memory_equal(buffer.bytes, "a\0b-text-c7%!", 14);
    buffer_deinit(&buffer);
}

/* All lengths around those at which it is formatted in another way, up to the maximum. */
static void test_formats_of_all_lengths(void **state)
{
    enum { MAXIMUM = 600 };
    struct buffer buffer;

    (void)state;
    for (int width = 1; width <= MAXIMUM + 1; width++) {
        buffer_init(&buffer, MAXIMUM);
        assert_int_equal(buffer_append_format(&buffer, "%*d", width, 7), width <= MAXIMUM);
        assert_int_equal(buffer.overflowed, width > MAXIMUM);
        assert_int_equal(buffer.size, width <= MAXIMUM ? width : 0);
        assert_int_equal(strlen(buffer_text(&buffer)), buffer.size);
        if (buffer.size > 0)
            assert_int_equal(buffer.bytes[buffer.size - 1], '7');
        buffer_deinit(&buffer);
    }
}

/* Whatever the sizes of the appends: all or nothing, never beyond the maximum, terminated, and sticky. */
static void test_maximum(void **state)
{
    static const char bytes[] = "0123456789012345678901234567890123456789";

    (void)state;
    for (size_t maximum = 0; maximum <= 40; maximum++)
        for (size_t first = 0; first <= 40; first++) {
            struct buffer buffer;

            buffer_init(&buffer, maximum);
            assert_int_equal(buffer_append(&buffer, bytes, first), first <= maximum);
            assert_int_equal(buffer.overflowed, first > maximum);
            assert_int_equal(buffer.size, first <= maximum ? first : 0);
            assert_int_equal(strlen(buffer_text(&buffer)), buffer.size);
            assert_int_equal(buffer_append_char(&buffer, 'x'), first < maximum);
            assert_int_equal(buffer.overflowed, first >= maximum);
            buffer_deinit(&buffer);
        }
}

/* After an overflow nothing is appended any more, so a text never has a hole. */
static void test_overflow_is_remembered(void **state)
{
    struct buffer buffer;

    (void)state;
    buffer_init(&buffer, 5);
    assert_true(buffer_append_text(&buffer, "abc"));
    assert_false(buffer_append_format(&buffer, "%d", 1234));
    assert_false(buffer_append_char(&buffer, 'x'));
    assert_false(buffer_append(&buffer, "", 0));
    assert_true(buffer.overflowed);
    assert_string_equal(buffer_text(&buffer), "abc");
    buffer_clear(&buffer);
    assert_false(buffer.overflowed);
    assert_string_equal(buffer_text(&buffer), "");
    assert_true(buffer_append_text(&buffer, "12345"));
    assert_false(buffer_append_char(&buffer, '6'));
    buffer_deinit(&buffer);
}

static void test_huge_append_is_refused(void **state)
{
    struct buffer buffer;

    (void)state;
    buffer_init(&buffer, 1000);
    assert_true(buffer_append_char(&buffer, 'a'));
    assert_false(buffer_append(&buffer, "b", SIZE_MAX));
    assert_string_equal(buffer_text(&buffer), "a");
    buffer_deinit(&buffer);
}

static void test_growth(void **state)
{
    struct buffer buffer;

    (void)state;
    buffer_init(&buffer, 100000);
    for (int i = 0; i < 100000; i++)
        assert_true(buffer_append_char(&buffer, (char)('a' + i % 26)));
    assert_false(buffer_append_char(&buffer, '!'));
    for (int i = 0; i < 100000; i++)
        assert_int_equal(buffer.bytes[i], 'a' + i % 26);
    assert_int_equal(buffer.bytes[100000], '\0');
    buffer_deinit(&buffer);
}

static void test_take(void **state)
{
    CLEANUP(freep) char *empty = NULL, *text = NULL;
    struct buffer buffer;

    (void)state;
    buffer_init(&buffer, 10);
    empty = buffer_take(&buffer);
    assert_string_equal(empty, "");
    assert_true(buffer_append_text(&buffer, "text"));
    text = buffer_take(&buffer);
    assert_string_equal(text, "text");
    assert_int_equal(buffer.size, 0);
    assert_true(buffer_append_text(&buffer, "0123456789")); /* the maximum is still known */
    assert_false(buffer_append_char(&buffer, 'x'));
    buffer_deinit(&buffer);
}

static void test_deinit_of_a_zeroed_buffer(void **state)
{
    struct buffer buffer = {0};

    (void)state;
    buffer_deinit(&buffer);
    buffer_clear(&buffer);
    assert_string_equal(buffer_text(&buffer), "");
}

/* It moves when it grows; what is in it is the same. */
static void test_secret(void **state)
{
    struct buffer buffer;

    (void)state;
    buffer_init_secret(&buffer, 1 << 20);
    for (size_t i = 0; i < 200000; i++)
        assert_true(buffer_append_char(&buffer, (char)('a' + i % 26)));
    for (size_t i = 0; i < 200000; i++)
        assert_int_equal(buffer.bytes[i], 'a' + i % 26);
    buffer_deinit(&buffer);
    assert_true(buffer.secret);
    assert_string_equal(buffer_text(&buffer), "");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_appends),
        cmocka_unit_test(test_formats_of_all_lengths),
        cmocka_unit_test(test_maximum),
        cmocka_unit_test(test_overflow_is_remembered),
        cmocka_unit_test(test_huge_append_is_refused),
        cmocka_unit_test(test_growth),
        cmocka_unit_test(test_take),
        cmocka_unit_test(test_deinit_of_a_zeroed_buffer),
        cmocka_unit_test(test_secret),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
