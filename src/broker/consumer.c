/*
 * The life of the consuming connection, seen from the loop:
 *
 *     helper at work  --bell-->  consuming  --any error-->  pause (growing, jitter)  -->  helper at work
 *
 * The helper connects, sets the queue up and stands by where needed; what it hands over is consuming already.
 * Here nothing waits: frames are read until there are none, and only then is the socket waited for, since the
 * library may have read further than the frame it gave. A timer calls in at every third of the heartbeat
 * interval, for heartbeats are sent and missed ones noticed only within the library's calls.
 *
 * Memory is bounded by the prefetch, as long as messages have the size they should have. Larger ones are kept
 * only to be moved to the dead-letter queue; when too much comes at a time because of them, the connection is
 * given up and made anew, with a prefetch of one for a while.
 *
 * Probation. A message that was delivered before may be why a process before us is no more, so after a start
 * messages are taken one at a time for a while (see probation.h). Afterwards the consumer is cancelled and
 * asked for again, on the same channel, where deliveries stay valid. The one message that is there was
 * delivered to the earlier consumer, so the new one is given one less than the prefetch.
 *
 * In order. A quorum queue without a delivery limit (before RabbitMQ 4.0) puts to its end what is given back
 * with basic.nack; only what is unacknowledged when the channel ends goes back to its place. So there nothing
 * is given back otherwise. And on any quorum queue a consumer is cancelled only while it can have nothing on
 * its way, for that changes places too.
 *
 * The end. Who is told to stop is a consumer until the last message is done, since others take over when they
 * find none, and would work on what comes after messages that are under way here. What still comes is left
 * unacknowledged, and goes back to its place with the connection. Only on a quorum queue where the window is
 * one it would come to stand behind what was given back before it: there one more is taken, and its ack is
 * kept until the consumer is cancelled, so that no other comes.
 *
 * Giving back. Messages that are given back by intent are lost at once, but the connection is cut only when
 * the broker has taken note (see farewell.h), or after a moment.
 *
 * Queues that go without a consumer (shape_goes_with_consumer()) are not left while we mean to go on. A
 * classic one keeps its one consumer: it has no probation, which only a second consumer could end; messages
 * are given back without a farewell, so they come again at once; and of large ones that there is no room for,
 * the body is skipped until they are given back and come again. From a quorum queue we part to connect anew
 * at once.
 *
 * An error found while acknowledging only makes the timer due: the connection is torn down from the loop,
 * never underneath a caller who is in the middle of something.
 */
#include "broker/consumer.h"

#include "base/backoff.h"
#include "base/log.h"
#include "base/memory.h"
#include "broker/assembly.h"
#include "broker/farewell.h"
#include "broker/helper.h"
#include "broker/link.h"
#include "broker/probation.h"
#include "broker/setup.h"
#include "broker/successor.h"

#include <stdlib.h>
#include <sys/epoll.h>

enum {
    FIRST_PAUSE = 500,    /* ms before a lost connection is made again */
    LONGEST_PAUSE = 4000, /* ms: so long may it take until a broker that is back is noticed */
    LASTING = 30000,      /* ms after which a connection was a good one */
    LAST_ONE = 300,       /* ms that a message may be on its way to us */
    FRAMES_AT_A_TIME = 256,
    FAREWELL = 2000, /* ms for the broker to take note of what was given back */
};

/* What the helper works on: the loop touches it only when the helper has finished. */
struct attempt {
    struct broker_settings *settings;
    bool wary;
    struct link *link; /* NULL: it failed */
    struct setup_found found;
    struct error error;
};

struct consumer {
    struct broker_settings *settings;
    struct loop *loop;
    struct consumer_handlers handlers;
    struct helper *helper;   /* connecting; else NULL */
    struct attempt *attempt; /* the helper's */
    struct loop_watch bell;
    struct link *link; /* consuming; else NULL */
    struct loop_watch socket;
    struct loop_timer timer; /* connected: to call in; else: to connect */
    struct assembly assembly;
    struct backoff backoff;
    instant since;    /* when the link was taken over */
    instant heard_at; /* when something came over it last */
    instant gap_at; /* when that had been too long before; calls that were begun till then may be outdated */
    instant acked_at;   /* when messages were acknowledged last, or no more were wanted */
    const char *broken; /* why the timer is due to tear the link down; NULL: it is well */
    bool stopped;       /* no more messages are wanted, ever */
    bool paused;        /* nor are any for now */
    instant leaving;    /* the messages were given back: the link is cut then; else INSTANT_NEVER */
    bool told;          /* that they were */
    bool returning;     /* messages were given back by a consumer that stays, and have not come again yet */
    struct probation probation;
    struct setup_found found; /* as it was when a connection was made last */
    unsigned window;          /* so many messages of this connection may be unacknowledged */
    unsigned unacked;         /* so many are, as far as they came */
    uint64_t delivery_limit;
};

