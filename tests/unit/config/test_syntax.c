/* The forms of texts. */

#include "config/syntax.h"
#include "support/test.h"

#include <stdio.h>
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
    static const char *const bad[] = {
        "",      "9595",     ":9595",     "127.0.0.1",     "127.0.0.1:", "1.2.3.4:0",   "1.2.3:80",   "a:80",
        "[::1]", "::1:9595", "[::1]9595", "1.2.3.4:99999", "on",         "1.2.3.4:80 ", " 1.2.3.4:80"};

    (void)state;
    assert_all(syntax_is_listen_address, true, good, COUNT(good));
    assert_all(syntax_is_listen_address, false, bad, COUNT(bad));
}

/* "scheme|user|host|port|path|query|fragment", with "-" for a part that is missing; "no": no URI. */
static void assert_split(const char *text, const char *expected)
{
    struct syntax_uri uri;
    char found[256] = "no";
    const struct syntax_part *parts[] = {&uri.scheme, &uri.user,  &uri.host,    &uri.port,
                                         &uri.path,   &uri.query, &uri.fragment};
    size_t length = 0;

    if (syntax_split_uri(text, &uri))
        for (size_t i = 0; i < COUNT(parts); i++)
            length += (size_t)snprintf(found + length, sizeof(found) - length, "%s%.*s", i ? "|" : "",
                                       parts[i]->bytes ? (int)parts[i]->length : 1,
                                       parts[i]->bytes ? parts[i]->bytes : "-");
    assert_string_equal(found, expected);
}

static void test_uri(void **state)
{
    (void)state;
    assert_split("http://a", "http|-|a|-||-|-");
    assert_split("http://a/", "http|-|a|-|/|-|-");
    assert_split("HTTPS://a:8448/b/c", "HTTPS|-|a|8448|/b/c|-|-");
    assert_split("http://[::1]:80/b?c=d#e", "http|-|[::1]|80|/b|c=d|e");
    assert_split("amqp://u:p@h:5672/%2F?heartbeat=5", "amqp|u:p|h|5672|/%2F|heartbeat=5|-");
    assert_split("amqp://u@p@h", "amqp|u@p|h|-||-|-");
    assert_split("amqp://", "amqp|-||-||-|-");
    assert_split("http://a?b/c@d", "http|-|a|-||b/c@d|-");
    assert_split("http://a/b@c", "http|-|a|-|/b@c|-|-");
    assert_split("http://my_synapse:8008", "http|-|my_synapse|8008||-|-");
}

static void test_no_uri(void **state)
{
    static const char *const texts[] = {"",
                                        "a",
                                        "http:",
                                        "http:/a",
                                        "//a",
                                        "://a",
                                        "http://a b",
                                        "http://a\n",
                                        "\"http://a\"",
                                        "http://a\"",
                                        "http://a:0",
                                        "http://a:",
                                        "http://a:99999",
                                        "http://a:b",
                                        "http://[::1",
                                        "http://::1",
                                        "http://\xc3\xa4",
                                        "amqp://u:p#w@h",
                                        "http://a,b",
                                        "http://<host>",
                                        "amqp://u:p/w@h",
                                        "http://a\\b"};

    (void)state;
    for (size_t i = 0; i < COUNT(texts); i++)
        assert_split(texts[i], "no");
}

static void test_part(void **state)
{
    struct syntax_part part = {"HTTPs://", 5};

    (void)state;
    assert_true(syntax_part_is(&part, "https"));
    assert_false(syntax_part_is(&part, "http"));
    assert_false(syntax_part_is(&part, "httpsx"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_text),           cmocka_unit_test(test_token),
        cmocka_unit_test(test_server_name),    cmocka_unit_test(test_localpart),
        cmocka_unit_test(test_listen_address), cmocka_unit_test(test_uri),
        cmocka_unit_test(test_no_uri),         cmocka_unit_test(test_part),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
