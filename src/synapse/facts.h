#ifndef SYNC_SYNAPSE_FACTS_H
#define SYNC_SYNAPSE_FACTS_H

#include "base/error.h"
#include "base/instant.h"
#include "base/secrets.h"
#include "synapse/synapse.h"

#include <stdbool.h>

/* What a session knows, and what it keeps secret. */

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
/* Whether the text, which others wrote, repeats a secret: it must not be shown. NULL: no. */
bool facts_are_told_by(const struct facts *facts, const char *text);
/* The password by which the Shared Secret Authenticator knows the user: the HMAC-SHA512 of their id, as
   hexadecimal digits. (secret) The caller frees it. */
char *facts_shared_secret_password(const struct facts *facts) MUST_USE;
/* The token for the service that keeps the accounts (secret); borrowed. */
const char *facts_mas_bearer(const struct facts *facts);

#endif
