#ifndef SYNC_SYNAPSE_IDS_H
#define SYNC_SYNAPSE_IDS_H

#include "base/error.h"

/* Names that are made of user ids. The caller frees what it gets. See also synapse_welcome_alias(). */

/* `@local:server` -> `local` */
char *id_localpart(const char *user) MUST_USE;
/* SHA-256 in hexadecimal digits, of which 128 bits are plenty to tell users apart. */
char *id_digest(const char *text) MUST_USE;
/* Transaction of the message that greets the user. */
char *id_welcome_transaction(const char *user) MUST_USE;

#endif
