#ifndef SYNC_HTTP_EXCHANGE_H
#define SYNC_HTTP_EXCHANGE_H

#include "base/buffer.h"
#include "http/http.h"

#include <curl/curl.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Any connection of the pool will do. */
enum { ANY_AGE = -1 };

/* What the replies under way hold together. */
struct http_share {
    size_t held, most;                  /* bytes */
    const struct http_exchange *beyond; /* the one that may go beyond; NULL: none does */
};

/*
 * One request and what has come back of its reply, in the form libcurl wants them. It must stay where it is
 * while its handle is in use: libcurl reads from it and writes to it.
 */
struct http_exchange {
    const struct http_config *config; /* borrowed */
    struct http_share *share;         /* borrowed */
    CURL *easy;                       /* while it is in use */
    enum http_method method;
    instant begun;
    char *url;
    struct curl_slist *headers; /* may hold a token (secret) */
    char *body;                 /* NULL: none; may hold a password (secret) */
    size_t body_size;
    int64_t limit;
    long oldest;         /* seconds since its connection was made, at most; 0: it makes its own; ANY_AGE */
    unsigned beginnings; /* how often libcurl began to send it; 0: the server has not seen it */
    size_t header_size;  /* bytes of the reply's headers */
    bool is_encoded;     /* the reply is, though that was not asked for */
    bool waits;          /* the rest of the reply does, until others hold less */
    http_take *take;     /* see struct http_request */
    void *taker;
    bool refused; /* by the taker */
    struct buffer reply;
    char detail[CURL_ERROR_SIZE]; /* libcurl's own words on a failure */
};

/* Copies the request; what it does not say, the configuration does. */
void http_exchange_init(struct http_exchange *exchange, const struct http_config *config,
                        struct http_share *share, const struct http_request *request);
/* Begins to use libcurl, with memory that does not fail (base/memory.h): it does not always notice that it
   got none, and divides by the size of a table that is not there. What it frees is overwritten: it puts
   headers and body together, a token and a password among them. Each call wants its curl_global_cleanup(). */
void http_use_memory(void);

/* Overwrites the secrets and frees everything, its part of the share included. The handle must have left the
   exchange before. */
void http_exchange_deinit(struct http_exchange *exchange);

#endif
