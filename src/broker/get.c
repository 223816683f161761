#include "broker/get.h"

#include "broker/assembly.h"

#include <poll.h>

enum { READ_LIMIT = 60 * 1000 }; /* ms for a message to come, once the broker has begun to send it */

static void wait_for_frames(const struct connection *connection, instant until)
{
    if (!connection_has_more(connection))
        helper_wait(connection->helper, connection_socket(connection), POLLIN,
                    instant_min(until, instant_now() + connection->pulse));
}

/* Reads on until the assembly has the whole message. */
static bool read_message(struct connection *connection, struct assembly *assembly,
                         struct broker_message **ret_message, struct error *error)
{
    enum assembly_result result = ASSEMBLY_MORE;
    instant until = instant_now() + READ_LIMIT;
    amqp_frame_t frame;

    while (result == ASSEMBLY_MORE) {
        switch (connection_read(connection, &frame, error)) {
        case CONNECTION_BROKEN:
            return false;
        case CONNECTION_NOTHING:
            if (helper_is_stopping(connection->helper))
                return error_set(error, "asked to stop");
            if (instant_now() >= until)
                return error_set(error, "the broker does not send what it began to send");
            wait_for_frames(connection, until);
            break;
        case CONNECTION_FRAME:
            if (assembly_wants(&frame))
                result = assembly_feed(assembly, &frame, ret_message, error);
            break;
        }
    }
    return result == ASSEMBLY_COMPLETE;
}

/* An answer to basic.get begins a message as a delivery does. */
static bool begin_message(struct assembly *assembly, const amqp_basic_get_ok_t *got, struct error *error)
{
    amqp_basic_deliver_t deliver = {.delivery_tag = got->delivery_tag, .redelivered = got->redelivered};
    amqp_frame_t frame = {.frame_type = AMQP_FRAME_METHOD,
                          .payload = {.method = {.id = AMQP_BASIC_DELIVER_METHOD, .decoded = &deliver}}};
    struct broker_message *none = NULL;

    return assembly_feed(assembly, &frame, &none, error) == ASSEMBLY_MORE;
}

enum get_result get_one(struct connection *connection, const char *queue, size_t largest,
                        struct broker_message **ret_message, struct error *error)
{
    struct assembly assembly = {.largest = largest};
    amqp_rpc_reply_t reply;
    uint16_t code;
    bool read;

    *ret_message = NULL;
    reply = amqp_basic_get(connection->amqp, CONNECTION_CHANNEL, amqp_cstring_bytes(queue), 0);
    if (connection_answer(connection, &code, error) != CONNECTION_DONE)
        return GET_FAILED;
    if (reply.reply.id != AMQP_BASIC_GET_OK_METHOD)
        return GET_EMPTY;
    read = begin_message(&assembly, reply.reply.decoded, error) &&
           read_message(connection, &assembly, ret_message, error);
    assembly_clear(&assembly);
    return read && *ret_message ? GET_ONE : GET_FAILED;
}

bool get_acknowledge(struct connection *connection, uint64_t tag, struct error *error)
{
    amqp_basic_ack_t ack = {.delivery_tag = tag};

    return connection_send(connection, AMQP_BASIC_ACK_METHOD, &ack) ||
           error_set(error, "the connection broke");
}
