#ifndef SYNC_SYNAPSE_SESSION_STATE_H
#define SYNC_SYNAPSE_SESSION_STATE_H

#include "synapse/session.h"

#include "base/backoff.h"
#include "synapse/steps.h"
#include "synapse/ways.h"

/* What a session is made of: for session.c, which leads it through its steps, and for
   session_mas.c. */

/* Pauses in milliseconds. */
enum { FIRST_PAUSE = 500, LONGEST_PAUSE = 5000, LONGEST_REFUSED_PAUSE = 60000 };

struct session {
    struct http *http;
    struct pulse *pulse;
    struct synapse_handlers handlers;

    struct facts facts;
    struct call_terms terms; /* borrows from the facts */
    unsigned generation;     /* number of the token */
    struct ways ways;        /* to the Matrix Authentication Service */
    unsigned mas_generation; /* number of the token for it */
    bool ready;

    enum step_name next; /* STEP_NONE: ready */
    struct http_call *call;
    unsigned long number; /* of the call, for the pulse */
    bool away;            /* the homeserver was, since the call was sent */
    struct loop_timer timer;
    struct backoff attempts; /* of this step */
    struct backoff setbacks; /* since a session was a good one */
    instant ready_since;
    char *trouble;
    bool is_refused; /* it does not pass by itself */
    bool renews;     /* a token that ends soon: nothing that anybody need hear of */
};

/* What is wrong; NULL: nothing. */
void session_note(struct session *session, const char *text);
/* Logs it too, unless that is what was said last. */
void session_say(struct session *session, bool final, const char *text);
/* The next step is taken after so many ms. */
void session_wait(struct session *session, int64_t pause);

/* What the step is asked with (secret); NULL: nothing. The caller frees it. */
char *session_bearer(const struct session *session, const struct step *step) MUST_USE;

#endif
