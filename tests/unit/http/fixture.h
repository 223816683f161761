#ifndef SYNC_TESTS_HTTP_FIXTURE_H
#define SYNC_TESTS_HTTP_FIXTURE_H

/*
 * What the tests of http share: a scripted server, a client on a loop, and a record of the replies. To be
 * included after the headers of cmocka.
 */
#include "base/memory.h"
#include "http/http.h"
#include "support/http_server.h"
#include "support/test.h"

#include <stdlib.h>
#include <string.h>

enum { MOST_REPLIES = 64, PATIENCE = 20000 };

/* A copy of a reply. */
struct kept_reply {
    enum http_result result;
    long status;
    int64_t retry_after;
    char *body, *problem;
};

struct fixture {
    struct http_server *server;
    struct loop *loop;
    struct http *http;
    struct loop_timer patience;
    struct kept_reply replies[MOST_REPLIES];
    size_t count, wanted;
};

static inline void out_of_patience(void *context)
{
    struct fixture *fixture = context;

    loop_stop(fixture->loop);
}

static inline struct http_config fixture_config(const char *base)
{
    return (struct http_config){.base = base,
                                .user_agent = HTTP_SERVER_USER_AGENT,
                                .connections = 4,
                                .largest_reply = 1000,
                                .connect_limit = 5000};
}

/* `server` may be NULL and is finished by fixture_end(). */
static inline void fixture_begin(struct fixture *fixture, struct http_server *server,
                                 const struct http_config *config)
{
    struct error error;

    *fixture = (struct fixture){.server = server};
    fixture->loop = loop_new(&error);
    assert_non_null(fixture->loop);
    fixture->http = http_new(config, fixture->loop, &error);
    if (!fixture->http)
        fail_msg("%s", error.text);
    loop_timer_init(&fixture->patience, fixture->loop, out_of_patience, fixture);
}

static inline void fixture_end(struct fixture *fixture)
{
    http_free(fixture->http);
    loop_free(fixture->loop);
    for (size_t i = 0; i < fixture->count; i++) {
        free(fixture->replies[i].body);
        free(fixture->replies[i].problem);
    }
    if (fixture->server)
        http_server_finish(fixture->server);
}

static inline void keep_reply(void *context, const struct http_reply *reply)
{
    struct fixture *fixture = context;

    assert_true(fixture->count < MOST_REPLIES);
    assert_int_equal(strlen(reply->body), reply->body_size);
    fixture->replies[fixture->count++] = (struct kept_reply){.result = reply->result,
                                                             .status = reply->status,
                                                             .retry_after = reply->retry_after,
                                                             .body = text_copy(reply->body),
                                                             .problem = text_copy(reply->problem)};
    if (fixture->count == fixture->wanted)
        loop_stop(fixture->loop);
}

/* Runs the loop until so many replies have come in all. */
static inline void fixture_await(struct fixture *fixture, size_t wanted)
{
    fixture->wanted = wanted;
    if (fixture->count >= wanted)
        return;
    loop_timer_set(&fixture->patience, instant_now() + PATIENCE);
    loop_run(fixture->loop);
    loop_timer_stop(&fixture->patience);
    assert_int_equal(fixture->count, wanted);
}

static inline struct http_call *fixture_send(struct fixture *fixture, const struct http_request *request)
{
    return http_send(fixture->http, request, keep_reply, fixture);
}

/* One request by itself and its reply, which the fixture owns. */
static inline const struct kept_reply *fixture_ask(struct fixture *fixture, struct http_request request)
{
    (void)fixture_send(fixture, &request);
    fixture_await(fixture, fixture->count + 1);
    return &fixture->replies[fixture->count - 1];
}

#endif
