/*
 * One thread polls the listening socket and all connections. What it shares with the test (counts, the first
 * complaint, the settings made before the first request) is behind one lock.
 *
 * A failed assertion leaves a test by a jump, which only its own thread may do; so the server notes its first
 * complaint and http_server_finish() raises it.
 */

#include "support/http_server.h"

#include "base/buffer.h"
#include "base/cleanup.h"
#include "base/memory.h"
#include "support/test.h"

#include <netinet/in.h>
#include <poll.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

enum { MOST_CONNECTIONS = 64, LARGEST_REQUEST = 4 << 20 };

struct connection {
    int fd;                         /* -1: this place is free */
    struct buffer input;            /* of a request that is not whole yet */
    const struct server_step *step; /* whose reply is owed; NULL: none */
};

struct http_server {
    const struct server_step *steps;
    size_t count;
    bool *used;
    int listener, stop;
    unsigned port;
    char *uri;
    struct connection connections[MOST_CONNECTIONS];
    pthread_t thread;
    pthread_mutex_t lock; /* of all that follows */
    bool any_order;
    const char *greeting;
    unsigned accepted, received;
    char *complaint;
};

/* ---- what must come ---- */

/* The order and the text of the headers is what libcurl and src/http/exchange.c make of a request. */
static void compose(const struct http_server *server, const struct server_step *step, struct buffer *bytes)
{
    bool has_body = step->body || strncmp(step->line, "P", 1) == 0;
    size_t size = step->body_size > 0 || !step->body ? step->body_size : strlen(step->body);

    (void)buffer_append_format(bytes, "%s HTTP/1.1\r\nHost: 127.0.0.1:%u\r\nUser-Agent: %s\r\n", step->line,
                               server->port, HTTP_SERVER_USER_AGENT);
    (void)buffer_append_text(bytes, "Accept: application/json\r\n");
    if (has_body)
        (void)buffer_append_format(bytes, "Content-Type: %s\r\n",
                                   step->content_type ? step->content_type : "application/json");
    if (step->bearer)
        (void)buffer_append_format(bytes, "Authorization: %s %s\r\n", step->basic ? "Basic" : "Bearer",
                                   step->bearer);
    if (has_body)
        (void)buffer_append_format(bytes, "Content-Length: %zu\r\n", size);
    (void)buffer_append_text(bytes, "\r\n");
    if (step->body)
        (void)buffer_append(bytes, step->body, size);
}

static bool is_expected(const struct http_server *server, const struct server_step *step, const char *request,
                        size_t size, char **ret_expected)
{
    struct buffer bytes;
    bool equal;

    if (!step->line && !step->bytes)
        return true;
    buffer_init(&bytes, LARGEST_REQUEST);
    if (step->bytes)
        (void)buffer_append_text(&bytes, step->bytes);
    else
        compose(server, step, &bytes);
    equal = bytes.size == size && memcmp(bytes.bytes, request, size) == 0;
    if (!equal && ret_expected && !*ret_expected)
        *ret_expected = text_copy(bytes.bytes);
    buffer_deinit(&bytes);
    return equal;
}

/* The step that this request is; NULL and a complaint if it is none. */
static const struct server_step *take_step(struct http_server *server, const char *request, size_t size)
{
    CLEANUP(freep) char *expected = NULL;

    for (size_t i = 0; i < server->count; i++) {
        if (server->used[i])
            continue;
        if (is_expected(server, &server->steps[i], request, size, &expected)) {
            server->used[i] = true;
            return &server->steps[i];
        }
        if (!server->any_order)
            break;
    }
    if (!server->complaint)
        server->complaint = text_format("unexpected request:\n%.*s\n--- expected:\n%s\n---", (int)size,
                                        request, expected ? expected : "(none)");
    return NULL;
}

/* ---- connections ---- */

static void connection_close(struct connection *connection)
{
    (void)close(connection->fd);
    buffer_deinit(&connection->input);
    *connection = (struct connection){.fd = -1};
}

static void send_all(int fd, const char *bytes, size_t size)
{
    while (size > 0) {
        ssize_t sent = send(fd, bytes, size, MSG_NOSIGNAL);

        if (sent <= 0)
            return;
        bytes += sent;
        size -= (size_t)sent;
    }
}

static void send_text(int fd, const char *text)
{
    send_all(fd, text, strlen(text));
}

