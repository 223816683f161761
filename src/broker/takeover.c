/*
 * One consumer at a time. An exclusive consumer does it on a classic queue, where a second one is refused
 * with 403, but not everywhere (measured, RabbitMQ 3.10):
 *
 *     classic queue                 exclusive is honoured
 *     classic, single active        exclusive is refused with 403 even when nobody consumes
 *     quorum                        exclusive is accepted and NOT honoured
 *     quorum, single active         exclusive is accepted; the broker serves one consumer at a time
 *
 * What tells the truth for all of them is the number of consumers that a look-up of the queue gives. So: who
 * finds one stands by and does not even ask. Who finds none asks for exclusive consumption, without it where
 * that is refused, and, where the broker does not see to it by itself, looks at the number again, since two
 * may have asked at the same moment; who is not alone then gives the connection up (what it was sent goes
 * back to the queue) and comes again after a random pause.
 */
#include "broker/takeover.h"

#include "base/backoff.h"
#include "base/log.h"
#include "base/memory.h"
#include "broker/connect.h"

/* Milliseconds between two looks. */
enum { STAND_BY = 1000, MOST_STAND_BY = 8000, SHORTEST_STAND_BY = 100, MISSING = 3000 };

static bool make_queue(struct connection *connection, const struct broker_settings *settings,
                       struct error *error)
{
    struct queue_kind kind = queue_kind_to_make(settings->declare);
    uint16_t code;

    if (queue_kind_declare(connection, settings->queue, &kind, &code, error) != CONNECTION_DONE)
        return error_within(error, "declaring queue %s", settings->queue);
    log_info("queue-declared", LOG_TEXT("queue", settings->queue));
    return true;
}

/*
 * Looks the queue up; a missing one is declared, or waited for when it must not be. It is declared once on
 * each connection: one that is missing again has gone as soon as it was made, and the next connection comes
 * after a pause.
 */
static bool find_queue(struct connection *connection, const struct broker_settings *settings,
                       struct queue_counts *ret_queue, bool *was_declared, bool *ret_was_missing,
                       struct error *error)
{
    bool said = false;
    uint16_t code = 0;

    for (;;) {
        enum connection_answer answer =
            connection_look_up(connection, settings->queue, ret_queue, &code, error);

        if (answer == CONNECTION_DONE)
            return true;
        if (answer == CONNECTION_FAILED || code != AMQP_NOT_FOUND)
            return false;
        *ret_was_missing = true;
        if (settings->declare != BROKER_PASSIVE) {
            if (*was_declared)
                return error_set(error, "queue %s was declared and is missing again", settings->queue);
            if (!make_queue(connection, settings, error))
                return false;
            *was_declared = true;
            continue;
        }
        if (!said)
            log_warning("queue-missing", LOG_TEXT("queue", settings->queue),
                        LOG_TEXT("doing", "waiting for it to be declared"));
        said = true;
        if (!connection_idle(connection, MISSING, error))
            return false;
    }
}

static enum connection_answer consume(struct connection *connection, const struct broker_settings *settings,
                                      uint16_t prefetch, bool exclusive, uint16_t *ret_code,
                                      struct error *error)
{
    enum connection_answer answer;

    (void)amqp_basic_qos(connection->amqp, CONNECTION_CHANNEL, 0, prefetch, 0);
    answer = connection_answer(connection, ret_code, error);
    if (answer != CONNECTION_DONE)
        return answer;
    connection->exclusive = exclusive;
    connection->consumer_tag = CONSUMER_TAG;
    (void)amqp_basic_consume(connection->amqp, CONNECTION_CHANNEL, amqp_cstring_bytes(settings->queue),
                             amqp_cstring_bytes(connection->consumer_tag), 0, 0, exclusive, amqp_empty_table);
    return connection_answer(connection, ret_code, error);
}

enum outcome { ALONE, NOT_ALONE, FAILED };

/*
 * Whether the broker sees to it that the consumer is the only one. Then the number need not be looked at
 * again, and better is not: whatever is delivered while the library waits for an answer is kept by it in
 * memory, however large.
 */
static bool is_vouched_for(const struct connection *connection, const struct queue_kind *kind)
{
    return queue_kind_is_single_active(kind) || (kind->type == QUEUE_CLASSIC && connection->exclusive);
}

/* Nobody consumed the queue a moment ago: consumes it. Not alone: this connection is used up. */
static enum outcome try_to_consume(struct connection *connection, const struct broker_settings *settings,
                                   uint16_t prefetch, const struct queue_kind *kind, struct error *error)
{
    struct queue_counts queue;
    struct error ignored;
    uint16_t code = 0;
    bool exclusive = !queue_kind_is_single_active(kind);
    enum connection_answer answer = consume(connection, settings, prefetch, exclusive, &code, error);

    if (exclusive && answer == CONNECTION_REFUSED && code == AMQP_ACCESS_REFUSED)
        answer = consume(connection, settings, prefetch, false, &code, error);
    if (answer == CONNECTION_REFUSED && code == AMQP_ACCESS_REFUSED &&
        connection_look_up(connection, settings->queue, &queue, &code, &ignored) == CONNECTION_DONE &&
        queue.consumers > 0)
        return NOT_ALONE; /* else it is not exclusive use but a missing permission: the error says which */
    if (answer != CONNECTION_DONE) {
        (void)error_within(error, "consuming queue %s", settings->queue);
        return FAILED;
    }
    if (is_vouched_for(connection, kind))
        return ALONE;
    if (connection_look_up(connection, settings->queue, &queue, &code, error) != CONNECTION_DONE)
        return FAILED;
    if (queue.consumers > 1) {
        (void)error_set(error, "another consumer of queue %s came at the same moment", settings->queue);
        return FAILED;
    }
    return ALONE;
}

