#ifndef SYNC_BROKER_DEAD_LETTER_H
#define SYNC_BROKER_DEAD_LETTER_H

#include "base/cleanup.h"
#include "base/error.h"
#include "broker/broker.h"
#include "broker/message.h"
#include "broker/rabbitmq_c.h"

#include <stdbool.h>
#include <stddef.h>

/* A message on its way to the dead-letter queue, and why (x-error and its like are in data/README.md). */
struct dead_letter {
    struct dead_letter *previous, *next; /* utlist */
    struct broker_message *message;      /* owned */
    char *code, *detail, *queue;
    char failed_at[32];               /* RFC 3339, UTC */
    char *stub;                       /* what stands in place of the body; NULL: the body itself */
    struct broker_delivery *delivery; /* for the loop only; NULL: it was lost meanwhile */
};

/* Takes the message over and copies the texts; it fails now. A stub, if the body was not kept. */
struct dead_letter *dead_letter_new(struct broker_message *message, const char *code, const char *detail,
                                    const char *queue) MUST_USE;
/* NULL is fine. */
void dead_letter_free(struct dead_letter *letter);
DEFINE_CLEANUP(struct dead_letter, dead_letter_free)

/* The body is too large for the broker: size and digest are to stand in its place. False: they do already. */
bool dead_letter_make_stub(struct dead_letter *letter);
/* What is published as the body. The letter's memory. */
amqp_bytes_t dead_letter_body(const struct dead_letter *letter);

/* Whether the header of this name is one that is added to a dead letter. */
bool dead_letter_adds(amqp_bytes_t key);
/* Whether it selects further queues (sender-selected distribution): the broker would send the letter there,
   too, perhaps to where it came from. */
bool dead_letter_routes(amqp_bytes_t key);

/*
 * What the message is published with. The properties of the original, made persistent, without expiration (it
 * would make the dead letter vanish) and user id (the broker checks that it is the publisher's), and with the
 * headers x-error, x-error-detail, x-original-queue, x-failed-at and x-error-digest in place of any there
 * were. All must fit into one frame of `frame_max` bytes: the detail is cut, between characters, to what is
 * left; if even without it there is no room, the headers of the original are left out (`ret_stripped`). A
 * stub has the header x-error-stub, too, and its own content type. Memory is the pool's and the letter's.
 */
bool dead_letter_properties(const struct dead_letter *letter, size_t frame_max, amqp_pool_t *pool,
                            amqp_basic_properties_t *ret_properties, bool *ret_stripped,
                            struct error *error) MUST_USE;

#endif
