/*
 * The life of the consuming connection, seen from the loop:
 *
 *     CONNECTING --> CONSUMING --> BROKEN --> CONNECTING, after a pause that grows
 *                         `--> HANDING_BACK --> PARTING --> CONNECTING, once messages are wanted again
 *
 * A helper thread connects, and stands by where needed. Here nothing waits: frames are read until there are
 * none, since the library may have read further than the frame it gave. A timer calls in at every third of
 * the heartbeat interval: only within the library's calls are heartbeats sent, and missed ones noticed.
 */
#include "broker/consumer.h"

#include "base/backoff.h"
#include "base/log.h"
#include "base/memory.h"
#include "broker/assembly.h"
#include "broker/attempt.h"
#include "broker/hand_back.h"
#include "broker/judge.h"
#include "broker/successor.h"
#include "broker/window.h"

#include <stdlib.h>
#include <sys/epoll.h>

enum {
    FIRST_PAUSE = 500,    /* ms before a lost connection is made again */
    LONGEST_PAUSE = 4000, /* ms: so long may it take until a broker that is back is noticed */
    LASTING = 30000,      /* ms after which a connection was a good one */
    FRAMES_AT_A_TIME = 256,
    HAND_BACK = 2000, /* ms for the broker to take note of what was given back */
};

enum consumer_state {
    CONNECTING, /* an attempt is under way, or will be when the timer is due, or none is wanted */
    CONSUMING,
    BROKEN,       /* torn down when the timer is due, never underneath a caller who acknowledges */
    HANDING_BACK, /* all messages were given back; those above are still to be told */
    PARTING,      /* they were: the connection is cut once the broker has taken note */
};

struct consumer {
    struct broker_settings *settings;
    struct loop *loop;
    struct consumer_handlers handlers;
    enum consumer_state state;
    bool paused;                   /* no messages are wanted for now; with window.closing, never more */
    struct attempt *attempt;       /* under way; else NULL */
    struct connection *connection; /* NULL while connecting */
    struct loop_watch socket;
    struct loop_timer timer; /* connected: to call in; else: to connect */
    struct assembly assembly;
    struct backoff backoff;
    struct error broken; /* why it is */
    struct lease lease;
    instant part_by; /* when the broker will not be waited for any more */
    bool returning;  /* messages were given back by a consumer that stays, and have not come again yet */
    struct judge judge;
    struct takeover_found found; /* as it was when a connection was made last */
    struct window window;
};

static void pump(void *context);

static bool wants_messages(const struct consumer *consumer)
{
    return !consumer->paused && !consumer->window.closing;
}

/* ---- losing ---- */

static void retry_later(struct consumer *consumer, const struct error *error)
{
    int64_t before_it_expires = queue_kind_expiry(&consumer->found.kind) / 2;
    int64_t longest = instant_max(FIRST_PAUSE, instant_min(LONGEST_PAUSE, before_it_expires));
    int64_t pause = backoff_next(&consumer->backoff, FIRST_PAUSE, longest);

    consumer->lease.lost = *error;
    log_warning("connection-lost", LOG_TEXT("reason", error->text), LOG_NUMBER("retry_ms", pause));
    loop_timer_set(&consumer->timer, instant_now() + pause);
}

/* While nobody watches it the queue may be made anew, as one of another kind. */
static void drop_connection(struct consumer *consumer)
{
    loop_watch_stop(&consumer->socket);
    loop_timer_stop(&consumer->timer);
    consumer->state = CONNECTING;
    consumer->returning = false;
    consumer->window.unacked = 0;
    consumer->found.knows_kind = false;
    assembly_clear(&consumer->assembly);
    judge_forget(&consumer->judge);
    lease_end(&consumer->lease);
    connection_free(TAKE(consumer->connection));
}

/* Only a connection that lasted makes the next pause a short one: a message that breaks each connection would
   come again at once. */
static void lose(struct consumer *consumer, const struct error *error)
{
    lease_look(&consumer->lease);
    if (instant_now() - consumer->lease.since > LASTING)
        backoff_reset(&consumer->backoff);
    drop_connection(consumer);
    if (wants_messages(consumer))
        retry_later(consumer, error);
    consumer->handlers.lost(consumer->handlers.context);
}

/* ---- consuming ---- */

static void socket_ready(void *context, uint32_t events)
{
    struct consumer *consumer = context;

    (void)events; /* errors and a hang-up come to light in the reading, heartbeats do not */
    lease_look(&consumer->lease);
    lease_renew(&consumer->lease);
    pump(consumer);
}

