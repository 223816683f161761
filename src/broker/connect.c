/*
 * A connection made with care. rabbitmq-c's own way to connect looks a name up without a limit, gives up
 * after the first address and logs in without announcing what this program relies on; and all of it
 * blocks. So:
 *
 * - the socket is connected here, to one address after the other, each within a limit (for TLS the library
 *   must open it: it is given one numeric address at a time);
 * - handshake and calls are given limits; TCP_USER_TIMEOUT bounds how long sent bytes may stay unanswered;
 * - basic.cancel, connection.blocked and a reason for a refused login are asked for by the client properties;
 * - all of it happens in a helper thread, which guards the socket so that it can be cut off.
 */
#include "broker/connect.h"

#include "base/log.h"
#include "base/memory.h"
#include "broker/rabbitmq_c.h"
#include "broker/tls.h"

#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

enum {
    LOGIN_SECONDS = 5,    /* three round trips; whoever is silent for that long is asked again */
    CALL_SECONDS = 15,    /* a declaration in a busy cluster takes its time */
    UNANSWERED = 30000,   /* milliseconds that sent bytes may stay unacknowledged, without heartbeats */
    FRAME_MAX = 131072,   /* the broker's default; a frame is never larger, nor are a message's headers */
    SLOWEST_PULSE = 30000 /* milliseconds, also without heartbeats */
};

static void free_addresses(struct addrinfo **addresses)
{
    if (*addresses)
        freeaddrinfo(*addresses);
}

/* ---- connecting ---- */

static struct addrinfo *look_host_up(const struct broker_uri *uri, struct error *error)
{
    struct addrinfo hints = {.ai_family = AF_UNSPEC, .ai_socktype = SOCK_STREAM, .ai_flags = AI_ADDRCONFIG};
    struct addrinfo *addresses = NULL;
    char port[8];
    int status;

    (void)snprintf(port, sizeof(port), "%u", uri->port);
    status = getaddrinfo(uri->host, port, &hints, &addresses);
    if (status == EAI_NONAME || status == EAI_ADDRFAMILY) { /* a machine that has but a loopback interface */
        hints.ai_flags = 0;
        status = getaddrinfo(uri->host, port, &hints, &addresses);
    }
    if (status == 0)
        return addresses;
    (void)error_set(error, "cannot look up host %s: %s", uri->host, gai_strerror(status));
    return NULL;
}

/* Whether the connection that was begun on the socket came about. */
static bool await_connected(int fd, int64_t limit, struct helper *helper)
{
    instant until = instant_now() + limit;
    struct pollfd state = {.fd = fd, .events = POLLOUT};
    socklen_t size = sizeof(errno);
    int status = ETIMEDOUT;

    while (!helper_is_stopping(helper) && poll(&state, 1, 0) == 0 && instant_now() < until)
        helper_wait(helper, fd, POLLOUT, until);
    if (state.revents)
        (void)getsockopt(fd, SOL_SOCKET, SO_ERROR, &status, &size);
    errno = status;
    return status == 0;
}

