#ifndef SYNC_SYNAPSE_QUESTION_H
#define SYNC_SYNAPSE_QUESTION_H

#include "http/http.h"
#include "synapse/facts.h"

#include <stdbool.h>
#include <stddef.h>

/* A request to be made. Texts are owned, except for the content type and the route. */
struct question {
    enum http_method method;
    const char *route; /* what the path is made from */
    char *path;
    char *body; /* may hold a secret; NULL: none */
    size_t body_size;
    const char *content_type;
};

void question_deinit(struct question *question);

/* Fills in a GET of the path, in which {user} is the sync user; returns true. */
bool question_get(const char *template, const struct facts *facts, struct question *question);
/* The path with the sync user in the place of {user}; the caller frees it. */
char *question_path(const char *template, const struct facts *facts) MUST_USE;

#endif
