#ifndef SYNC_MONITOR_MONITOR_H
#define SYNC_MONITOR_MONITOR_H

#include "base/cleanup.h"
#include "loop/loop.h"
#include "monitor/metrics.h"

#include <stdbool.h>
#include <stdint.h>

/*
 * The monitor: a small HTTP server on the loop, for those who watch the program.
 *
 *     /livez    200 as long as the loop turns
 *     /readyz   200 when all peers are there, else 503; the body says what is missing
 *     /metrics  for Prometheus
 *     /         a page for a person
 *
 * Nothing can be changed through it. It knows nothing of queue and homeserver: whoever makes it says what
 * there is to be shown. The only owner of libmicrohttpd.
 *
 * What clients cost is bounded, whatever they do: in number, in bytes, and in time, since a connection serves
 * one request and is cut some seconds after it was made; and what is laborious to make is made ten times a
 * second at most. There is no thread, so all of this is between two turns of the loop.
 */
struct monitor;

enum { MONITOR_PEERS = 2, MONITOR_MOST_HELD = 48 };

/* Somebody without whom there is nothing to be done. */
struct monitor_peer {
    const char *name;    /* "broker" */
    const char *where;   /* what is used there; no secret */
    bool is_ready;       /* it serves us */
    const char *trouble; /* why not; NULL: nobody knows */
};

/* Messages that wait for the same. */
struct monitor_held {
    unsigned messages;
    const char *call;   /* what fails; NULL: all calls do */
    const char *reason; /* in the homeserver's words */
};

/* How things are. Texts are borrowed until the monitor is done with them, in the same turn of the loop. */
struct monitor_state {
    struct monitor_peer peers[MONITOR_PEERS];
    bool is_stopping; /* no further messages are taken */
    unsigned messages;
    int64_t oldest; /* ms since the oldest of those came; -1: there is none */
    unsigned calls, calls_allowed;
    struct monitor_held held[MONITOR_MOST_HELD];
    size_t held_count;
};

struct monitor_config {
    const char *listen;         /* address:port, the address in digits */
    const char *version;        /* of the program */
    const struct metric *table; /* borrowed */
    size_t metric_count;
    /* Says how things are. It also brings up to date what of the metrics is not counted as it happens. */
    void (*look)(void *context, struct monitor_state *ret_state);
    void *context;
};

/*
 * Never fails: that nobody can look is no reason not to work. Where the address cannot be had (it is in use,
 * or is not there yet), a warning says so, and it is tried again until it can.
 */
struct monitor *monitor_new(const struct monitor_config *config, struct loop *loop) MUST_USE;
/* Cuts all connections. NULL is fine. */
void monitor_free(struct monitor *monitor);
DEFINE_CLEANUP(struct monitor, monitor_free)

/* To be counted in. NULL gives NULL, into which can be counted, too. */
struct metrics *monitor_metrics(struct monitor *monitor);

/* How a message ended. */
struct monitor_message {
    const char *method;  /* "addUser" */
    const char *subject; /* whom or what it is about; NULL: it could not be read */
    const char *code;    /* why it was rejected; NULL: it was done */
    const char *detail;  /* what else there is to say; NULL: nothing */
    const char *changes; /* what was changed, in words; NULL: nothing */
    int64_t duration;    /* ms */
};

/* The message is told on the page, among the last ones, and in the picture of the last hour. Copies. NULL for
   the monitor: nothing happens. */
void monitor_tell(struct monitor *monitor, const struct monitor_message *message);

#endif