static bool take_over_connection(struct consumer *consumer, struct connection *connection,
                                 struct error *error)
{
    loop_watch_init(&consumer->socket, consumer->loop, socket_ready, consumer);
    if (!loop_watch_start(&consumer->socket, connection_socket(connection), EPOLLIN, error))
        return false;
    consumer->state = CONSUMING;
    consumer->connection = connection;
    lease_begin(&consumer->lease, amqp_get_heartbeat(connection->amqp), consumer->found.stood_by);
    return true;
}

static void attempt_ended(void *context)
{
    struct consumer *consumer = context;
    struct error error;
    CLEANUP(connection_freep)
    struct connection *connection = attempt_take(consumer->attempt, &consumer->found, &error);

    attempt_free(TAKE(consumer->attempt));
    if (!connection || !take_over_connection(consumer, connection, &error)) {
        consumer->found.knows_kind = false;
        retry_later(consumer, &error);
        return;
    }
    connection = NULL;
    window_open(&consumer->window, consumer->found.kind.type, consumer->found.prefetch);
    consumer->judge.probation.on = consumer->judge.probation.on && consumer->window.size == 1;
    judge_of_queue(&consumer->judge, &consumer->found.kind, connection_broker_version(consumer->connection));
    log_info("connected", LOG_TEXT("queue", consumer->settings->queue),
             LOG_NUMBER("messages", consumer->found.messages));
    pump(consumer); /* deliveries came along with the answers to the helper's calls */
}

/* Before memory is taken for a body. What is too large to be worked on need not keep its place. */
static bool has_room(struct consumer *consumer, const amqp_frame_t *frame, struct error *error)
{
    uint64_t size = frame->payload.properties.body_size;

    if (frame->frame_type != AMQP_FRAME_HEADER ||
        consumer->handlers.has_room(consumer->handlers.context, size))
        return true;
    if (queue_kind_is_never_left(&consumer->found.kind)) {
        consumer->assembly.skips = size > consumer->settings->largest_body;
        return true;
    }
    consumer->judge.probation = probation_for_size();
    return error_set(error, "too many large messages at a time: for now one message at a time");
}

/* After every sending, by which the library may have read frames: the socket does not tell of them. */
static bool was_sent(struct consumer *consumer, bool sent)
{
    if (!sent) {
        consumer->state = BROKEN;
        (void)error_set(&consumer->broken, "the connection broke while sending");
    }
    if (!sent || connection_has_more(consumer->connection))
        loop_timer_set(&consumer->timer, instant_now());
    return sent;
}

/* Whoever stands by at a quorum queue finds a consumer at any time; a classic one would not serve the
   second. */
static void end_probation(struct consumer *consumer)
{
    struct connection *connection = consumer->connection;
    uint16_t prefetch = consumer->settings->prefetch;
    bool overlap = consumer->found.kind.type == QUEUE_QUORUM && !connection->exclusive;

    consumer->judge.probation.on = false;
    if (prefetch == 1)
        return;
    consumer->window.size = prefetch;
    (void)was_sent(consumer,
                   successor_send(connection, consumer->settings->queue, (uint16_t)(prefetch - 1), overlap));
}

/* With the one message that it may have, the first consumer has no other on its way. */
static void look_at_probation(struct consumer *consumer)
{
    if (consumer->state == CONSUMING && !consumer->window.closing && consumer->window.unacked == 1 &&
        probation_is_served(&consumer->judge.probation, instant_now()))
        end_probation(consumer);
}

static void judged(void *context, struct broker_message *message)
{
    struct consumer *consumer = context;

    if (consumer->state != CONSUMING || !window_takes(&consumer->window)) {
        broker_message_free(message);
        return;
    }
    loop_timer_set(&consumer->timer, instant_now()); /* probation may have an end now */
    look_at_probation(consumer);
    consumer->handlers.came(consumer->handlers.context, message);
}

/* A complete message goes up, unless no more are wanted. One that was on its way while others were given back
   is given back, too: else it would come before them. */
static void pass_on(struct consumer *consumer, struct broker_message *message)
{
    consumer->window.unacked++;
    if (!window_takes(&consumer->window)) {
        broker_message_free(message);
        return;
    }
    if (consumer->returning && !message->redelivered) {
        (void)consumer_give_back(consumer, message->tag);
        broker_message_free(message);
        return;
    }
    consumer->returning = false;
    judge_message(&consumer->judge, message);
}

