#ifndef SYNC_BROKER_LETTER_H
#define SYNC_BROKER_LETTER_H

#include "broker/letters.h"
#include "broker/message.h"
#include "broker/rabbitmq_c.h"

#include <stdbool.h>

/* From a message of the dead-letter queue; takes it over. */
struct letter *letter_new(struct broker_message *message, unsigned number) MUST_USE;

enum letter_purpose {
    LETTER_RENEWED, /* it is to be the same letter, but for what a quorum queue has counted */
    LETTER_RETRIED  /* it is to be the message that it was */
};

/* What the message is published with anew. Memory is the pool's and the message's. Never with an expiration,
   a user id or a header that selects queues: no dead letter of ours has one, and each could lose it. */
bool letter_properties(const struct broker_message *message, enum letter_purpose purpose, amqp_pool_t *pool,
                       amqp_basic_properties_t *ret_properties, struct error *error) MUST_USE;

#endif
