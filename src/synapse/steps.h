#ifndef SYNC_SYNAPSE_STEPS_H
#define SYNC_SYNAPSE_STEPS_H

#include "base/error.h"
#include "http/http.h"
#include "synapse/answer.h"
#include "synapse/facts.h"
#include "synapse/question.h"

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

/* The steps in which a session is opened: what each asks of the homeserver, and what it learns from the
   reply. When they are taken, and what is done when one fails, is in src/synapse/session.c. */

enum step_name {
    STEP_FIND_MAS,
    STEP_FIND_EARLIER_MAS,
    STEP_WHO_AM_I,
    STEP_READ_LOGIN_TYPES,
    STEP_LOG_IN,
    STEP_READ_SELF,
    STEP_TRY_WRITE,
    STEP_READ_CAPABILITIES,
    STEP_GET_MAS_TOKEN,
    STEP_READ_MAS,
    STEP_SET_NAME,
    STEP_UPLOAD_AVATAR,
    STEP_SET_AVATAR,
    STEP_READ_RATE_LIMIT,
    STEP_LIFT_RATE_LIMIT,
    STEP_NONE, /* all are done */
};

struct step {
    const char *name;               /* "log-in" */
    const char *refused;            /* what it means when it is refused, in words */
    bool optional;                  /* the session is opened even if this fails */
    bool anonymous;                 /* is asked without the token */
    bool of_mas;                    /* is asked of the service that keeps the accounts */
    bool by_client;                 /* likewise, with the client's name and secret in place of a token */
    int64_t limit;                  /* milliseconds; 0: that of all requests */
    const struct errcode_rule *own; /* as for errcode_outcome() */
    bool (*is_wanted)(const struct facts *facts);
    /* Fills in the zeroed question; false: it cannot be asked. */
    bool (*ask)(const struct facts *facts, struct question *question, struct error *error);
    /* Learns from a 2xx reply, whose body may be NULL; false: it does not say what it must. */
    bool (*learn)(struct facts *facts, const json_t *body, struct error *error);
};

/* Not of STEP_NONE. */
const struct step *step_at(enum step_name name);

#endif
