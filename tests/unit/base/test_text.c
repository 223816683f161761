#include "base/text.h"
#include "support/test.h"

#include <stdio.h>
#include <string.h>

static void reads_one_character(void **state)
{
    static const struct {
        const char *text;
        size_t size;
        uint32_t code;
    } cases[] = {
        {"", 0, 0},
        {"ab", 1, 'a'},
        {"\x7f", 1, 0x7f},
        {"\xc3\xbcx", 2, 0xfc},
        {"\xe2\x82\xacx", 3, 0x20ac},
        {"\xf0\x9f\x98\x80x", 4, 0x1f600},
        {"\xf4\x8f\xbf\xbf", 4, 0x10ffff},
        /* cut, begun in the middle, longer than need be, half a pair, beyond the last one */
        {"\xc3", 0, 0},
        {"\xe2\x82", 0, 0},
        {"\xf0\x9f\x98", 0, 0},
        {"\x80", 0, 0},
        {"\xc3x", 0, 0},
        {"\xc0\x80", 0, 0},
        {"\xe0\x80\x80", 0, 0},
        {"\xed\xa0\x80", 0, 0},
        {"\xf4\x90\x80\x80", 0, 0},
        {"\xff", 0, 0},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        uint32_t code = 0;

        assert_int_equal(text_read(cases[i].text, &code), cases[i].size);
        assert_int_equal(code, cases[i].code);
    }
}

/* The lengths at which a text of characters of one to four bytes may end. */
static void cuts_between_characters(void **state)
{
    static const char text[] = "a\xc3\xbc\xe2\x82\xac\xf0\x9f\x98\x80";
    static const size_t ends[] = {0, 1, 1, 3, 3, 3, 6, 6, 6, 6, 10, 10, 10};

    (void)state;
    for (size_t most = 0; most < sizeof(ends) / sizeof(ends[0]); most++)
        assert_int_equal(text_cut(text, most), ends[most]);
    assert_int_equal(text_cut("", 0), 0);
    assert_int_equal(text_cut("", 5), 0);
}

static void writes_each_byte_in_two_digits(void **state)
{
    char text[2 * 256 + 1], digits[3];
    unsigned char bytes[256];

    (void)state;
    for (size_t i = 0; i < sizeof(bytes); i++)
        bytes[i] = (unsigned char)i;
    text_write_hex(text, bytes, sizeof(bytes));
    assert_int_equal(strlen(text), 2 * sizeof(bytes));
    for (size_t i = 0; i < sizeof(bytes); i++) {
        (void)snprintf(digits, sizeof(digits), "%02zx", i);
        assert_memory_equal(text + 2 * i, digits, 2);
    }
    text_write_hex(text, bytes, 0);
    assert_string_equal(text, "");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads_one_character),
        cmocka_unit_test(cuts_between_characters),
        cmocka_unit_test(writes_each_byte_in_two_digits),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