static void send_status(int fd, const struct server_step *step)
{
    const char *body = step->reply ? step->reply : "";
    CLEANUP(freep)
    char *reply = text_format("HTTP/1.1 %d Scripted\r\n%sContent-Length: %zu\r\n\r\n%s", step->status,
                              step->headers ? step->headers : "", strlen(body), body);

    send_text(fd, reply);
}

static void reply_to(struct connection *connection)
{
    static const struct linger at_once = {.l_onoff = 1, .l_linger = 0};
    const struct server_step *step = connection->step;

    connection->step = NULL;
    if (step->status != 0)
        send_status(connection->fd, step);
    else if (step->raw)
        send_text(connection->fd, step->raw);
    if (step->end == SERVER_KEEP)
        return;
    if (step->end == SERVER_RESET)
        (void)setsockopt(connection->fd, SOL_SOCKET, SO_LINGER, &at_once, sizeof(at_once));
    connection_close(connection);
}

/* Replies whose time has come; waiting ones may be behind any connection. */
static void send_replies(struct http_server *server)
{
    for (size_t i = 0; i < MOST_CONNECTIONS; i++) {
        struct connection *connection = &server->connections[i];

        if (connection->fd >= 0 && connection->step && connection->step->wait_for <= server->received)
            reply_to(connection);
    }
}

/* The size of the whole request at the beginning of the input, 0 if it is not whole. */
static size_t whole_request(const struct buffer *input)
{
    const char *text = buffer_text(input), *end = strstr(text, "\r\n\r\n"), *length;
    size_t size;

    if (!end)
        return 0;
    size = (size_t)(end - text) + 4;
    length = strcasestr(text, "\r\ncontent-length:");
    if (length && length < end)
        size += strtoul(length + strlen("\r\ncontent-length:"), NULL, 10);
    return size <= input->size ? size : 0;
}

/* Each session begins by asking for MAS. Where the script does not speak of it, there is none. */
static bool is_about_mas(const struct http_server *server, const char *request)
{
    const char *end = strstr(request, "\r\n"), *found = strstr(request, "/auth_metadata ");

    if (!found || found > end)
        return false;
    for (size_t i = 0; i < server->count; i++)
        if (server->steps[i].line && strstr(server->steps[i].line, "/auth_metadata"))
            return false;
    return true;
}

static void take_request(struct http_server *server, struct connection *connection)
{
    static const struct server_step unexpected = {.status = 500, .reply = "unexpected", .end = SERVER_CLOSE};
    static const struct server_step no_mas = {
        .status = 404, .reply = "{\"errcode\":\"M_UNRECOGNIZED\",\"error\":\"Unrecognized request\"}"};
    struct buffer *input = &connection->input;
    size_t size = whole_request(input);

    if (size == 0)
        return;
    connection->step = is_about_mas(server, input->bytes) ? &no_mas : NULL;
    if (!connection->step) {
        server->received++;
        connection->step = take_step(server, input->bytes, size);
    }
    if (!connection->step)
        connection->step = &unexpected;
    buffer_clear(input); /* libcurl does not pipeline: nothing follows before the reply */
}

static void read_from(struct http_server *server, struct connection *connection)
{
    char bytes[16384];
    ssize_t size = recv(connection->fd, bytes, sizeof(bytes), 0);

    if (size <= 0) {
        connection_close(connection);
        return;
    }
    (void)buffer_append(&connection->input, bytes, (size_t)size);
    take_request(server, connection);
}

static void accept_connection(struct http_server *server)
{
    int fd = accept4(server->listener, NULL, NULL, SOCK_CLOEXEC);

    if (fd < 0)
        return;
    server->accepted++;
    if (server->greeting) {
        send_text(fd, server->greeting);
        (void)shutdown(fd, SHUT_WR);
    }
    for (size_t i = 0; i < MOST_CONNECTIONS; i++) {
        struct connection *connection = &server->connections[i];

        if (connection->fd >= 0)
            continue;
        connection->fd = fd;
        buffer_init(&connection->input, LARGEST_REQUEST);
        return;
    }
    (void)close(fd);
}

/* ---- the thread ---- */

