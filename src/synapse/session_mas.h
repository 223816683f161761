#ifndef SYNC_SYNAPSE_SESSION_MAS_H
#define SYNC_SYNAPSE_SESSION_MAS_H

#include "synapse/session.h"

/* The session, as far as it concerns the Matrix Authentication Service (MAS). */

/* As synapse_has_mas(). */
bool session_has_mas(const struct session *session);
/* How it is asked, while the session is ready. */
struct session_way {
    struct http *http;   /* NULL: there is none */
    const char *bearer;  /* (secret) */
    unsigned generation; /* of that token */
};
struct session_way session_mas(const struct session *session);
/* It refused the token of that generation, or was not there: the session is closed until it lets us in. Does
   nothing if that is an earlier token. */
void session_lose_mas(struct session *session, unsigned generation, const char *problem);
/* Whether the token ends soon; and closes the session for a moment then, until there is another one. */
bool session_mas_ends(const struct session *session);
void session_renew_mas(struct session *session);

#endif
