#ifndef SYNC_SYNAPSE_SYNAPSE_H
#define SYNC_SYNAPSE_SYNAPSE_H

#include "base/cleanup.h"
#include "base/error.h"
#include "http/http.h"
#include "loop/loop.h"
#include "synapse/call.h"
#include "synapse/sign.h"

#include <stdbool.h>

/*
 * The homeserver: a session of the sync user and calls within it. The only place that knows paths, JSON and
 * errcodes of Synapse's client and admin APIs.
 *
 * The session is opened on start and mended by itself, with growing pauses: obtain a token, see that it is
 * the sync user's and a server admin's, learn the default room version, set display name and avatar, lift the
 * rate limit.
 *
 * A call is made once. Retrying is the engine's; a 401 or the loss of the admin right closes the session
 * (SYNAPSE_SHUT_OUT), and the engine asks again when it is ready. By the time of that reply it may be ready
 * again already, if the call was sent with an earlier token: see synapse_is_ready().
 */
struct synapse;

struct synapse_config {
    const char *server_name;
    const char *sync_user;         /* full id */
    const char *token;             /* the first that is not NULL is the way to log in: (secret) */
    const char *password;          /* (secret) */
    const char *shared_secret;     /* (secret) */
    const char *mas_uri;           /* of the Matrix Authentication Service; NULL: what the homeserver says */
    const char *mas_client_id;     /* with which a token for it is got; NULL: `token` is one */
    const char *mas_client_secret; /* (secret) */
    const struct http_config *mas_http; /* how to reach it, but for the base; its texts must outlive the
                                           object. NULL: not at all */
    const char *display_name;           /* NULL: leave it */
    const char *avatar_path;            /* NULL: none */
    bool lift_rate_limit;
    const char *room_version;   /* NULL: the homeserver's default */
    const char *const *secrets; /* further ones that its words must not repeat, NULL at the end; or NULL */
};

struct synapse_handlers {
    /* The session has become ready, or ceases to be. */
    void (*changed)(void *context, bool ready);
    /* How the homeserver is, when replies do not tell. The sign lives during the call. */
    void (*told)(void *context, const struct synapse_sign *sign);
    void *context;
};

/* Copies the configuration; begins to open the session. `http` must outlive the object. */
struct synapse *synapse_new(const struct synapse_config *config, const struct synapse_handlers *handlers,
                            struct http *http, struct loop *loop) MUST_USE;
/* Forgets all calls under way without calling back. Not from within a call back; before http_free(). NULL is
   fine. */
void synapse_free(struct synapse *synapse);
DEFINE_CLEANUP(struct synapse, synapse_free)

/* Nothing is to be written: of all that is done at the start only the log-in is left, which the homeserver
   takes for a POST to this path. To be called before the loop runs. */
#define SYNAPSE_LOGIN_PATH "/_matrix/client/v3/login"
#define SYNAPSE_MAS_TOKEN_PATH "/oauth2/token" /* and that, of the Matrix Authentication Service */
void synapse_only_read(struct synapse *synapse);

/* Whether accounts are those of the Matrix Authentication Service; known once it is ready. */
bool synapse_has_mas(const struct synapse *synapse);

/* Whether calls may be made. */
bool synapse_is_ready(const struct synapse *synapse);
/* Why not, in one sentence; NULL when ready. Owned by the object. */
const char *synapse_trouble(const struct synapse *synapse);

/* No call reaches it: whoever waits for that is told when it is back, and is asked of it after `retry_after`
   ms at the earliest (-1: soon). */
void synapse_doubt(struct synapse *synapse, int64_t retry_after);

/* Whether that is something which does not pass by itself: an operator has to mend it. */
bool synapse_is_refused(const struct synapse *synapse);

/* Ceases to be ready (`changed` is called) until the homeserver has answered again as it should. */
void synapse_probe(struct synapse *synapse);

/* The session is closed, and opened anew with the configuration's token, password and shared secret; all else
   that it says is left as it was. Copies them. Calls under way are answered as usual, and those that the
   homeserver refuses for their token are SYNAPSE_SHUT_OUT. */
void synapse_set_credentials(struct synapse *synapse, const struct synapse_config *config);

/* Called once, from the loop; the reply lives during the call, what it owns may be taken out. */
typedef void synapse_done(void *context, struct synapse_reply *reply);

/* Sends the call; never calls back before it has returned. Copies what it needs. While the session is not
   ready the reply is SYNAPSE_SHUT_OUT, without anything having been sent. */
void synapse_send(struct synapse *synapse, const struct synapse_call *call, synapse_done *done,
                  void *context);

#endif
