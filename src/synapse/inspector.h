#ifndef SYNC_SYNAPSE_INSPECTOR_H
#define SYNC_SYNAPSE_INSPECTOR_H

#include "base/instant.h"
#include "synapse/inquiry.h"
#include "synapse/inspect.h"
#include "synapse/steps.h"
#include "synapse/ways.h"

/* What the questions of an inspector (synapse/inspect.c) share. */

struct synapse_inspector {
    struct inquiry inquiry;
    struct inquiry other; /* by the other scheme */
    struct facts facts;
    struct ways ways; /* to MAS */
    char *server_name, *localpart;
    bool logged_in;             /* the token is our own */
    enum synapse_entry refused; /* how the last login ended, if not well; SYNAPSE_ENTRY_NONE */
    char *named;                /* the owner of the token as the login told; NULL: not logged in */
    instant not_before;         /* and when another may be tried */
};

/* What stood in the way goes into the sight. */
void inspector_note(struct synapse_sight *sight, const struct heard *heard);
/* A 2xx reply with an object. */
bool inspector_succeeded(const struct heard *heard);
bool inspector_has_errcode(const struct heard *heard, const char *errcode);
/* The homeserver's own name; takes it over. NULL: it is not told. */
void inspector_take_name(struct synapse_inspector *inspector, struct synapse_sight *sight, char *name);

#endif
