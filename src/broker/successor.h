#ifndef SYNC_BROKER_SUCCESSOR_H
#define SYNC_BROKER_SUCCESSOR_H

#include "broker/connection.h"

#include <stdint.h>

/*
 * Puts a second consumer, with a prefetch of its own, in the place of the connection's first one, on the same
 * channel, so that what was delivered to the first stays valid. The broker's answers come as frames and need
 * no looking at: what goes wrong closes the channel. False: it could not be sent.
 *
 * `overlap`: the second comes before the first goes, so that the queue always has one. On a classic queue
 * that does not work (measured, RabbitMQ 3.10): an exclusive first one keeps the second out, and with a
 * single active consumer the second is never served, not even when the first has gone.
 */
bool successor_send(struct connection *connection, const char *queue, uint16_t prefetch,
                    bool overlap) MUST_USE;

#endif