/* Of a kind that may go at any moment nothing is asked that could make the queue anew. */
static bool may_confirm(const struct broker_settings *settings, const struct queue_kind *kind)
{
    return settings->declare != BROKER_PASSIVE && kind->type != QUEUE_UNKNOWN &&
           !queue_kind_goes_with_consumer(kind);
}

/* Whoever may not ask is refused each time, which is an error in the broker's log. */
static bool is_in_vain(const struct takeover_found *found)
{
    return found->said_kind && found->kind.type == QUEUE_UNKNOWN;
}

static void tell_kind(const struct broker_settings *settings, struct takeover_found *found,
                      const struct queue_kind *kind, const char *reason)
{
    CLEANUP(freep) char *before = queue_kind_describe(&found->kind), *after = queue_kind_describe(kind);

    found->kind = *kind;
    if (!found->said_kind || !text_equal(before, after))
        queue_kind_log(kind, settings->queue, reason);
    found->knows_kind = found->said_kind = true;
}

/* The kind that it had before, or that it has if it was made by us. */
static bool learn_kind(struct connection *connection, const struct broker_settings *settings,
                       struct takeover_found *found, struct error *error)
{
    struct queue_kind kind = found->said_kind ? found->kind : queue_kind_to_make(settings->declare);
    struct error reason = {.text = ""};
    uint16_t code = 0;

    if (found->knows_kind || is_in_vain(found))
        return true;
    if (may_confirm(settings, &kind))
        switch (queue_kind_declare(connection, settings->queue, &kind, &code, error)) {
        case CONNECTION_DONE:
            tell_kind(settings, found, &kind, NULL);
            return true;
        case CONNECTION_REFUSED:
            if (code == AMQP_PRECONDITION_FAILED)
                break;
            tell_kind(settings, found, &(struct queue_kind){.type = QUEUE_UNKNOWN}, error->text);
            return true;
        case CONNECTION_FAILED:
            return false;
        }
    if (!queue_kind_learn(connection, settings->queue, &kind, &reason, error))
        return false;
    tell_kind(settings, found, &kind, reason.text);
    return true;
}

static uint16_t first_window(const struct broker_settings *settings, bool wary, const struct queue_kind *kind)
{
    return wary && !queue_kind_is_never_left(kind) ? 1 : settings->prefetch;
}

/* The queue must not expire between the other's end and our next look. */
static int64_t stand_by_pause(const struct queue_kind *kind, int64_t pause)
{
    return instant_max(SHORTEST_STAND_BY, instant_min(pause, queue_kind_expiry(kind) / 2));
}

static bool consume_alone(struct connection *connection, const struct broker_settings *settings, bool wary,
                          struct takeover_found *found, struct error *error)
{
    struct queue_counts queue;
    struct backoff refused = {.attempts = 0};
    bool said = false, was_declared = false;

    for (;;) {
        enum outcome outcome = NOT_ALONE;
        bool was_missing = false;
        int64_t pause = STAND_BY;

        if (!find_queue(connection, settings, &queue, &was_declared, &was_missing, error))
            return false;
        if (was_missing)
            found->knows_kind = false;
        if ((!said || queue.consumers == 0) && !learn_kind(connection, settings, found, error))
            return false;
        found->prefetch = first_window(settings, wary, &found->kind);
        if (queue.consumers == 0)
            outcome = try_to_consume(connection, settings, found->prefetch, &found->kind, error);
        if (queue.consumers == 0) /* that was in vain: not so soon again */
            pause += backoff_next(&refused, STAND_BY, MOST_STAND_BY);
        if (outcome == FAILED)
            return false;
        if (outcome == ALONE) {
            if (said)
                log_info("taking-over", LOG_TEXT("queue", settings->queue));
            found->messages = queue.messages;
            found->stood_by = said;
            return true;
        }
        if (!said)
            log_info("standing-by", LOG_TEXT("queue", settings->queue),
                     LOG_TEXT("because", "another consumer has it"));
        said = true;
        found->knows_kind = false; /* by the time that it is ours it may be another */
        if (!connection_idle(connection, stand_by_pause(&found->kind, pause), error))
            return false;
    }
}

struct connection *takeover_consumer(const struct broker_settings *settings, bool wary, struct helper *helper,
                                     struct takeover_found *found, struct error *error)
{
    CLEANUP(connection_freep)
    struct connection *connection = connection_open(settings, "consumer", helper, error);

    if (!connection ||
        !connection_require_queue(connection, settings->dead_letter_queue, amqp_empty_table, error) ||
        !consume_alone(connection, settings, wary, found, error))
        return NULL;
    connection_hand_over(connection);
    return TAKE(connection);
}
