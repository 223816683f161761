/*
 * The deliveries: what joins the consumer, the publisher and those who use them.
 *
 *     came --> delivery --broker_ack()-----------------------------> ack sent --> gone
 *                  |  `--broker_reject()--> letter --confirmed-----> ack sent --> gone
 *                  `------------ the connection is lost --------------------------> lost
 *
 * A delivery is in the list exactly as long as the connection it came from lives, so an ack with a tag of an
 * older connection cannot even be asked for. The message belongs to the delivery until it is rejected, then
 * to the letter (the publisher's thread may still be reading it when the delivery is long gone); the delivery
 * goes on pointing to it, for the letter lives at least as long: until it is published and `gone` was called,
 * or forgotten.
 */
#include "broker/broker.h"

#include "base/log.h"
#include "base/memory.h"
#include "broker/consumer.h"
#include "broker/publisher.h"
#include "broker/settings.h"

#include <stdio.h>
#include <stdlib.h>
#include <utlist.h>

struct broker {
    struct broker_settings *settings;
    struct broker_handlers handlers;
    struct consumer *consumer;
    struct publisher *publisher;
    struct broker_delivery *deliveries; /* of the connection that is there now; the oldest first */
    uint64_t held;                      /* bytes of their bodies */
    struct loop_timer acks;             /* set: some are to be acknowledged */
};

struct broker_delivery {
    struct broker_delivery *previous, *next; /* utlist */
    struct broker *broker;
    instant came_at;
    struct broker_message *message; /* owned unless there is a letter */
    uint64_t held;                  /* bytes of its body */
    struct dead_letter *letter;     /* rejected; the publisher's */
    bool ended;                     /* acknowledged or rejected, by the user: only once */
    bool over;                      /* and nothing is left but to tell the broker */
    void *data;
};

static uint64_t bytes_held(const struct broker_message *message)
{
    return message->body ? message->size : 0;
}

static void delivery_free(struct broker_delivery *delivery)
{
    delivery->broker->held -= delivery->held;
    if (delivery->letter)
        publisher_forget(delivery->broker->publisher, delivery->letter);
    else
        broker_message_free(delivery->message);
    free(delivery);
}

static void came(void *context, struct broker_message *message)
{
    struct broker *broker = context;
    struct broker_delivery *delivery = NEW(struct broker_delivery);

    delivery->broker = broker;
    delivery->message = message;
    delivery->held = bytes_held(message);
    broker->held += delivery->held;
    delivery->came_at = instant_now();
    DL_APPEND2(broker->deliveries, delivery, previous, next);
    if (message->skipped)
        return;
    broker->handlers.delivered(broker->handlers.context, delivery);
}

/* Of one that was skipped nobody was told that it came. */
static void lost(void *context)
{
    struct broker *broker = context;
    struct broker_delivery *delivery;

    while ((delivery = broker->deliveries) != NULL) {
        DL_DELETE2(broker->deliveries, delivery, previous, next);
        if (!delivery->message->skipped)
            broker->handlers.lost(broker->handlers.context, delivery);
        delivery_free(delivery);
    }
}

/* What the prefetch allows of messages that have the size they should have, or one of the largest kind. */
static uint64_t most_held(const struct broker_settings *settings)
{
    uint64_t ordinary = (uint64_t)settings->prefetch * settings->largest_body;

    return ordinary > settings->largest_dead_letter ? ordinary : settings->largest_dead_letter;
}

/* What is beyond the size that messages should have may take as much memory as one message of the largest
 * kind. One that is alone has room. */
static bool has_room(void *context, uint64_t size)
{
    const struct broker *broker = context;
    const struct broker_delivery *delivery;
    uint64_t largest = broker->settings->largest_dead_letter, held = 0;

    if (size <= largest && broker->held > 0 && broker->held + size > most_held(broker->settings))
        return false;
    if (size <= broker->settings->largest_body)
        return true;
    DL_FOREACH2 (broker->deliveries, delivery, next)
        if (!delivery->over && delivery->message->body &&
            delivery->message->size > broker->settings->largest_body)
            held += delivery->message->size;
    return held == 0 || size > largest || held + size <= largest;
}

