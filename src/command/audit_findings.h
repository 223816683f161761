#ifndef SYNC_COMMAND_AUDIT_FINDINGS_H
#define SYNC_COMMAND_AUDIT_FINDINGS_H

#include "base/error.h"
#include "engine/audit.h"
#include "synapse/listing.h"
#include "synapse/records.h"

#include <stdbool.h>
#include <stdio.h>

/* What an audit has found: gathered room by room, then told as lists, each with what being in it means. */
struct audit_findings;

struct audit_findings *audit_findings_new(void) MUST_USE;
/* NULL is fine. */
void audit_findings_free(struct audit_findings *findings);

/* What was found out about a room's alias. */
struct audit_alias {
    char *found;    /* one that leads to it although nothing else is left of it; NULL: none, or not asked */
    char *leads_to; /* the id of the room; NULL: to none, or not asked */
    bool unseen;    /* the homeserver would not tell */
};

/* A room that one of the sync users made. `predecessor`: the id of the room that was upgraded into it; NULL:
   none. */
void audit_findings_add(struct audit_findings *findings, const struct listed_room *listed,
                        const struct audit *audit, const char *predecessor, const struct audit_alias *alias);
/* A room that somebody else made. */
void audit_findings_add_foreign(struct audit_findings *findings, const struct listed_room *listed);
/* The records, to which users are held. Takes them over. */
void audit_findings_set_records(struct audit_findings *findings, struct records *records);
void audit_findings_add_user(struct audit_findings *findings, const struct listed_user *user);
/* All are added: what one room says of another is brought together. */
void audit_findings_finish(struct audit_findings *findings);

/* For people and for machines; `requests`: that it took. False: it could not be written. */
bool audit_findings_print(const struct audit_findings *findings, unsigned long requests, FILE *file) MUST_USE;
bool audit_findings_print_json(const struct audit_findings *findings, unsigned long requests,
                               FILE *file) MUST_USE;
/* Whether there is something that does not mend itself, or that somebody should know of. */
bool audit_findings_want_a_person(const struct audit_findings *findings);

#endif
