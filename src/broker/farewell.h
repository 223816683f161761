#ifndef SYNC_BROKER_FAREWELL_H
#define SYNC_BROKER_FAREWELL_H

#include "broker/link.h"

#include <stdbool.h>
#include <stdint.h>

/*
 * How a consumer leaves that has messages which it will not end: it closes the channel, and before that gives
 * them back with basic.nack, if it should. The broker takes them back with the channel, too, but from
 * RabbitMQ 4.3 on a quorum queue then counts a failed delivery of each, and drops the message after some
 * (measured; before 4.3 either way counts, and what is nacked goes to the end of the queue, see consumer.c).
 * The cut must wait until the broker has answered, or it overtakes the rest.
 *
 * Nothing may be sent on the link afterwards, and nothing that comes is of interest.
 */
void farewell_send(struct link *link, bool nacks);
/* Reads what is there; true: the broker has taken note, or never will since the connection broke. */
bool farewell_is_answered(struct link *link) MUST_USE;
/* Blocks until then, at most so many milliseconds. */
void farewell_await(struct link *link, int64_t limit);

#endif
