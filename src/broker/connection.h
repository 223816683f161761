#ifndef SYNC_BROKER_CONNECTION_H
#define SYNC_BROKER_CONNECTION_H

#include "base/cleanup.h"
#include "base/error.h"
#include "base/instant.h"
#include "broker/helper.h"
#include "broker/rabbitmq_c.h"
#include "broker/settings.h"
#include "broker/tls.h"

#include <stdbool.h>
#include <stdint.h>

/*
 * One connection to the broker, logged in, with one channel. Made in a helper thread, by functions that block
 * (each bounded in time); used by whoever owns it. After any failure it can only be freed.
 */
struct connection {
    amqp_connection_state_t amqp;
    struct helper *helper;         /* that guards the socket while a thread owns the connection; NULL: none */
    bool exclusive;                /* its consumer was asked for so */
    const char *consumer_tag;      /* the name of its one consumer; NULL: it has none */
    struct tls_check tls;          /* OpenSSL calls back with it as long as the connection lives */
    int64_t pulse;                 /* milliseconds: call in at least this often, for the heartbeats */
    instant told_since;            /* of what is told often: so long, */
    unsigned told;                 /* and so often */
    const struct secrets *secrets; /* what the broker's words must not repeat; of the settings */
    bool refused_message; /* connection_read() found the channel closed since a message was larger than the
                             broker's max_message_size */
};

/* Words of the broker, fit to be shown; the caller frees them. */
char *connection_words(const struct connection *connection, amqp_bytes_t words) MUST_USE;

/* The one channel of each connection. */
enum { CONNECTION_CHANNEL = 1 };
/*
 * Names of the one consumer on it: the first, and that of one that takes its place while messages of the
 * first are still there. With the same name a quorum queue of RabbitMQ 3.10 falls apart (the broker closes
 * the connection with 541), and one of 4.3 goes on counting the first one's messages (both measured).
 */
#define CONSUMER_TAG "synapse-sync"
#define SECOND_CONSUMER_TAG "synapse-sync-2"

/* ---- blocking: for helper threads only ---- */

/* What the broker made of a synchronous call. */
enum connection_answer {
    CONNECTION_DONE,    /* carried out */
    CONNECTION_REFUSED, /* refused with a code; this closed the channel, which is open anew: nothing of it is
                         * left
                         */
    CONNECTION_FAILED   /* the connection is gone or must be given up */
};

struct queue_counts {
    uint32_t messages;  /* waiting */
    uint32_t consumers; /* of anyone; of a queue with a single active consumer only that one is counted */
};

/* Asks for a queue without changing anything (a passive declaration, which takes any arguments for right). A
   missing one is refused with 404. On CONNECTION_REFUSED `ret_code` is set; unless CONNECTION_DONE the error
   is. */
enum connection_answer connection_look_up(struct connection *connection, const char *queue,
                                          struct queue_counts *ret_queue, uint16_t *ret_code,
                                          struct error *error) MUST_USE;
/* Declares a queue that is neither exclusive nor auto-deleted. */
enum connection_answer connection_declare(struct connection *connection, const char *queue, bool durable,
                                          amqp_table_t arguments, struct error *error) MUST_USE;
/* Looks the queue up and, if it is missing, declares it durable, with these arguments. */
bool connection_require_queue(struct connection *connection, const char *queue, amqp_table_t arguments,
                              struct error *error) MUST_USE;
/* The verdict on the call that was made last, for calls that this header does not have. */
enum connection_answer connection_answer(struct connection *connection, uint16_t *ret_code,
                                         struct error *error) MUST_USE;
/* Opens the channel again after it was closed. */
enum connection_answer connection_open_channel(struct connection *connection, struct error *error) MUST_USE;
/* Sits out the time, heartbeats served. Fails when the connection does, or when asked to stop. */
bool connection_idle(struct connection *connection, int64_t milliseconds, struct error *error) MUST_USE;

/* ---- never blocking ---- */

/* Sends a method on the channel without waiting for an answer. False: the connection broke. What is sent may
   make the library read frames, see connection_has_more(). */
bool connection_send(struct connection *connection, amqp_method_number_t method, void *arguments) MUST_USE;

enum connection_read {
    CONNECTION_FRAME,   /* a frame came */
    CONNECTION_NOTHING, /* none is there: wait for the socket to become readable */
    CONNECTION_BROKEN   /* the connection can no longer be used; the error says why */
};

/*
 * The next frame, if there is one. What is allocated for a frame lasts until the next call. Heartbeats are
 * served by it; a close of connection or channel is answered and reported as CONNECTION_BROKEN; word that the
 * broker blocks publishers is logged as well.
 */
enum connection_read connection_read(struct connection *connection, amqp_frame_t *ret_frame,
                                     struct error *error) MUST_USE;
/* Whether frames may be there although the socket is not readable. */
bool connection_has_more(const struct connection *connection);
/* The broker's version, 403 for 4.3; 0: it does not tell. */
unsigned connection_broker_version(const struct connection *connection);
/* The socket, to wait for. */
int connection_socket(const struct connection *connection);
/* The thread that opened the connection is to own it no longer. */
void connection_hand_over(struct connection *connection);

/* Cuts the connection. NULL is fine. */
void connection_free(struct connection *connection);
DEFINE_CLEANUP(struct connection, connection_free)

/* A text for the library, which does not change what it is given. */
amqp_bytes_t connection_bytes(const void *bytes, size_t size);

/* Why the library gave up (amqp_status_enum), in words for people. */
const char *connection_reason(int status);

#endif
