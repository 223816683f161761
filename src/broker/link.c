/*
 * A connection made with care. rabbitmq-c's own way to connect looks a name up without a limit, gives up
 * after the first address and logs in without announcing what this program relies on; and what it does
 * blocks. So:
 *
 * - the socket is connected here, to one address after the other, each within a limit (for TLS the library
 *   must open it: it is given one numeric address at a time);
 * - handshake and calls are given limits, and TCP_USER_TIMEOUT bounds how long sent bytes may stay
 * unanswered;
 * - basic.cancel, connection.blocked and a reason for a refused login are asked for by the client properties;
 * - all of it happens in a helper thread, which guards the socket so that it can be cut off.
 *
 * Frames are read raw. The library's amqp_consume_message() limits only the wait for the first frame, fails
 * for ever on a message with an empty header name, and allocates whatever size it is told.
 */
#include "broker/link.h"

#include "base/log.h"
#include "base/memory.h"
#include "broker/tls.h"

#include <amqp_tcp_socket.h>
#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

enum {
    LOGIN_SECONDS = 10,
    CALL_SECONDS = 30,    /* a declaration in a busy cluster takes its time */
    UNANSWERED = 30000,   /* milliseconds that sent bytes may stay unacknowledged */
    FRAME_MAX = 131072,   /* the broker's default; a frame is never larger, nor are a message's headers */
    SLOWEST_PULSE = 30000 /* milliseconds, also without heartbeats */
};

static void free_addresses(struct addrinfo **addresses)
{
    if (*addresses)
        freeaddrinfo(*addresses);
}

