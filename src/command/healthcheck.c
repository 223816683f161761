/* Asks the daemon's own monitor whether it is alive, for containers: in there is no other program to ask. */
#include "command/command.h"

#include "base/memory.h"
#include "http/http.h"
#include "loop/loop.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { LIMIT = 4000, LARGEST = 4096 };

struct inquiry {
    struct loop *loop;
    bool is_alive;
    char *problem; /* NULL: none */
};

static void heard(void *context, const struct http_reply *reply)
{
    struct inquiry *inquiry = context;

    inquiry->is_alive = reply->result == HTTP_ANSWERED && reply->status == 200;
    if (!inquiry->is_alive)
        inquiry->problem = reply->problem ? text_copy(reply->problem)
                                          : text_format("the monitor answers with %ld", reply->status);
    loop_stop(inquiry->loop);
}

/* Where all addresses are listened on, the own one will do. */
static char *make_uri(const char *listen)
{
    if (strncmp(listen, "0.0.0.0:", 8) == 0)
        return text_format("http://127.0.0.1:%s", listen + 8);
    if (strncmp(listen, "[::]:", 5) == 0)
        return text_format("http://[::1]:%s", listen + 5);
    return text_format("http://%s", listen);
}

static bool ask(const char *listen, struct inquiry *inquiry, struct error *error)
{
    CLEANUP(freep) char *uri = make_uri(listen);
    CLEANUP(loop_freep) struct loop *loop = loop_new(error);
    const struct http_config config = {.base = uri,
                                       .user_agent = "synapse-sync/" SYNC_VERSION,
                                       .connections = 1,
                                       .largest_reply = LARGEST,
                                       .request_limit = LIMIT,
                                       .connect_limit = LIMIT};
    CLEANUP(http_freep) struct http *http = loop ? http_new(&config, loop, error) : NULL;

    if (!http)
        return false;
    inquiry->loop = loop;
    (void)http_send(http, &(struct http_request){.method = HTTP_GET, .path = "/livez"}, heard, inquiry);
    loop_run(loop);
    return inquiry->is_alive || error_set(error, "%s", inquiry->problem);
}

int command_healthcheck(const struct config *config, const struct command_options *options)
{
    struct inquiry inquiry = {.is_alive = false};
    struct error error;
    bool alive = false;

    (void)options;
    if (config->monitor.listen)
        alive = ask(config->monitor.listen, &inquiry, &error);
    else
        (void)error_set(&error, "MONITOR__LISTEN is off, so nobody can be asked");
    if (alive)
        puts("alive");
    else
        fprintf(stderr, "synapse-sync: healthcheck: %s\n", error.text);
    free(inquiry.problem);
    return alive ? EXIT_SUCCESS : EXIT_FAILURE;
}
