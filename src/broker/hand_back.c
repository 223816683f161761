#include "broker/hand_back.h"

#include "base/instant.h"

#include <poll.h>

enum { FRAMES_AT_A_TIME = 256 };

/* Who got messages one by one has no consumer. */
static bool send_cancel(struct connection *connection)
{
    amqp_basic_cancel_t cancel = {.nowait = 1};

    if (!connection->consumer_tag)
        return true;
    cancel.consumer_tag = amqp_cstring_bytes(connection->consumer_tag);
    return connection_send(connection, AMQP_BASIC_CANCEL_METHOD, &cancel);
}

/* What cannot be sent comes to the same end when the connection is cut. */
void hand_back_send(struct connection *connection, bool nacks)
{
    amqp_basic_nack_t all = {.delivery_tag = 0, .multiple = 1, .requeue = 1};
    amqp_channel_close_t close = {.reply_code = AMQP_REPLY_SUCCESS};
    bool sent =
        !nacks || (send_cancel(connection) && connection_send(connection, AMQP_BASIC_NACK_METHOD, &all));

    (void)(sent && connection_send(connection, AMQP_CHANNEL_CLOSE_METHOD, &close));
}

bool hand_back_is_answered(struct connection *connection)
{
    struct error ignored;
    amqp_frame_t frame;
    enum connection_read result = CONNECTION_FRAME;

    for (int i = 0;
         i < FRAMES_AT_A_TIME && (result = connection_read(connection, &frame, &ignored)) == CONNECTION_FRAME;
         i++)
        if (frame.frame_type == AMQP_FRAME_METHOD && frame.payload.method.id == AMQP_CHANNEL_CLOSE_OK_METHOD)
            return true;
    return result == CONNECTION_BROKEN;
}

void hand_back_await(struct connection *connection, int64_t limit)
{
    instant now = instant_now(), until = now + limit;
    struct pollfd socket = {.fd = connection_socket(connection), .events = POLLIN};

    for (; !hand_back_is_answered(connection) && now < until; now = instant_now())
        if (!connection_has_more(connection))
            (void)poll(&socket, 1, (int)(until - now));
}