static bool take_in(struct consumer *consumer, const amqp_frame_t *frame, struct error *error)
{
    CLEANUP(broker_message_freep) struct broker_message *message = NULL;

    if (assembly_wants(frame)) {
        if (!has_room(consumer, frame, error) ||
            assembly_feed(&consumer->assembly, frame, &message, error) == ASSEMBLY_BROKEN)
            return false;
        if (message && judge_is_waited_for(&consumer->judge))
            return error_set(error, "the broker sent more messages than were asked for");
        if (message)
            pass_on(consumer, TAKE(message));
        return true;
    }
    if (frame->frame_type == AMQP_FRAME_METHOD && frame->payload.method.id == AMQP_BASIC_CANCEL_METHOD)
        return error_set(error, "the broker cancelled the consumer: the queue was deleted or has moved");
    return true; /* an answer to what we have asked for ourselves */
}

/* Resumed meanwhile: then a new connection is made at once, since this one was given up by intent. */
static void part(struct consumer *consumer)
{
    if (instant_now() < consumer->part_by && !hand_back_is_answered(consumer->connection)) {
        loop_timer_set(&consumer->timer,
                       connection_has_more(consumer->connection) ? instant_now() : consumer->part_by);
        return;
    }
    drop_connection(consumer);
    if (wants_messages(consumer))
        loop_timer_set(&consumer->timer, instant_now());
}

static void hand_back(struct consumer *consumer)
{
    consumer->state = PARTING;
    consumer->handlers.lost(consumer->handlers.context);
    part(consumer);
}

/* Until something is to be waited for. A handler may have found the connection broken, by an ack that could
   not be sent: then the timer is due. */
static void consume(struct consumer *consumer)
{
    enum connection_read result = CONNECTION_FRAME;
    struct error error;
    amqp_frame_t frame;

    lease_look(&consumer->lease);
    look_at_probation(consumer);
    for (int i = 0; i < FRAMES_AT_A_TIME && result == CONNECTION_FRAME && consumer->state == CONSUMING; i++) {
        result = connection_read(consumer->connection, &frame, &error);
        if (result == CONNECTION_FRAME)
            lease_renew(&consumer->lease);
        if (result == CONNECTION_FRAME && !take_in(consumer, &frame, &error))
            result = CONNECTION_BROKEN;
    }
    switch (result) {
    case CONNECTION_BROKEN:
        lose(consumer, &error);
        break;
    case CONNECTION_FRAME: /* let others have their turn */
        loop_timer_set(&consumer->timer, instant_now());
        break;
    case CONNECTION_NOTHING:
        loop_timer_set(&consumer->timer,
                       instant_min(instant_now() + consumer->connection->pulse,
                                   consumer->judge.probation.on && consumer->window.unacked == 1
                                       ? consumer->judge.probation.end
                                       : INSTANT_NEVER));
        break;
    }
}

static void make_attempt(struct consumer *consumer)
{
    const struct attempt_plan plan = {.settings = consumer->settings,
                                      .wary = consumer->judge.probation.on,
                                      .found = consumer->found,
                                      .ended = attempt_ended,
                                      .context = consumer};
    struct error error;

    consumer->attempt = attempt_start(&plan, consumer->loop, &error);
    if (!consumer->attempt)
        retry_later(consumer, &error);
}

static void break_down(struct consumer *consumer)
{
    lose(consumer, &consumer->broken);
}

/* What its state asks for. */
static void pump(void *context)
{
    struct consumer *consumer = context;
    static void (*const steps[])(struct consumer * consumer) = {
        [CONNECTING] = make_attempt, [CONSUMING] = consume, [BROKEN] = break_down,
        [HANDING_BACK] = hand_back,  [PARTING] = part,
    };

    steps[consumer->state](consumer);
}

/* ---- from above ---- */

struct consumer *consumer_new(struct broker_settings *settings, struct loop *loop,
                              const struct consumer_handlers *handlers)
{
    struct consumer *consumer = NEW(struct consumer);

    consumer->settings = broker_settings_share(settings);
    consumer->loop = loop;
    consumer->handlers = *handlers;
    consumer->assembly.largest = settings->largest_dead_letter;
    judge_init(&consumer->judge, settings, loop, judged, consumer);
    consumer->lease = lease_none();
    loop_timer_init(&consumer->timer, loop, pump, consumer);
    make_attempt(consumer);
    return consumer;
}

void consumer_free(struct consumer *consumer)
{
    if (!consumer)
        return;
    attempt_free(consumer->attempt);
    if (consumer->state == CONSUMING) {
        hand_back_send(consumer->connection,
                       queue_kind_takes_back_in_order(&consumer->found.kind, consumer->judge.delivery_limit));
        hand_back_await(consumer->connection, HAND_BACK);
    }
    drop_connection(consumer);
    judge_deinit(&consumer->judge);
    broker_settings_free(consumer->settings);
    free(consumer);
}

