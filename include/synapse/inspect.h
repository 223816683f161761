#ifndef SYNC_SYNAPSE_INSPECT_H
#define SYNC_SYNAPSE_INSPECT_H

#include "base/cleanup.h"
#include "base/error.h"
#include "http/http.h"
#include "loop/loop.h"
#include "synapse/synapse.h"

#include <stdbool.h>
#include <stdint.h>

/*
 * A look at the homeserver, for somebody who wants to know what is wrong. Only questions are asked, all by
 * GET, with one exception: who has no token logs in, as a device of its own ("synapse-sync-check"), and logs
 * out again at the end, which leaves the daemon's token as it is.
 */
struct synapse_inspector;

/* What answered at the address. */
enum synapse_peer {
    SYNAPSE_PEER_NONE,     /* nobody: see trouble */
    SYNAPSE_PEER_MATRIX,   /* a homeserver */
    SYNAPSE_PEER_PAGE,     /* a web server, with a page for people */
    SYNAPSE_PEER_REDIRECT, /* "look elsewhere" */
    SYNAPSE_PEER_OTHER,
};

/* Whether its admin API can be reached there, without a look at any right. */
enum synapse_admin_api {
    SYNAPSE_ADMIN_THERE,
    SYNAPSE_ADMIN_BARRED,  /* something before the homeserver does not let it through */
    SYNAPSE_ADMIN_MISSING, /* the homeserver itself does not know it here: a worker, or no Synapse */
    SYNAPSE_ADMIN_UNSEEN,
};

enum synapse_answer { SYNAPSE_UNSEEN, SYNAPSE_YES, SYNAPSE_NO };

/* How the sync user came in. */
enum synapse_entry {
    SYNAPSE_ENTRY_NONE,    /* not tried */
    SYNAPSE_ENTRY_DONE,    /* a token that is accepted */
    SYNAPSE_ENTRY_REFUSED, /* wrong token, password or secret; no such user */
    SYNAPSE_ENTRY_LOCKED,  /* the account is locked */
    SYNAPSE_ENTRY_DEACTIVATED,
    SYNAPSE_ENTRY_NO_WAY,  /* the homeserver offers none of our ways to log in */
    SYNAPSE_ENTRY_LIMITED, /* too many logins lately */
    SYNAPSE_ENTRY_FAILED,
};

/* Whether the Matrix Authentication Service (MAS) lets us do its part of the work. */
enum synapse_mas {
    SYNAPSE_MAS_UNSEEN, /* there is none, or no token to show it */
    SYNAPSE_MAS_LETS_IN,
    SYNAPSE_MAS_NOWHERE,   /* nobody says where it is */
    SYNAPSE_MAS_AWAY,      /* it does not answer */
    SYNAPSE_MAS_NO_CLIENT, /* it does not take the client's name and secret */
    SYNAPSE_MAS_NO_API,    /* there is no admin API at its address */
    SYNAPSE_MAS_NO_RIGHT,  /* the token is not for it */
    SYNAPSE_MAS_FOREIGN,   /* it is that of another homeserver */
};

/* All texts are owned, and fit to be shown. */
struct synapse_sight {
    /* What is there. */
    enum synapse_peer peer;
    enum http_trouble trouble;
    bool other_scheme;    /* with the other one of http:// and https:// something answers */
    bool has_clock;       /* `ahead` is told */
    struct error problem; /* one sentence on what stood in the way last; "": nothing */
    long status;          /* of the first reply; 0: none */
    char *title;          /* of the page; NULL: none */
    int64_t ahead;        /* seconds that its clock is ahead of ours */

    /* What it is. */
    long admin_status; /* of the first question to the admin API */
    enum synapse_admin_api admin_api;
    unsigned version_number; /* 1120 for 1.120; 0: not told */
    char *version;           /* of Synapse; NULL: not told */
    char *issuer;            /* who keeps the accounts in place of Synapse (MAS); NULL: nobody */
    enum synapse_mas mas;
    char *mas_address; /* NULL: not told */
    char *mas_version; /* NULL: not told */
    char *mas_name;    /* of the homeserver that it is for; NULL: not told */
    char *server_name; /* what it calls itself; NULL: not told */
    enum synapse_answer open_registration;
    enum synapse_answer is_ours; /* whether SERVERNAME is its name */

    /* The sync user. */
    char *owner; /* whose the token is; NULL: not told */
    enum synapse_entry entry;
    enum synapse_answer is_known; /* whether there is such a user; where the entry was refused */
    enum synapse_answer is_admin;
    bool without_device; /* the token is of no device */
    bool suspended, shadow_banned;

    /* How it is set up. */
    bool has_rooms;                  /* what is said of rooms below is told */
    int64_t rooms;                   /* in all */
    int64_t most_members;            /* in the largest one */
    char *largest;                   /* its name or id */
    char *room_version;              /* its default; NULL: not told */
    enum synapse_answer has_version; /* whether it offers the room version that is wanted */
    enum synapse_answer rate_limited;
    unsigned looked_at, encrypted; /* of the largest, those that the sync user made; encrypted ones of them */
};

/*
 * Copies the configuration. `http` leads to the homeserver, `other` to the same place with the other one of
 * http:// and https://; both, and the loop, must outlive the inspector.
 */
struct synapse_inspector *synapse_inspector_new(const struct synapse_config *config, struct http *http,
                                                struct http *other, struct loop *loop) MUST_USE;
/* Logs out. NULL is fine. */
void synapse_inspector_free(struct synapse_inspector *inspector);
DEFINE_CLEANUP(struct synapse_inspector, synapse_inspector_free)

/* Looks, running the loop until it has seen all; each question has ten seconds. May be called again. The
   sight is freed with synapse_sight_deinit(). */
void synapse_inspect(struct synapse_inspector *inspector, struct synapse_sight *ret_sight);
/* Looks at nothing else than who keeps the accounts, that is at `issuer` and what begins with `mas`. */
void synapse_inspect_accounts(struct synapse_inspector *inspector, struct synapse_sight *ret_sight);
/* A zeroed one is fine. */
void synapse_sight_deinit(struct synapse_sight *sight);

#endif
