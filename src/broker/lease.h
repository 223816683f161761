#ifndef SYNC_BROKER_LEASE_H
#define SYNC_BROKER_LEASE_H

#include "base/error.h"
#include "base/instant.h"

#include <stdbool.h>

/*
 * The lease: for how long the messages of a queue have been nobody's but ours.
 *
 * The broker gives messages to another consumer when it takes our connection for dead, of which we may know
 * nothing (the process was frozen, the network is cut). As long as something comes from it in time, it has
 * not done so. Anything that came late is a gap: calls that were begun till then may cross those of another.
 */
struct lease {
    int64_t longest;   /* ms that the broker is silent for at most; 0: any time */
    instant since;     /* when the connection was taken over; of one that another had: somewhat later */
    instant heard_at;  /* when something came over it last */
    unsigned count;    /* of connections that were taken over */
    struct error lost; /* why there is none now, as far as that was told; "" */
    instant gap;       /* the end of the last silence that was too long; INSTANT_PAST: there was none */
};

struct lease lease_none(void);
/*
 * A connection was taken over, with a heartbeat interval in seconds (0: none). `after_another`: who had the
 * messages till then was at work on them a moment ago, and what it did may not have reached all processes of
 * a homeserver that has several. So it is in doubt for a moment more.
 */
void lease_begin(struct lease *lease, int heartbeat, bool after_another);
/* It is no more. */
void lease_end(struct lease *lease);
/* Something came. */
void lease_renew(struct lease *lease);
/* Notes a silence that is too long, before anything else is heard: then it would not be seen any more. */
void lease_look(struct lease *lease);
/* INSTANT_NEVER: it is in doubt now. */
instant lease_since(const struct lease *lease);
/* Why it is in doubt now, in words; NULL: it is not. */
const char *lease_doubt(const struct lease *lease);
/* Whether it is in no doubt now, and there has been no gap after `begun`, on whatever connections. */
bool lease_covers(const struct lease *lease, instant begun);

#endif
