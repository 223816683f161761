/*
 * What happens on a connection once it is made.
 *
 * Frames are read raw. The library's amqp_consume_message() limits only the wait for the first frame, fails
 * for ever on a message with an empty header name, and allocates whatever size it is told. What was decoded
 * for a frame is released when the next one is asked for, never earlier: the caller has copied what it keeps
 * by then.
 */
#include "broker/link.h"

#include "base/log.h"
#include "base/memory.h"

#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/time.h>

amqp_bytes_t link_bytes(const void *bytes, size_t size)
{
    union {
        const void *constant;
        void *variable;
    } cast = {.constant = bytes};

    return (amqp_bytes_t){.len = size, .bytes = cast.variable};
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

char *link_words(const struct link *link, amqp_bytes_t words)
{
    CLEANUP(text_free_secretp) char *text = text_copy_bytes(words.bytes, words.len);

    return secrets_are_in(link->secrets, text) ? text_copy("(its words hold a secret)") : TAKE(text);
}

static void set_closed(const struct link *link, struct error *error, const char *what, uint16_t code,
                       amqp_bytes_t text)
{
    CLEANUP(freep) char *words = link_words(link, text);

    (void)error_set(error, "the broker closed the %s: %u %s", what, code, words);
}

enum link_answer link_open_channel(struct link *link, struct error *error)
{
    uint16_t code;

    (void)amqp_channel_open(link->amqp, LINK_CHANNEL);
    return link_answer(link, &code, error);
}

/* A refusal closes the channel; it is answered and a new one opened, or every further call would fail. */
static enum link_answer refused(struct link *link, const amqp_channel_close_t *close, uint16_t *ret_code,
                                struct error *error)
{
    uint16_t code = close->reply_code;
    CLEANUP(freep) char *words = link_words(link, close->reply_text);
    struct error reason;

    (void)error_set(&reason, "the broker refused: %u %s", code, words);
    if (!confirm_channel_close(link)) {
        (void)error_set(error, "the connection broke");
        return LINK_FAILED;
    }
    amqp_maybe_release_buffers(link->amqp);
    if (link_open_channel(link, error) != LINK_DONE)
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

        set_closed(link, error, "connection", close->reply_code, close->reply_text);
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

enum { A_MINUTE = 60 * 1000 /* ms */, MOST_TOLD = 10 /* times in it */ };

/* Whether it may be told that publishers are blocked, or are not any more. Memory that is just about too much
   makes that change often, and each change would be a line in the log. */
static bool may_tell(struct link *link)
{
    instant now = instant_now();

    if (now > link->told_since + A_MINUTE) {
        link->told_since = now;
        link->told = 0;
    }
    return link->told++ < MOST_TOLD;
}

/* What the broker closed the channel for. */
static amqp_method_number_t method_id(const amqp_channel_close_t *close)
{
    return (amqp_method_number_t)close->class_id << 16 | close->method_id;
}

/* False: the connection is of no more use. */
static bool look_at_method(struct link *link, const amqp_frame_t *frame, struct error *error)
{
    const void *method = frame->payload.method.decoded;

    if (frame->payload.method.id == AMQP_CONNECTION_CLOSE_METHOD) {
        const amqp_connection_close_t *close = method;

        set_closed(link, error, "connection", close->reply_code, close->reply_text);
        confirm_connection_close(link);
        return false;
    }
    if (frame->payload.method.id == AMQP_CHANNEL_CLOSE_METHOD) {
        const amqp_channel_close_t *close = method;

        set_closed(link, error, "channel", close->reply_code, close->reply_text);
        link->refused_message =
            close->reply_code == AMQP_PRECONDITION_FAILED && method_id(close) == AMQP_BASIC_PUBLISH_METHOD;
        (void)confirm_channel_close(link);
        return false;
    }
    if (frame->payload.method.id == AMQP_CONNECTION_BLOCKED_METHOD && may_tell(link)) {
        const amqp_connection_blocked_t *blocked = method;
        CLEANUP(freep) char *reason = link_words(link, blocked->reason);

        log_warning("broker-blocks-publishers", LOG_TEXT("reason", reason));
    }
    if (frame->payload.method.id == AMQP_CONNECTION_UNBLOCKED_METHOD && may_tell(link))
        log_info("broker-accepts-publishers");
    return true;
}

enum link_read link_read(struct link *link, amqp_frame_t *ret_frame, struct error *error)
{
    struct timeval now = {0};
    int status;

    amqp_maybe_release_buffers(link->amqp);
    status = amqp_simple_wait_frame_noblock(link->amqp, ret_frame, &now);
    if (status == AMQP_STATUS_TIMEOUT)
        return LINK_NOTHING;
    if (status != AMQP_STATUS_OK) {
        /* After bad data nothing that follows can be trusted: no answer is sent. */
        (void)error_set(error, "the connection broke: %s", amqp_error_string2(status));
        return LINK_BROKEN;
    }
    if (ret_frame->frame_type == AMQP_FRAME_METHOD && !look_at_method(link, ret_frame, error))
        return LINK_BROKEN;
    return LINK_FRAME;
}

bool link_has_more(const struct link *link)
{
    return amqp_data_in_buffer(link->amqp) || amqp_frames_enqueued(link->amqp);
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

unsigned link_broker_version(const struct link *link)
{
    const amqp_table_t *properties = amqp_get_server_properties(link->amqp);

    for (int i = 0; i < properties->num_entries; i++) {
        const amqp_table_entry_t *entry = &properties->entries[i];

        if (entry->key.len == 7 && memcmp(entry->key.bytes, "version", 7) == 0 &&
            entry->value.kind == AMQP_FIELD_KIND_UTF8)
            return read_version(entry->value.value.bytes);
    }
    return 0;
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
