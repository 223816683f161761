#ifndef SYNC_BROKER_MESSAGE_H
#define SYNC_BROKER_MESSAGE_H

#include "base/cleanup.h"
#include "broker/broker.h"
#include "broker/digest.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* A message as it came, in memory of its own. */
struct broker_message {
    uint64_t tag; /* the delivery tag */
    bool redelivered;
    unsigned priority;
    enum broker_suspicion suspicion;
    uint64_t deliveries; /* earlier ones that came to no end, where the broker counts them; else 0 */
    void *properties;    /* as they were on the wire (AMQP 0-9-1, 4.2.6.1: flags, then those present) */
    size_t properties_size;
    bool skipped;             /* there was no room for the body now: it can only be given back */
    char *body;               /* NULL: skipped, or too large to be kept */
    uint64_t size;            /* of the body, kept or not */
    char sha256[DIGEST_SIZE]; /* of the body; "": not reckoned yet, see message_sha256() */
};

/* NULL is fine. */
void broker_message_free(struct broker_message *message);
DEFINE_CLEANUP(struct broker_message, broker_message_free)

/*
 * The header x-delivery-count, in which quorum queues count the earlier deliveries of a message that is
 * delivered again (measured, RabbitMQ 3.10 and 4.3: they write it over whatever the producer sent; classic
 * queues leave it as it is, so there it means nothing). 0: there is none. Decodes the headers, which takes as
 * much stack as they are nested.
 *
 * What is counted: before 4.3 every delivery that was not acknowledged; from 4.3 on only those that ended
 * with the channel, or with basic.reject; not what was given back with basic.nack.
 */
uint64_t message_delivery_count(const struct broker_message *message);

/* The priority; 0: it is that, or there is none, which RabbitMQ takes for the same (docs/priority.md). */
unsigned message_priority(const struct broker_message *message);

/* The SHA-256 of the body, kept or not, in hexadecimal digits. The message's memory. */
const char *message_sha256(struct broker_message *message);

#endif