static void *serve(void *context)
{
    struct http_server *server = context;
    struct pollfd polled[MOST_CONNECTIONS + 2];

    for (;;) {
        for (size_t i = 0; i < MOST_CONNECTIONS; i++)
            polled[i] = (struct pollfd){.fd = server->connections[i].fd, .events = POLLIN};
        polled[MOST_CONNECTIONS] = (struct pollfd){.fd = server->listener, .events = POLLIN};
        polled[MOST_CONNECTIONS + 1] = (struct pollfd){.fd = server->stop, .events = POLLIN};
        (void)poll(polled, MOST_CONNECTIONS + 2, -1);
        if (polled[MOST_CONNECTIONS + 1].revents)
            return NULL;
        (void)pthread_mutex_lock(&server->lock);
        for (size_t i = 0; i < MOST_CONNECTIONS; i++)
            if (polled[i].revents)
                read_from(server, &server->connections[i]);
        if (polled[MOST_CONNECTIONS].revents)
            accept_connection(server);
        send_replies(server);
        (void)pthread_mutex_unlock(&server->lock);
    }
}

static void listen_somewhere(struct http_server *server)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t size = sizeof(address);

    server->listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_true(server->listener >= 0);
    assert_int_equal(bind(server->listener, (struct sockaddr *)&address, size), 0);
    assert_int_equal(listen(server->listener, MOST_CONNECTIONS), 0);
    assert_int_equal(getsockname(server->listener, (struct sockaddr *)&address, &size), 0);
    server->port = ntohs(address.sin_port);
    server->uri = text_format("http://127.0.0.1:%u", server->port);
}

struct http_server *http_server_start(const struct server_step *steps, size_t count)
{
    struct http_server *server = NEW(struct http_server);

    server->steps = steps;
    server->count = count;
    server->used = memory_new(count, sizeof(server->used[0]));
    for (size_t i = 0; i < MOST_CONNECTIONS; i++)
        server->connections[i].fd = -1;
    server->stop = eventfd(0, EFD_CLOEXEC);
    assert_true(server->stop >= 0);
    listen_somewhere(server);
    assert_int_equal(pthread_mutex_init(&server->lock, NULL), 0);
    assert_int_equal(pthread_create(&server->thread, NULL, serve, server), 0);
    return server;
}

void http_server_any_order(struct http_server *server)
{
    (void)pthread_mutex_lock(&server->lock);
    server->any_order = true;
    (void)pthread_mutex_unlock(&server->lock);
}

void http_server_greet(struct http_server *server, const char *bytes)
{
    (void)pthread_mutex_lock(&server->lock);
    server->greeting = bytes;
    (void)pthread_mutex_unlock(&server->lock);
}

const char *http_server_uri(const struct http_server *server)
{
    return server->uri;
}

unsigned http_server_port(const struct http_server *server)
{
    return server->port;
}

unsigned http_server_connections(struct http_server *server)
{
    unsigned count;

    (void)pthread_mutex_lock(&server->lock);
    count = server->accepted;
    (void)pthread_mutex_unlock(&server->lock);
    return count;
}

unsigned http_server_requests(struct http_server *server)
{
    unsigned count;

    (void)pthread_mutex_lock(&server->lock);
    count = server->received;
    (void)pthread_mutex_unlock(&server->lock);
    return count;
}

static char *left_over(const struct http_server *server)
{
    for (size_t i = 0; i < server->count; i++)
        if (!server->used[i])
            return text_format("step %zu was never asked for: %s", i,
                               server->steps[i].line ? server->steps[i].line : "(any request)");
    return NULL;
}

static void stop_thread(struct http_server *server)
{
    uint64_t one = 1;

    assert_int_equal(write(server->stop, &one, sizeof(one)), sizeof(one));
    assert_int_equal(pthread_join(server->thread, NULL), 0);
    (void)pthread_mutex_destroy(&server->lock);
}

void http_server_finish(struct http_server *server)
{
    CLEANUP(freep) char *complaint = NULL;

    stop_thread(server);
    complaint = server->complaint ? server->complaint : left_over(server);
    for (size_t i = 0; i < MOST_CONNECTIONS; i++)
        if (server->connections[i].fd >= 0)
            connection_close(&server->connections[i]);
    (void)close(server->listener);
    (void)close(server->stop);
    free(server->used);
    free(server->uri);
    free(server);
    if (complaint)
        fail_msg("%s", complaint);
}
