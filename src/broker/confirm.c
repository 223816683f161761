#include "broker/confirm.h"

#include <poll.h>

bool confirm_select(struct connection *connection, struct error *error)
{
    uint16_t code;

    (void)amqp_confirm_select(connection->amqp, CONNECTION_CHANNEL);
    return connection_answer(connection, &code, error) == CONNECTION_DONE;
}

static void judge(struct confirm *confirm, const amqp_frame_t *frame)
{
    if (frame->frame_type != AMQP_FRAME_METHOD)
        return; /* header and body of what is returned */
    switch (frame->payload.method.id) {
    case AMQP_BASIC_RETURN_METHOD:
        confirm->returned = true;
        break;
    case AMQP_BASIC_ACK_METHOD: /* with or without `multiple`: there is but one message it can be for */
        confirm->verdict = confirm->returned ? CONFIRM_REFUSED : CONFIRM_TAKEN;
        break;
    case AMQP_BASIC_NACK_METHOD:
        confirm->verdict = CONFIRM_REFUSED;
        break;
    default:
        break;
    }
}

bool confirm_read(struct confirm *confirm, struct connection *connection, struct error *error)
{
    amqp_frame_t frame;
    enum connection_read result;

    while ((result = connection_read(connection, &frame, error)) == CONNECTION_FRAME)
        judge(confirm, &frame);
    return result == CONNECTION_NOTHING;
}

bool confirm_await(struct confirm *confirm, struct connection *connection, instant until, struct error *error)
{
    for (;;) {
        instant now = instant_now();

        if (!confirm_read(confirm, connection, error))
            return false;
        if (confirm->verdict == CONFIRM_TAKEN)
            return true;
        if (confirm->verdict == CONFIRM_REFUSED)
            return error_set(error,
                             confirm->returned ? "the queue is missing" : "the broker did not take it");
        if (helper_is_stopping(connection->helper))
            return error_set(error, "asked to stop");
        if (now >= until)
            return error_set(error, "the broker does not confirm; perhaps it is short of memory or disk");
        helper_wait(connection->helper, connection_socket(connection), POLLIN,
                    instant_min(until, now + connection->pulse));
    }
}