static int connect_tcp(const struct addrinfo *address, int64_t limit, struct helper *helper)
{
    int fd = socket(address->ai_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    int status;

    if (fd < 0)
        return -1;
    if (connect(fd, address->ai_addr, address->ai_addrlen) == 0 ||
        (errno == EINPROGRESS && await_connected(fd, limit, helper)))
        return fd;
    status = errno;
    (void)close(fd);
    errno = status;
    return -1;
}

static enum broker_trouble fail(enum broker_trouble trouble, struct error *error, const char *format, ...)
    PRINTF_LIKE(3, 4);

static enum broker_trouble fail(enum broker_trouble trouble, struct error *error, const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    (void)error_set_list(error, format, arguments);
    va_end(arguments);
    return trouble;
}

static enum broker_trouble open_plain(struct connection *connection, const struct broker_settings *settings,
                                      const struct addrinfo *address, struct helper *helper,
                                      struct error *error)
{
    amqp_socket_t *socket = amqp_tcp_socket_new(connection->amqp); /* belongs to the connection */
    int fd = connect_tcp(address, settings->connect_limit, helper);

    if (fd < 0)
        return fail(errno == ETIMEDOUT ? BROKER_NO_ANSWER : BROKER_NO_CONNECTION, error,
                    "cannot connect to %s port %u: %s", settings->uri.host, settings->uri.port,
                    strerror(errno));
    memory_must(socket);
    amqp_tcp_socket_set_sockfd(socket, fd);
    return BROKER_REACHED;
}

static enum broker_trouble open_tls(struct connection *connection, const struct broker_settings *settings,
                                    const struct addrinfo *address, struct error *error)
{
    struct timeval limit = {.tv_sec = settings->connect_limit / 1000,
                            .tv_usec = settings->connect_limit % 1000 * 1000L};
    char host[NI_MAXHOST];
    amqp_socket_t *socket = tls_socket(connection->amqp, settings, &connection->tls, error);
    int status;

    if (!socket)
        return BROKER_BAD_FILES;
    if (getnameinfo(address->ai_addr, address->ai_addrlen, host, sizeof(host), NULL, 0, NI_NUMERICHOST) != 0)
        return fail(BROKER_NO_CONNECTION, error, "an address of the broker cannot be written down");
    status = amqp_socket_open_noblock(socket, host, settings->uri.port, &limit);
    if (status == AMQP_STATUS_OK)
        return BROKER_REACHED;
    if (status == AMQP_STATUS_SOCKET_ERROR || status == AMQP_STATUS_TIMEOUT)
        return fail(status == AMQP_STATUS_TIMEOUT ? BROKER_NO_ANSWER : BROKER_NO_CONNECTION, error,
                    "cannot connect to %s port %u: %s", settings->uri.host, settings->uri.port,
                    connection_reason(status));
    (void)tls_failed(&connection->tls, status, error);
    return tls_trouble(&connection->tls);
}

/*
 * A peer that is gone without a word shows by its missing heartbeats: after two intervals here, after two to
 * three at the broker, which keeps our consumer, and our messages, for so long. Bytes that nobody confirms
 * are given no more time than heartbeats are. The probes of the kernel are for links without heartbeats.
 */
static void set_socket_options(int fd, uint16_t heartbeat)
{
    unsigned unanswered = heartbeat > 0 ? 2000U * heartbeat : UNANSWERED;
    int on = 1, idle = 10, interval = 5, probes = 4; /* seconds */

    (void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
    (void)setsockopt(fd, SOL_SOCKET, SO_KEEPALIVE, &on, sizeof(on));
    (void)setsockopt(fd, IPPROTO_TCP, TCP_KEEPIDLE, &idle, sizeof(idle));
    (void)setsockopt(fd, IPPROTO_TCP, TCP_KEEPINTVL, &interval, sizeof(interval));
    (void)setsockopt(fd, IPPROTO_TCP, TCP_KEEPCNT, &probes, sizeof(probes));
    (void)setsockopt(fd, IPPROTO_TCP, TCP_USER_TIMEOUT, &unanswered, sizeof(unanswered));
}

static enum broker_trouble connect_to(const struct broker_settings *settings, const struct addrinfo *address,
                                      struct helper *helper, struct connection **ret_connection,
                                      struct error *error)
{
    CLEANUP(connection_freep) struct connection *connection = NEW(struct connection);
    enum broker_trouble opened;

    connection->amqp = amqp_new_connection();
    memory_must(connection->amqp);
    connection->helper = helper;
    connection->secrets = settings->secrets;
    opened = settings->uri.tls ? open_tls(connection, settings, address, error)
                               : open_plain(connection, settings, address, helper, error);
    if (opened != BROKER_REACHED)
        return opened;
    set_socket_options(connection_socket(connection), settings->heartbeat);
    helper_guard(helper, connection_socket(connection));
    *ret_connection = TAKE(connection);
    return BROKER_REACHED;
}

/* ---- logging in ---- */

static amqp_table_entry_t flag(const char *name)
{
    return (amqp_table_entry_t){.key = amqp_cstring_bytes(name),
                                .value = {.kind = AMQP_FIELD_KIND_BOOLEAN, .value = {.boolean = 1}}};
}

/* The library announces neither consumer_cancel_notify nor connection.blocked by itself. */
static amqp_rpc_reply_t send_login(struct connection *connection, const struct broker_settings *settings,
                                   const char *role)
{
    const struct broker_uri *uri = &settings->uri;
    CLEANUP(freep) char *name = text_format("synapse-sync %s", role);
    amqp_table_entry_t flags[] = {flag("consumer_cancel_notify"), flag("connection.blocked"),
                                  flag("authentication_failure_close"), flag("publisher_confirms"),
                                  flag("basic.nack")};
    amqp_table_entry_t entries[] = {
        {.key = amqp_cstring_bytes("connection_name"),
         .value = {.kind = AMQP_FIELD_KIND_UTF8, .value = {.bytes = amqp_cstring_bytes(name)}}},
        {.key = amqp_cstring_bytes("capabilities"),
         .value = {.kind = AMQP_FIELD_KIND_TABLE,
                   .value = {.table = {.num_entries = sizeof(flags) / sizeof(flags[0]), .entries = flags}}}},
    };
    amqp_table_t properties = {.num_entries = sizeof(entries) / sizeof(entries[0]), .entries = entries};

    return amqp_login_with_properties(connection->amqp, uri->vhost, 1, FRAME_MAX, settings->heartbeat,
                                      &properties, AMQP_SASL_METHOD_PLAIN, uri->user, uri->password);
}

/* The broker closes with 530 where the vhost is missing, as where it is not open to the user: its words tell
   the two apart, and where they are others, the first is taken for the cause. */
static enum broker_trouble refusal(const amqp_connection_close_t *close, const char *words)
{
    if (close->reply_code == AMQP_ACCESS_REFUSED)
        return BROKER_LOGIN_REFUSED;
    if (close->reply_code != AMQP_NOT_ALLOWED)
        return BROKER_CLOSED;
    return strstr(words, "refused") ? BROKER_VHOST_FORBIDDEN : BROKER_NO_VHOST;
}

static enum broker_trouble log_in(struct connection *connection, const struct broker_settings *settings,
                                  const char *role, struct error *error)
{
    struct timeval handshake = {.tv_sec = LOGIN_SECONDS}, call = {.tv_sec = CALL_SECONDS};
    amqp_rpc_reply_t reply;

    if (amqp_set_handshake_timeout(connection->amqp, &handshake) != AMQP_STATUS_OK ||
        amqp_set_rpc_timeout(connection->amqp, &call) != AMQP_STATUS_OK)
        return fail(BROKER_CLOSED, error, "the limits of the login cannot be set");
    reply = send_login(connection, settings, role);
    if (reply.reply_type == AMQP_RESPONSE_NORMAL)
        return BROKER_REACHED;
    if (reply.reply_type == AMQP_RESPONSE_LIBRARY_EXCEPTION)
        return fail(BROKER_NO_LOGIN, error, "the broker did not finish the login: %s",
                    settings->uri.tls ? tls_reason(reply.library_error)
                                      : connection_reason(reply.library_error));
    if (reply.reply.id == AMQP_CONNECTION_CLOSE_METHOD) {
        const amqp_connection_close_t *close = reply.reply.decoded;
        CLEANUP(freep) char *words = connection_words(connection, close->reply_text);

        return fail(refusal(close, words), error, "the broker refused the login of user %s: %u %s",
                    settings->uri.user, close->reply_code, words);
    }
    return fail(BROKER_LOGIN_REFUSED, error, "the broker refused the login of user %s", settings->uri.user);
}

static void set_pulse(struct connection *connection)
{
    int64_t third = amqp_get_heartbeat(connection->amqp) * 1000LL / 3;

    connection->pulse = third > 0 && third < SLOWEST_PULSE ? third : SLOWEST_PULSE;
}

enum broker_trouble connection_try(const struct broker_settings *settings, const char *role,
                                   struct helper *helper, struct connection **ret_connection,
                                   struct error *error)
{
    enum broker_trouble result = BROKER_NO_NAME;
    CLEANUP(free_addresses) struct addrinfo *addresses = look_host_up(&settings->uri, error);
    CLEANUP(connection_freep) struct connection *connection = NULL;

    log_debug("connecting", LOG_TEXT("as", role), LOG_TEXT("host", settings->uri.host),
              LOG_NUMBER("port", settings->uri.port));
    for (const struct addrinfo *address = addresses; address && !connection; address = address->ai_next)
        if (!helper_is_stopping(helper))
            result = connect_to(settings, address, helper, &connection, error);
    if (result != BROKER_REACHED)
        return result;
    result = log_in(connection, settings, role, error);
    if (result != BROKER_REACHED)
        return result;
    if (connection_open_channel(connection, error) != CONNECTION_DONE)
        return BROKER_CLOSED;
    set_pulse(connection);
    *ret_connection = TAKE(connection);
    return BROKER_REACHED;
}

/* That is for a person to mend, however often it is tried. */
static bool is_refusal(enum broker_trouble trouble)
{
    return trouble == BROKER_LOGIN_REFUSED || trouble == BROKER_VHOST_FORBIDDEN || trouble == BROKER_NO_VHOST;
}

struct connection *connection_open(const struct broker_settings *settings, const char *role,
                                   struct helper *helper, struct error *error)
{
    struct connection *connection = NULL;
    enum broker_trouble trouble = connection_try(settings, role, helper, &connection, error);

    if (is_refusal(trouble))
        log_error("login-refused", LOG_TEXT("user", settings->uri.user), LOG_TEXT("reason", error->text));
    return trouble == BROKER_REACHED ? connection : NULL;
}
