#ifndef SYNC_BROKER_GET_H
#define SYNC_BROKER_GET_H

#include "base/error.h"
#include "broker/connection.h"
#include "broker/message.h"

#include <stddef.h>
#include <stdint.h>

/*
 * Messages that are asked for one by one (basic.get, AMQP 0-9-1 section 1.8.3.10) on a connection that
 * consumes nothing. Blocks: for whoever owns the connection.
 */
enum get_result {
    GET_ONE,    /* a message, which is the caller's */
    GET_EMPTY,  /* none is there */
    GET_FAILED, /* the connection can no longer be used, or the broker refuses; the error says why */
};

/* Of a body larger than `largest` only the digest is kept. */
enum get_result get_one(struct connection *connection, const char *queue, size_t largest,
                        struct broker_message **ret_message, struct error *error) MUST_USE;
/* Sends the ack for that delivery tag. False: the connection broke. */
bool get_acknowledge(struct connection *connection, uint64_t tag, struct error *error) MUST_USE;

#endif
