#ifndef SYNC_HTTP_HTTP_H
#define SYNC_HTTP_HTTP_H

#include "base/cleanup.h"
#include "base/error.h"
#include "base/instant.h"
#include "loop/loop.h"

#include <stddef.h>

/*
 * HTTP requests, many at a time, over pooled connections, on the loop. The only owner of libcurl.
 *
 * This module says what came back. Whether to try again is decided elsewhere, in one place (the engine); so
 * nothing here retries, follows a redirection or reads an environment variable for a proxy.
 */
struct http;
struct http_call;

struct http_config {
    const char *base;      /* URI of the server, without a slash at its end: http://synapse:8008 */
    const char *proxy;     /* URI of a proxy; NULL: none, whatever the environment says */
    const char *ca_file;   /* PEM file of further trusted authorities; NULL: those of the system */
    const char *user_agent;
    long connections;      /* most connections at a time */
    size_t largest_reply;  /* bytes; a longer reply is HTTP_TOO_LARGE */
    int64_t connect_limit; /* milliseconds */
};

enum http_method { HTTP_GET, HTTP_PUT, HTTP_POST, HTTP_DELETE };

struct http_request {
    enum http_method method;
    const char *path;         /* with its leading slash and its query, percent-encoded by the caller */
    const char *bearer;       /* access token, sent in the Authorization header only; NULL: none (secret) */
    const char *content_type; /* of the body; NULL: application/json */
    const void *body;         /* NULL: none. POST and PUT then send an empty one */
    size_t body_size;
    int64_t limit;            /* milliseconds for the whole exchange; 0: one minute */
};

/* What became of a request. */
enum http_result {
    HTTP_ANSWERED,    /* a whole reply came: see status and body */
    HTTP_UNREACHABLE, /* no connection, so the server has certainly not seen the request */
    HTTP_BROKEN,      /* it ended in the middle or ran out of time: the server may have carried it out */
    HTTP_TOO_LARGE,   /* the reply was larger than allowed; the server has carried the request out */
};

struct http_reply {
    enum http_result result;
    long status;         /* HTTP status; 0 unless answered */
    const char *body;    /* terminated; "" when there is none */
    size_t body_size;
    int64_t retry_after; /* milliseconds from the Retry-After header (RFC 9110, 10.2.3), 0 to 300000; -1: none */
    const char *problem; /* what went wrong in words, without a secret; NULL when answered */
};

/* Called exactly once for each call that is not cancelled, from the loop; the reply lives during the call. */
typedef void http_done(void *context, const struct http_reply *reply);

/* Copies what it needs of the configuration. */
struct http *http_new(const struct http_config *config, struct loop *loop, struct error *error) MUST_USE;
/* Cancels what is under way. NULL is fine. */
void http_free(struct http *http);
DEFINE_CLEANUP(struct http, http_free)

/* Sends; copies the request, body included. Never calls back before it has returned. */
struct http_call *http_send(struct http *http, const struct http_request *request, http_done *done,
                            void *context);
/* Forgets the call: no call back; the server may or may not have carried it out. NULL is fine. */
void http_cancel(struct http_call *call);

/* The number of requests sent so far. */
unsigned long http_count(const struct http *http);

#endif
