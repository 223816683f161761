/*
 * What happens on a connection once it is made.
 *
 * Frames are read raw. The library's amqp_consume_message() limits only the wait for the first frame, fails
 * for ever on a message with an empty header name, and allocates whatever size it is told. What was decoded
 * for a frame is released when the next one is asked for, never earlier: the caller has copied what it keeps
 * by then.
 */
#include "broker/connection.h"

#include "base/log.h"
#include "base/memory.h"

#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/time.h>

amqp_bytes_t connection_bytes(const void *bytes, size_t size)
{
    union {
        const void *constant;
        void *variable;
    } cast = {.constant = bytes};

    return (amqp_bytes_t){.len = size, .bytes = cast.variable};
}

/* ---- synchronous calls ---- */

bool connection_send(struct connection *connection, amqp_method_number_t method, void *arguments)
{
    return amqp_send_method(connection->amqp, CONNECTION_CHANNEL, method, arguments) == AMQP_STATUS_OK;
}

static void confirm_connection_close(struct connection *connection)
{
    amqp_connection_close_ok_t ok = {0};

    (void)amqp_send_method(connection->amqp, 0, AMQP_CONNECTION_CLOSE_OK_METHOD, &ok);
}

static bool confirm_channel_close(struct connection *connection)
{
    amqp_channel_close_ok_t ok = {0};

    return connection_send(connection, AMQP_CHANNEL_CLOSE_OK_METHOD, &ok);
}

char *connection_words(const struct connection *connection, amqp_bytes_t words)
{
    CLEANUP(text_free_secretp) char *text = text_copy_bytes(words.bytes, words.len);

    return secrets_are_in(connection->secrets, text) ? text_copy("(its words hold a secret)") : TAKE(text);
}

static void set_closed(const struct connection *connection, struct error *error, const char *what,
                       uint16_t code, amqp_bytes_t text)
{
    CLEANUP(freep) char *words = connection_words(connection, text);

    (void)error_set(error, "the broker closed the %s: %u %s", what, code, words);
}

enum connection_answer connection_open_channel(struct connection *connection, struct error *error)
{
    uint16_t code;

    (void)amqp_channel_open(connection->amqp, CONNECTION_CHANNEL);
    return connection_answer(connection, &code, error);
}

static const struct {
    int status;
    const char *reason;
} reasons[] = {
    {AMQP_STATUS_SOCKET_ERROR, "the network broke it off"},
    {AMQP_STATUS_TCP_ERROR, "the network broke it off"},
    {AMQP_STATUS_CONNECTION_CLOSED, "it was closed without a word"},
    {AMQP_STATUS_SOCKET_CLOSED, "it was closed without a word"},
    {AMQP_STATUS_TIMEOUT, "nothing came in time"},
    {AMQP_STATUS_HEARTBEAT_TIMEOUT, "nothing came for two heartbeats"},
    {AMQP_STATUS_BAD_AMQP_DATA, "what came is not AMQP"},
    {AMQP_STATUS_UNKNOWN_CLASS, "what came is not AMQP 0-9-1"},
    {AMQP_STATUS_UNKNOWN_METHOD, "what came is not AMQP 0-9-1"},
    {AMQP_STATUS_INCOMPATIBLE_AMQP_VERSION, "the broker does not speak AMQP 0-9-1"},
    {AMQP_STATUS_WRONG_METHOD, "something else came than what was asked for"},
    {AMQP_STATUS_UNEXPECTED_STATE, "something else came than what was asked for"},
    {AMQP_STATUS_BROKER_UNSUPPORTED_SASL_METHOD, "the broker takes no passwords (SASL PLAIN)"},
    {AMQP_STATUS_TABLE_TOO_BIG, "the headers are too long"},
    {AMQP_STATUS_SSL_ERROR, "TLS broke off"},
    {AMQP_STATUS_SSL_CONNECTION_FAILED, "TLS could not be agreed on"},
};

const char *connection_reason(int status)
{
    for (size_t i = 0; i < sizeof(reasons) / sizeof(reasons[0]); i++)
        if (reasons[i].status == status)
            return reasons[i].reason;
    return amqp_error_string2(status);
}

