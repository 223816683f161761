#ifndef SYNC_SYNAPSE_STEPS_MAS_H
#define SYNC_SYNAPSE_STEPS_MAS_H

#include "synapse/errcode.h"
#include "synapse/facts.h"
#include "synapse/question.h"

#include <jansson.h>

/*
 * The steps of a session that concern the Matrix Authentication Service (MAS), which keeps the accounts of
 * many homeservers in place of Synapse. Each function is of the form of a member of struct step.
 *
 * The homeserver tells of it by auth_metadata (Matrix client-server API, "Server metadata discovery"; Synapse
 * rest/client/auth_metadata.py, which has the path only where MAS is).
 */

/* What a token for all of our work has to be asked for with. */
#define MAS_SCOPE                                                                                            \
    "urn:matrix:client:api:* urn:matrix:client:device:SYNAPSESYNC urn:synapse:admin:* urn:mas:admin"

enum { MAS_STEP_LIMIT = 10 * 1000 /* ms: it only looks something up */ };

/* The path is not there: nobody else keeps the accounts. */
extern const struct errcode_rule mas_absence_rules[];
/* Of what is asked of MAS. */
extern const struct errcode_rule mas_step_rules[];

bool mas_is_found(const struct facts *facts);
bool mas_is_not_found(const struct facts *facts);
bool mas_find_ask(const struct facts *facts, struct question *question, struct error *error);
bool mas_find_learn(struct facts *facts, const json_t *body, struct error *error);
/* Before Synapse 1.138 the path was another one. Asked each time when the first was not there: the version is
   not known so early, to ask for it costs as much, and a proxy may hide the Server header. Who took a wrong
   guess for it would make accounts that nobody can log in to. */
bool mas_find_earlier_ask(const struct facts *facts, struct question *question, struct error *error);
bool mas_find_earlier_learn(struct facts *facts, const json_t *body, struct error *error);

/* Client credentials (RFC 6749, 4.4). */
bool mas_token_is_wanted(const struct facts *facts);
bool mas_token_ask(const struct facts *facts, struct question *question, struct error *error);
bool mas_token_learn(struct facts *facts, const json_t *body, struct error *error);
/* Name and secret of the client as they go into the header (secret); the caller frees it. */
char *mas_client_credentials(const struct facts *facts) MUST_USE;

/* Whether its admin API lets us in, and is that of our homeserver. */
bool mas_read_ask(const struct facts *facts, struct question *question, struct error *error);
bool mas_read_learn(struct facts *facts, const json_t *body, struct error *error);

/* The base of all its addresses, as the metadata tell it; NULL: they do not. The caller frees it. */
char *mas_base(const json_t *metadata) MUST_USE;

#endif
