#ifndef SYNC_BROKER_INSPECT_H
#define SYNC_BROKER_INSPECT_H

#include "base/error.h"

#include <stdbool.h>
#include <stdint.h>

/*
 * A look at the broker, for somebody who wants to know what is wrong: connects, logs in, asks for its
 * queues, and leaves. Nothing is declared, consumed or published. What AMQP has no question for (rights, the
 * kind of a queue) is learnt from how the broker refuses what can never be carried out; each of these is a
 * line in the broker's own log.
 */
struct broker_config;

/* How far it got; in this order. */
enum broker_trouble {
    BROKER_REACHED,
    BROKER_NO_NAME,         /* the host's name cannot be looked up */
    BROKER_NO_CONNECTION,   /* refused, or no way there */
    BROKER_NO_ANSWER,       /* it took too long */
    BROKER_BAD_FILES,       /* our own authorities, certificate or key cannot be used */
    BROKER_NO_TLS,          /* something is there that does not speak TLS */
    BROKER_BAD_CERTIFICATE, /* the broker's is not accepted */
    BROKER_BAD_TLS,         /* no secure connection for another reason */
    BROKER_NO_LOGIN,        /* what is there did not take part in a login: no AMQP, or TLS */
    BROKER_LOGIN_REFUSED,   /* user or password */
    BROKER_NO_VHOST,
    BROKER_VHOST_FORBIDDEN,
    BROKER_CLOSED, /* the connection broke or was closed afterwards */
};

enum broker_right { BROKER_RIGHT_UNSEEN, BROKER_MAY, BROKER_MAY_NOT };

enum broker_queue_state {
    BROKER_QUEUE_UNSEEN, /* the problem says why */
    BROKER_QUEUE_FOUND,
    BROKER_QUEUE_MISSING,
    BROKER_QUEUE_FORBIDDEN, /* not even to be asked for */
    BROKER_QUEUE_LOCKED,    /* it belongs to another connection (exclusive) */
};

struct broker_queue_sight {
    char *name;
    enum broker_queue_state state;
    struct error problem; /* "" : none */
    enum broker_right configure, read;
    uint32_t messages, consumers; /* that wait; of anyone */
    char *kind;                   /* in words; NULL: not seen */
    char *shortcomings;           /* what it does not promise, in words; NULL: nothing to be said */
    bool loses;                   /* messages may be lost by that */
    bool counts;                  /* how often each message was delivered, as quorum queues do */
};

/* Of the last one only the rights are asked: it is there when it is needed (broker/tries.h). */
enum { BROKER_QUEUE, BROKER_DEAD_LETTERS, BROKER_TRIES, BROKER_QUEUES };

struct broker_sight {
    enum broker_trouble trouble;
    struct error problem; /* one sentence unless reached */
    char *host, *user, *vhost;
    uint16_t port;
    bool tls, verified;        /* whether the broker's certificate is looked at */
    unsigned version;          /* 403 for 4.3; 0: not told */
    enum broker_right publish; /* to the default exchange, as for dead letters */
    struct broker_queue_sight queues[BROKER_QUEUES];
};

/* Blocks, for half a minute at most. Fails on a configuration that cannot be used. The sight is freed with
   broker_sight_deinit(). */
bool broker_inspect(const struct broker_config *config, struct broker_sight *ret_sight,
                    struct error *error) MUST_USE;
/* A zeroed one is fine. */
void broker_sight_deinit(struct broker_sight *sight);

#endif
