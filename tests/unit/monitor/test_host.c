/* Who may see the page. */
#include "monitor/host.h"

#include "support/test.h"

static void test_addresses_and_localhost(void **state)
{
    static const char *const good[] = {"127.0.0.1",  "127.0.0.1:9595", "192.168.1.7:80", "[::1]",
                                       "[::1]:9595", "localhost",      "LocalHost:9595", "[fe80::1]:1"};

    (void)state;
    for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++)
        if (!host_may_see(good[i]))
            fail_msg("%s", good[i]);
    assert_true(host_may_see(NULL));
}

static void test_names_of_others(void **state)
{
    static const char *const bad[] = {"evil.example",
                                      "evil.example:9595",
                                      "127.0.0.1.evil.example",
                                      "localhost.evil",
                                      "localhost.",
                                      "127.0.0.1:9595.evil.example",
                                      "[::1",
                                      "[::1]evil",
                                      "[::1]:9595x",
                                      "::1",
                                      "127.1",
                                      "2130706433",
                                      "",
                                      ":9595",
                                      "127.0.0.1@evil.example",
                                      "[]",
                                      "[evil.example]",
                                      "0x7f.0.0.1"};

    (void)state;
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
        if (host_may_see(bad[i]))
            fail_msg("%s", bad[i]);
}

static void test_a_long_name(void **state)
{
    char name[5000];

    (void)state;
    for (size_t i = 0; i < sizeof(name); i++)
        name[i] = '1';
    name[sizeof(name) - 1] = '\0';
    assert_false(host_may_see(name));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_addresses_and_localhost),
        cmocka_unit_test(test_names_of_others),
        cmocka_unit_test(test_a_long_name),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
