#ifndef SYNC_SYNAPSE_RECORDS_H
#define SYNC_SYNAPSE_RECORDS_H

#include "base/cleanup.h"
#include "base/error.h"

#include <stdbool.h>

/*
 * The records: to whom the sync owes something. They are kept on the homeserver, in the sync user's account
 * data, as documents of two kinds:
 *
 *     io.github.synapse_sync.user.<localpart>  {"open": boolean, "email": boolean, "set": true}
 *     io.github.synapse_sync.users.<digits>    {"open": boolean, "email": boolean, "set": true, "users": [id,
 * …]}
 *
 * The first is of one user. The second is of several, for a document costs the homeserver the same whatever
 * it says; it is named by a hash of what it says, so it never changes. And as documents have no order, a
 * record is closed for good: where any document that mentions a user says closed, the record is. (Only those
 * of users who are there are closed, and on a homeserver no user ever ceases to be.) For the same reason
 * "set", which is only there where it is true, counts once any document says so.
 */

#define RECORD_OF_USER "io.github.synapse_sync.user."
#define RECORD_OF_USERS "io.github.synapse_sync.users."

/* What the sync has noted about a user whom it was about to create. */
struct synapse_record {
    bool open;  /* the user's first addUser is still to be (wholly) handled */
    bool email; /* the creation was to set an e-mail address, or a password in a call of its own */
    bool set;   /* that was done: it is the user's own affair from then on */
};

/* Those that are open: about 120 bytes for each. (While they are read, each document takes some 520, too.) */
struct records;

struct records *records_new(void) MUST_USE;
/* NULL is fine. */
void records_free(struct records *records);
DEFINE_CLEANUP(struct records, records_free)

/* Users are given by full id; as all are of one server, `@local` will do.
   Notes that of the user; one that is not open is forgotten. */
void records_set(struct records *records, const char *user, struct synapse_record record);
/* All false where none is open. */
struct synapse_record records_get(const struct records *records, const char *user);

#endif
