#ifndef SYNC_SYNAPSE_SESSION_H
#define SYNC_SYNAPSE_SESSION_H

#include "base/cleanup.h"
#include "base/error.h"
#include "http/http.h"
#include "loop/loop.h"
#include "synapse/answer.h"
#include "synapse/call_table.h"
#include "synapse/pulse.h"
#include "synapse/steps.h"
#include "synapse/synapse.h"

#include <stdbool.h>

/*
 * The session of the sync user: opened when made, and mended by itself for as long as it lives. See
 * synapse/synapse.h for what it does and src/synapse/session.c for how.
 */
struct session;

/* As synapse_new(). The pulse is borrowed, and told of the session's calls. */
struct session *session_new(const struct synapse_config *config, const struct synapse_handlers *handlers,
                            struct http *http, struct pulse *pulse, struct loop *loop) MUST_USE;
/* NULL is fine. */
void session_free(struct session *session);
DEFINE_CLEANUP(struct session, session_free)

bool session_is_ready(const struct session *session);
/* As synapse_trouble(). */
const char *session_trouble(const struct session *session);

/* As synapse_only_read(). */
void session_only_read(struct session *session);
/* As synapse_is_refused(). */
bool session_is_refused(const struct session *session);

/* The access token (secret), and a number that is another after each refusal or
   change of a token. Only while ready. */
const char *session_token(const struct session *session);
unsigned session_generation(const struct session *session);
/* As synapse_set_credentials(). */
void session_set_credentials(struct session *session, const struct synapse_config *config);
/* What calls have to know; owned by the session. */
const struct call_terms *session_terms(const struct session *session);
/* What must not be in a problem; the last of them is left for the caller to fill. */
struct answer_secrets session_secrets(const struct session *session);

/* A request with the token of this generation was answered as it should. */
void session_prove(struct session *session, unsigned generation);
/* It was answered with 401. Does nothing if there is another token by now. */
void session_refuse_token(struct session *session, unsigned generation);

/*
 * A call was refused in a way that may be the sync user's own: what the step with the right question would
 * ask (see synapse/blame.h). session_judge() takes in the answer: SYNAPSE_OK: nothing is the matter with the
 * sync user; SYNAPSE_SHUT_OUT: something is, and the session is closed until it is over, or there is another
 * token by now; all else: it is not known.
 */
bool session_may_ask(const struct session *session, enum step_name name);
struct http_call *session_ask(struct session *session, enum step_name name, http_done *done,
                              void *context) MUST_USE;
enum synapse_outcome session_judge(struct session *session, unsigned generation, enum step_name name,
                                   struct answer *answer);

/* What the pulse tells: of a homeserver that was away and is back, no reply is waited for that was to come
   before. */
void session_hear_sign(struct session *session, const struct synapse_sign *sign);

/* It is doubtful whether the homeserver is well: ceases to be ready, asks, and is ready when it answers. */
void session_probe(struct session *session);

#endif
