#ifndef SYNC_BROKER_LINK_H
#define SYNC_BROKER_LINK_H

#include "base/cleanup.h"
#include "base/error.h"
#include "base/instant.h"
#include "broker/helper.h"
#include "broker/settings.h"
#include "broker/tls.h"

#include <amqp.h>
#include <amqp_framing.h>
#include <stdbool.h>
#include <stdint.h>

/*
 * One connection to the broker, logged in, with one channel. Made in a helper thread, by functions that block
 * (each bounded in time); used by whoever owns it. After any failure it is of no more use than to be freed.
 */
struct link {
    amqp_connection_state_t amqp;
    struct helper *helper;         /* that guards the socket while a thread owns the link; NULL: none */
    bool exclusive;                /* its consumer was asked for so */
    const char *consumer_tag;      /* the name of its one consumer */
    struct tls_check tls;          /* OpenSSL calls back with it as long as the connection lives */
    int64_t pulse;                 /* milliseconds: call in at least so often, for the heartbeats */
    instant told_since;            /* of what is told often: so long, */
    unsigned told;                 /* and so often */
    const struct secrets *secrets; /* what the broker's words must not repeat; of the settings */
    bool refused_message; /* link_read() found the channel closed since a message was larger than the broker's
                             max_message_size */
};

/* Words of the broker, fit to be shown; the caller frees them. */
char *link_words(const struct link *link, amqp_bytes_t words) MUST_USE;

/* The one channel of each link. */
enum { LINK_CHANNEL = 1 };
/*
 * Names of the one consumer on it: the first, and that of one that takes its place while messages of the
 * first are still there. With the same name a quorum queue of RabbitMQ 3.10 falls apart (the broker closes
 * the connection with 541), and one of 4.3 goes on counting the first one's messages (both measured).
 */
#define LINK_CONSUMER_TAG "synapse-sync"
#define LINK_SECOND_TAG "synapse-sync-2"

/* ---- blocking: for helper threads only ---- */

/*
 * Looks the host up, connects to the first of its addresses that answers (TCP or TLS), logs in and opens the
 * channel. `role` is shown by the broker as part of the connection's name.
 */
struct link *link_open(const struct broker_settings *settings, const char *role, struct helper *helper,
                       struct error *error) MUST_USE;

/* What the broker made of a synchronous call. */
enum link_answer {
    LINK_DONE,    /* carried out */
    LINK_REFUSED, /* refused with a code; this closed the channel, which is open anew: nothing of it is left
                   */
    LINK_FAILED   /* the connection is gone or must be given up */
};

struct link_queue {
    uint32_t messages;  /* waiting */
    uint32_t consumers; /* of anyone; of a queue with a single active consumer only that one is counted */
};

/* Asks for a queue without changing anything (a passive declaration, which takes any arguments for right). A
   missing one is refused with 404. On LINK_REFUSED `ret_code` is set; unless LINK_DONE the error is. */
enum link_answer link_look_up(struct link *link, const char *queue, struct link_queue *ret_queue,
                              uint16_t *ret_code, struct error *error) MUST_USE;
/* Declares a queue that is neither exclusive nor auto-deleted. */
enum link_answer link_declare(struct link *link, const char *queue, bool durable, amqp_table_t arguments,
                              struct error *error) MUST_USE;
/* Looks the queue up and, if it is missing, declares it durable. */
bool link_require_queue(struct link *link, const char *queue, struct error *error) MUST_USE;
/* The verdict on the call that was made last, for calls that this header does not have. */
enum link_answer link_answer(struct link *link, uint16_t *ret_code, struct error *error) MUST_USE;
/* Opens the channel again after it was closed. */
enum link_answer link_open_channel(struct link *link, struct error *error) MUST_USE;
/* Sits out the time, heartbeats served. Fails when the connection does, or when asked to stop. */
bool link_idle(struct link *link, int64_t milliseconds, struct error *error) MUST_USE;

/* ---- never blocking ---- */

enum link_read {
    LINK_FRAME,   /* a frame came */
    LINK_NOTHING, /* none is there: wait for the socket to become readable */
    LINK_BROKEN   /* the connection is of no more use; the error says why */
};

/*
 * The next frame, if there is one. What is allocated for a frame lasts until the next call. Heartbeats are
 * served by it; a close of connection or channel is answered and reported as LINK_BROKEN; word that the
 * broker blocks publishers is logged as well.
 */
enum link_read link_read(struct link *link, amqp_frame_t *ret_frame, struct error *error) MUST_USE;
/* Whether frames may be there although the socket is not readable. */
bool link_has_more(const struct link *link);
/* The broker's version, 403 for 4.3; 0: it does not tell. */
unsigned link_broker_version(const struct link *link);
/* The socket, to wait for. */
int link_socket(const struct link *link);
/* The thread that opened the link is to own it no longer. */
void link_hand_over(struct link *link);

/* Cuts the connection. NULL is fine. */
void link_free(struct link *link);
DEFINE_CLEANUP(struct link, link_free)

/* A text for the library, which does not change what it is given. */
amqp_bytes_t link_bytes(const void *bytes, size_t size);

#endif
