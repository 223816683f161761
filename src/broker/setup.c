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
#include "broker/setup.h"

#include "base/backoff.h"
#include "base/log.h"
#include "base/memory.h"

/* Milliseconds between two looks. */
enum { STAND_BY = 1000, MOST_STAND_BY = 8000, SHORTEST_STAND_BY = 100, MISSING = 3000 };

static amqp_table_entry_t text_argument(const char *name, const char *text)
{
    return (amqp_table_entry_t){
        .key = amqp_cstring_bytes(name),
        .value = {.kind = AMQP_FIELD_KIND_UTF8, .value = {.bytes = amqp_cstring_bytes(text)}}};
}

static amqp_table_entry_t number_argument(const char *name, int32_t number)
{
    return (amqp_table_entry_t){.key = amqp_cstring_bytes(name),
                                .value = {.kind = AMQP_FIELD_KIND_I32, .value = {.i32 = number}}};
}

static amqp_table_entry_t true_argument(const char *name)
{
    return (amqp_table_entry_t){.key = amqp_cstring_bytes(name),
                                .value = {.kind = AMQP_FIELD_KIND_BOOLEAN, .value = {.boolean = 1}}};
}

/* A quorum queue must not be given x-max-priority: 406, also from versions whose quorum queues know
 * priorities. */
static enum link_answer declare(struct link *link, const struct broker_settings *settings,
                                struct error *error)
{
    amqp_table_entry_t classic[] = {number_argument("x-max-priority", 2)};
    amqp_table_entry_t quorum[] = {text_argument("x-queue-type", "quorum"),
                                   true_argument("x-single-active-consumer")};

    switch (settings->declare) {
    case BROKER_DURABLE:
        return link_declare(link, settings->queue, true, (amqp_table_t){1, classic}, error);
    case BROKER_QUORUM:
        return link_declare(link, settings->queue, true, (amqp_table_t){2, quorum}, error);
    case BROKER_LEGACY:
        return link_declare(link, settings->queue, false, (amqp_table_t){1, classic}, error);
    case BROKER_PASSIVE:
        break;
    }
    return LINK_FAILED;
}

/*
 * Looks the queue up; a missing one is declared, or waited for when it must not be. It is declared once on
 * each connection: one that is missing again has gone as soon as it was made, and the next connection comes
 * after a pause.
 */
static bool find_queue(struct link *link, const struct broker_settings *settings,
                       struct link_queue *ret_queue, bool *was_declared, bool *ret_was_missing,
                       struct error *error)
{
    bool said = false;
    uint16_t code = 0;

    for (;;) {
        enum link_answer answer = link_look_up(link, settings->queue, ret_queue, &code, error);

        if (answer == LINK_DONE)
            return true;
        if (answer == LINK_FAILED || code != AMQP_NOT_FOUND)
            return false;
        *ret_was_missing = true;
        if (settings->declare != BROKER_PASSIVE) {
            if (*was_declared)
                return error_set(error, "queue %s was declared and is missing again", settings->queue);
            if (declare(link, settings, error) != LINK_DONE)
                return false;
            *was_declared = true;
            continue;
        }
        if (!said)
            log_warning("queue-missing", LOG_TEXT("queue", settings->queue),
                        LOG_TEXT("doing", "waiting for it to be declared"));
        said = true;
        if (!link_idle(link, MISSING, error))
            return false;
    }
}

static enum link_answer consume(struct link *link, const struct broker_settings *settings, uint16_t prefetch,
                                bool exclusive, uint16_t *ret_code, struct error *error)
{
    enum link_answer answer;

    (void)amqp_basic_qos(link->amqp, LINK_CHANNEL, 0, prefetch, 0);
    answer = link_answer(link, ret_code, error);
    if (answer != LINK_DONE)
        return answer;
    link->exclusive = exclusive;
    link->consumer_tag = LINK_CONSUMER_TAG;
    (void)amqp_basic_consume(link->amqp, LINK_CHANNEL, amqp_cstring_bytes(settings->queue),
                             amqp_cstring_bytes(link->consumer_tag), 0, 0, exclusive, amqp_empty_table);
    return link_answer(link, ret_code, error);
}

enum outcome { ALONE, NOT_ALONE, FAILED };

/*
 * Whether the broker sees to it that the consumer is the only one. Then the number need not be looked at
 * again, and better is not: whatever is delivered while the library waits for an answer is kept by it in
 * memory, however large.
 */