static void pump(struct consumer *consumer);

/* ---- the attempt, in the helper ---- */

static void attempt_release(void *context)
{
    struct attempt *attempt = context;

    link_free(attempt->link);
    broker_settings_free(attempt->settings);
    free(attempt);
}

static void attempt_run(struct helper *helper, void *context)
{
    struct attempt *attempt = context;

    attempt->link =
        setup_consumer(attempt->settings, attempt->wary, helper, &attempt->found, &attempt->error);
}

/* ---- losing ---- */

static void retry_later(struct consumer *consumer, const struct error *error)
{
    int64_t before_it_expires = shape_expiry(&consumer->found.shape) / 2;
    int64_t longest = instant_max(FIRST_PAUSE, instant_min(LONGEST_PAUSE, before_it_expires));
    int64_t pause = backoff_next(&consumer->backoff, FIRST_PAUSE, longest);

    log_warning("connection-lost", LOG_TEXT("reason", error->text), LOG_NUMBER("retry_ms", pause));
    loop_timer_set(&consumer->timer, instant_now() + pause);
}

/* While nobody watches it the queue may be made anew, as one of another kind. */
static void drop_link(struct consumer *consumer)
{
    loop_watch_stop(&consumer->socket);
    loop_timer_stop(&consumer->timer);
    consumer->broken = NULL;
    consumer->leaving = INSTANT_NEVER;
    consumer->told = consumer->returning = false;
    consumer->unacked = 0;
    consumer->found.knows_shape = false;
    assembly_clear(&consumer->assembly);
    link_free(TAKE(consumer->link));
}

/* RabbitMQ looks every half of an interval whether it has sent anything since, so it is silent for an
   interval at most (rabbit_heartbeat.erl); some more for the way. */
static bool is_in_touch(const struct consumer *consumer)
{
    int interval = consumer->link ? amqp_get_heartbeat(consumer->link->amqp) : 0; /* seconds; 0: none */

    return interval <= 0 || instant_now() <= consumer->heard_at + (int64_t)interval * 1250;
}

/* Before anything else is heard, for then it would not be seen any more. */
static void look_for_gap(struct consumer *consumer)
{
    if (!is_in_touch(consumer))
        consumer->gap_at = instant_now();
}

/* Only a link that lasted makes the next pause a short one: a message that breaks each connection would come
   again at once. */
static void lose(struct consumer *consumer, const struct error *error)
{
    look_for_gap(consumer);
    if (instant_now() - consumer->since > LASTING)
        backoff_reset(&consumer->backoff);
    drop_link(consumer);
    if (!consumer->stopped && !consumer->paused)
        retry_later(consumer, error);
    consumer->handlers.lost(consumer->handlers.context);
}

/* ---- consuming ---- */

static void socket_ready(void *context, uint32_t events)
{
    struct consumer *consumer = context;

    (void)events; /* errors and a hang-up come to light in the reading, heartbeats do not */
    look_for_gap(consumer);
    consumer->heard_at = instant_now();
    pump(consumer);
}

static bool take_over_link(struct consumer *consumer, struct link *link, struct error *error)
{
    if (!loop_watch_start(&consumer->socket, consumer->loop, link_socket(link), EPOLLIN, socket_ready,
                          consumer, error))
        return false;
    consumer->link = link;
    consumer->since = consumer->heard_at = instant_now();
    return true;
}

static void attempt_ended(struct consumer *consumer)
{
    CLEANUP(link_freep) struct link *link = TAKE(consumer->attempt->link);
    struct error error = consumer->attempt->error;

    consumer->found = consumer->attempt->found;
    loop_watch_stop(&consumer->bell);
    helper_stop(TAKE(consumer->helper));
    consumer->attempt = NULL;
    if (!link || !take_over_link(consumer, link, &error)) {
        consumer->found.knows_shape = false;
        retry_later(consumer, &error);
        return;
    }
    link = NULL;
    consumer->window = consumer->found.prefetch;
    consumer->probation.on = consumer->probation.on && consumer->window == 1;
    consumer->delivery_limit =
        shape_delivery_limit(&consumer->found.shape, link_broker_version(consumer->link));
    log_info("connected", LOG_TEXT("queue", consumer->settings->queue),
             LOG_NUMBER("messages", consumer->found.messages));
    pump(consumer); /* deliveries came along with the answers to the helper's calls */
}

