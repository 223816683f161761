#ifndef SYNC_TESTS_BENCH_OWN_SERVER_H
#define SYNC_TESTS_BENCH_OWN_SERVER_H

#include "base/error.h"
#include "loop/loop.h"

#include <stddef.h>
#include <stdint.h>

/*
 * An HTTP/1.1 server on 127.0.0.1 that answers each request after a fixed time. Connections are kept alive;
 * requests may follow each other before the first is answered (pipelining), and are answered in their order.
 */
struct server;

/* A request as it came; texts are terminated and live for the call. */
struct server_request {
    const char *method, *target;
    const char *body;
    size_t body_size;
};

/* Carries the request out, sets the status, and returns the reply's JSON, which the server frees. */
typedef char *server_answer(void *context, const struct server_request *request, int *ret_status,
                            size_t *ret_size);

struct server *server_new(struct loop *loop, uint16_t port, int64_t latency, server_answer *answer,
                          void *context, struct error *error) MUST_USE;

#endif
