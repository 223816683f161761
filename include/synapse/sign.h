#ifndef SYNC_SYNAPSE_SIGN_H
#define SYNC_SYNAPSE_SIGN_H

#include "base/error.h"

#include <stdint.h>

/* How the homeserver is, where replies do not tell: what its pulse says (src/synapse/pulse.h). */
enum synapse_sign_kind {
    SYNAPSE_AWAY, /* it does not answer; told anew each time that this is found */
    SYNAPSE_BACK, /* it answers again */
    SYNAPSE_SLOW, /* it answers, though for a while none of the calls under way was answered */
    SYNAPSE_BUSY, /* it answers, and asks for patience */
};

struct synapse_sign {
    enum synapse_sign_kind kind;
    int64_t retry_after;  /* ms that it asks for; -1: none */
    struct error problem; /* one sentence; away or busy only */
};

#endif
