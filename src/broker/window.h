#ifndef SYNC_BROKER_WINDOW_H
#define SYNC_BROKER_WINDOW_H

#include "base/instant.h"
#include "broker/queue_kind.h"

#include <stdbool.h>

/*
 * The messages of one connection that may be unacknowledged at a time, and how that comes to its end.
 *
 * Who is told to stop is a consumer until the last message is done, since others take over when they find
 * none, and would work on what comes after messages that are under way here. What still comes is left
 * unacknowledged, and goes back to its place with the connection. Only on a quorum queue where the window is
 * one it would come to stand behind what was given back before it: there one more is taken, and its ack is
 * kept until the consumer is cancelled, so that no other comes.
 */
struct window {
    enum queue_type type;
    unsigned size;
    unsigned unacked; /* how many of those that came are */
    bool closing;     /* no more messages are wanted, ever */
    instant acked_at; /* when messages were acknowledged last, or it began to close */
};

/* Of a new connection; `closing` stays as it is. */
void window_open(struct window *window, enum queue_type type, unsigned size);
/* Messages were acknowledged. */
void window_acked(struct window *window, unsigned count);
void window_close(struct window *window);
/* Whether what comes next goes to its work. */
bool window_takes(const struct window *window);
/* Whether the ack of the last message waits until the consumer is cancelled. */
bool window_keeps_ack(const struct window *window);
/* Whether the last message may still be on its way. */
bool window_awaits_last(const struct window *window, instant now);

#endif
