#ifndef SYNC_SYNAPSE_CALL_TABLE_H
#define SYNC_SYNAPSE_CALL_TABLE_H

#include "http/http.h"
#include "synapse/call.h"
#include "synapse/errcode.h"
#include "synapse/sieve.h"

#include <jansson.h>

/* How each kind of call is made and its reply read: the table in src/synapse/call_table.c. */

/* What a call has to know besides what it was given. All borrowed from the session. */
struct call_terms {
    const char *sync_user;    /* full id */
    const char *room_version; /* for rooms that are made; NULL: the homeserver's default */
    bool creators_reign;      /* in that version, see room_version_creators_reign() */
};

struct call_form {
    const char *name;
    const char *path; /* template, see call_table.c */
    /* The filter in the path as JSON text, which the caller frees. NULL: there is none in it. */
    char *(*filter)(const struct synapse_call *call, const struct call_terms *terms);
    /* The body as JSON text, which the caller frees with text_free_secret(); NULL: it cannot be written (what
       the call was given is not UTF-8). The member is NULL when there is no body. */
    char *(*body)(const struct synapse_call *call, const struct call_terms *terms);
    /* Reads a 2xx reply; false: it does not say what it must. The member is NULL when nothing is to be
       read. */
    bool (*read)(const json_t *body, struct synapse_reply *reply);
    /* The reply holds events, in arrays of this name: they are taken out of it one by one as they come, by
       `take`, whose context is the reply, and `read` gets the rest. NULL: it does not. */
    const char *events;
    sieve_event *take;
    size_t largest_rest;            /* bytes */
    int64_t limit;                  /* milliseconds; 0: that of http */
    const struct errcode_rule *own; /* see errcode_outcome(); NULL: none */
    enum http_method method;
};

const struct call_form *call_form(enum synapse_kind kind);
/* Whether the call is one of the admin API, which answers with 403 to anyone who is not an admin. */
bool call_needs_admin(enum synapse_kind kind);
/* Whether it is asked of the Matrix Authentication Service. */
bool call_is_of_mas(enum synapse_kind kind);
/* The path, with its query; the caller frees it. */
char *call_path(const struct synapse_call *call, const struct call_terms *terms) MUST_USE;

/* Type of the document that says what a SYNAPSE_WRITE_RECORDS does (synapse/records.h). The caller frees
   it. */
char *call_record_type(const struct synapse_call *call) MUST_USE;

#endif
