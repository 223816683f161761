#ifndef SYNC_BROKER_HAND_BACK_H
#define SYNC_BROKER_HAND_BACK_H

#include "broker/connection.h"

#include <stdbool.h>
#include <stdint.h>

/*
 * How a consumer leaves that has messages which it will not end: it closes the channel, and before that gives
 * them back with basic.nack, if it should. The broker takes them back with the channel, too, but from
 * RabbitMQ 4.3 on a quorum queue then counts a failed delivery of each, and drops the message after some
 * (measured; before 4.3 either way counts).
 * The cut must wait until the broker has answered, or it overtakes the rest.
 *
 * A quorum queue without a delivery limit (before RabbitMQ 4.0) puts to its end what is given back with
 * basic.nack; only what is unacknowledged when the channel ends goes back to its place. So there nothing is
 * given back otherwise. And on any quorum queue a consumer is cancelled only while it can have nothing on its
 * way, for that changes places too.
 *
 * Nothing may be sent on the connection afterwards, and nothing that comes is of interest.
 */
void hand_back_send(struct connection *connection, bool nacks);
/* Reads what is there; true: the broker has taken note, or never will since the connection broke. */
bool hand_back_is_answered(struct connection *connection) MUST_USE;
/* Blocks until then, at most so many milliseconds. */
void hand_back_await(struct connection *connection, int64_t limit);

#endif
