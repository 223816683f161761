#include "command/notify.h"
#include "support/evil.h"
#include "support/test.h"

#include <stddef.h>
#include <stdlib.h>
#include <string.h>

static void test_addresses(void **state)
{
    static const char *const unusable[] = {NULL, "", "/", "@", "relative", "vsock:2:1234"};
    struct sockaddr_un address;
    char long_name[sizeof(address.sun_path) + 1];
    socklen_t size = 0;

    (void)state;
    for (size_t i = 0; i < sizeof(unusable) / sizeof(unusable[0]); i++)
        assert_false(notify_address(unusable[i], &address, &size));
    memset(long_name, 'x', sizeof(long_name));
    long_name[0] = '/';
    long_name[sizeof(address.sun_path)] = '\0';
    assert_false(notify_address(long_name, &address, &size));
    long_name[sizeof(address.sun_path) - 1] = '\0';
    assert_true(notify_address(long_name, &address, &size));
    assert_int_equal(size, sizeof(address));
    assert_true(notify_address("/run/notify", &address, &size));
    assert_string_equal(address.sun_path, "/run/notify");
    assert_int_equal(size, offsetof(struct sockaddr_un, sun_path) + sizeof("/run/notify"));
    /* an abstract name has no NUL at its end: unix(7) */
    assert_true(notify_address("@notify", &address, &size));
    assert_memory_equal(address.sun_path, "\0notify", 7);
    assert_int_equal(size, offsetof(struct sockaddr_un, sun_path) + 7);
}

static void test_beats(void **state)
{
    (void)state;
    assert_int_equal(notify_beat(NULL, NULL, 7), 0);
    assert_int_equal(notify_beat("30000000", NULL, 7), 15000);
    assert_int_equal(notify_beat("30000000", "7", 7), 15000);
    assert_int_equal(notify_beat("30000000", "8", 7), 0);
    assert_int_equal(notify_beat("30000000", "", 7), 0);
    assert_int_equal(notify_beat("10", NULL, 7), 1);
    assert_int_equal(notify_beat("0", NULL, 7), 0);
    assert_int_equal(notify_beat("-5", NULL, 7), 0);
    assert_int_equal(notify_beat("5s", NULL, 7), 0);
    assert_int_equal(notify_beat("99999999999999999999999", NULL, 7), 0);
}

static void assert_status(const struct notify_state *state, const char *expected)
{
    char *status = notify_status(state);

    assert_string_equal(status, expected);
    free(status);
}

static void test_statuses(void **state)
{
    char trouble[1000];
    char *status;

    (void)state;
    assert_status(&(struct notify_state){.is_consuming = true, .under_way = 3},
                  "consuming; messages under way: 3");
    assert_status(&(struct notify_state){.is_consuming = true, .homeserver_trouble = ""},
                  "consuming; messages under way: 0");
    assert_status(&(struct notify_state){.is_consuming = true, .homeserver_trouble = "it is away"},
                  "waiting for the homeserver: it is away; messages under way: 0");
    assert_status(&(struct notify_state){.broker_trouble = "no broker", .homeserver_trouble = "it is away"},
                  "not consuming: no broker; messages under way: 0");
    assert_status(&(struct notify_state){.is_stopping = true, .broker_trouble = "no broker", .under_way = 1},
                  "stopping; messages under way: 1");
    /* nobody gets a line of their own into it, nor what is no text, nor too much */
    assert_status(&(struct notify_state){.broker_trouble = "a\nMAINPID=1\t\x7f"},
                  "not consuming: a\\u000aMAINPID=1\\u0009\\u007f; messages under way: 0");
    for (size_t i = 0; i < evil_count(); i++) {
        status =
            notify_status(&(struct notify_state){.is_consuming = true, .homeserver_trouble = evil_text(i)});
        assert_shown_in_lines(status, 0);
        free(status);
    }
    memset(trouble, 'x', sizeof(trouble) - 1);
    trouble[sizeof(trouble) - 1] = '\0';
    status = notify_status(&(struct notify_state){.broker_trouble = trouble});
    assert_in_range(strlen(status), 200, 300);
    free(status);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_addresses),
        cmocka_unit_test(test_beats),
        cmocka_unit_test(test_statuses),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