static bool is_vouched_for(const struct link *link, const struct shape *shape)
{
    return shape_is_single_active(shape) || (shape->type == SHAPE_CLASSIC && link->exclusive);
}

/* Nobody consumed the queue a moment ago: consumes it. Not alone: this link is used up. */
static enum outcome try_to_consume(struct link *link, const struct broker_settings *settings,
                                   uint16_t prefetch, const struct shape *shape, struct error *error)
{
    struct link_queue queue;
    struct error ignored;
    uint16_t code = 0;
    enum link_answer answer = consume(link, settings, prefetch, true, &code, error);

    if (answer == LINK_REFUSED && code == AMQP_ACCESS_REFUSED)
        answer = consume(link, settings, prefetch, false, &code, error);
    if (answer == LINK_REFUSED && code == AMQP_ACCESS_REFUSED &&
        link_look_up(link, settings->queue, &queue, &code, &ignored) == LINK_DONE && queue.consumers > 0)
        return NOT_ALONE; /* else it is not exclusive use but a missing permission: the error says which */
    if (answer != LINK_DONE) {
        (void)error_within(error, "consuming queue %s", settings->queue);
        return FAILED;
    }
    if (is_vouched_for(link, shape))
        return ALONE;
    if (link_look_up(link, settings->queue, &queue, &code, error) != LINK_DONE)
        return FAILED;
    if (queue.consumers > 1) {
        (void)error_set(error, "another consumer of queue %s came at the same moment", settings->queue);
        return FAILED;
    }
    return ALONE;
}

static bool learn_shape(struct link *link, const struct broker_settings *settings, struct setup_found *found,
                        struct error *error)
{
    CLEANUP(freep) char *before = NULL, *after = NULL;
    struct error reason;

    if (found->knows_shape)
        return true;
    before = shape_describe(&found->shape);
    if (!shape_learn(link, settings->queue, &found->shape, &reason, error))
        return false;
    after = shape_describe(&found->shape);
    if (!found->said_shape || !text_equal(before, after))
        shape_log(&found->shape, settings->queue, reason.text);
    found->knows_shape = found->said_shape = true;
    return true;
}

static uint16_t first_window(const struct broker_settings *settings, bool wary, const struct shape *shape)
{
    return wary && !shape_is_never_left(shape) ? 1 : settings->prefetch;
}

/* The queue must not expire between the other's end and our next look. */
static int64_t stand_by_pause(const struct shape *shape, int64_t pause)
{
    return instant_max(SHORTEST_STAND_BY, instant_min(pause, shape_expiry(shape) / 2));
}

static bool consume_alone(struct link *link, const struct broker_settings *settings, bool wary,
                          struct setup_found *found, struct error *error)
{
    struct link_queue queue;
    struct backoff refused = {.attempts = 0};
    bool said = false, was_declared = false;

    for (;;) {
        enum outcome outcome = NOT_ALONE;
        bool was_missing = false;
        int64_t pause = STAND_BY;

        if (!find_queue(link, settings, &queue, &was_declared, &was_missing, error))
            return false;
        if (was_missing)
            found->knows_shape = false;
        if ((!said || queue.consumers == 0) && !learn_shape(link, settings, found, error))
            return false;
        found->prefetch = first_window(settings, wary, &found->shape);
        if (queue.consumers == 0)
            outcome = try_to_consume(link, settings, found->prefetch, &found->shape, error);
        if (queue.consumers == 0) /* that was in vain: not so soon again */
            pause += backoff_next(&refused, STAND_BY, MOST_STAND_BY);
        if (outcome == FAILED)
            return false;
        if (outcome == ALONE) {
            if (said)
                log_info("taking-over", LOG_TEXT("queue", settings->queue));
            found->messages = queue.messages;
            return true;
        }
        if (!said)
            log_info("standing-by", LOG_TEXT("queue", settings->queue),
                     LOG_TEXT("because", "another consumer has it"));
        said = true;
        found->knows_shape = false; /* by the time that it is ours it may be another */
        if (!link_idle(link, stand_by_pause(&found->shape, pause), error))
            return false;
    }
}

struct link *setup_consumer(const struct broker_settings *settings, bool wary, struct helper *helper,
                            struct setup_found *found, struct error *error)
{
    CLEANUP(link_freep) struct link *link = link_open(settings, "consumer", helper, error);

    if (!link || !link_require_queue(link, settings->dead_letter_queue, error) ||
        !consume_alone(link, settings, wary, found, error))
        return NULL;
    link_hand_over(link);
    return TAKE(link);
}
