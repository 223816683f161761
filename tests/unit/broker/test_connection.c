#include "base/memory.h"
#include "broker/connection.h"
#include "broker/settings.h"
#include "support/test.h"

#include <string.h>

static void assert_words(const char *uri, const char *words, const char *expected)
{
    struct error error;
    CLEANUP(broker_settings_freep)
    struct broker_settings *settings =
        broker_settings_new(&(struct broker_config){.uri = uri, .queue = "q"}, &error);
    struct connection connection = {0};
    CLEANUP(freep) char *shown = NULL;

    assert_non_null(settings);
    connection.secrets = settings->secrets;
    shown = connection_words(&connection, connection_bytes(words, strlen(words)));
    assert_string_equal(shown, expected);
}

static void repeats_no_password(void **state)
{
    static const char hidden[] = "(its words hold a secret)";

    (void)state;
    assert_words("amqp://u:hun%2Fter2@h", "ACCESS_REFUSED - vhost of user 'u'",
                 "ACCESS_REFUSED - vhost of user 'u'");
    assert_words("amqp://u:hun%2Fter2@h", "bad password hun/ter2", hidden);
    assert_words("amqp://u:hun%2Fter2@h", "bad URI amqp://u:hun%2fter2@h", hidden);
    assert_words("amqp://u:hunter2x@h", "PLAIN AHUAaHVudGVyMng=", hidden); /* \0u\0hunter2x */
    assert_words("amqp://h", "vhost refused for user 'guest'", "vhost refused for user 'guest'");
    assert_words("amqp://u:@h", "", "");
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(repeats_no_password)};

    return cmocka_run_group_tests(tests, NULL, NULL);
}
