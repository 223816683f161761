#include "base/memory.h"
#include "broker/connection.h"
#include "broker/settings.h"
#include "support/test.h"

#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

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

/* basic.ack of the first message. */
static enum connection_read read_ack(uint8_t channel, struct error *error)
{
    const uint8_t bytes[] = {1, 0, channel, 0, 0, 0, 13, 0, 60, 0, 80, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0xce};
    struct connection connection = {.amqp = amqp_new_connection()};
    enum connection_read result;
    amqp_frame_t frame;
    int sockets[2];

    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, sockets), 0);
    amqp_tcp_socket_set_sockfd(amqp_tcp_socket_new(connection.amqp), sockets[0]);
    assert_int_equal(write(sockets[1], bytes, sizeof(bytes)), sizeof(bytes));
    result = connection_read(&connection, &frame, error);
    (void)amqp_destroy_connection(connection.amqp);
    (void)close(sockets[1]);
    return result;
}

static void takes_no_frame_of_another_channel(void **state)
{
    struct error error = {""};

    (void)state;
    assert_int_equal(read_ack(CONNECTION_CHANNEL, &error), CONNECTION_FRAME);
    assert_string_equal(error.text, "");
    assert_int_equal(read_ack(7, &error), CONNECTION_BROKEN);
    assert_string_equal(error.text, "the broker sent a frame of a channel that is not open");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(repeats_no_password),
        cmocka_unit_test(takes_no_frame_of_another_channel),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
