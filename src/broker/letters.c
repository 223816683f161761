/*
 * One connection, on which letters are got one by one (basic.get) and stay unacknowledged until the end, so
 * none is seen twice and their places do not change meanwhile. It also publishes: a broker that is short of
 * memory stops reading from it then, and what was not acknowledged goes back when it is cut.
 */
#include "broker/letters.h"

#include "base/memory.h"
#include "broker/confirm.h"
#include "broker/connect.h"
#include "broker/get.h"
#include "broker/hand_back.h"
#include "broker/letter.h"

#include <poll.h>
#include <stdlib.h>
#include <string.h>

enum {
    CONFIRM_LIMIT = 30 * 1000,
    CLOSE_LIMIT = 10 * 1000,
    RETURN_LIMIT = 2000,
    RETURN_PAUSE = 20,
    MOST_LETTERS = 99999,
    MOST_COUNTED = 2,       /* deliveries of a letter that ended in its return */
    FIRST_WITH_LIMIT = 400, /* version of RabbitMQ */
    POOL_PAGE = 4096,
};

struct letters {
    struct broker_settings *settings;
    struct helper *helper;
    struct connection *connection;
    bool are_there;
    unsigned count, seen, ended; /* ended: acknowledged */
    bool worn; /* the broker has counted so many deliveries of one of them that they have to be renewed */
};

/* ---- opening ---- */

static bool look_up(struct letters *letters, struct error *error)
{
    struct queue_counts found = {0};
    uint16_t code = 0;

    switch (
        connection_look_up(letters->connection, letters->settings->dead_letter_queue, &found, &code, error)) {
    case CONNECTION_DONE:
        letters->are_there = true;
        letters->count = found.messages < MOST_LETTERS ? found.messages : MOST_LETTERS;
        return true;
    case CONNECTION_REFUSED:
        return code == AMQP_NOT_FOUND;
    case CONNECTION_FAILED:
        break;
    }
    return false;
}

/* The first letter is the next one. */
static bool begin(struct letters *letters, struct error *error)
{
    letters->seen = letters->ended = 0;
    connection_free(TAKE(letters->connection));
    letters->connection = connection_open(letters->settings, "dlq", letters->helper, error);
    return letters->connection && look_up(letters, error) && confirm_select(letters->connection, error);
}

struct letters *letters_open(const struct broker_config *config, struct error *error)
{
    CLEANUP(letters_freep) struct letters *letters = NEW(struct letters);

    letters->settings = broker_settings_new(config, error);
    if (!letters->settings)
        return NULL;
    letters->helper = helper_of_caller(error);
    if (!letters->helper)
        return NULL;
    if (!begin(letters, error))
        return NULL;
    return TAKE(letters);
}

void letters_free(struct letters *letters)
{
    if (!letters)
        return;
    connection_free(letters->connection);
    helper_stop(letters->helper);
    broker_settings_free(letters->settings);
    free(letters);
}

const char *letters_queue(const struct letters *letters)
{
    return letters->settings->dead_letter_queue;
}

bool letters_are_there(const struct letters *letters)
{
    return letters->are_there;
}

/* ---- getting ---- */

enum letters_next letters_next(struct letters *letters, struct letter **ret_letter, struct error *error)
{
    struct broker_message *message = NULL;

    if (letters->seen == letters->count)
        return LETTERS_END;
    switch (get_one(letters->connection, letters->settings->dead_letter_queue,
                    letters->settings->largest_dead_letter, &message, error)) {
    case GET_FAILED:
        return LETTERS_FAILED;
    case GET_EMPTY:
        return LETTERS_END;
    case GET_ONE:
        break;
    }
    letters->worn |= message->redelivered && message_delivery_count(message) >= MOST_COUNTED;
    *ret_letter = letter_new(message, ++letters->seen);
    return LETTERS_ONE;
}

/* ---- ending ---- */

bool letters_drop(struct letters *letters, uint64_t tag, struct error *error)
{
    letters->ended++;
    return get_acknowledge(letters->connection, tag, error);
}

static bool publish(struct letters *letters, const struct letter *letter, enum letter_purpose purpose,
                    struct error *error)
{
    const char *queue =
        purpose == LETTER_RENEWED ? letters->settings->dead_letter_queue : letters->settings->queue;
    amqp_basic_properties_t properties;
    amqp_pool_t pool;
    bool sent = false;

