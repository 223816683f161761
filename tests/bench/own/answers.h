#ifndef SYNC_TESTS_BENCH_OWN_ANSWERS_H
#define SYNC_TESTS_BENCH_OWN_ANSWERS_H

#include "homeserver.h"

/* A request, and what is answered to it. */

struct question {
    const char *method; /* "GET" */
    const char *path;   /* as it came, percent-encoded, without the query */
    const char *query;  /* what follows the `?`; "" */
    const char *body;   /* JSON */
    size_t body_size;
};

struct answer {
    int status;
    struct buffer body; /* JSON */
};

/* Answers; the caller frees the body. `ret_kind` becomes a number that is the same for all requests of one
   kind, for counting. */
void answer_question(struct homeserver *homeserver, const struct question *question, struct answer *answer,
                     size_t *ret_kind);

/* How many kinds of requests there are, and what they are called: "GET /_synapse/admin/v2/users/{}". The
   caller frees the name. */
size_t answer_kinds(void);
char *answer_kind_name(size_t kind);

/* The value of a parameter of the query, decoded; NULL: it is not there. The caller frees it. */
char *query_value(const char *query, const char *name);

/* GET /_matrix/client/v3/sync: see sync.c. */
void answer_sync(struct homeserver *homeserver, const char *query, struct answer *answer);

#endif