/* A refusal closes the channel; it is answered and a new one opened, or every further call would fail. */
static enum connection_answer refused(struct connection *connection, const amqp_channel_close_t *close,
                                      uint16_t *ret_code, struct error *error)
{
    uint16_t code = close->reply_code;
    CLEANUP(freep) char *words = connection_words(connection, close->reply_text);
    struct error reason;

    (void)error_set(&reason, "the broker refused: %u %s", code, words);
    if (!confirm_channel_close(connection)) {
        (void)error_set(error, "the connection broke");
        return CONNECTION_FAILED;
    }
    amqp_maybe_release_buffers(connection->amqp);
    if (connection_open_channel(connection, error) != CONNECTION_DONE)
        return CONNECTION_FAILED;
    *error = reason;
    *ret_code = code;
    return CONNECTION_REFUSED;
}

enum connection_answer connection_answer(struct connection *connection, uint16_t *ret_code,
                                         struct error *error)
{
    amqp_rpc_reply_t reply = amqp_get_rpc_reply(connection->amqp);

    if (reply.reply_type == AMQP_RESPONSE_NORMAL)
        return CONNECTION_DONE;
    if (reply.reply_type == AMQP_RESPONSE_SERVER_EXCEPTION && reply.reply.id == AMQP_CHANNEL_CLOSE_METHOD)
        return refused(connection, reply.reply.decoded, ret_code, error);
    if (reply.reply_type == AMQP_RESPONSE_SERVER_EXCEPTION &&
        reply.reply.id == AMQP_CONNECTION_CLOSE_METHOD) {
        const amqp_connection_close_t *close = reply.reply.decoded;

        set_closed(connection, error, "connection", close->reply_code, close->reply_text);
        confirm_connection_close(connection);
        return CONNECTION_FAILED;
    }
    (void)error_set(error, "the broker did not answer: %s", connection_reason(reply.library_error));
    return CONNECTION_FAILED;
}

enum connection_answer connection_look_up(struct connection *connection, const char *queue,
                                          struct queue_counts *ret_queue, uint16_t *ret_code,
                                          struct error *error)
{
    const amqp_queue_declare_ok_t *found = amqp_queue_declare(
        connection->amqp, CONNECTION_CHANNEL, amqp_cstring_bytes(queue), 1, 0, 0, 0, amqp_empty_table);
    enum connection_answer answer = connection_answer(connection, ret_code, error);

    if (answer == CONNECTION_DONE)
        *ret_queue = (struct queue_counts){found->message_count, found->consumer_count};
    else
        (void)error_within(error, "queue %s", queue);
    return answer;
}

enum connection_answer connection_declare(struct connection *connection, const char *queue, bool durable,
                                          amqp_table_t arguments, struct error *error)
{
    enum connection_answer answer;
    uint16_t code;

    (void)amqp_queue_declare(connection->amqp, CONNECTION_CHANNEL, amqp_cstring_bytes(queue), 0, durable, 0,
                             0, arguments);
    answer = connection_answer(connection, &code, error);
    if (answer == CONNECTION_DONE)
        log_info("queue-declared", LOG_TEXT("queue", queue));
    else
        (void)error_within(error, "declaring queue %s", queue);
    return answer;
}

bool connection_require_queue(struct connection *connection, const char *queue, amqp_table_t arguments,
                              struct error *error)
{
    struct queue_counts found;
    uint16_t code = 0;

    switch (connection_look_up(connection, queue, &found, &code, error)) {
    case CONNECTION_DONE:
        return true;
    case CONNECTION_REFUSED:
        return code == AMQP_NOT_FOUND &&
               connection_declare(connection, queue, true, arguments, error) == CONNECTION_DONE;
    case CONNECTION_FAILED:
        return false;
    }
    return false;
}

bool connection_idle(struct connection *connection, int64_t milliseconds, struct error *error)
{
    instant until = instant_now() + milliseconds;
    amqp_frame_t frame;

    while (instant_now() < until) {
        if (helper_is_stopping(connection->helper))
            return error_set(error, "asked to stop");
        switch (connection_read(connection, &frame, error)) {
        case CONNECTION_FRAME:
            continue; /* nothing is expected that would matter */
        case CONNECTION_BROKEN:
            return false;
        case CONNECTION_NOTHING:
            helper_wait(connection->helper, connection_socket(connection), POLLIN,
                        instant_min(until, instant_now() + connection->pulse));
        }
    }
    return true;
}

/* ---- frames ---- */

enum { A_MINUTE = 60 * 1000 /* ms */, MOST_TOLD = 10 /* times in it */ };

/* Whether it may be told that publishers are blocked, or are not any more. Memory that is just about too much
   makes that change often, and each change would be a line in the log. */
static bool may_tell(struct connection *connection)
{
    instant now = instant_now();

    if (now > connection->told_since + A_MINUTE) {
        connection->told_since = now;
        connection->told = 0;
    }
    return connection->told++ < MOST_TOLD;
}

