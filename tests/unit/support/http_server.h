#ifndef SYNC_TESTS_SUPPORT_HTTP_SERVER_H
#define SYNC_TESTS_SUPPORT_HTTP_SERVER_H

#include <stdbool.h>
#include <stddef.h>

/*
 * A scripted HTTP server on the loopback interface, in a thread of its own.
 *
 *     static const struct server_step steps[] = {
 *         {.line = "GET /_matrix/client/v3/account/whoami", .bearer = "token", .status = 200, .reply = "{}"},
 *         {.line = "PUT /_synapse/admin/v2/users/%40a%3Ah", .bearer = "token", .body = "{\"name\":1}",
 *          .status = 503, .headers = "Retry-After: 3\r\n"},
 *     };
 *     struct http_server *server = HTTP_SERVER_START(steps);
 *     … requests to http_server_uri(server), with HTTP_SERVER_USER_AGENT as user agent …
 *     http_server_finish(server);
 *
 * Each whole request that comes in, over whatever connection, is held against the next step and must equal it
 * byte for byte, headers included. One that does not is answered with 500. http_server_finish() fails the
 * test with both texts, and also if a step was left over.
 */

#define HTTP_SERVER_USER_AGENT "synapse-sync/test"

/* What the server does with the connection after its reply. */
enum server_end { SERVER_KEEP, SERVER_CLOSE, SERVER_RESET };

struct server_step {
    /* The request: its method and path; the headers are those that src/http sends. NULL: any request. */
    const char *line;
    const char *bearer;       /* token of the Authorization header; NULL: no such header */
    bool basic;               /* it is Basic rather than Bearer */
    const char *body;         /* NULL: none, which is an empty one for PUT and POST */
    size_t body_size;         /* 0: up to the terminator */
    const char *content_type; /* NULL: application/json */
    const char *bytes;        /* instead of all these: the whole request */

    /* The reply. */
    int status;          /* 0: none, see raw */
    const char *headers; /* further header lines, each ended by \r\n */
    const char *reply;   /* body; NULL: an empty one */
    const char *raw;     /* with status 0: these bytes; NULL: never any */
    enum server_end end;
    unsigned wait_for; /* replies only when so many requests have come in all */
};

struct http_server;

/* The steps must stay until http_server_finish(). */
struct http_server *http_server_start(const struct server_step *steps, size_t count);
#define HTTP_SERVER_START(steps) http_server_start(steps, sizeof(steps) / sizeof((steps)[0]))

/* Requests are held against any step that is left, not only the next one. Before the first request. */
void http_server_any_order(struct http_server *server);
/* These bytes are sent as soon as a connection is made, which is then closed. Before the first request. */
void http_server_greet(struct http_server *server, const char *bytes);

/* http://127.0.0.1:PORT; owned by the server. */
const char *http_server_uri(const struct http_server *server);
/* PORT */
unsigned http_server_port(const struct http_server *server);
/* How many connections were made, and requests received, so far. */
unsigned http_server_connections(struct http_server *server);
unsigned http_server_requests(struct http_server *server);

/* Ends and frees the server; fails the running test if the requests were not those of the script. */
void http_server_finish(struct http_server *server);

/* Unless the build makes a library of the helpers, each test brings the server along. */
#ifndef SYNC_TESTS_SUPPORT_LIBRARY
#include "support/http_server.c"
#endif

#endif