/* Returns how many of the oldest are over; the last of them is in *ret_last. */
static unsigned count_oldest(const struct broker *broker, struct broker_delivery **ret_last)
{
    struct broker_delivery *delivery;
    unsigned count = 0;

    for (delivery = broker->deliveries; delivery && delivery->over; delivery = delivery->next) {
        *ret_last = delivery;
        count++;
    }
    return count;
}

/* Returns those whose acks were sent; the others stay in the list, and `lost` takes them. */
static struct broker_delivery *send_acks(struct broker *broker)
{
    struct broker_delivery *delivery, *next, *last, *sent = NULL;
    unsigned oldest = count_oldest(broker, &last);

    if (oldest > 0 && !consumer_ack(broker->consumer, last->message->tag, oldest))
        return NULL;
    DL_FOREACH_SAFE2 (broker->deliveries, delivery, next, next) {
        if (oldest > 0)
            oldest--; /* told with the last of them */
        else if (!delivery->over)
            continue;
        else if (!consumer_ack(broker->consumer, delivery->message->tag, 1))
            break;
        DL_DELETE2(broker->deliveries, delivery, previous, next);
        DL_APPEND2(sent, delivery, previous, next);
    }
    return sent;
}

/* One message that was skipped comes again when there is room for it; the next when that has ended. */
static void ask_again(struct broker *broker)
{
    struct broker_delivery *delivery;

    DL_FOREACH2 (broker->deliveries, delivery, next)
        if (delivery->message->skipped)
            break;
    if (!delivery || !has_room(broker, delivery->message->size) ||
        !consumer_give_back(broker->consumer, delivery->message->tag))
        return;
    DL_DELETE2(broker->deliveries, delivery, previous, next);
    delivery_free(delivery);
}

static void acknowledge_all(void *context)
{
    struct broker *broker = context;
    struct broker_delivery *sent = NULL, *delivery, *next;

    if (!consumer_keeps_ack(broker->consumer))
        sent = send_acks(broker);
    DL_FOREACH_SAFE2 (sent, delivery, next, next) {
        broker->handlers.gone(broker->handlers.context, delivery);
        delivery_free(delivery);
    }
    ask_again(broker);
}

/* Not at once: the acks of one turn of the loop are one frame if they can. */
static void acknowledge(struct broker_delivery *delivery)
{
    struct loop_timer *acks = &delivery->broker->acks;

    delivery->over = true;
    if (!loop_timer_is_set(acks)) /* nor put off what is due */
        loop_timer_set(acks, instant_now());
}

static void published(void *context, struct dead_letter *letter)
{
    struct broker_delivery *delivery = letter->delivery;

    (void)context;
    log_warning("dead-letter", LOG_TEXT("code", letter->code), LOG_TEXT("detail", letter->detail),
                LOG_NUMBER("size", letter->message->size),
                LOG_TEXT("body", letter->stub ? "left out, too large to be moved" : NULL));
    if (delivery) { /* the message is the delivery's again */
        delivery->letter = NULL;
        letter->message = NULL;
        acknowledge(delivery);
    }
    dead_letter_free(letter);
}

struct broker *broker_new(const struct broker_config *config, const struct broker_handlers *handlers,
                          struct loop *loop, struct error *error)
{
    CLEANUP(broker_freep) struct broker *broker = NEW(struct broker);
    struct consumer_handlers consumer_handlers = {
        .came = came, .lost = lost, .has_room = has_room, .context = broker};

    broker->handlers = *handlers;
    loop_timer_init(&broker->acks, loop, acknowledge_all, broker);
    broker->settings = broker_settings_new(config, error);
    if (!broker->settings)
        return NULL;
    broker->publisher = publisher_new(broker->settings, loop, published, broker);
    broker->consumer = consumer_new(broker->settings, loop, &consumer_handlers);
    return TAKE(broker);
}

void broker_free(struct broker *broker)
{
    struct broker_delivery *delivery, *next, *sent;

    if (!broker)
        return;
    consumer_part(broker->consumer);
    sent = send_acks(broker);
    DL_CONCAT2(broker->deliveries, sent, previous, next);
    DL_FOREACH_SAFE2 (broker->deliveries, delivery, next, next)
        delivery_free(delivery);
    loop_timer_stop(&broker->acks);
    consumer_free(broker->consumer);
    publisher_free(broker->publisher);
    broker_settings_free(broker->settings);
    free(broker);
}

