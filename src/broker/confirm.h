#ifndef SYNC_BROKER_CONFIRM_H
#define SYNC_BROKER_CONFIRM_H

#include "base/error.h"
#include "broker/connection.h"

#include <stdbool.h>

/*
 * What the broker makes of a message that was published persistent and mandatory. One message is under way at
 * a time, so every verdict that comes is for that one. Blocks: for whoever owns the connection.
 */
enum confirm_verdict {
    CONFIRM_WAITING, /* nothing was said yet */
    CONFIRM_TAKEN,   /* the broker has it */
    CONFIRM_REFUSED  /* it has not, and will not get it by itself */
};

struct confirm {
    bool returned; /* no queue took it; its basic.return comes before the ack */
    enum confirm_verdict verdict;
};

/* The connection confirms what is published on it from now on. */
bool confirm_select(struct connection *connection, struct error *error) MUST_USE;
/* Reads all that is there. False: the connection can no longer be used. */
bool confirm_read(struct confirm *confirm, struct connection *connection, struct error *error) MUST_USE;
/* Waits for the verdict, until the time at most. False: it is not CONFIRM_TAKEN; the error says why. */
bool confirm_await(struct confirm *confirm, struct connection *connection, instant until,
                   struct error *error) MUST_USE;

#endif
