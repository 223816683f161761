#ifndef SYNC_SYNAPSE_WAYS_H
#define SYNC_SYNAPSE_WAYS_H

#include "http/http.h"
#include "loop/loop.h"

/*
 * The ways to the Matrix Authentication Service. Where it is, is known only once the homeserver has been
 * asked, and it may be elsewhere the next time; calls under way go on where they were sent. Besides them and
 * the latest way nothing is kept.
 */
struct way;
struct ways {
    struct http_config http; /* its texts are borrowed */
    bool allowed;            /* else there are none */
    struct loop *loop;
    struct way *list; /* the newest first */
};

/* NULL for the config: no way leads anywhere. */
void ways_init(struct ways *ways, const struct http_config *config, struct loop *loop);
/* Cancels what is under way. */
void ways_deinit(struct ways *ways);
/* The way to that address, made where there is none yet; owned by the ways. NULL and an error: there is none.
   Not from within a call back of one of them. */
struct http *ways_to(struct ways *ways, const char *base, struct error *error);
/* The one that was asked for last; NULL: none was. */
struct http *ways_latest(const struct ways *ways);

#endif
