#ifndef SYNC_MONITOR_SERVER_H
#define SYNC_MONITOR_SERVER_H

#include "base/buffer.h"
#include "base/cleanup.h"
#include "loop/loop.h"

#include <stdbool.h>

/*
 * HTTP for those who look, on the loop: libmicrohttpd without a thread of its own. Only GET and HEAD are
 * answered. What clients may cost, see src/monitor/server.c.
 */
struct server;

/* An answer, which may be given any number of times. */
struct server_reply;

/* Takes the bytes of the buffer. `policy`: Content-Security-Policy, NULL: nothing at all may be loaded by it.
 */
struct server_reply *server_reply_new(unsigned status, const char *type, struct buffer *body,
                                      const char *policy) MUST_USE;
/* Those who are still being given it, get it to its end. NULL is fine. */
void server_reply_free(struct server_reply *reply);

/* Who answers. */
struct server_handler {
    /* The reply stays the callee's. `host`: as the request names it; NULL: it does not. */
    struct server_reply *(*answer)(void *context, const char *path, const char *host);
    void *context;
};

/* Fails where the address (in digits, with a port) cannot be had. */
struct server *server_new(const char *listen, const struct server_handler *handler, struct loop *loop,
                          struct error *error) MUST_USE;
/* Cuts all connections. Not from within an answer. NULL is fine. */
void server_free(struct server *server);
DEFINE_CLEANUP(struct server, server_free)

#endif
