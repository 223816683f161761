#ifndef SYNC_SYNAPSE_ANSWER_H
#define SYNC_SYNAPSE_ANSWER_H

#include "base/secrets.h"
#include "http/http.h"
#include "synapse/call.h"
#include "synapse/errcode.h"

#include <jansson.h>

/* What came back over HTTP, in terms of outcomes: the part that is the same for all requests. */

/* What must not be in a problem. NULLs are passed over. */
enum { ANSWER_SECRETS = 3 };
struct answer_secrets {
    const struct secrets *of[ANSWER_SECRETS];
};

/* In the place of an errcode: it was the Matrix Authentication Service that said so, which has none. */
#define ANSWER_OF_MAS "MAS"

struct answer {
    enum synapse_outcome outcome;
    long status;          /* 0: none */
    char errcode[64];     /* "" when none was given */
    struct error problem; /* "create-user: 400 M_INVALID_PARAM: Displayname is too long"; "" when OK */
    int64_t retry_after;  /* milliseconds, at most HTTP_LONGEST_PAUSE; -1: not said */
    json_t *body;         /* the object that was sent; NULL: none. Owned */
};

/* What the reply to the request called `name` means; `own` as for errcode_outcome(). */
void answer_read(struct answer *answer, const struct http_reply *reply, const char *name,
                 const struct errcode_rule *own, const struct answer_secrets *secrets);
/* The same for a request that asks no more than whether something answers: any reply is fine, whatever its
   body, but 429 (as for errcode_outcome()) and those from 500 on (SYNAPSE_UNREACHABLE). */
void answer_read_any(struct answer *answer, const struct http_reply *reply, const char *name);
void answer_deinit(struct answer *answer);
/* A 2xx reply does not say what it must. */
void answer_fail(struct answer *answer, const char *name, const char *problem);

#endif
