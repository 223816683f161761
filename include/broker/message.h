#ifndef SYNC_BROKER_MESSAGE_H
#define SYNC_BROKER_MESSAGE_H

#include "base/cleanup.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Largest body that is kept (the broker's own limit, max_message_size, is the same by default). */
#define MESSAGE_LARGEST_KEPT ((uint64_t)128 << 20)

/* A message as it came, in memory of its own. */
struct broker_message {
    uint64_t tag; /* the delivery tag */
    bool redelivered;
    void *properties; /* as they were on the wire (AMQP 0-9-1, 4.2.6.1: flags, then those present) */
    size_t properties_size;
    char *body;    /* NULL: too large to be kept at all */
    uint64_t size; /* of the body, kept or not */
};

/* NULL is fine. */
void broker_message_free(struct broker_message *message);
DEFINE_CLEANUP(struct broker_message, broker_message_free)

#endif