amqp_bytes_t link_bytes(const void *bytes, size_t size)
{
    union {
        const void *constant;
        void *variable;
    } cast = {.constant = bytes};

    return (amqp_bytes_t){.len = size, .bytes = cast.variable};
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

static bool open_plain(struct link *link, const struct broker_settings *settings,
                       const struct addrinfo *address, struct helper *helper, struct error *error)
{
    amqp_socket_t *socket = amqp_tcp_socket_new(link->amqp); /* belongs to the connection */
    int fd = connect_tcp(address, settings->connect_limit, helper);

    if (fd < 0)
        return error_set(error, "cannot connect to %s port %u: %s", settings->uri.host, settings->uri.port,
                         strerror(errno));
    amqp_tcp_socket_set_sockfd(socket, fd);
    return true;
}

static bool open_tls(struct link *link, const struct broker_settings *settings,
                     const struct addrinfo *address, struct error *error)
{
    struct timeval limit = {.tv_sec = settings->connect_limit / 1000,
                            .tv_usec = settings->connect_limit % 1000 * 1000L};
    char host[NI_MAXHOST];
    struct tls_check check;
    amqp_socket_t *socket = tls_socket(link->amqp, settings, &check, error);
    int status;

    if (!socket)
        return false;
    if (getnameinfo(address->ai_addr, address->ai_addrlen, host, sizeof(host), NULL, 0, NI_NUMERICHOST) != 0)
        return error_set(error, "an address of the broker cannot be written down");
    status = amqp_socket_open_noblock(socket, host, settings->uri.port, &limit);
    if (status == AMQP_STATUS_OK)
        return true;
    if (status == AMQP_STATUS_SOCKET_ERROR || status == AMQP_STATUS_TIMEOUT)
        return error_set(error, "cannot connect to %s port %u: %s", settings->uri.host, settings->uri.port,
                         amqp_error_string2(status));
    return tls_failed(&check, status, error);
}

static void set_socket_options(int fd)
{
    unsigned unanswered = UNANSWERED;
    int on = 1;

    (void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
    (void)setsockopt(fd, SOL_SOCKET, SO_KEEPALIVE, &on, sizeof(on));
    (void)setsockopt(fd, IPPROTO_TCP, TCP_USER_TIMEOUT, &unanswered, sizeof(unanswered));
}

static struct link *connect_to(const struct broker_settings *settings, const struct addrinfo *address,
                               struct helper *helper, struct error *error)
{
    CLEANUP(link_freep) struct link *link = NEW(struct link);
    bool opened;

    link->amqp = amqp_new_connection();
    if (!link->amqp)
        abort();
    link->helper = helper;
    opened = settings->uri.tls ? open_tls(link, settings, address, error)
                               : open_plain(link, settings, address, helper, error);
    if (!opened)
        return NULL;
    set_socket_options(link_socket(link));
    helper_guard(helper, link_socket(link));
    return TAKE(link);
}

/* ---- logging in ---- */

static amqp_table_entry_t flag(const char *name)
{
    return (amqp_table_entry_t){.key = amqp_cstring_bytes(name),
                                .value = {.kind = AMQP_FIELD_KIND_BOOLEAN, .value = {.boolean = 1}}};
}

/* The library announces neither consumer_cancel_notify nor connection.blocked by itself. */
static amqp_rpc_reply_t send_login(struct link *link, const struct broker_settings *settings,
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

    return amqp_login_with_properties(link->amqp, uri->vhost, 1, FRAME_MAX, settings->heartbeat, &properties,
                                      AMQP_SASL_METHOD_PLAIN, uri->user, uri->password);
}

static bool log_in(struct link *link, const struct broker_settings *settings, const char *role,
                   struct error *error)
{
    struct timeval handshake = {.tv_sec = LOGIN_SECONDS}, call = {.tv_sec = CALL_SECONDS};
    amqp_rpc_reply_t reply;

    if (amqp_set_handshake_timeout(link->amqp, &handshake) != AMQP_STATUS_OK ||
        amqp_set_rpc_timeout(link->amqp, &call) != AMQP_STATUS_OK)
        return error_set(error, "the limits of the login cannot be set");
    reply = send_login(link, settings, role);
    if (reply.reply_type == AMQP_RESPONSE_NORMAL)
        return true;
    if (reply.reply_type == AMQP_RESPONSE_LIBRARY_EXCEPTION)
        return error_set(error, "the broker did not finish the login: %s",
                         amqp_error_string2(reply.library_error));
    if (reply.reply.id == AMQP_CONNECTION_CLOSE_METHOD) {
        const amqp_connection_close_t *close = reply.reply.decoded;

        return error_set(error, "the broker refused the login of user %s: %u %.*s", settings->uri.user,
                         close->reply_code, (int)close->reply_text.len,
                         (const char *)close->reply_text.bytes);
    }
    return error_set(error, "the broker refused the login of user %s", settings->uri.user);
}

static enum link_answer open_channel(struct link *link, struct error *error)
{
    uint16_t code;

    (void)amqp_channel_open(link->amqp, LINK_CHANNEL);
    return link_answer(link, &code, error);
}

static void set_pulse(struct link *link)
{
    int64_t third = amqp_get_heartbeat(link->amqp) * 1000LL / 3;

    link->pulse = third > 0 && third < SLOWEST_PULSE ? third : SLOWEST_PULSE;
}

struct link *link_open(const struct broker_settings *settings, const char *role, struct helper *helper,
                       struct error *error)
{
    CLEANUP(free_addresses) struct addrinfo *addresses = look_host_up(&settings->uri, error);
    CLEANUP(link_freep) struct link *link = NULL;

    log_debug("connecting", LOG_TEXT("as", role), LOG_TEXT("host", settings->uri.host),
              LOG_NUMBER("port", settings->uri.port));
    for (const struct addrinfo *address = addresses; address && !link; address = address->ai_next)
        if (!helper_is_stopping(helper))
            link = connect_to(settings, address, helper, error);
    if (!link || !log_in(link, settings, role, error) || open_channel(link, error) != LINK_DONE)
        return NULL;
    set_pulse(link);
    return TAKE(link);
}

/* ---- synchronous calls ---- */

static bool send_method(struct link *link, amqp_channel_t channel, amqp_method_number_t id, void *method)
{
    return amqp_send_method(link->amqp, channel, id, method) == AMQP_STATUS_OK;
}

static void confirm_connection_close(struct link *link)
{
    amqp_connection_close_ok_t ok = {0};

    (void)send_method(link, 0, AMQP_CONNECTION_CLOSE_OK_METHOD, &ok);
}

static bool confirm_channel_close(struct link *link)
{
    amqp_channel_close_ok_t ok = {0};

    return send_method(link, LINK_CHANNEL, AMQP_CHANNEL_CLOSE_OK_METHOD, &ok);
}

static void set_closed(struct error *error, const char *what, uint16_t code, amqp_bytes_t text)
{
    (void)error_set(error, "the broker closed the %s: %u %.*s", what, code, (int)text.len,
                    (const char *)text.bytes);
}

/* A refusal closes the channel; it is answered and a new one opened, or every further call would fail. */
static enum link_answer refused(struct link *link, const amqp_channel_close_t *close, uint16_t *ret_code,
                                struct error *error)
{
    uint16_t code = close->reply_code;
    struct error reason;

    (void)error_set(&reason, "the broker refused: %u %.*s", code, (int)close->reply_text.len,
                    (const char *)close->reply_text.bytes);
    if (!confirm_channel_close(link)) {
        (void)error_set(error, "the connection broke");
        return LINK_FAILED;
    }
    amqp_maybe_release_buffers(link->amqp);
    if (open_channel(link, error) != LINK_DONE)
        return LINK_FAILED;
    *error = reason;
    *ret_code = code;
    return LINK_REFUSED;
}

enum link_answer link_answer(struct link *link, uint16_t *ret_code, struct error *error)
{
    amqp_rpc_reply_t reply = amqp_get_rpc_reply(link->amqp);

    if (reply.reply_type == AMQP_RESPONSE_NORMAL)
        return LINK_DONE;
    if (reply.reply_type == AMQP_RESPONSE_SERVER_EXCEPTION && reply.reply.id == AMQP_CHANNEL_CLOSE_METHOD)
        return refused(link, reply.reply.decoded, ret_code, error);
    if (reply.reply_type == AMQP_RESPONSE_SERVER_EXCEPTION &&
        reply.reply.id == AMQP_CONNECTION_CLOSE_METHOD) {
        const amqp_connection_close_t *close = reply.reply.decoded;

        set_closed(error, "connection", close->reply_code, close->reply_text);
        confirm_connection_close(link);
        return LINK_FAILED;
    }
    (void)error_set(error, "the broker did not answer: %s", amqp_error_string2(reply.library_error));
    return LINK_FAILED;
}

enum link_answer link_look_up(struct link *link, const char *queue, struct link_queue *ret_queue,
                              uint16_t *ret_code, struct error *error)
{
    const amqp_queue_declare_ok_t *found =
        amqp_queue_declare(link->amqp, LINK_CHANNEL, amqp_cstring_bytes(queue), 1, 0, 0, 0, amqp_empty_table);
    enum link_answer answer = link_answer(link, ret_code, error);

    if (answer == LINK_DONE)
        *ret_queue = (struct link_queue){found->message_count, found->consumer_count};
    else
        (void)error_within(error, "queue %s", queue);
    return answer;
}

enum link_answer link_declare(struct link *link, const char *queue, bool durable, amqp_table_t arguments,
                              struct error *error)
{
    enum link_answer answer;
    uint16_t code;

    (void)amqp_queue_declare(link->amqp, LINK_CHANNEL, amqp_cstring_bytes(queue), 0, durable, 0, 0,
                             arguments);
    answer = link_answer(link, &code, error);
    if (answer == LINK_DONE)
        log_info("queue-declared", LOG_TEXT("queue", queue));
    else
        (void)error_within(error, "declaring queue %s", queue);
    return answer;
}

bool link_require_queue(struct link *link, const char *queue, struct error *error)
{
    struct link_queue found;
    uint16_t code = 0;

    switch (link_look_up(link, queue, &found, &code, error)) {
    case LINK_DONE:
        return true;
    case LINK_REFUSED:
        return code == AMQP_NOT_FOUND &&
               link_declare(link, queue, true, amqp_empty_table, error) == LINK_DONE;
    case LINK_FAILED:
        return false;
    }
    return false;
}

bool link_idle(struct link *link, int64_t milliseconds, struct error *error)
{
    instant until = instant_now() + milliseconds;
    amqp_frame_t frame;

    while (instant_now() < until) {
        if (helper_is_stopping(link->helper))
            return error_set(error, "asked to stop");
        switch (link_read(link, &frame, error)) {
        case LINK_FRAME:
            continue; /* nothing is expected that would matter */
        case LINK_BROKEN:
            return false;
        case LINK_NOTHING:
            helper_wait(link->helper, link_socket(link), POLLIN,
                        instant_min(until, instant_now() + link->pulse));
        }
    }
    return true;
}

/* ---- frames ---- */

enum verdict { PASS_ON, SWALLOW, GIVE_UP };

static enum verdict judge_method(struct link *link, const amqp_frame_t *frame, struct error *error)
{
    const void *method = frame->payload.method.decoded;

    if (frame->payload.method.id == AMQP_CONNECTION_CLOSE_METHOD) {
        const amqp_connection_close_t *close = method;

        set_closed(error, "connection", close->reply_code, close->reply_text);
        confirm_connection_close(link);
        return GIVE_UP;
    }
    if (frame->payload.method.id == AMQP_CHANNEL_CLOSE_METHOD) {
        const amqp_channel_close_t *close = method;

        set_closed(error, "channel", close->reply_code, close->reply_text);
        (void)confirm_channel_close(link);
        return GIVE_UP;
    }
    if (frame->payload.method.id == AMQP_CONNECTION_BLOCKED_METHOD) {
        const amqp_connection_blocked_t *blocked = method;
        CLEANUP(freep) char *reason = text_copy_bytes(blocked->reason.bytes, blocked->reason.len);

        log_warning("broker-blocks-publishers", LOG_TEXT("reason", reason));
        return SWALLOW;
    }
    if (frame->payload.method.id == AMQP_CONNECTION_UNBLOCKED_METHOD) {
        log_info("broker-accepts-publishers");
        return SWALLOW;
    }
    return PASS_ON;
}

enum link_read link_read(struct link *link, amqp_frame_t *ret_frame, struct error *error)
{
    struct timeval now = {0};
    int status;

    for (;;) {
        amqp_maybe_release_buffers(link->amqp);
        status = amqp_simple_wait_frame_noblock(link->amqp, ret_frame, &now);
        if (status == AMQP_STATUS_TIMEOUT)
            return LINK_NOTHING;
        if (status != AMQP_STATUS_OK) {
            /* After bad data nothing that follows can be trusted: no answer is sent. */
            (void)error_set(error, "the connection broke: %s", amqp_error_string2(status));
            return LINK_BROKEN;
        }
        if (ret_frame->frame_type != AMQP_FRAME_METHOD)
            return LINK_FRAME;
        switch (judge_method(link, ret_frame, error)) {
        case PASS_ON:
            return LINK_FRAME;
        case GIVE_UP:
            return LINK_BROKEN;
        case SWALLOW:
            break;
        }
    }
}

bool link_has_more(const struct link *link)
{
    return amqp_data_in_buffer(link->amqp) || amqp_frames_enqueued(link->amqp);
}

int link_socket(const struct link *link)
{
    return amqp_get_sockfd(link->amqp);
}

void link_hand_over(struct link *link)
{
    helper_guard(link->helper, -1);
    link->helper = NULL;
}

/* No farewell: it would wait for an answer, and the broker takes a cut for what it is. */
void link_free(struct link *link)
{
    if (!link)
        return;
    if (link->helper)
        helper_guard(link->helper, -1);
    (void)amqp_destroy_connection(link->amqp);
    free(link);
}
