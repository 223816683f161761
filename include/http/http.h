#ifndef SYNC_HTTP_HTTP_H
#define SYNC_HTTP_HTTP_H

#include "base/cleanup.h"
#include "base/error.h"
#include "base/instant.h"
#include "loop/loop.h"

#include <stdbool.h>
#include <stddef.h>

/*
 * HTTP requests, many at a time, over pooled connections, on the loop. The only owner of libcurl.
 *
 * This module says what came back. Whether to try again is decided elsewhere, in one place (the engine); so
 * nothing here retries, follows a redirection or reads an environment variable for a proxy. One exception: a
 * GET that meets a pooled connection which the server is just closing is sent again on a fresh one.
 *
 * Connections that died without a word. After a call that failed, connections made before it are not used
 * again. And who finds the server to be away (http_doubt) and later back (http_grace) can have the calls
 * given up that were under way before: they are HTTP_BROKEN, long before their limit.
 *
 * The files of ca_file, certificate_file and key_file are read anew for each connection.
 */
struct http;
struct http_call;

struct http_event;

struct http_config {
    const char *base;    /* URI of the server, no user, query or slash at its end: http://synapse:8008 */
    const char *proxy;   /* URI of a proxy; NULL: none, whatever the environment says */
    const char *ca_file; /* PEM file of further trusted authorities; NULL: those of the system only */
    const char *certificate_file, *key_file; /* PEM files of the client; NULL: none; the two go together */
    const char *user_agent;
    long connections; /* most connections at a time, at least 1; further requests wait their turn */
    /* Bytes; a longer reply is HTTP_TOO_LARGE. All that are under way hold no more than that together, but
       for the one that was the first to go beyond; what the others would bring waits in their connections. */
    size_t largest_reply;
    int64_t request_limit; /* milliseconds for a request that names no limit of its own; 0: one minute */
    int64_t connect_limit; /* milliseconds; name look-up and TLS handshake included */
    /* Asked right before a request that is not a GET goes out, which may be a while after http_send() was
       called for it, at `begun`, with that path; false: it does not, and is HTTP_UNREACHABLE. NULL: all may.
     */
    bool (*may_write)(void *context, const char *path, instant begun);
    void *context;
    /* Told of each request that came to its end, before its own `done` is called. NULL: nobody. */
    void (*observe)(void *observer, const struct http_event *event);
    void *observer;
};

enum http_method { HTTP_GET, HTTP_PUT, HTTP_POST, HTTP_DELETE };

/* The next bytes of a reply's body. False: it is too large for whoever takes it. */
typedef bool http_take(void *context, const char *bytes, size_t size);

struct http_request {
    enum http_method method;
    const char *route;  /* a text that lasts: what the path is made from, see struct http_event; or NULL */
    const char *path;   /* with its leading slash and its query, percent-encoded by the caller */
    const char *bearer; /* access token, sent in the Authorization header only; NULL: none (secret) */
    bool basic;         /* what `bearer` says is user and password instead, as RFC 7617 encodes them */
    const char *content_type; /* of the body; NULL: application/json */
    const void *body;         /* NULL: none. POST and PUT then send an empty one */
    size_t body_size;
    int64_t limit; /* milliseconds for the exchange once it has its turn, a day at most; 0: request_limit */
    bool fresh;    /* over a connection of its own making: shows whether the server can be reached now */
    /* Gets the body of a 2xx reply as it comes, which then has none and may be of any size. NULL: nobody. */
    http_take *take;
    void *taker;
};

/* What became of a request. */
enum http_result {
    HTTP_ANSWERED,    /* a whole reply came: see status and body */
    HTTP_UNREACHABLE, /* no connection, so the server has certainly not seen the request */
    HTTP_BROKEN,      /* it ended in the middle, ran out of time or was given up (see below): the server may
                         have carried it out */
    HTTP_TOO_LARGE, /* the reply was larger than allowed, or than its taker takes; the server has carried the
                       request out */
};

/* The longest pause that a server may ask for, in milliseconds; longer ones are cut to it. */
enum { HTTP_LONGEST_PAUSE = 300000 };

/* A request that came to its end. */
struct http_event {
    enum http_method method;
    const char *route; /* as in the request */
    enum http_result result;
    long status;      /* 0 unless answered */
    int64_t duration; /* ms since it had its turn */
};

/* What was in the way, as far as somebody has to mend it. */
enum http_trouble {
    HTTP_NO_TROUBLE,      /* it was answered */
    HTTP_TROUBLE,         /* none of the others: the connection was cut, say */
    HTTP_NO_NAME,         /* the name of the server cannot be resolved */
    HTTP_NO_PROXY_NAME,   /* nor that of the proxy */
    HTTP_NO_CONNECTION,   /* refused, or no way there */
    HTTP_NO_TLS,          /* something is there, but no TLS came about */
    HTTP_BAD_CERTIFICATE, /* the server's is not accepted */
    HTTP_BAD_FILES,       /* our own authorities, certificate or key cannot be used */
    HTTP_NO_TIME,         /* it took too long */
};

struct http_reply {
    enum http_result result;
    enum http_trouble trouble;
    long status;      /* HTTP status; 0 unless answered */
    const char *body; /* terminated; "" when there is none */
    size_t body_size;
    int64_t retry_after; /* milliseconds by the Retry-After header, 0 to HTTP_LONGEST_PAUSE; -1: none */
    int64_t date;        /* the server's clock by the Date header: seconds since 1970, UTC; -1: none */
    const char *problem; /* "host:port: what went wrong", without path or secret; NULL when answered */
};

/*
 * Called exactly once for each call that is not cancelled, from the loop; the reply lives during the call. It
 * may send further requests and cancel any call, but not free the http object. Its own call is gone
 * afterwards (to cancel it from here does nothing).
 */
typedef void http_done(void *context, const struct http_reply *reply);

/* Copies what it needs of the configuration. Does not connect yet. */
struct http *http_new(const struct http_config *config, struct loop *loop, struct error *error) MUST_USE;
/* Cancels what is under way. Must come before loop_free(). NULL is fine. */
void http_free(struct http *http);
DEFINE_CLEANUP(struct http, http_free)

/*
 * Sends; copies the request, body included. Never calls back before it has returned. The call belongs to the
 * http object; the pointer serves to cancel it, until `done` is called.
 */
struct http_call *http_send(struct http *http, const struct http_request *request, http_done *done,
                            void *context);
/* Forgets the call: no call back; the server may or may not have carried it out. NULL is fine. */
void http_cancel(struct http_call *call);

/* Another number for the `connections` of the configuration. Those beyond it end with their calls. */
void http_set_connections(struct http *http, long connections);

/* The server is found to be away: the connections of the calls under way may be dead. */
void http_doubt(struct http *http);
/* It answers again: those calls have a few seconds to be answered, too, and are given up if they are not.
   Nothing happens when there is no doubt, or the seconds are running. */
void http_grace(struct http *http);

/* The number of requests sent so far. */
unsigned long http_count(const struct http *http);
/* Whether no call is waiting or under way. */
bool http_is_idle(const struct http *http);

#endif
