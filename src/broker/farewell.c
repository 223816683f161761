#include "broker/farewell.h"

#include "base/instant.h"

#include <poll.h>

enum { FRAMES_AT_A_TIME = 256 };

/* What cannot be sent comes to the same end when the connection is cut. */
void farewell_send(struct link *link, bool nacks)
{
    amqp_basic_cancel_t cancel = {.consumer_tag = amqp_cstring_bytes(link->consumer_tag), .nowait = 1};
    amqp_basic_nack_t all = {.delivery_tag = 0, .multiple = 1, .requeue = 1};
    amqp_channel_close_t close = {.reply_code = AMQP_REPLY_SUCCESS};

    if (!nacks ||
        (amqp_send_method(link->amqp, LINK_CHANNEL, AMQP_BASIC_CANCEL_METHOD, &cancel) == AMQP_STATUS_OK &&
         amqp_send_method(link->amqp, LINK_CHANNEL, AMQP_BASIC_NACK_METHOD, &all) == AMQP_STATUS_OK))
        (void)amqp_send_method(link->amqp, LINK_CHANNEL, AMQP_CHANNEL_CLOSE_METHOD, &close);
}

bool farewell_is_answered(struct link *link)
{
    struct error ignored;
    amqp_frame_t frame;
    enum link_read result = LINK_FRAME;

    for (int i = 0; i < FRAMES_AT_A_TIME && (result = link_read(link, &frame, &ignored)) == LINK_FRAME; i++)
        if (frame.frame_type == AMQP_FRAME_METHOD && frame.payload.method.id == AMQP_CHANNEL_CLOSE_OK_METHOD)
            return true;
    return result == LINK_BROKEN;
}

void farewell_await(struct link *link, int64_t limit)
{
    instant now = instant_now(), until = now + limit;
    struct pollfd socket = {.fd = link_socket(link), .events = POLLIN};

    for (; !farewell_is_answered(link) && now < until; now = instant_now())
        if (!link_has_more(link))
            (void)poll(&socket, 1, (int)(until - now));
}
