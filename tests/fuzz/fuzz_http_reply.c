/*
 * Any bytes of whoever answers in the place of the homeserver: a whole reply that is no larger than allowed,
 * or one visible sentence on what was wrong.
 */
#include "fuzz.h"

#include "base/memory.h"
#include "base/text.h"
#include "base/visible.h"
#include "http/http.h"

#include <arpa/inet.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

/* Reaches: http/easy.c http/outcome.c http/exchange.c http/retry_after.c */

enum { LARGEST = 1024 /* bytes of a reply */, LONGEST = 32 * 1024 /* bytes that a socket takes at once */ };

/* libcurl has buffers of 100 KiB for a connection. */
const struct fuzz_bound fuzz_bound = {.memory = 500, .blocks = 5, .steps = 500};

/* The server, and what it says to whoever comes. */
static struct {
    struct loop *loop;
    struct loop_watch watch;
    struct http *http;
    int listener, client;
    const uint8_t *data;
    size_t size;
    size_t taken;
} stage;

/* All at once, and no more: it has not even looked at the request. */
static void somebody_came(void *context, uint32_t events)
{
    (void)context;
    (void)events;
    stage.client = accept4(stage.listener, NULL, NULL, SOCK_CLOEXEC);
    must(stage.client >= 0);
    must(send(stage.client, stage.data, stage.size, MSG_NOSIGNAL) == (ssize_t)stage.size);
    must(shutdown(stage.client, SHUT_WR) == 0);
}

static void set_stage(void)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr = {htonl(INADDR_LOOPBACK)}};
    socklen_t size = sizeof(address);
    CLEANUP(freep) char *base = NULL;
    struct error error;

    stage.loop = loop_new(&error);
    stage.listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    must(bind(stage.listener, (struct sockaddr *)&address, size) == 0 && listen(stage.listener, 8) == 0);
    must(getsockname(stage.listener, (struct sockaddr *)&address, &size) == 0);
    base = text_format("http://127.0.0.1:%d", ntohs(address.sin_port));
    stage.http = http_new(&(struct http_config){.base = base,
                                                .user_agent = "synapse-sync",
                                                .connections = 1,
                                                .largest_reply = LARGEST,
                                                .connect_limit = 5000},
                          stage.loop, &error);
    loop_watch_init(&stage.watch, stage.loop, somebody_came, NULL);
    must(stage.http && loop_watch_start(&stage.watch, stage.listener, EPOLLIN, &error));
}

static bool take(void *context, const char *bytes, size_t size)
{
    (void)context;
    (void)bytes;
    stage.taken += size;
    return stage.taken <= LARGEST;
}

static void check_problem(const char *problem)
{
    uint32_t code = 0;

    must(problem && strncmp(problem, "127.0.0.1:", 10) == 0);
    for (size_t size; *problem; problem += size) {
        size = text_read(problem, &code);
        must(size > 0 && !visible_is_hidden(code));
    }
}

static void answered(void *context, const struct http_reply *reply)
{
    (void)context;
    must(reply->body[reply->body_size] == '\0' && reply->body_size <= LARGEST);
    must(reply->retry_after >= -1 && reply->retry_after <= HTTP_LONGEST_PAUSE && reply->date >= -1);
    if (reply->result == HTTP_ANSWERED) {
        must(reply->status >= 0 && reply->status <= 999 &&
             !reply->problem); /* libcurl takes less than 100, too */
        must(stage.taken <= LARGEST);
    } else {
        must(reply->status == 0 && reply->body_size == 0);
        check_problem(reply->problem);
    }
    loop_stop(stage.loop);
}

void fuzz_try(const uint8_t *data, size_t size)
{
    const struct linger at_once = {.l_onoff = 1}; /* no memory of it stays with the kernel */
    struct fuzz_rest rest = {data, size};
    bool takes = fuzz_byte(&rest) % 2 == 1;

    if (!stage.loop)
        set_stage();
    stage.data = rest.data;
    stage.size = rest.size < LONGEST ? rest.size : LONGEST;
    stage.taken = 0;
    (void)http_send(stage.http,
                    &(struct http_request){.method = HTTP_GET,
                                           .path = "/",
                                           .bearer = "syt_hunter2",
                                           .fresh = true,
                                           .take = takes ? take : NULL},
                    answered, NULL);
    loop_run(stage.loop);
    (void)setsockopt(stage.client, SOL_SOCKET, SO_LINGER, &at_once, sizeof(at_once));
    (void)close(stage.client);
}
