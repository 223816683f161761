#ifndef SYNC_BROKER_QUEUE_KIND_H
#define SYNC_BROKER_QUEUE_KIND_H

#include "base/error.h"
#include "broker/broker.h"
#include "broker/connection.h"

#include <stdbool.h>
#include <stdint.h>

/*
 * What kind of queue it is that was found, and what such a queue does not promise. AMQP 0-9-1 has no question
 * for it; see queue_kind.c for how it is learnt all the same, without ever making a queue.
 */
enum queue_type { QUEUE_UNKNOWN, QUEUE_CLASSIC, QUEUE_QUORUM, QUEUE_STREAM };

enum { QUEUE_KIND_ARGUMENTS = 10, QUEUE_KIND_NAME_SIZE = 64, QUEUE_KIND_VALUE_SIZE = 128 };

enum queue_kind_value { QUEUE_KIND_TEXT, QUEUE_KIND_NUMBER, QUEUE_KIND_BOOLEAN };

struct queue_kind_argument {
    char name[QUEUE_KIND_NAME_SIZE];
    char value[QUEUE_KIND_VALUE_SIZE]; /* as the broker writes it */
    enum queue_kind_value kind;
};

struct queue_kind {
    enum queue_type type; /* QUEUE_UNKNOWN: nothing else counts */
    bool durable;
    bool auto_delete;
    struct queue_kind_argument
        arguments[QUEUE_KIND_ARGUMENTS]; /* those it was declared with, except the type */
    int count;
};

/* What nothing is known of yet. */
struct queue_kind queue_kind_first_guess(void);

/* What we make in this mode; QUEUE_UNKNOWN: nothing. */
struct queue_kind queue_kind_to_make(enum broker_declare declare);

/* Declares a queue of a known kind: done, if there is none, or one that is just so; blocks, for a helper
   thread. A refusal costs the channel, see queue_kind_learn(). */
enum connection_answer queue_kind_declare(struct connection *connection, const char *queue,
                                          const struct queue_kind *kind, uint16_t *ret_code,
                                          struct error *error);

/*
 * Learns the kind of a queue that is there; blocks, for a helper thread. What is refused costs the channel,
 * so nothing may be under way on it. Fails only when the connection does: what cannot be found out is
 * QUEUE_UNKNOWN, and `ret_reason` then says why.
 */
bool queue_kind_learn(struct connection *connection, const char *queue, struct queue_kind *ret_kind,
                      struct error *ret_reason, struct error *error) MUST_USE;

/*
 * Whether we may configure the queue, be it there or not, as the broker answers to a declaration that it can
 * never carry out: 403, or anything else. In a helper thread, like the above; false: the connection failed.
 */
bool queue_kind_ask_right(struct connection *connection, const char *queue, bool *ret_may,
                          struct error *error) MUST_USE;

enum queue_kind_step { QUEUE_KIND_AGAIN, QUEUE_KIND_KNOWN, QUEUE_KIND_LOST };

/* What a refusal of the broker tells, folded into the kind. Lost: it tells nothing. */
enum queue_kind_step queue_kind_fold(struct queue_kind *kind, const char *refusal) MUST_USE;

/* Whether it serves one consumer at a time by itself (x-single-active-consumer). */
bool queue_kind_is_single_active(const struct queue_kind *kind);

/*
 * Whether the broker deletes it, with its messages, when it has no consumer: at once (auto-delete) or after a
 * while (x-expires). No look at a quorum queue, by whatever declaration, makes it wait longer (measured,
 * RabbitMQ 3.10): nothing keeps it but a consumer.
 */
bool queue_kind_goes_with_consumer(const struct queue_kind *kind);
/* Whether it must not be without a consumer even for a moment. Only a classic queue can be auto-delete. */
bool queue_kind_is_never_left(const struct queue_kind *kind);
/* Milliseconds that it lasts without a consumer (x-expires); INT64_MAX: it has no such limit. */
int64_t queue_kind_expiry(const struct queue_kind *kind);

/* In words, such as "durable classic, x-max-priority=2". Returns the caller's memory. */
char *queue_kind_describe(const struct queue_kind *kind) MUST_USE;
/* What it does not promise, as sentences; NULL: nothing to be said. Returns the caller's memory.
   `ret_loses`: whether messages may be lost by it. */
char *queue_kind_shortcomings(const struct queue_kind *kind, bool *ret_loses) MUST_USE;

/*
 * How many deliveries it counts before it drops a message, by default; UINT64_MAX: no limit. One of unknown
 * kind is taken for one that counts. Since 4.0 quorum queues have one of 20
 * (https://www.rabbitmq.com/docs/quorum-queues#poison-message-handling; measured on 4.3: a message that has
 * 20 is gone when it is given back again). One that somebody has set, by x-delivery-limit or a policy, cannot
 * be found out: the broker does not compare it.
 */
uint64_t queue_kind_delivery_limit(const struct queue_kind *kind, unsigned broker_version);

/* Whether it takes back in order what is given back by basic.nack, all at a time; `delivery_limit` as
   above. */
bool queue_kind_takes_back_in_order(const struct queue_kind *kind, uint64_t delivery_limit);

/* One line of the log with kind and shortcomings. */
void queue_kind_log(const struct queue_kind *kind, const char *queue, const char *reason);

#endif
