#include "synapse/parse.h"

#include "base/cleanup.h"
#include "base/memory.h"
#include "support/test.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static json_t *parse(const char *text)
{
    return parse_object(text, strlen(text));
}

/* Each code unit as an escape in a value: what is no character becomes U+FFFD, the others stay. */
static void mends_every_code_unit(void **state)
{
    (void)state;
    for (unsigned unit = 0; unit < 0x10000; unit++) {
        bool bad = unit == 0 || (unit >= 0xd800 && unit < 0xe000);
        char text[40], same[40];
        json_t *mended, *expected;

        (void)snprintf(text, sizeof(text), unit & 1 ? "{\"a\":\"x\\u%04xy\"}" : "{\"a\":\"x\\u%04Xy\"}",
                       unit);
        (void)snprintf(same, sizeof(same), "{\"a\":\"x\\u%04xy\"}", bad ? 0xfffd : unit);
        mended = parse(text);
        expected = json_loads(same, 0, NULL);
        assert_non_null(mended);
        assert_true(json_equal(mended, expected));
        json_decref(mended);
        json_decref(expected);
    }
}

static void mends_what_jansson_refuses(void **state)
{
    static const struct {
        const char *text, *key, *value;
    } cases[] = {
        {"{\"a\\u0000b\":\"v\"}",
         "a\xef\xbf\xbd"
         "b",
         "v"},
        {"{\"a\":\"\\ud83d\\ude00\"}", "a", "\xf0\x9f\x98\x80"},
        {"{\"a\":\"\\ud83d\\ud83d\\ude00\"}", "a", "\xef\xbf\xbd\xf0\x9f\x98\x80"},
        {"{\"a\":\"\\ude00\\ud83d\"}", "a", "\xef\xbf\xbd\xef\xbf\xbd"},
        {"{\"a\":\"\\\\u0000\"}", "a", "\\u0000"},
        {"{\"a\":\"\\\\\\u0000\"}", "a", "\\\xef\xbf\xbd"},
        {"{\"a\":\"\\\"\\u0000\"}", "a", "\"\xef\xbf\xbd"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        json_t *object = parse(cases[i].text);

        assert_string_equal(parse_text(object, cases[i].key), cases[i].value);
        json_decref(object);
    }
}

/* In rooms of old versions events may hold numbers of any size. */
static void reads_numbers_of_any_size(void **state)
{
    json_t *object = parse("{\"a\":1e400,\"b\":99999999999999999999,\"c\":-99999999999999999999,\"d\":7,"
                           "\"e\":\"1e400\",\"f\":1e-400,\"g\":[-12.5E+999],\"h\":0.1e999}");

    (void)state;
    assert_non_null(object);
    assert_true(json_number_value(json_object_get(object, "a")) == 1e308);
    assert_int_equal(parse_number(object, "b", 0), INT64_MAX);
    assert_int_equal(parse_number(object, "c", 0), INT64_MIN);
    assert_int_equal(parse_number(object, "d", 0), 7);
    assert_string_equal(parse_text(object, "e"), "1e400");
    json_decref(object);
    assert_null(parse("{\"a\":1e400x}"));
    assert_null(parse("{\"a\":[1e400,01]}"));
    assert_null(parse("{\"a\":[1e400,-]}"));
    assert_null(parse("{\"a\":1e400,\"b\":\"\\\"}"));
}

static void refuses_what_is_no_object(void **state)
{
    static const char *const texts[] = {
        "",
        "null",
        "[]",
        "\"a\"",
        "1",
        "{",
        "{\"a\":1}x",
        "{\"a\"}",
        "{\"a\":\"\\u00",
        "{\"a\":\"\\",
        "{\"a\":\"\\uzzzz\"}",
        "<html>\\</html>",
        "\\",
        "{\"a\":\"\xff\"}",
    };

    (void)state;
    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
        assert_null(parse(texts[i]));
}

static void reads_members_of_the_expected_type(void **state)
{
    json_t *object = parse("{\"t\":\"x\",\"n\":7,\"b\":true,\"z\":0,\"o\":{},\"r\":1.5,\"null\":null}");

    (void)state;
    assert_string_equal(parse_text(object, "t"), "x");
    assert_null(parse_text(object, "n"));
    assert_null(parse_text(object, "missing"));
    assert_null(parse_text(NULL, "t"));
    assert_int_equal(parse_number(object, "n", -1), 7);
    assert_int_equal(parse_number(object, "r", -1), -1);
    assert_int_equal(parse_number(object, "t", -1), -1);
    assert_true(parse_flag(object, "b", false));
    assert_false(parse_flag(object, "z", true));
    assert_true(parse_flag(object, "n", false));
    assert_true(parse_flag(object, "null", true));
    assert_true(parse_has_flag(object, "z"));
    assert_false(parse_has_flag(object, "null"));
    assert_false(parse_has_flag(object, "t"));
    json_decref(object);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(mends_every_code_unit),
        cmocka_unit_test(mends_what_jansson_refuses),
        cmocka_unit_test(reads_numbers_of_any_size),
        cmocka_unit_test(refuses_what_is_no_object),
        cmocka_unit_test(reads_members_of_the_expected_type),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
