#ifndef SYNC_SYNAPSE_INQUIRY_H
#define SYNC_SYNAPSE_INQUIRY_H

#include "http/http.h"
#include "loop/loop.h"
#include "synapse/answer.h"

#include <stdbool.h>
#include <stdint.h>

/* Requests for whoever has nothing else to do than to wait for the reply. */

struct inquiry {
    struct http *http;
    struct loop *loop;
    struct answer_secrets secrets; /* what must not be in what is heard */
};

struct heard {
    struct answer answer;
    enum http_trouble trouble;
    int64_t date; /* see struct http_reply */
    bool is_page; /* the body is HTML */
    char *title;  /* of the page, fit to be shown; NULL: none */
};

/* Sends the request called `name`, and runs the loop until it is answered. Freed with heard_deinit(). */
void inquire(const struct inquiry *inquiry, const char *name, const struct http_request *request,
             struct heard *ret_heard);
/* The same for a GET of a path; `bearer` NULL: without a token. */
void inquire_get(const struct inquiry *inquiry, const char *path, const char *bearer,
                 struct heard *ret_heard);
void heard_deinit(struct heard *heard);

/* A copy of what others wrote, fit to be shown; NULL: there is none, it is too long, or it holds a secret. */
char *inquiry_quote(const struct inquiry *inquiry, const char *text) MUST_USE;

#endif
