#ifndef SYNC_BROKER_SHAPE_H
#define SYNC_BROKER_SHAPE_H

#include "base/error.h"
#include "broker/link.h"

#include <stdbool.h>
#include <stdint.h>

/*
 * What kind of queue it is that was found, and what such a queue does not promise. AMQP 0-9-1 has no question
 * for it; see shape.c for how it is learnt all the same, without ever making a queue.
 */
enum shape_type { SHAPE_UNKNOWN, SHAPE_CLASSIC, SHAPE_QUORUM, SHAPE_STREAM };

enum { SHAPE_ARGUMENTS = 10, SHAPE_NAME_SIZE = 64, SHAPE_VALUE_SIZE = 128 };

enum shape_value { SHAPE_TEXT, SHAPE_NUMBER, SHAPE_BOOLEAN };

struct shape_argument {
    char name[SHAPE_NAME_SIZE];
    char value[SHAPE_VALUE_SIZE]; /* as the broker writes it */
    enum shape_value kind;
};

struct shape {
    enum shape_type type; /* SHAPE_UNKNOWN: nothing else counts */
    bool durable;
    bool auto_delete;
    struct shape_argument arguments[SHAPE_ARGUMENTS]; /* those it was declared with, but for the type */
    int count;
};

/* What nothing is known of yet. */
struct shape shape_first_guess(void);

/*
 * Learns the shape of a queue that is there; blocks, for a helper thread. What is refused costs the channel,
 * so nothing may be under way on it. Fails only when the connection does: what cannot be found out is
 * SHAPE_UNKNOWN, and `ret_reason` then says why.
 */
bool shape_learn(struct link *link, const char *queue, struct shape *ret_shape, struct error *ret_reason,
                 struct error *error) MUST_USE;

enum shape_step { SHAPE_AGAIN, SHAPE_KNOWN, SHAPE_LOST };

/* What a refusal of the broker tells, folded into the shape. Lost: it tells nothing. */
enum shape_step shape_fold(struct shape *shape, const char *refusal) MUST_USE;

/* Whether it serves one consumer at a time by itself (x-single-active-consumer). */
bool shape_is_single_active(const struct shape *shape);

/*
 * Whether the broker deletes it, with its messages, when it has no consumer: at once (auto-delete) or after a
 * while (x-expires). No look at a quorum queue, by whatever declaration, makes it wait longer (measured,
 * RabbitMQ 3.10): nothing keeps it but a consumer.
 */
bool shape_goes_with_consumer(const struct shape *shape);
/* Whether it must not be without a consumer even for a moment. Only a classic queue can be auto-delete. */
bool shape_is_never_left(const struct shape *shape);
/* Milliseconds that it lasts without a consumer (x-expires); INT64_MAX: it has no such limit. */
int64_t shape_expiry(const struct shape *shape);

/* In words, such as "durable classic, x-max-priority=2". Returns the caller's memory. */
char *shape_describe(const struct shape *shape) MUST_USE;
/* What it does not promise, as sentences; NULL: nothing to be said. Returns the caller's memory.
   `ret_loses`: whether messages may be lost by it. */
char *shape_shortcomings(const struct shape *shape, bool *ret_loses) MUST_USE;

/*
 * How many deliveries it counts before it drops a message, by default; UINT64_MAX: no limit. One of unknown
 * kind is taken for one that counts. Since 4.0 quorum queues have one of 20
 * (https://www.rabbitmq.com/docs/quorum-queues#poison-message-handling; measured on 4.3: a message that has
 * 20 is gone when it is given back again). One that somebody has set, by x-delivery-limit or a policy, cannot
 * be found out: the broker does not compare it.
 */
uint64_t shape_delivery_limit(const struct shape *shape, unsigned broker_version);

/* One line of the log with kind and shortcomings. */
void shape_log(const struct shape *shape, const char *queue, const char *reason);

#endif
