#ifndef SYNC_SYNAPSE_MAS_H
#define SYNC_SYNAPSE_MAS_H

#include "synapse/call_table.h"

/*
 * What is said to the admin API of the Matrix Authentication Service (MAS), and what it says: for the table
 * of calls. It is defined by docs/api/spec.json in github.com/element-hq/matrix-authentication-service,
 * version 1.22; crates/handlers/src/admin/v1 there says when which status comes.
 */

/* ms: it asks the homeserver, and may do so several times. */
enum { MAS_LIMIT = 30 * 1000 };

/*
 * Replies have no codes. 404 and the like count only in its own words: something before it, or a listener
 * without this API, may answer with them too.
 */
extern const struct errcode_rule mas_rules[];

char *mas_body_create(const struct synapse_call *call, const struct call_terms *terms);
char *mas_body_password(const struct synapse_call *call, const struct call_terms *terms);
char *mas_body_address(const struct synapse_call *call, const struct call_terms *terms);
char *mas_body_deactivate(const struct synapse_call *call, const struct call_terms *terms);

bool mas_reply_account(const json_t *body, struct synapse_reply *reply);
bool mas_reply_owner(const json_t *body, struct synapse_reply *reply);
/* Nothing is told but that it was MAS who answered. */
bool mas_reply_is_of_mas(const json_t *body, struct synapse_reply *reply);

#endif
