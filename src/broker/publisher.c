/*
 * Dead letters: published persistent and mandatory to the default exchange, each confirmed by the broker
 * before the next one is sent.
 *
 * Why a connection of its own: under a memory or disk alarm the broker stops reading from a connection that
 * has published, and acks of the consumer would be stuck with the letters. Why a thread of its own: for the
 * same reason publishing may block for hours, and the library has no other way to send. The thread owns the
 * connection; the loop and it share nothing but two lists under a lock.
 *
 *     loop --> inbox --> (one letter under way, the thread's) --> outbox --> loop
 *
 * One at a time is quick enough for what should be rare, and makes it certain what a confirm is for: every
 * confirm that comes is for the letter under way. The connection is made when needed and closed when idle.
 *
 * A letter returned as unroutable (its basic.return comes before its ack) was not kept by anyone: the queue
 * is declared again and the letter sent again. When a connection breaks before the confirm, the letter is
 * sent again too, and may then be in the queue twice; never is it lost. One that is larger than the broker
 * takes is refused whenever it is sent: it shrinks to a stub.
 */
#include "broker/publisher.h"

#include "base/backoff.h"
#include "base/log.h"
#include "base/memory.h"
#include "broker/confirm.h"
#include "broker/connect.h"
#include "broker/helper.h"

#include <poll.h>
#include <pthread.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <utlist.h>

enum { FIRST_PAUSE = 500, LONGEST_PAUSE = 4000, IDLE = 60000, POOL_PAGE = 4096 };

/* What loop and thread share. */
struct mailbox {
    struct broker_settings *settings;
    pthread_mutex_t lock; /* of the lists */
    struct dead_letter *inbox, *outbox;
};

struct publisher {
    struct mailbox *mailbox;
    struct helper *helper;
    struct loop_watch wakeup;
    void (*published)(void *context, struct dead_letter *letter);
    void *context;
};

/* ---- the lists ---- */

static void free_list(struct dead_letter *list)
{
    struct dead_letter *letter, *next;

    DL_FOREACH_SAFE2 (list, letter, next, next)
        dead_letter_free(letter);
}

static void mailbox_release(void *context)
{
    struct mailbox *mailbox = context;

    free_list(mailbox->inbox);
    free_list(mailbox->outbox);
    broker_settings_free(mailbox->settings);
    (void)pthread_mutex_destroy(&mailbox->lock);
    free(mailbox);
}

static struct dead_letter *take_letter(struct mailbox *mailbox)
{
    struct dead_letter *letter;

    (void)pthread_mutex_lock(&mailbox->lock);
    letter = mailbox->inbox;
    if (letter)
        DL_DELETE2(mailbox->inbox, letter, previous, next);
    (void)pthread_mutex_unlock(&mailbox->lock);
    return letter;
}

static void append(struct mailbox *mailbox, struct dead_letter **list, struct dead_letter *letter)
{
    (void)pthread_mutex_lock(&mailbox->lock);
    DL_APPEND2(*list, letter, previous, next);
    (void)pthread_mutex_unlock(&mailbox->lock);
}

/* ---- the thread ---- */

struct worker {
    struct helper *helper;
    struct mailbox *mailbox;
    struct connection *connection; /* in confirm mode; NULL: not connected */
    struct backoff backoff;
};

static void close_connection(struct worker *worker)
{
    connection_free(TAKE(worker->connection));
}

static bool open_connection(struct worker *worker, struct error *error)
{
    const struct broker_settings *settings = worker->mailbox->settings;
    CLEANUP(connection_freep)
    struct connection *connection = connection_open(settings, "dead letters", worker->helper, error);

    if (!connection ||
        !connection_require_queue(connection, settings->dead_letter_queue, amqp_empty_table, error) ||
        !confirm_select(connection, error))
        return false;
    worker->connection = TAKE(connection);
    return true;
}

static bool send_letter(struct worker *worker, const struct dead_letter *letter, struct error *error)
{
    amqp_connection_state_t amqp = worker->connection->amqp;
    amqp_basic_properties_t properties;
    bool stripped = false;
    amqp_pool_t pool;
    int status = AMQP_STATUS_INVALID_PARAMETER;

    init_amqp_pool(&pool, POOL_PAGE);
    if (dead_letter_properties(letter, (size_t)amqp_get_frame_max(amqp), &pool, &properties, &stripped,
                               error)) {
        status = amqp_basic_publish(amqp, CONNECTION_CHANNEL, amqp_empty_bytes,
                                    amqp_cstring_bytes(worker->mailbox->settings->dead_letter_queue), 1, 0,
                                    &properties, dead_letter_body(letter));
        if (status != AMQP_STATUS_OK)
            (void)error_set(error, "publishing broke off: %s", connection_reason(status));
    }
    empty_amqp_pool(&pool);
    if (stripped)
        log_warning("dead-letter-headers-dropped", LOG_TEXT("because", "they leave no room for ours"));
    return status == AMQP_STATUS_OK;
}

static void wait_for_frames(struct worker *worker, instant until)
{
    helper_wait(worker->helper, connection_socket(worker->connection), POLLIN,
                instant_min(until, instant_now() + worker->connection->pulse));
}

/* Frames are read first: after a long idle time the connection may have been closed, and a write would
   hang. */
