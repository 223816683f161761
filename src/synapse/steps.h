#ifndef SYNC_SYNAPSE_STEPS_H
#define SYNC_SYNAPSE_STEPS_H

#include "base/error.h"
#include "base/instant.h"
#include "http/http.h"
#include "synapse/answer.h"
#include "synapse/synapse.h"

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

/* The steps in which a session is opened: what each asks of the homeserver, and what it learns from the
   reply. When they are taken, and what is done when one fails, is in src/synapse/session.c. */

/* What is wanted, and what has been learnt. All texts are owned. */
struct facts {
    char *user;
    char *given_token;       /* (secret) */
    char *password;          /* (secret) */
    char *shared_secret;     /* (secret) */
    char *mas_uri;           /* NULL: what the metadata say */
    char *mas_client_id;     /* NULL: none */
    char *mas_client_secret; /* (secret) */
    char *server_name;
    char *wanted_name;
    char *avatar_path;
    char *wanted_version;
    bool lift_rate_limit;
    const char *device;      /* of which it logs in; borrowed */
    const char *login_name;  /* by which it logs in; borrowed; NULL: the full id */
    struct secrets *secrets; /* those above, and what the shared secret makes of the user's id */

    char *mas;           /* address of the service that keeps the accounts; NULL: nobody else does */
    char *mas_token;     /* (secret) for it; NULL: `token` */
    instant mas_renewal; /* when that is to be replaced, some time before it ends */

    char *token;             /* (secret) NULL: none */
    struct secrets *tokens;  /* the last two that were got by logging in; NULL: none */
    bool has_own_login_type; /* the homeserver offers com.devture.shared_secret_auth */
    bool has_password_type;  /* it offers m.login.password */
    char *name;              /* display name; NULL: none */
    bool has_avatar;
    char *avatar_uri;   /* of the uploaded file */
    char *room_version; /* the one rooms are made in; NULL: not told */
    bool is_limited;    /* the rate limit is not lifted */
    bool is_prepared;   /* all that is done once has been done */
    bool only_reads;    /* so that nothing of it is done at all */
    bool may_not_write; /* the homeserver said so last, and is to be asked before the session is opened */
};

void facts_init(struct facts *facts, const struct synapse_config *config);
/* Other ways to log in; those that were there stay secret. */
void facts_set_credentials(struct facts *facts, const struct synapse_config *config);
void facts_deinit(struct facts *facts);
/* The password by which the Shared Secret Authenticator knows the user: the HMAC-SHA512 of their id, as
   hexadecimal digits. (secret) The caller frees it. */
char *facts_shared_secret_password(const struct facts *facts) MUST_USE;
/* The token for the service that keeps the accounts (secret); borrowed. */
const char *facts_mas_bearer(const struct facts *facts);

/* A request to be made. Texts are owned, except for the content type and the route. */
struct question {
    enum http_method method;
    const char *route; /* what the path is made from */
    char *path;
    char *body; /* may hold a secret; NULL: none */
    size_t body_size;
    const char *content_type;
};

void question_deinit(struct question *question);

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

/* Fills in a GET of the path, in which {user} is the sync user; returns true. */
bool step_get(const char *template, const struct facts *facts, struct question *question);

/* Not of STEP_NONE. */
const struct step *step_at(enum step_name name);

#endif
