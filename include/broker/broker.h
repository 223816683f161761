#ifndef SYNC_BROKER_BROKER_H
#define SYNC_BROKER_BROKER_H

#include "base/cleanup.h"
#include "base/error.h"
#include "loop/loop.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * The queue: consumes from RabbitMQ, acknowledges, moves what is rejected to the dead-letter queue. The only
 * owner of rabbitmq-c; knows nothing of what a message says.
 *
 * Keeps itself connected: a lost connection is rebuilt, with growing pauses, until broker_free(). Deliveries
 * of a connection that is gone are handed back through `lost` and will be delivered again by the broker.
 */
struct broker;
struct broker_delivery;

enum broker_declare { BROKER_DURABLE, BROKER_QUORUM, BROKER_LEGACY, BROKER_PASSIVE };

struct broker_config {
    const char *uri;              /* amqp:// or amqps:// (secret: may hold a password) */
    const char *queue;            /* the dead letters go to <queue>_dlq */
    enum broker_declare declare;  /* what to do when the queue is missing */
    uint16_t prefetch;            /* most deliveries that are unacknowledged at a time */
    uint16_t heartbeat;           /* seconds */
    size_t largest_body;          /* bytes; see broker_delivery_body() */
    size_t largest_dead_letter;   /* bytes of a body that is moved whole; see broker_reject() */
    const char *ca_file;          /* PEM; NULL: those of the system */
    const char *certificate_file; /* PEM, with key_file: the client's; NULL: none */
    const char *key_file;
};

/* All are called from the loop. */
struct broker_handlers {
    /* A message came. It stays valid until `gone` or `lost` was called for it. */
    void (*delivered)(void *context, struct broker_delivery *delivery);
    /* The delivery has come to its end: its ack is sent (for a dead letter: after the broker's confirm).
       It is freed after this call. */
    void (*gone)(void *context, struct broker_delivery *delivery);
    /* The delivery's connection is gone; the broker will deliver the message again. It is freed after this
       call; any ack or rejection that was under way is forgotten. */
    void (*lost)(void *context, struct broker_delivery *delivery);
    void *context;
};

/* Begins to connect; succeeds whether or not a broker answers. Fails on a URI that cannot be one. */
struct broker *broker_new(const struct broker_config *config, const struct broker_handlers *handlers,
                          struct loop *loop, struct error *error) MUST_USE;
/* Sends the acks that are due and closes the connections: what is not acknowledged will be delivered again.
   No handler is called any more. Not from within a handler. NULL is fine. */
void broker_free(struct broker *broker);
DEFINE_CLEANUP(struct broker, broker_free)

/* The message is done: acknowledge it, with all others that are done in this turn of the loop. `gone` (or
   `lost`) follows, not before this returns. */
void broker_ack(struct broker_delivery *delivery);
/*
 * The message can never succeed: publish it to <queue>_dlq, persistent and mandatory, body and properties
 * unchanged, with the headers x-error, x-error-detail, x-original-queue and x-failed-at (RFC 3339, UTC); once
 * the broker has confirmed it, acknowledge the original. Copies the texts. `gone` or `lost` follows.
 * Expiration and user id are dropped (a dead letter must not vanish; the broker checks who the user is).
 *
 * A body that cannot be moved whole, because it is larger than configured or than the broker takes (its
 * max_message_size may have been lowered), is lost, except for its size and SHA-256: in its place stands
 * {"error": code, "size": bytes, "sha256": hexadecimal}, as application/json, and the header x-error-stub is
 * true.
 */
void broker_reject(struct broker_delivery *delivery, const char *code, const char *detail);

/*
 * Gives every message that is not at its end back to the broker, where each takes its place in the queue
 * again (`lost` is called for each delivery), and takes none until broker_resume(). For
 * messages that cannot be ended before the broker's consumer timeout. A queue that goes with its consumer is
 * consumed on, so from there they come again at once, and are to be given back again after as long a time.
 * From RabbitMQ 4.3 on such a return does not count towards a delivery limit.
 */
void broker_pause(struct broker *broker);
void broker_resume(struct broker *broker);

/*
 * Another prefetch. The broker applies one to new consumers only, so the messages that are not at their end
 * are given back (`lost` is called for each) and come again on a new connection. False: not yet, since the
 * queue would go with its consumer; the next connection has it.
 */
