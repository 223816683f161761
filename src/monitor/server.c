/*
 * libmicrohttpd has an epoll instance of its own for all its sockets; that is a descriptor like any other,
 * for which the loop waits. What is ready is done in MHD_run(): reading, answering, writing, as far as it can
 * be done without waiting.
 *
 * What clients cost. There are at most MOST_CLIENTS connections, and each may hold MEMORY bytes for what it
 * sends. It serves one request and is closed. Whoever is silent is cut after a while, and so is whoever is
 * not through by LIFETIME, however slowly each byte comes or goes; so a slot is never held for longer. Where
 * all slots are taken the others wait in the kernel.
 */
#include "monitor/server.h"

#include "base/memory.h"
#include "monitor/listener.h"

#include <microhttpd.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>
#include <utlist.h>

enum {
    MOST_CLIENTS = 32,
    MOST_OF_ONE_ADDRESS = 24,
    MEMORY = 16 * 1024,   /* bytes; a browser sends along all cookies of its services on this machine */
    SILENCE = 5,          /* seconds */
    LIFETIME = 10 * 1000, /* ms */
};

/* A connection. */
struct client {
    struct client *prev, *next; /* the oldest first */
    int fd;
    instant until;
};

struct server {
    struct MHD_Daemon *daemon;
    struct loop_watch watch; /* of its epoll instance */
    struct loop_timer timer; /* when it wants to run next */
    struct loop_timer reaper;
    struct client *clients;
    bool has_room_again; /* a connection ended while it ran */
    struct server_handler handler;
    struct server_reply *not_allowed; /* the answer to all other methods */
};

/* ---- replies ---- */

struct server_reply {
    unsigned status;
    struct MHD_Response *response;
};

static void add_header(struct server_reply *reply, const char *name, const char *value)
{
    (void)MHD_add_response_header(reply->response, name, value);
}

struct server_reply *server_reply_new(unsigned status, const char *type, struct buffer *body,
                                      const char *policy)
{
    struct server_reply *reply = NEW(struct server_reply);
    size_t size = body->size;

    reply->status = status;
    reply->response = MHD_create_response_from_buffer(size, buffer_take(body), MHD_RESPMEM_MUST_FREE);
    memory_must(reply->response);
    add_header(reply, "Content-Type", type);
    add_header(reply, "Content-Security-Policy",
               policy ? policy : "default-src 'none'; frame-ancestors 'none'");
    add_header(reply, "X-Content-Type-Options", "nosniff");
    add_header(reply, "X-Frame-Options", "DENY");
    add_header(reply, "Referrer-Policy", "no-referrer");
    add_header(reply, "Cross-Origin-Resource-Policy", "same-origin");
    add_header(reply, "Cross-Origin-Opener-Policy", "same-origin");
    add_header(reply, "Cache-Control", "no-store");
    add_header(reply, "Connection", "close");
    return reply;
}

void server_reply_free(struct server_reply *reply)
{
    if (!reply)
        return;
    MHD_destroy_response(reply->response);
    free(reply);
}

static struct server_reply *refuse_methods(void)
{
    struct buffer body;
    struct server_reply *reply;

    buffer_init(&body, 128);
    (void)buffer_append_text(&body, "only GET and HEAD: nothing can be changed here\n");
    reply = server_reply_new(405, "text/plain; charset=utf-8", &body, NULL);
    add_header(reply, "Allow", "GET, HEAD");
    return reply;
}

/* ---- connections ---- */

static void cut_overdue(void *context)
{
    struct server *server = context;
    struct client *client;
    instant now = instant_now();

    DL_FOREACH (server->clients, client) {
        if (client->until > now) {
            loop_timer_set(&server->reaper, client->until);
            return;
        }
        (void)shutdown(client->fd, SHUT_RDWR); /* which the library then sees */
    }
}

static void began(struct server *server, struct MHD_Connection *connection, void **ret_client)
{
    const union MHD_ConnectionInfo *info =
        MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CONNECTION_FD);
    struct client *client = NEW(struct client);

    client->fd = info->connect_fd;
    client->until = instant_now() + LIFETIME;
    DL_APPEND(server->clients, client);
    if (!loop_timer_is_set(&server->reaper))
        loop_timer_set(&server->reaper, client->until);
    *ret_client = client;
}