static void bell_rings(void *context, uint32_t events)
{
    struct consumer *consumer = context;

    (void)events;
    helper_silence(consumer->helper);
    if (helper_is_finished(consumer->helper))
        attempt_ended(consumer);
}

static bool start_attempt(struct consumer *consumer, struct error *error)
{
    struct attempt *attempt = NEW(struct attempt);

    attempt->settings = broker_settings_share(consumer->settings);
    attempt->wary = consumer->probation.on;
    attempt->found = consumer->found;
    consumer->helper = helper_start(attempt_run, attempt, attempt_release, error);
    if (!consumer->helper) {
        attempt_release(attempt);
        return false;
    }
    consumer->attempt = attempt;
    if (loop_watch_start(&consumer->bell, consumer->loop, helper_bell(consumer->helper), EPOLLIN, bell_rings,
                         consumer, error))
        return true;
    helper_stop(TAKE(consumer->helper));
    return false;
}

/* Before memory is taken for a body. What is too large to be worked on need not keep its place. */
static bool has_room(struct consumer *consumer, const amqp_frame_t *frame, struct error *error)
{
    uint64_t size = frame->payload.properties.body_size;

    if (frame->frame_type != AMQP_FRAME_HEADER ||
        consumer->handlers.has_room(consumer->handlers.context, size))
        return true;
    if (shape_is_never_left(&consumer->found.shape)) {
        consumer->assembly.skips = size > consumer->settings->largest_body;
        return true;
    }
    consumer->probation = probation_for_size();
    return error_set(error, "too many large messages at a time: for now one message at a time");
}

/* After every sending: it may have read frames into the library's buffer, of which the socket does not tell.
 */
static bool was_sent(struct consumer *consumer, int status)
{
    if (status != AMQP_STATUS_OK)
        consumer->broken = "the connection broke while sending";
    if (consumer->broken || link_has_more(consumer->link))
        loop_timer_set(&consumer->timer, instant_now());
    return !consumer->broken;
}

/* Whoever stands by at a quorum queue finds a consumer at any time; a classic one would not serve the second.
 */
static void end_probation(struct consumer *consumer)
{
    struct link *link = consumer->link;
    uint16_t prefetch = consumer->settings->prefetch;
    bool overlap = consumer->found.shape.type == SHAPE_QUORUM && !link->exclusive;

    consumer->probation.on = false;
    if (prefetch == 1)
        return;
    consumer->window = prefetch;
    if (!successor_send(link, consumer->settings->queue, (uint16_t)(prefetch - 1), overlap))
        consumer->broken = "the connection broke while sending";
}

/* What a classic queue gives as the number of deliveries is what the producer wrote there. A queue of unknown
   kind is believed: to set a message aside needlessly is better than to have it dropped. */
static void look_into(struct consumer *consumer, struct broker_message *message)
{
    if (message->redelivered && consumer->found.shape.type != SHAPE_CLASSIC)
        message->deliveries = message_delivery_count(message);
    message->suspicion =
        probation_judge(&consumer->probation, message, consumer->delivery_limit, instant_now());
}

/* With the one message that it may have, the first consumer has no other on its way. */
static void look_at_probation(struct consumer *consumer)
{
    if (!consumer->stopped && !consumer->broken && consumer->unacked == 1 &&
        probation_is_served(&consumer->probation, instant_now()))
        end_probation(consumer);
}

/* Whether the queue takes back in order what is given back by basic.nack, all at a time. */
static bool takes_back_in_order(const struct consumer *consumer)
{
    return consumer->found.shape.type == SHAPE_CLASSIC || consumer->delivery_limit != PROBATION_NO_LIMIT;
}

/* Whether what comes next is wanted even by who was told to stop, and is the last one (see above). */
static bool takes_one_more(const struct consumer *consumer)
{
    return consumer->window == 1 && consumer->found.shape.type != SHAPE_CLASSIC;
}

/* A complete message goes up, unless no more are wanted. One that was on its way while others were given back
   is given back, too: else it would come before them. */
static void pass_on(struct consumer *consumer, struct broker_message *message)
{
    consumer->unacked++;
    if (consumer->stopped && !takes_one_more(consumer)) {
        broker_message_free(message);
        return;
    }
    if (consumer->returning && !message->redelivered) {
        (void)consumer_give_back(consumer, message->tag);
        broker_message_free(message);
        return;
    }
    consumer->returning = false;
    look_into(consumer, message);
    look_at_probation(consumer);
    consumer->handlers.came(consumer->handlers.context, message);
}

