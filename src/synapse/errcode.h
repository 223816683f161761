#ifndef SYNC_SYNAPSE_ERRCODE_H
#define SYNC_SYNAPSE_ERRCODE_H

#include "base/error.h"
#include "synapse/call.h"

/* What a status and an errcode mean. */

/* One rule: replies with this status and errcode mean that outcome. */
struct errcode_rule {
    long status;         /* 0: any 4xx */
    const char *errcode; /* NULL: any, or none */
    enum synapse_outcome outcome;
};

/*
 * The outcome of a reply whose status is not 2xx. `own` are rules of the kind of call, which go before those
 * for all kinds; they end with outcome SYNAPSE_OK and status 0. NULL: none. `errcode` is "" when there is
 * none.
 */
enum synapse_outcome errcode_outcome(long status, const char *errcode, const struct errcode_rule *own);

#endif