static bool publish(struct worker *worker, const struct dead_letter *letter, struct error *error)
{
    struct confirm before = {0}, confirm = {0};

    if (!worker->connection && !open_connection(worker, error))
        return false;
    /* No limit: a broker under an alarm confirms late, and a dead connection shows by its heartbeats. */
    return confirm_read(&before, worker->connection, error) && send_letter(worker, letter, error) &&
           confirm_await(&confirm, worker->connection, INSTANT_NEVER, error);
}

static void pause_publishing(struct worker *worker, const struct error *error)
{
    int64_t pause = backoff_next(&worker->backoff, FIRST_PAUSE, LONGEST_PAUSE);
    instant until = instant_now() + pause;

    log_warning("dead-letter-waits", LOG_TEXT("reason", error->text), LOG_NUMBER("retry_ms", pause));
    while (!helper_is_stopping(worker->helper) && instant_now() < until)
        helper_wait(worker->helper, -1, 0, until);
}

/* Whether it was the size, and another try is worth while at once. */
static bool can_shrink(const struct worker *worker, struct dead_letter *letter)
{
    if (!worker->connection || !worker->connection->refused_message || !dead_letter_make_stub(letter))
        return false;
    log_warning("dead-letter-shortened", LOG_TEXT("because", "its body is larger than the broker takes"),
                LOG_NUMBER("size", letter->message->size));
    return true;
}

/* After whatever failure a new connection is made; that also finds or declares the queue anew. */
static bool publish_at_last(struct worker *worker, struct dead_letter *letter)
{
    struct error error;
    bool shrunk;

    while (!helper_is_stopping(worker->helper)) {
        if (publish(worker, letter, &error)) {
            backoff_reset(&worker->backoff);
            return true;
        }
        shrunk = can_shrink(worker, letter);
        close_connection(worker);
        if (!shrunk && !helper_is_stopping(worker->helper))
            pause_publishing(worker, &error);
    }
    return false;
}

/* Until there is a letter or the thread is to stop; keeps the connection alive for a while. */
static struct dead_letter *await_letter(struct worker *worker)
{
    instant idle = instant_now() + IDLE;
    struct confirm none = {0};
    struct error error;

    while (!helper_is_stopping(worker->helper)) {
        struct dead_letter *letter = take_letter(worker->mailbox);

        if (letter)
            return letter;
        if (worker->connection && (instant_now() >= idle || !confirm_read(&none, worker->connection, &error)))
            close_connection(worker);
        if (worker->connection)
            wait_for_frames(worker, idle);
        else
            helper_wait(worker->helper, -1, 0, INSTANT_NEVER);
    }
    return NULL;
}

static void thread_run(struct helper *helper, void *context)
{
    struct worker worker = {.helper = helper, .mailbox = context};
    struct dead_letter *letter;

    while ((letter = await_letter(&worker)) != NULL) {
        if (!publish_at_last(&worker, letter)) {
            dead_letter_free(letter);
            break;
        }
        append(worker.mailbox, &worker.mailbox->outbox, letter);
        helper_ring(helper);
    }
    close_connection(&worker);
}

/* ---- the loop ---- */

static void woken(void *context, uint32_t events)
{
    struct publisher *publisher = context;
    struct dead_letter *letters, *letter, *next;

    (void)events;
    helper_silence(publisher->helper);
    (void)pthread_mutex_lock(&publisher->mailbox->lock);
    letters = TAKE(publisher->mailbox->outbox);
    (void)pthread_mutex_unlock(&publisher->mailbox->lock);
    DL_FOREACH_SAFE2 (letters, letter, next, next)
        publisher->published(publisher->context, letter);
}

/* Threads and descriptors are lacking as memory is: by no mistake of the settings, and the next process may
   get them. */
static void must_have(bool has, const struct error *error)
{
    if (!has)
        log_error("publisher-missing", LOG_TEXT("reason", error->text));
    memory_must(has);
}

struct publisher *publisher_new(struct broker_settings *settings, struct loop *loop,
                                void (*published)(void *context, struct dead_letter *letter), void *context)
{
    struct publisher *publisher = NEW(struct publisher);
    struct mailbox *mailbox = NEW(struct mailbox);
    struct error error;

    (void)pthread_mutex_init(&mailbox->lock, NULL);
    mailbox->settings = broker_settings_share(settings);
    publisher->published = published;
    publisher->context = context;
    publisher->mailbox = mailbox;
    publisher->helper = helper_start(thread_run, mailbox, mailbox_release, &error);
    must_have(publisher->helper, &error);
    loop_watch_init(&publisher->wakeup, loop, woken, publisher);
    must_have(loop_watch_start(&publisher->wakeup, helper_wakeup(publisher->helper), EPOLLIN, &error),
              &error);
    return publisher;
}

void publisher_free(struct publisher *publisher)
{
    if (!publisher)
        return;
    loop_watch_stop(&publisher->wakeup);
    helper_stop(publisher->helper);
    free(publisher);
}

void publisher_send(struct publisher *publisher, struct dead_letter *letter)
{
    append(publisher->mailbox, &publisher->mailbox->inbox, letter);
    helper_call(publisher->helper);
}

void publisher_forget(struct publisher *publisher, struct dead_letter *letter)
{
    struct dead_letter *queued;

    letter->delivery = NULL;
    (void)pthread_mutex_lock(&publisher->mailbox->lock);
    DL_FOREACH2 (publisher->mailbox->inbox, queued, next)
        if (queued == letter)
            break;
    if (queued)
        DL_DELETE2(publisher->mailbox->inbox, queued, previous, next);
    (void)pthread_mutex_unlock(&publisher->mailbox->lock);
    dead_letter_free(queued);
}
