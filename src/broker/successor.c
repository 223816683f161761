#include "broker/successor.h"

bool successor_send(struct connection *connection, const char *queue, uint16_t prefetch, bool overlap)
{
    amqp_basic_cancel_t cancel = {.consumer_tag = amqp_cstring_bytes(connection->consumer_tag), .nowait = 1};
    amqp_basic_qos_t qos = {.prefetch_count = prefetch};
    amqp_basic_consume_t consume = {.queue = amqp_cstring_bytes(queue),
                                    .consumer_tag = amqp_cstring_bytes(SECOND_CONSUMER_TAG),
                                    .exclusive = connection->exclusive};
    bool sent = true;

    connection->consumer_tag = SECOND_CONSUMER_TAG;
    if (!overlap)
        sent = connection_send(connection, AMQP_BASIC_CANCEL_METHOD, &cancel);
    sent = sent && connection_send(connection, AMQP_BASIC_QOS_METHOD, &qos) &&
           connection_send(connection, AMQP_BASIC_CONSUME_METHOD, &consume);
    if (overlap)
        sent = sent && connection_send(connection, AMQP_BASIC_CANCEL_METHOD, &cancel);
    return sent;
}
