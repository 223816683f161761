/* What can be said of the broker without one: a listener that is none stands in for it. */

#include "base/memory.h"
#include "broker/broker.h"
#include "support/test.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

struct peer {
    struct loop *loop;
    int fd;
    char uri[64];
    struct loop_watch watch;
    int accepted; /* connections so far */
    int enough;   /* connections after which the loop is stopped */
    bool keep;    /* leave them open, saying nothing */
    int last;     /* the one kept; -1: none */
};

static void never_delivered(void *context, struct broker_delivery *delivery)
{
    (void)context;
    (void)delivery;
    fail();
}

static const struct broker_handlers handlers = {never_delivered, never_delivered, never_delivered, NULL};

static struct broker_config config_for(const char *uri)
{
    return (struct broker_config){
        .uri = uri, .queue = "queue", .prefetch = 10, .heartbeat = 30, .largest_body = 1000};
}

static void connection_came(void *context, uint32_t events)
{
    struct peer *peer = context;
    int fd = accept4(peer->fd, NULL, NULL, SOCK_CLOEXEC);

    (void)events;
    assert_true(fd >= 0);
    if (peer->keep)
        peer->last = fd;
    else
        (void)close(fd);
    if (++peer->accepted == peer->enough)
        loop_stop(peer->loop);
}

static int set_up(void **state)
{
    struct peer *peer = NEW(struct peer);
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr = {htonl(INADDR_LOOPBACK)}};
    socklen_t size = sizeof(address);
    struct error error;

    peer->last = -1;
    peer->loop = loop_new(&error);
    peer->fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (!peer->loop || bind(peer->fd, (struct sockaddr *)&address, size) < 0 || listen(peer->fd, 8) < 0 ||
        getsockname(peer->fd, (struct sockaddr *)&address, &size) < 0)
        return -1;
    (void)snprintf(peer->uri, sizeof(peer->uri), "amqp://u:sesame@127.0.0.1:%u", ntohs(address.sin_port));
    *state = peer;
    loop_watch_init(&peer->watch, peer->loop, connection_came, peer);
    return loop_watch_start(&peer->watch, peer->fd, EPOLLIN, &error) ? 0 : -1;
}

static int tear_down(void **state)
{
    struct peer *peer = *state;

    loop_watch_stop(&peer->watch);
    (void)close(peer->fd);
    closep(&peer->last);
    loop_free(peer->loop);
    free(peer);
    return 0;
}

static void test_comes_again(void **state)
{
    struct peer *peer = *state;
    struct broker_config config = config_for(peer->uri);
    struct error error;
    CLEANUP(broker_freep) struct broker *broker = broker_new(&config, &handlers, peer->loop, &error);

    assert_non_null(broker);
    peer->enough = 3;
    loop_run(peer->loop);
    assert_int_equal(peer->accepted, 3);
    assert_false(broker_is_consuming(broker));
}

/* A login that gets no answer is cut off, not waited for. */
static void test_free_while_logging_in(void **state)
{
    struct peer *peer = *state;
    struct broker_config config = config_for(peer->uri);
    struct error error;
    struct broker *broker = broker_new(&config, &handlers, peer->loop, &error);
    char greeting[8], rest;

    peer->keep = true;
    peer->enough = 1;
    loop_run(peer->loop);
    assert_int_equal(recv(peer->last, greeting, sizeof(greeting), MSG_WAITALL), 8);
    assert_memory_equal(greeting, "AMQP\0\0\x9\x1", 8);
    broker_free(broker);
    assert_int_equal(recv(peer->last, &rest, 1, MSG_DONTWAIT), 0);
}

static void test_stopped_connects_no_more(void **state)
{
    struct peer *peer = *state;
    struct broker_config config = config_for(peer->uri);
    struct error error;
    struct broker *broker = broker_new(&config, &handlers, peer->loop, &error);
    char greeting[8], rest;

    peer->keep = true;
    peer->enough = 1;
    loop_run(peer->loop);
    assert_int_equal(recv(peer->last, greeting, sizeof(greeting), MSG_WAITALL), 8);
    broker_stop_consuming(broker);
    assert_int_equal(recv(peer->last, &rest, 1, MSG_DONTWAIT), 0);
    broker_pause(broker);
    broker_resume(broker);
    broker_stop_consuming(broker);
    assert_false(broker_is_consuming(broker));
    broker_free(broker);
}

static void assert_refused(struct peer *peer, const struct broker_config *config)
{
    struct error error = {""};

    assert_null(broker_new(config, &handlers, peer->loop, &error));
    assert_string_not_equal(error.text, "");
    assert_null(strstr(error.text, "sesame"));
}

static void test_refuses_what_cannot_be(void **state)
{
    struct broker_config config = config_for("amqp://u:sesame@host/");
    char queue[253] = "";

    assert_refused(*state, &config);
    config = config_for("amqp://u:sesame@host?keyfile=a");
    assert_refused(*state, &config);
    config = config_for("amqp://u:sesame@host");
    config.key_file = "key";
    assert_refused(*state, &config);
    config = config_for("amqp://u:sesame@host");
    config.queue = "";
    assert_refused(*state, &config);
    memset(queue, 'q', sizeof(queue) - 1);
    config.queue = queue;
    assert_refused(*state, &config);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_comes_again, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_free_while_logging_in, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_stopped_connects_no_more, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_refuses_what_cannot_be, set_up, tear_down),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
