#include "broker/successor.h"

static bool send_method(const struct link *link, amqp_method_number_t method, void *arguments)
{
    return amqp_send_method(link->amqp, LINK_CHANNEL, method, arguments) == AMQP_STATUS_OK;
}

bool successor_send(struct link *link, const char *queue, uint16_t prefetch, bool overlap)
{
    amqp_basic_cancel_t cancel = {.consumer_tag = amqp_cstring_bytes(link->consumer_tag), .nowait = 1};
    amqp_basic_qos_t qos = {.prefetch_count = prefetch};
    amqp_basic_consume_t consume = {.queue = amqp_cstring_bytes(queue),
                                    .consumer_tag = amqp_cstring_bytes(LINK_SECOND_TAG),
                                    .exclusive = link->exclusive};
    bool sent = true;

    link->consumer_tag = LINK_SECOND_TAG;
    if (!overlap)
        sent = send_method(link, AMQP_BASIC_CANCEL_METHOD, &cancel);
    sent = sent && send_method(link, AMQP_BASIC_QOS_METHOD, &qos) &&
           send_method(link, AMQP_BASIC_CONSUME_METHOD, &consume);
    if (overlap)
        sent = sent && send_method(link, AMQP_BASIC_CANCEL_METHOD, &cancel);
    return sent;
}
