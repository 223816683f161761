#ifndef SYNC_BROKER_CONSUMER_H
#define SYNC_BROKER_CONSUMER_H

#include "broker/lease.h"
#include "broker/message.h"
#include "broker/settings.h"
#include "loop/loop.h"

/*
 * The consuming connection: keeps itself alive, hands messages up and sends acknowledgements. All on the
 * loop.
 *
 * A message's delivery tag means something only on the connection it came from, so `lost` must be taken at
 * its word: whatever came before it must never be acknowledged afterwards (on another connection the tag
 * would name another message, or none, which closes the channel with 406).
 *
 * Memory is bounded by the prefetch, as long as messages have the size they should have. Larger ones are kept
 * only to be moved to the dead-letter queue; when too much comes at a time because of them, the connection is
 * given up and made anew, with a prefetch of one for a while.
 *
 * Queues that go without a consumer (queue_kind_goes_with_consumer()) are not left while we mean to go on. A
 * classic one keeps its one consumer: it has no probation, which only a second consumer could end; messages
 * are given back without a hand-back, so they come again at once; and of large ones that there is no room
 * for, the body is skipped until they are given back and come again. From a quorum queue we part to connect
 * anew at once.
 */
struct consumer;

struct consumer_handlers {
    /* The message is now the callee's. One whose body was skipped can only be given back, and should be when
       there is room for it. */
    void (*came)(void *context, struct broker_message *message);
    void (*lost)(void *context);                    /* the connection of all that came is gone */
    bool (*has_room)(void *context, uint64_t size); /* for a body of so many bytes */
    void *context;
};

struct consumer *consumer_new(struct broker_settings *settings, struct loop *loop,
                              const struct consumer_handlers *handlers) MUST_USE;
/* Calls nothing. NULL is fine. */
void consumer_free(struct consumer *consumer);
DEFINE_CLEANUP(struct consumer, consumer_free)

/* Hands the ack to the socket: for that message; with a `count` above 1 for all that came up to it and are
   not acknowledged yet (basic.ack with `multiple`, AMQP 0-9-1 section 1.8.3.13), which are so many. False:
   the connection broke; `lost` will follow, though not before this returns. */
bool consumer_ack(struct consumer *consumer, uint64_t tag, unsigned count) MUST_USE;
/* Gives that one message back to the broker, which will deliver it again. False: see consumer_ack(). */
bool consumer_give_back(struct consumer *consumer, uint64_t tag);
/* Gives all messages back to the broker (`lost` is called) and takes none until consumer_resume(); from a
   queue that goes without a consumer they come again at once. `newest`: the tag of the last of them; 0: there
   are none. */
void consumer_pause(struct consumer *consumer, uint64_t newest);
void consumer_resume(struct consumer *consumer);
/* Takes no more messages; those that came may still be acknowledged. It stays a consumer to its end. */
void consumer_stop(struct consumer *consumer);
/* Whether the last message is to be acknowledged only at the end, after consumer_part(): the broker would
   send another one. */
bool consumer_keeps_ack(const struct consumer *consumer);
/* Nothing but acks follows, and the end. NULL is fine. */
void consumer_part(struct consumer *consumer);
/* See broker_awaits_last(). */
bool consumer_awaits_last(const struct consumer *consumer);
bool consumer_is_consuming(const struct consumer *consumer);
const struct lease *consumer_lease(const struct consumer *consumer);

#endif