bool broker_set_prefetch(struct broker *broker, uint16_t prefetch) MUST_USE;

/*
 * Stops taking messages; what is delivered already is still to be ended. For a drain. The queue is kept to
 * the end (no basic.cancel), so that nobody who stands by begins with what comes after messages that are
 * still under way; what is sent to us meanwhile goes back then.
 */
void broker_stop_consuming(struct broker *broker);

/* How many messages were delivered and have not ended yet. */
unsigned broker_under_way(const struct broker *broker);
/* When the oldest of those came; INSTANT_NEVER: there is none. */
instant broker_oldest(const struct broker *broker);

/*
 * After broker_stop_consuming(): whether messages may be on their way, which on a quorum queue would change
 * places if it ended now. Nobody can tell, so it is a moment after the last ack, unless the window is full.
 * One of them may be handed up yet: where messages come one at a time, it would come to stand behind others
 * that were given back before it and still wait.
 */
bool broker_awaits_last(const struct broker *broker);

/* The body; for a larger one than configured NULL with broker_delivery_size() telling its size: the body is
   kept for the dead-letter queue all the same (as far as it can be moved whole). */
const void *broker_delivery_body(const struct broker_delivery *delivery);
size_t broker_delivery_size(const struct broker_delivery *delivery);
/* The first digits of the body's SHA-256, as they stand in the header x-error-digest, too. */
enum { BROKER_DIGEST_SIZE = 12 + 1 };
void broker_delivery_digest(const struct broker_delivery *delivery, char ret_digest[BROKER_DIGEST_SIZE]);
/*
 * Whether the message may be what killed earlier processes, as far as the broker counts
 * deliveries (quorum queues).
 *
 * A suspect is the first message after a start, and was delivered at least five times before without coming
 * to an end. It is alone: none follows within ten seconds, unless it is ended. That is no proof. Before
 * RabbitMQ 4.3 whatever is given back counts, be it for an outage of the homeserver or for an orderly stop.
 * So it should be rejected only if the homeserver is there, or else be tried once more.
 *
 * At its last delivery it must be rejected whatever the reasons: the next one but a few would go beyond the
 * delivery limit of the queue (20 by default since RabbitMQ 4.0), and the broker would drop the message.
 */
enum broker_suspicion { BROKER_UNSUSPECTED, BROKER_SUSPECT, BROKER_LAST_DELIVERY };
enum broker_suspicion broker_delivery_suspicion(const struct broker_delivery *delivery);
/* How many deliveries of the message came to no end before this one; 0: none, or nobody counts them. */
unsigned broker_delivery_count(const struct broker_delivery *delivery);
/* As the producer gave it; 0 where there is none, as RabbitMQ takes that. */
unsigned broker_delivery_priority(const struct broker_delivery *delivery);
/* The delivery tag, for the log; unique on one connection only. */
uint64_t broker_delivery_tag(const struct broker_delivery *delivery);
/* A pointer of the user's own that goes with the delivery; NULL at first. */
void broker_delivery_set_data(struct broker_delivery *delivery, void *data);
void *broker_delivery_data(const struct broker_delivery *delivery);

/*
 * Since when the messages of the queue have come to nobody but us. INSTANT_NEVER, when that is not sure now:
 * nothing came from the broker for longer than it is ever silent (a heartbeat interval), since the process
 * was frozen or suspended, or the connection is dead. Then it may have given them to another consumer, which
 * will be known later. The same while another had them until a moment ago: what that one did may not be known
 * to all processes of the homeserver yet.
 */
instant broker_lease_since(const struct broker *broker);
/* Why that is not sure now, in words; NULL: it is. */
const char *broker_lease_doubt(const struct broker *broker);
/* Whether it is sure now, and no silence as long has been since then (on whatever connections). */
bool broker_lease_covers(const struct broker *broker, instant since);

/* Whether messages flow: connected and consuming, not standing by. */
bool broker_is_consuming(const struct broker *broker);
/* Why they do not, in one sentence; NULL when they do. Owned by the broker. */
const char *broker_trouble(const struct broker *broker);
/* How many connections to consume on were made so far. */
unsigned broker_connections(const struct broker *broker);

#endif