static bool take_in(struct consumer *consumer, const amqp_frame_t *frame, struct error *error)
{
    CLEANUP(broker_message_freep) struct broker_message *message = NULL;

    if (assembly_wants(frame)) {
        if (!has_room(consumer, frame, error) ||
            assembly_feed(&consumer->assembly, frame, &message, error) == ASSEMBLY_BROKEN)
            return false;
        if (message)
            pass_on(consumer, TAKE(message));
        return true;
    }
    if (frame->frame_type == AMQP_FRAME_METHOD && frame->payload.method.id == AMQP_BASIC_CANCEL_METHOD)
        return error_set(error, "the broker cancelled the consumer: the queue was deleted or has moved");
    return true; /* an answer to what we have asked for ourselves */
}

/* Resumed meanwhile: then a new connection is made at once, since this one was given up by intent. */
static void leave(struct consumer *consumer)
{
    if (!consumer->told) {
        consumer->told = true;
        consumer->handlers.lost(consumer->handlers.context);
    }
    if (instant_now() < consumer->leaving && !farewell_is_answered(consumer->link)) {
        loop_timer_set(&consumer->timer, link_has_more(consumer->link) ? instant_now() : consumer->leaving);
        return;
    }
    drop_link(consumer);
    if (!consumer->paused && !consumer->stopped)
        loop_timer_set(&consumer->timer, instant_now());
}

/* A handler may have found the connection broken, by an ack that could not be sent: then the timer is due. */
static void pump(struct consumer *consumer)
{
    enum link_read result = LINK_FRAME;
    struct error error;
    amqp_frame_t frame;

    if (consumer->leaving != INSTANT_NEVER) {
        leave(consumer);
        return;
    }
    look_for_gap(consumer);
    look_at_probation(consumer);
    for (int i = 0; i < FRAMES_AT_A_TIME && result == LINK_FRAME && !consumer->broken; i++) {
        result = link_read(consumer->link, &frame, &error);
        if (result == LINK_FRAME)
            consumer->heard_at = instant_now();
        if (result == LINK_FRAME && !take_in(consumer, &frame, &error))
            result = LINK_BROKEN;
    }
    switch (result) {
    case LINK_BROKEN:
        lose(consumer, &error);
        break;
    case LINK_FRAME: /* let others have their turn */
        loop_timer_set(&consumer->timer, instant_now());
        break;
    case LINK_NOTHING:
        loop_timer_set(&consumer->timer,
                       instant_min(instant_now() + consumer->link->pulse,
                                   consumer->probation.on && consumer->unacked == 1 ? consumer->probation.end
                                                                                    : INSTANT_NEVER));
        break;
    }
}

static void timer_due(void *context)
{
    struct consumer *consumer = context;
    struct error error;

    if (consumer->broken) {
        (void)error_set(&error, "%s", consumer->broken);
        lose(consumer, &error);
    } else if (consumer->link) {
        pump(consumer);
    } else if (!start_attempt(consumer, &error)) {
        retry_later(consumer, &error);
    }
}

/* ---- from above ---- */

static bool is_well(const struct consumer *consumer)
{
    return consumer->link && !consumer->broken && consumer->leaving == INSTANT_NEVER;
}

struct consumer *consumer_new(struct broker_settings *settings, struct loop *loop,
                              const struct consumer_handlers *handlers, struct error *error)
{
    CLEANUP(consumer_freep) struct consumer *consumer = NEW(struct consumer);

    consumer->settings = broker_settings_share(settings);
    consumer->loop = loop;
    consumer->handlers = *handlers;
    consumer->assembly.largest = settings->largest_dead_letter;
    consumer->probation = probation_start();
    consumer->leaving = INSTANT_NEVER;
    consumer->gap_at = INSTANT_PAST;
    loop_timer_init(&consumer->timer, loop, timer_due, consumer);
    return start_attempt(consumer, error) ? TAKE(consumer) : NULL;
}

void consumer_free(struct consumer *consumer)
{
    if (!consumer)
        return;
    loop_watch_stop(&consumer->bell);
    helper_stop(consumer->helper);
    if (is_well(consumer)) {
        farewell_send(consumer->link, takes_back_in_order(consumer));
        farewell_await(consumer->link, FAREWELL);
    }
    drop_link(consumer);
    broker_settings_free(consumer->settings);
    free(consumer);
}