/* What the broker closed the channel for. */
static amqp_method_number_t method_id(const amqp_channel_close_t *close)
{
    return (amqp_method_number_t)close->class_id << 16 | close->method_id;
}

/* False: the connection can no longer be used. */
static bool look_at_method(struct connection *connection, const amqp_frame_t *frame, struct error *error)
{
    const void *method = frame->payload.method.decoded;

    if (frame->payload.method.id == AMQP_CONNECTION_CLOSE_METHOD) {
        const amqp_connection_close_t *close = method;

        set_closed(connection, error, "connection", close->reply_code, close->reply_text);
        confirm_connection_close(connection);
        return false;
    }
    if (frame->payload.method.id == AMQP_CHANNEL_CLOSE_METHOD) {
        const amqp_channel_close_t *close = method;

        set_closed(connection, error, "channel", close->reply_code, close->reply_text);
        connection->refused_message =
            close->reply_code == AMQP_PRECONDITION_FAILED && method_id(close) == AMQP_BASIC_PUBLISH_METHOD;
        (void)confirm_channel_close(connection);
        return false;
    }
    if (frame->payload.method.id == AMQP_CONNECTION_BLOCKED_METHOD && may_tell(connection)) {
        const amqp_connection_blocked_t *blocked = method;
        CLEANUP(freep) char *reason = connection_words(connection, blocked->reason);

        log_warning("broker-blocks-publishers", LOG_TEXT("reason", reason));
    }
    if (frame->payload.method.id == AMQP_CONNECTION_UNBLOCKED_METHOD && may_tell(connection))
        log_info("broker-accepts-publishers");
    return true;
}

enum connection_read connection_read(struct connection *connection, amqp_frame_t *ret_frame,
                                     struct error *error)
{
    struct timeval now = {0};
    int status;

    amqp_maybe_release_buffers(connection->amqp);
    status = amqp_simple_wait_frame_noblock(connection->amqp, ret_frame, &now);
    if (status == AMQP_STATUS_TIMEOUT)
        return CONNECTION_NOTHING;
    if (status != AMQP_STATUS_OK) {
        /* After bad data nothing that follows can be trusted: no answer is sent. */
        (void)error_set(error, "the connection broke: %s", connection_reason(status));
        return CONNECTION_BROKEN;
    }
    if (ret_frame->channel > CONNECTION_CHANNEL) { /* for each of them the library takes memory for a frame */
        (void)error_set(error, "the broker sent a frame of a channel that is not open");
        return CONNECTION_BROKEN;
    }
    if (ret_frame->frame_type == AMQP_FRAME_METHOD && !look_at_method(connection, ret_frame, error))
        return CONNECTION_BROKEN;
    return CONNECTION_FRAME;
}

bool connection_has_more(const struct connection *connection)
{
    return amqp_data_in_buffer(connection->amqp) || amqp_frames_enqueued(connection->amqp);
}

/* Major and minor number. */
static unsigned read_version(amqp_bytes_t text)
{
    const char *digits = text.bytes;
    unsigned numbers[2] = {0, 0};

    for (size_t i = 0, n = 0; i < text.len && i < 6 && n < 2; i++) {
        if (digits[i] >= '0' && digits[i] <= '9')
            numbers[n] = 10 * numbers[n] + (unsigned)(digits[i] - '0');
        else
            n = digits[i] == '.' ? n + 1 : 2;
    }
    return 100 * numbers[0] + (numbers[1] < 99 ? numbers[1] : 99);
}

unsigned connection_broker_version(const struct connection *connection)
{
    const amqp_table_t *properties = amqp_get_server_properties(connection->amqp);

    for (int i = 0; i < properties->num_entries; i++) {
        const amqp_table_entry_t *entry = &properties->entries[i];

        if (entry->key.len == 7 && memcmp(entry->key.bytes, "version", 7) == 0 &&
            entry->value.kind == AMQP_FIELD_KIND_UTF8)
            return read_version(entry->value.value.bytes);
    }
    return 0;
}

int connection_socket(const struct connection *connection)
{
    return amqp_get_sockfd(connection->amqp);
}

void connection_hand_over(struct connection *connection)
{
    helper_guard(connection->helper, -1);
    connection->helper = NULL;
}

/* No hand-back: it would wait for an answer, and the broker takes a cut for what it is. */
void connection_free(struct connection *connection)
{
    if (!connection)
        return;
    if (connection->helper)
        helper_guard(connection->helper, -1);
    (void)amqp_destroy_connection(connection->amqp);
    free(connection);
}
