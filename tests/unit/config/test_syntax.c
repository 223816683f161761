/* The forms of texts. */

#include "config/syntax.h"
#include "support/test.h"

#include <string.h>

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static void assert_all(bool (*is)(const char *text), bool expected, const char *const *texts, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (is(texts[i]) != expected)
            fail_msg("\"%s\": expected %s", texts[i], expected ? "yes" : "no");
}

static void test_text(void **state)
{
    static const char *const good[] = {"", "a", "a b", "\xc3\xa4", "\xf0\x9f\x98\x80", "~"};
    static const char *const bad[] = {"\n", "a\tb", "\x7f", "\x1b[0m", "\xff", "\xc3", "\xed\xa0\x80"};

    (void)state;
    assert_all(syntax_is_text, true, good, COUNT(good));
    assert_all(syntax_is_text, false, bad, COUNT(bad));
}

static void test_token(void **state)
{
    static const char *const good[] = {"a", "syt_c3luYw_abc_0123", "a-._~+/=", "!"};
    static const char *const bad[] = {"",      "a b", " a",  "a\n",      "a\r\nX: y",
                                      "\"a\"", "'a'", "`a`", "\xc3\xa4", "\x7f"};

    (void)state;
    assert_all(syntax_is_token, true, good, COUNT(good));
    assert_all(syntax_is_token, false, bad, COUNT(bad));
}

static void test_server_name(void **state)
{
    static const char *const good[] = {
        "example.org", "EXAMPLE.org", "localhost",          "a",    "1.2.3.4", "a:1", "a:65535",
        "1.2.3.4:80",  "[::1]",       "[2001:db8::1]:8448", "a-b.c"};
    static const char *const bad[] = {"",         ":1",           "a:",  "a:0",       "a:65536", "a:x",
                                      "a:1:2",    "a b",          "a/b", "a_b",       "@a:b",    "https://a",
                                      "[::1",     "::1",          "[]",  "[1.2.3.4]", "[::1]x",  "[::g]",
                                      "a:000001", "\xc3\xa4.org", "a,b", "a]"};
    char longest[232];

    (void)state;
    assert_all(syntax_is_server_name, true, good, COUNT(good));
    assert_all(syntax_is_server_name, false, bad, COUNT(bad));
    memset(longest, 'a', 231);
    longest[231] = '\0';
    assert_false(syntax_is_server_name(longest));
    longest[230] = '\0';
    assert_true(syntax_is_server_name(longest));
}

static bool is_localpart(const char *text)
{
    return syntax_is_localpart(text, strlen(text));
}

static void test_localpart(void **state)
{
    static const char *const good[] = {"sync", "a.b_c=d-e/f+g", "UPPER", "a@b", "0", "~!"};
    static const char *const bad[] = {"", "@sync", "a:b", "a b", "a\n", "\xc3\xa4", "\x7f"};

    (void)state;
    assert_all(is_localpart, true, good, COUNT(good));
    assert_all(is_localpart, false, bad, COUNT(bad));
    assert_true(syntax_is_localpart("sync:rest", 4));
}

static void test_listen_address(void **state)
{
    static const char *const good[] = {"127.0.0.1:9595", "0.0.0.0:1", "[::]:65535", "[::1]:9595"};
    static const char *const bad[] = {"",
                                      "9595",
                                      ":9595",
                                      "127.0.0.1",
                                      "127.0.0.1:",
                                      "1.2.3.4:0",
                                      "1.2.3:80",
                                      "a:80",
                                      "[::1]",
                                      "[1111:2222:3333:4444:5555:6666:7777:8888:9999:aaaa]:80",
                                      "::1:9595",
                                      "[::1]9595",
                                      "1.2.3.4:99999",
                                      "on",
                                      "1.2.3.4:80 ",
                                      " 1.2.3.4:80"};

    (void)state;
    assert_all(syntax_is_listen_address, true, good, COUNT(good));
    assert_all(syntax_is_listen_address, false, bad, COUNT(bad));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_text),           cmocka_unit_test(test_token),
        cmocka_unit_test(test_server_name),    cmocka_unit_test(test_localpart),
        cmocka_unit_test(test_listen_address),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