/*
 * Older than what was passed on is nothing that was left with the broker: a window closes for ever, and where
 * it is one there are no two to be acknowledged together.
 *
 * The library may block in a write when the socket takes no more, until the connection is given up for dead.
 * A few kilobytes of acks are far from that, and a broker reads on from connections that do not publish.
 */
bool consumer_ack(struct consumer *consumer, uint64_t tag, unsigned count)
{
    if (consumer->state != CONSUMING)
        return false;
    window_acked(&consumer->window, count);
    judge_acked(&consumer->judge, tag, count > 1);
    return was_sent(consumer, amqp_basic_ack(consumer->connection->amqp, CONNECTION_CHANNEL, tag,
                                             count > 1) == AMQP_STATUS_OK);
}

static bool give_back(struct consumer *consumer, uint64_t tag, bool all_before)
{
    return was_sent(consumer, amqp_basic_nack(consumer->connection->amqp, CONNECTION_CHANNEL, tag, all_before,
                                              1) == AMQP_STATUS_OK);
}

bool consumer_give_back(struct consumer *consumer, uint64_t tag)
{
    if (consumer->state != CONSUMING)
        return false;
    consumer->window.unacked--;
    return give_back(consumer, tag, false);
}

bool consumer_keeps_ack(const struct consumer *consumer)
{
    return window_keeps_ack(&consumer->window);
}

/* Not by the library's amqp_basic_cancel(), which waits for the answer. */
void consumer_part(struct consumer *consumer)
{
    amqp_basic_cancel_t cancel = {.nowait = 1};

    if (!consumer || consumer->state != CONSUMING || !consumer_keeps_ack(consumer))
        return;
    cancel.consumer_tag = amqp_cstring_bytes(consumer->connection->consumer_tag);
    (void)was_sent(consumer, connection_send(consumer->connection, AMQP_BASIC_CANCEL_METHOD, &cancel));
}

static void stop_connecting(struct consumer *consumer)
{
    loop_timer_stop(&consumer->timer);
    attempt_free(TAKE(consumer->attempt));
}

/* They come again, and the broker's consumer timeout begins anew. */
static void give_back_and_stay(struct consumer *consumer, uint64_t newest)
{
    if (newest == 0 || consumer->state != CONSUMING)
        return;
    (void)give_back(consumer, newest, true);
    consumer->window.unacked = 0;
    consumer->returning = true;
    consumer->handlers.lost(consumer->handlers.context);
}

static void begin_to_hand_back(struct consumer *consumer)
{
    hand_back_send(consumer->connection,
                   queue_kind_takes_back_in_order(&consumer->found.kind, consumer->judge.delivery_limit));
    judge_acquit(&consumer->judge);
    consumer->state = HANDING_BACK;
    consumer->part_by = instant_now() + HAND_BACK;
    loop_timer_set(&consumer->timer, instant_now());
}

void consumer_pause(struct consumer *consumer, uint64_t newest)
{
    if (!wants_messages(consumer))
        return;
    if (queue_kind_is_never_left(&consumer->found.kind)) {
        give_back_and_stay(consumer, newest);
        return;
    }
    consumer->paused = !queue_kind_goes_with_consumer(&consumer->found.kind);
    if (consumer->state == CONNECTING && consumer->paused)
        stop_connecting(consumer);
    else if (consumer->state == CONSUMING)
        begin_to_hand_back(consumer);
}

void consumer_resume(struct consumer *consumer)
{
    if (!consumer->paused)
        return;
    consumer->paused = false;
    if (consumer->state == CONNECTING && wants_messages(consumer))
        loop_timer_set(&consumer->timer, instant_now());
}

void consumer_stop(struct consumer *consumer)
{
    if (consumer->window.closing)
        return;
    window_close(&consumer->window);
    judge_acquit(&consumer->judge);
    consumer->judge.probation.on = false; /* it would be due for ever, and nothing ends it any more */
    if (consumer->state == CONNECTING)
        stop_connecting(consumer);
}

bool consumer_awaits_last(const struct consumer *consumer)
{
    return consumer->state == CONSUMING && window_awaits_last(&consumer->window, instant_now());
}

const struct lease *consumer_lease(const struct consumer *consumer)
{
    return &consumer->lease;
}

bool consumer_is_consuming(const struct consumer *consumer)
{
    return consumer->state == CONSUMING && !consumer->window.closing;
}
