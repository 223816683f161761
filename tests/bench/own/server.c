/*
 * A request is carried out as soon as it is whole, and what is answered waits in one queue for its time: the
 * latency is the same for all, so the first in is the first out, and one timer serves them all. The clock has
 * whole milliseconds, so a reply comes up to one later than asked for, never earlier.
 */
#include "server.h"

#include "base/buffer.h"
#include "base/memory.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>
#include <utlist.h>

enum { READ_SIZE = 65536, LARGEST_REQUEST = 16 << 20 };

struct connection {
    struct server *server;
    struct loop_watch watch; /* stopped: the connection is closed */
    struct buffer in, out;
    size_t sent; /* of `out` */
    size_t owed; /* replies that wait for their time */
};

struct reply {
    struct connection *connection;
    instant due;
    int status;
    char *body;
    size_t size;
    struct reply *prev, *next;
};

struct server {
    struct loop *loop;
    struct loop_watch watch;
    struct loop_timer timer;
    int64_t latency; /* ms */
    server_answer *answer;
    void *context;
    struct reply *replies; /* the next one first */
};

/* ---- connections ---- */

static void free_if_done(struct connection *connection)
{
    if (connection->watch.active || connection->owed > 0)
        return;
    buffer_deinit(&connection->in);
    buffer_deinit(&connection->out);
    free(connection);
}

static void close_connection(struct connection *connection)
{
    int fd = connection->watch.fd;

    loop_watch_stop(&connection->watch);
    (void)close(fd);
}

/* What does not go out at once is sent when the socket takes it. */
static void flush(struct connection *connection)
{
    struct buffer *out = &connection->out;
    ssize_t sent = 0;

    while (connection->sent < out->size && sent >= 0) {
        sent = send(connection->watch.fd, out->bytes + connection->sent, out->size - connection->sent,
                    MSG_NOSIGNAL);
        if (sent > 0)
            connection->sent += (size_t)sent;
    }
    if (sent < 0 && errno != EAGAIN) {
        close_connection(connection);
        return;
    }
    if (sent < 0) {
        loop_watch_change(&connection->watch, EPOLLIN | EPOLLOUT);
        return;
    }
    if (out->capacity > READ_SIZE)
        buffer_deinit(out);
    buffer_clear(out);
    connection->sent = 0;
}

/* ---- replies ---- */

static void send_reply(struct reply *reply)
{
    struct connection *connection = reply->connection;

    connection->owed--;
    if (connection->watch.active) {
        (void)buffer_append_format(
            &connection->out,
            "HTTP/1.1 %d X\r\nContent-Type: application/json\r\nContent-Length: %zu\r\n\r\n", reply->status,
            reply->size);
        (void)buffer_append(&connection->out, reply->body, reply->size);
        flush(connection);
    }
    free_if_done(connection);
    free(reply->body);
    free(reply);
}

static void timer_due(void *context)
{
    struct server *server = context;
    instant now = instant_now();
    struct reply *reply;

    while ((reply = server->replies) && reply->due <= now) {
        DL_DELETE(server->replies, reply);
        send_reply(reply);
    }
    loop_timer_set(&server->timer, server->replies ? server->replies->due : INSTANT_NEVER);
}

static void carry_out(struct connection *connection, const struct server_request *request)
{
    struct server *server = connection->server;
    struct reply *reply = NEW(struct reply);

    reply->connection = connection;
    reply->body = server->answer(server->context, request, &reply->status, &reply->size);
    reply->due = server->latency > 0 ? instant_now() + server->latency + 1 : INSTANT_PAST;
    connection->owed++;
    if (server->latency == 0) {
        send_reply(reply);
        return;
    }
    DL_APPEND(server->replies, reply);
    if (!loop_timer_is_set(&server->timer))
        loop_timer_set(&server->timer, reply->due);
}

/* ---- requests ---- */

static size_t content_length(const char *head)
{
    static const char name[] = "content-length:";
    const char *line = head;

    while ((line = strstr(line, "\r\n"))) {
        line += 2;
        if (strncasecmp(line, name, sizeof(name) - 1) == 0)
            return strtoul(line + sizeof(name) - 1, NULL, 10);
    }
    return 0;
}