static void over(struct server *server, struct client *client)
{
    DL_DELETE(server->clients, client);
    free(client);
    server->has_room_again = true;
}

static void notified(void *context, struct MHD_Connection *connection, void **client,
                     enum MHD_ConnectionNotificationCode code)
{
    if (code == MHD_CONNECTION_NOTIFY_STARTED)
        began(context, connection, client);
    else if (*client)
        over(context, TAKE(*client));
}

/* ---- requests ---- */

/* Answers as soon as the headers are there; whoever sends a body sends it in vain. The signature is the
   library's. NOLINTBEGIN(readability-non-const-parameter) */
static enum MHD_Result asked(void *context, struct MHD_Connection *connection, const char *path,
                             const char *method, const char *version, const char *data, size_t *size,
                             void **request)
{
    struct server *server = context;
    const struct server_reply *reply = server->not_allowed;

    (void)version;
    (void)data;
    (void)size;
    (void)request;
    if (strcmp(method, "GET") == 0 || strcmp(method, "HEAD") == 0)
        reply = server->handler.answer(server->handler.context, path,
                                       MHD_lookup_connection_value(connection, MHD_HEADER_KIND, "Host"));
    return MHD_queue_response(connection, reply->status, reply->response);
}
/* NOLINTEND(readability-non-const-parameter) */

/* ---- on the loop ---- */

/* Where it was full, the library looks for those who wait only when it runs again. */
static void plan(struct server *server)
{
    MHD_UNSIGNED_LONG_LONG pause;

    if (server->has_room_again)
        loop_timer_set(&server->timer, instant_now());
    else if (MHD_get_timeout(server->daemon, &pause) == MHD_YES)
        loop_timer_set(&server->timer, instant_now() + (int64_t)pause);
    else
        loop_timer_stop(&server->timer);
}

static void run(void *context)
{
    struct server *server = context;

    server->has_room_again = false;
    (void)MHD_run(server->daemon);
    plan(server);
}

static void ready(void *context, uint32_t events)
{
    (void)events;
    run(context);
}

/* Takes the listening socket. */
static struct MHD_Daemon *start_daemon(struct server *server, int listener)
{
    struct MHD_Daemon *daemon =
        MHD_start_daemon(MHD_USE_EPOLL, 0, NULL, NULL, asked, server, MHD_OPTION_LISTEN_SOCKET, listener,
                         MHD_OPTION_CONNECTION_LIMIT, (unsigned)MOST_CLIENTS,
                         MHD_OPTION_PER_IP_CONNECTION_LIMIT, (unsigned)MOST_OF_ONE_ADDRESS,
                         MHD_OPTION_CONNECTION_TIMEOUT, (unsigned)SILENCE, MHD_OPTION_CONNECTION_MEMORY_LIMIT,
                         (size_t)MEMORY, MHD_OPTION_NOTIFY_CONNECTION, notified, server, MHD_OPTION_END);

    if (!daemon)
        (void)close(listener);
    return daemon;
}

struct server *server_new(const char *listen, const struct server_handler *handler, struct loop *loop,
                          struct error *error)
{
    CLEANUP(server_freep) struct server *server = NEW(struct server);
    int listener = listener_open(listen, error);

    server->handler = *handler;
    server->not_allowed = refuse_methods();
    loop_timer_init(&server->timer, loop, run, server);
    loop_timer_init(&server->reaper, loop, cut_overdue, server);
    loop_watch_init(&server->watch, loop, ready, server);
    if (listener < 0)
        return NULL;
    server->daemon = start_daemon(server, listener);
    if (!server->daemon) {
        (void)error_set(error, "%s: the HTTP server does not start", listen);
        return NULL;
    }
    if (!loop_watch_start(&server->watch,
                          MHD_get_daemon_info(server->daemon, MHD_DAEMON_INFO_EPOLL_FD)->epoll_fd, EPOLLIN,
                          error))
        return NULL;
    plan(server);
    return TAKE(server);
}

void server_free(struct server *server)
{
    if (!server)
        return;
    loop_watch_stop(&server->watch);
    if (server->daemon)
        MHD_stop_daemon(server->daemon);
    loop_timer_stop(&server->timer);
    loop_timer_stop(&server->reaper);
    server_reply_free(server->not_allowed);
    free(server);
}
