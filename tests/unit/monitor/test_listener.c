/* Where the monitor listens, and who can reach it there. */
#include "monitor/listener.h"

#include "base/cleanup.h"
#include "support/test.h"

#include <string.h>

static void test_only_addresses_in_digits_are_listened_at(void **state)
{
    static const char *const bad[] = {"", "9595", ":9595", "127.0.0.1", "localhost:9595", "127.0.0.1:http"};
    CLEANUP(closep) int fd = -1;
    struct error error;

    (void)state;
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        assert_int_equal(listener_open(bad[i], &error), -1);
        assert_non_null(strstr(error.text, "this is no address"));
    }
    fd = listener_open("127.0.0.1:0", &error);
    assert_true(fd >= 0);
}

static void test_only_this_machine_reaches_its_own_addresses(void **state)
{
    static const char *const private[] = {"127.0.0.1:9595", "127.9.9.9:1", "[::1]:9595"};
    static const char *const public[] = {"0.0.0.0:9595", "[::]:9595", "192.168.1.1:9595", "[fe80::1]:80",
                                         "nonsense"};

    (void)state;
    for (size_t i = 0; i < sizeof(private) / sizeof(private[0]); i++)
        assert_true(listener_is_private(private[i]));
    for (size_t i = 0; i < sizeof(public) / sizeof(public[0]); i++)
        assert_false(listener_is_private(public[i]));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_only_addresses_in_digits_are_listened_at),
        cmocka_unit_test(test_only_this_machine_reaches_its_own_addresses),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