/* Carries out the first request of the text, if it is whole. Returns its size; 0: there is more to come. */
static size_t take_request(struct connection *connection, char *text, size_t size)
{
    char *end = memmem(text, size, "\r\n\r\n", 4), *target, *version, last;
    size_t head, whole;

    if (!end)
        return 0;
    *end = '\0';
    head = (size_t)(end - text) + 4;
    whole = head + content_length(text);
    if (whole > size) {
        *end = '\r';
        return 0;
    }
    target = strchr(text, ' ');
    version = target ? strchr(target + 1, ' ') : NULL;
    if (!version) {
        close_connection(connection);
        return 0;
    }
    *target = *version = '\0';
    last = text[whole]; /* the buffer has a NUL behind its end, so this byte is there */
    text[whole] = '\0';
    carry_out(connection, &(struct server_request){text, target + 1, text + head, whole - head});
    text[whole] = last;
    return whole;
}

static void take_requests(struct connection *connection)
{
    struct buffer *in = &connection->in;
    size_t taken = 0, size;

    connection->owed++; /* so that it outlives the replies */
    while (connection->watch.active && taken < in->size &&
           (size = take_request(connection, in->bytes + taken, in->size - taken)) > 0)
        taken += size;
    if (taken > 0) {
        memmove(in->bytes, in->bytes + taken, in->size - taken + 1);
        in->size -= taken;
    }
    connection->owed--;
}

static void readable(struct connection *connection)
{
    char bytes[READ_SIZE];
    ssize_t size = recv(connection->watch.fd, bytes, sizeof(bytes), 0);

    if (size < 0 && errno == EAGAIN)
        return;
    if (size <= 0 || !buffer_append(&connection->in, bytes, (size_t)size))
        close_connection(connection);
    else
        take_requests(connection);
}

static void connection_ready(void *context, uint32_t events)
{
    struct connection *connection = context;

    if (events & EPOLLOUT) {
        loop_watch_change(&connection->watch, EPOLLIN);
        flush(connection);
    }
    if (connection->watch.active && (events & (EPOLLIN | EPOLLERR | EPOLLHUP)))
        readable(connection);
    free_if_done(connection);
}

/* ---- the listener ---- */

static void client_comes(void *context, uint32_t events)
{
    struct server *server = context;
    struct connection *connection;
    struct error error;
    int one = 1, fd = accept4(server->watch.fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);

    (void)events;
    if (fd < 0)
        return;
    (void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
    connection = NEW(struct connection);
    connection->server = server;
    buffer_init(&connection->in, LARGEST_REQUEST);
    buffer_init(&connection->out, SIZE_MAX / 2);
    loop_watch_init(&connection->watch, server->loop, connection_ready, connection);
    if (!loop_watch_start(&connection->watch, fd, EPOLLIN, &error)) {
        (void)close(fd);
        free(connection);
    }
}

static int listen_on(uint16_t port)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(port)};
    int one = 1, fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    if (fd < 0)
        return -1;
    (void)setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
    if (bind(fd, (struct sockaddr *)&address, sizeof(address)) == 0 && listen(fd, SOMAXCONN) == 0)
        return fd;
    (void)close(fd);
    return -1;
}

struct server *server_new(struct loop *loop, uint16_t port, int64_t latency, server_answer *answer,
                          void *context, struct error *error)
{
    struct server *server = NEW(struct server);
    int fd = listen_on(port);

    *server = (struct server){.loop = loop, .latency = latency, .answer = answer, .context = context};
    loop_timer_init(&server->timer, loop, timer_due, server);
    loop_watch_init(&server->watch, loop, client_comes, server);
    if (fd >= 0 && loop_watch_start(&server->watch, fd, EPOLLIN, error))
        return server;
    if (fd < 0)
        (void)error_set(error, "port %u: %s", port, strerror(errno));
    else
        (void)close(fd);
    free(server);
    return NULL;
}