    init_amqp_pool(&pool, POOL_PAGE);
    if (letter_properties(letter->message, purpose, &pool, &properties, error)) {
        sent = amqp_basic_publish(letters->connection->amqp, CONNECTION_CHANNEL, amqp_empty_bytes,
                                  amqp_cstring_bytes(queue), 1, 0, &properties,
                                  connection_bytes(letter->body, letter->size)) == AMQP_STATUS_OK;
        if (!sent)
            (void)error_set(error, "publishing broke off");
    }
    empty_amqp_pool(&pool);
    return sent;
}

static bool move(struct letters *letters, const struct letter *letter, enum letter_purpose purpose,
                 struct error *error)
{
    struct confirm before = {0}, confirm = {0};

    return confirm_read(&before, letters->connection, error) && publish(letters, letter, purpose, error) &&
           confirm_await(&confirm, letters->connection, instant_now() + CONFIRM_LIMIT, error) &&
           letters_drop(letters, letter->tag, error);
}

const char *letters_objection(const struct letters *letters, const struct letter *letter)
{
    if (letter->stub)
        return "its body is lost, it was too large to be kept: send the message anew from its source";
    if (!letter->body)
        return "it is larger than RABBITMQ_MAX_DEAD_LETTER_SIZE";
    if (!letter->queue)
        return "it does not say from which queue it came (x-original-queue)";
    if (strcmp(letter->queue, letters->settings->queue) != 0)
        return "it came from another queue than RABBITMQ_MATRIX_QUEUE_EXTERNAL names";
    return NULL;
}

bool letters_retry(struct letters *letters, const struct letter *letter, struct error *error)
{
    return move(letters, letter, LETTER_RETRIED, error) ||
           error_within(error, "queue %s", letters->settings->queue);
}

bool letters_await(struct letters *letters, int fd, struct error *error)
{
    struct confirm none = {0};
    struct pollfd fds[] = {{.fd = fd, .events = POLLIN},
                           {.fd = connection_socket(letters->connection), .events = POLLIN}};

    while (!fds[0].revents) {
        if (!confirm_read(&none, letters->connection, error))
            return false;
        (void)poll(fds, 2, (int)letters->connection->pulse);
    }
    return true;
}

/* ---- closing ---- */

/*
 * A quorum queue has what was given back only a moment after the channel was closed (measured,
 * RabbitMQ 3.10); who looked before would miss letters, or find them in another order. Somebody else may have
 * taken some.
 */
static bool await_return(struct letters *letters, struct error *error)
{
    instant until = instant_now() + RETURN_LIMIT;
    struct queue_counts counts = {0};
    uint16_t code;

    if (connection_open_channel(letters->connection, error) != CONNECTION_DONE)
        return false;
    while (instant_now() < until) {
        if (connection_look_up(letters->connection, letters->settings->dead_letter_queue, &counts, &code,
                               error) != CONNECTION_DONE)
            return false;
        if (counts.messages >= letters->count - letters->ended)
            return true;
        if (!connection_idle(letters->connection, RETURN_PAUSE, error))
            return false;
    }
    return true;
}

/* The first look-up is answered after what was sent before it was taken in. */
static bool give_back(struct letters *letters, struct error *error)
{
    struct connection *connection = letters->connection;
    struct queue_counts counts;
    uint16_t code;

    if (connection_look_up(connection, letters->settings->dead_letter_queue, &counts, &code, error) !=
        CONNECTION_DONE)
        return false;
    hand_back_send(connection, connection_broker_version(connection) >= FIRST_WITH_LIMIT);
    hand_back_await(connection, CLOSE_LIMIT);
    return await_return(letters, error);
}

/* All of them, so that they keep their order. */
static bool renew(struct letters *letters, struct error *error)
{
    enum letters_next next;

    if (!begin(letters, error))
        return false;
    for (;;) {
        CLEANUP(letter_freep) struct letter *letter = NULL;

        next = letters_next(letters, &letter, error);
        if (next != LETTERS_ONE)
            break;
        if (letter->body && !move(letters, letter, LETTER_RENEWED, error))
            return false;
    }
    return next == LETTERS_END && give_back(letters, error);
}

bool letters_close(struct letters *letters, struct error *error)
{
    bool worn = letters->worn;

    if (!letters->are_there)
        return true;
    if (!give_back(letters, error))
        return false;
    return !worn || renew(letters, error) ||
           error_within(error, "the letters could not be renewed, and looking at them often may lose them");
}