void broker_ack(struct broker_delivery *delivery)
{
    if (delivery->ended)
        return;
    delivery->ended = true;
    acknowledge(delivery);
}

void broker_reject(struct broker_delivery *delivery, const char *code, const char *detail)
{
    struct broker *broker = delivery->broker;

    if (delivery->ended)
        return;
    delivery->ended = true;
    delivery->letter = dead_letter_new(delivery->message, code, detail, broker->settings->queue);
    delivery->letter->delivery = delivery;
    publisher_send(broker->publisher, delivery->letter);
}

void broker_pause(struct broker *broker)
{
    acknowledge_all(broker); /* what is over is not given back */
    consumer_pause(broker->consumer,
                   broker->deliveries ? broker->deliveries->previous->message->tag : 0); /* of the last one */
}

void broker_resume(struct broker *broker)
{
    consumer_resume(broker->consumer);
}

bool broker_set_prefetch(struct broker *broker, uint16_t prefetch)
{
    broker->settings->prefetch = prefetch;
    if (!consumer_is_consuming(broker->consumer))
        return true;
    broker_pause(broker);
    broker_resume(broker);
    return !consumer_is_consuming(broker->consumer); /* if it left, it connects anew */
}

void broker_stop_consuming(struct broker *broker)
{
    consumer_stop(broker->consumer);
}

const void *broker_delivery_body(const struct broker_delivery *delivery)
{
    bool too_large = delivery->message->size > delivery->broker->settings->largest_body;

    return too_large ? NULL : delivery->message->body;
}

size_t broker_delivery_size(const struct broker_delivery *delivery)
{
    return (size_t)delivery->message->size;
}

void broker_delivery_digest(const struct broker_delivery *delivery, char ret_digest[BROKER_DIGEST_SIZE])
{
    (void)snprintf(ret_digest, BROKER_DIGEST_SIZE, "%s", message_sha256(delivery->message));
}

enum broker_suspicion broker_delivery_suspicion(const struct broker_delivery *delivery)
{
    return delivery->message->suspicion;
}

unsigned broker_delivery_count(const struct broker_delivery *delivery)
{
    return (unsigned)delivery->message->deliveries;
}

unsigned broker_delivery_priority(const struct broker_delivery *delivery)
{
    return delivery->message->priority;
}

uint64_t broker_delivery_tag(const struct broker_delivery *delivery)
{
    return delivery->message->tag;
}

void broker_delivery_set_data(struct broker_delivery *delivery, void *data)
{
    delivery->data = data;
}

void *broker_delivery_data(const struct broker_delivery *delivery)
{
    return delivery->data;
}

unsigned broker_under_way(const struct broker *broker)
{
    const struct broker_delivery *delivery;
    unsigned count = 0;

    DL_FOREACH2 (broker->deliveries, delivery, next)
        count += delivery->over ? 0 : 1;
    return count;
}

instant broker_oldest(const struct broker *broker)
{
    const struct broker_delivery *delivery;

    DL_FOREACH2 (broker->deliveries, delivery, next)
        if (!delivery->over)
            return delivery->came_at;
    return INSTANT_NEVER;
}

bool broker_awaits_last(const struct broker *broker)
{
    return loop_timer_is_set(&broker->acks) || consumer_awaits_last(broker->consumer);
}

instant broker_lease_since(const struct broker *broker)
{
    return lease_since(consumer_lease(broker->consumer));
}

const char *broker_lease_doubt(const struct broker *broker)
{
    return lease_doubt(consumer_lease(broker->consumer));
}

bool broker_lease_covers(const struct broker *broker, instant since)
{
    return lease_covers(consumer_lease(broker->consumer), since);
}

bool broker_is_consuming(const struct broker *broker)
{
    return consumer_is_consuming(broker->consumer);
}

const char *broker_trouble(const struct broker *broker)
{
    const char *told = consumer_lease(broker->consumer)->lost.text;

    if (broker_is_consuming(broker))
        return NULL;
    return *told ? told
                 : "no messages are taken: another consumer has the queue, or the connection is being made";
}

unsigned broker_connections(const struct broker *broker)
{
    return consumer_lease(broker->consumer)->count;
}
