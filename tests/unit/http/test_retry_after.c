#include "http/retry_after.h"
#include "support/test.h"

#include <stdio.h>

/* The example of RFC 9110, 5.6.7: Sun, 06 Nov 1994 08:49:37 GMT */
enum { NOW = 784111777 };

static void test_values(void **state)
{
    static const struct {
        const char *value;
        int64_t pause;
    } cases[] = {
        {NULL, -1},
        {"", -1},
        {" ", -1},
        {"soon", -1},
        {"-5", -1},
        {"+5", -1},
        {"1.5", -1},
        {"5 seconds", -1},
        {"0x10", -1},
        {"0", 0},
        {"00", 0},
        {"7", 7000},
        {"007", 7000},
        {" 7\t", 7000},
        {"300", 300000},
        {"301", 300000},
        {"20240101", 300000}, /* a number, although curl_getdate() takes it for a date */
        {"18446744073709551616", 300000},
        {"99999999999999999999999999999999999999", 300000},
        {"Sun, 06 Nov 1994 08:49:37 GMT", 0},
        {"Sun, 06 Nov 1994 08:49:36 GMT", 0},
        {"Sun, 06 Nov 1994 08:49:38 GMT", 1000},
        {"Sunday, 06-Nov-94 08:50:37 GMT", 60000}, /* the obsolete forms that a recipient must understand */
        {"Sun Nov  6 08:50:37 1994", 60000},
        {"Sun, 06 Nov 1994 08:54:37 GMT", 300000},
        {"Sun, 06 Nov 1994 08:54:38 GMT", 300000},
        {"Fri, 31 Dec 9999 23:59:59 GMT", 300000},
        {"Thu, 01 Jan 1970 00:00:01 GMT", 0},
        {"Sun, 99 Nov 1994 08:49:37 GMT", -1},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
        if (http_retry_after(cases[i].value, NOW) != cases[i].pause)
            fail_msg("%s: %lld", cases[i].value, (long long)http_retry_after(cases[i].value, NOW));
}

static void test_every_number_of_seconds(void **state)
{
    (void)state;
    for (int64_t seconds = 0; seconds <= 2000; seconds++) {
        char value[32];

        (void)snprintf(value, sizeof(value), "%lld", (long long)seconds);
        assert_int_equal(http_retry_after(value, NOW), seconds < 300 ? seconds * 1000 : 300000);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_values),
        cmocka_unit_test(test_every_number_of_seconds),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
