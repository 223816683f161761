#include "base/cleanup.h"
#include "base/memory.h"
#include "http/uri.h"
#include "support/test.h"

#include <string.h>

static const char *or_dash(const char *part)
{
    return part ? part : "-";
}

/* "scheme|user|password|host|port|path", with "-" for a part that is missing; "no": no URI. */
static void assert_parsed(const char *text, const char *expected)
{
    CLEANUP(http_uri_deinit) struct http_uri uri = {0};
    bool sound = http_uri_parse(text, &uri);
    CLEANUP(freep)
    char *found = sound ? text_format("%s|%s|%s|%s|%s|%s", uri.scheme, or_dash(uri.user),
                                      or_dash(uri.password), uri.host, or_dash(uri.port), uri.path)
                        : text_copy("no");

    assert_string_equal(found, expected);
}

static void takes_uris_apart(void **state)
{
    (void)state;
    assert_parsed("http://a", "http|-|-|a|-|/");
    assert_parsed("http://a/", "http|-|-|a|-|/");
    assert_parsed("HTTPS://a:8448/b/c", "https|-|-|a|8448|/b/c");
    assert_parsed("http://[::1]:80/b?c=d#e", "http|-|-|[::1]|80|/b");
    assert_parsed("socks5h://u:p%2Fq:r@h:1080", "socks5h|u|p%2Fq:r|h|1080|/");
    assert_parsed("http://u@h", "http|u|-|h|-|/");
    assert_parsed("http://a?b/c@d", "http|-|-|a|-|/");
    assert_parsed("http://a/b@c", "http|-|-|a|-|/b@c");
    assert_parsed("http://my_synapse:8008", "http|-|-|my_synapse|8008|/");
}

static void refuses_what_is_none(void **state)
{
    static const char *const texts[] = {"",
                                        "a",
                                        "http:",
                                        "http:/a",
                                        "//a",
                                        "://a",
                                        "http://",
                                        "http:///",
                                        "http:///a",
                                        "http:////a",
                                        "http://a b",
                                        "http://a\n",
                                        "\"http://a\"",
                                        "http://a\"",
                                        "http://a:0",
                                        "http://a:",
                                        "http://a:/b",
                                        "http://a:99999",
                                        "http://a:b",
                                        "http://[::1",
                                        "http://::1",
                                        "http://u:p#w@h",
                                        "http://a,b",
                                        "http://<host>",
                                        "http://u@",
                                        "http://a\\b",
                                        "http://u:p/w@h",
                                        "http://:80",
                                        "http://?a",
                                        "http://a@b:"};

    (void)state;
    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
        assert_parsed(texts[i], "no");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(takes_uris_apart),
        cmocka_unit_test(refuses_what_is_none),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