/*
 * Older than what was passed on is nothing that was left with the broker: `stopped` is for ever, and where
 * the window is one there are no two to be acknowledged together.
 *
 * The library may block in a write when the socket takes no more, until the connection is given up for dead.
 * A few kilobytes of acks are far from that, and a broker reads on from connections that do not publish.
 */
bool consumer_ack(struct consumer *consumer, uint64_t tag, unsigned count)
{
    if (!is_well(consumer))
        return false;
    consumer->unacked -= count;
    consumer->acked_at = instant_now();
    return was_sent(consumer, amqp_basic_ack(consumer->link->amqp, LINK_CHANNEL, tag, count > 1));
}

bool consumer_give_back(struct consumer *consumer, uint64_t tag)
{
    if (!is_well(consumer))
        return false;
    consumer->unacked--;
    return was_sent(consumer, amqp_basic_nack(consumer->link->amqp, LINK_CHANNEL, tag, 0, 1));
}

bool consumer_keeps_ack(const struct consumer *consumer)
{
    return consumer->stopped && takes_one_more(consumer);
}

/* Not by the library's amqp_basic_cancel(), which waits for the answer. */
void consumer_part(struct consumer *consumer)
{
    amqp_basic_cancel_t cancel = {.nowait = 1};

    if (!consumer || !is_well(consumer) || !consumer_keeps_ack(consumer))
        return;
    cancel.consumer_tag = amqp_cstring_bytes(consumer->link->consumer_tag);
    if (amqp_send_method(consumer->link->amqp, LINK_CHANNEL, AMQP_BASIC_CANCEL_METHOD, &cancel) !=
        AMQP_STATUS_OK)
        consumer->broken = "the connection broke while sending";
}

static void stop_connecting(struct consumer *consumer)
{
    loop_timer_stop(&consumer->timer);
    loop_watch_stop(&consumer->bell);
    helper_stop(TAKE(consumer->helper));
}

/* They come again, and the broker's consumer timeout begins anew. */
static void give_back_and_stay(struct consumer *consumer, uint64_t newest)
{
    if (newest == 0 || !is_well(consumer))
        return;
    (void)was_sent(consumer, amqp_basic_nack(consumer->link->amqp, LINK_CHANNEL, newest, 1, 1));
    consumer->unacked = 0;
    consumer->returning = true;
    consumer->handlers.lost(consumer->handlers.context);
}

/* The broker puts what was not acknowledged back to its places. */
void consumer_pause(struct consumer *consumer, uint64_t newest)
{
    if (consumer->paused || consumer->stopped)
        return;
    if (shape_is_never_left(&consumer->found.shape)) {
        give_back_and_stay(consumer, newest);
        return;
    }
    consumer->paused = !shape_goes_with_consumer(&consumer->found.shape);
    if (!consumer->link) {
        if (consumer->paused)
            stop_connecting(consumer);
        return;
    }
    if (is_well(consumer)) {
        farewell_send(consumer->link, takes_back_in_order(consumer));
        consumer->leaving = instant_now() + FAREWELL;
    }
    loop_timer_set(&consumer->timer, instant_now());
}

void consumer_resume(struct consumer *consumer)
{
    if (!consumer->paused)
        return;
    consumer->paused = false;
    if (!consumer->stopped && !consumer->link)
        loop_timer_set(&consumer->timer, instant_now());
}

void consumer_stop(struct consumer *consumer)
{
    if (consumer->stopped)
        return;
    consumer->stopped = true;
    consumer->probation.on = false; /* it would be due for ever, and nothing ends it any more */
    consumer->acked_at = instant_now();
    if (!consumer->link)
        stop_connecting(consumer);
}

bool consumer_awaits_last(const struct consumer *consumer)
{
    return consumer->link && !consumer->broken && consumer->stopped &&
           consumer->found.shape.type != SHAPE_CLASSIC && consumer->unacked < consumer->window &&
           instant_now() < consumer->acked_at + LAST_ONE;
}

instant consumer_ours_since(const struct consumer *consumer)
{
    return is_in_touch(consumer) ? instant_max(consumer->since, consumer->gap_at) : INSTANT_NEVER;
}

bool consumer_was_in_touch(const struct consumer *consumer, instant since)
{
    return is_in_touch(consumer) && since > consumer->gap_at;
}

bool consumer_is_consuming(const struct consumer *consumer)
{
    return is_well(consumer) && !consumer->stopped;
}
