#ifndef SYNC_TESTS_SYNAPSE_FIXTURE_H
#define SYNC_TESTS_SYNAPSE_FIXTURE_H

/*
 * What the tests of sessions and calls share: a scripted homeserver and a client of it on a loop, with a
 * record of what became of it. To be included after the headers of cmocka.
 */
#include "base/memory.h"
#include "http/http.h"
#include "support/http_server.h"
#include "support/test.h"
#include "synapse/synapse.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MOST_EVENTS = 64, PATIENCE = 60000 };

#define SELF "%40sync%3Ah"

/* Steps of a script that open a session with the token that was given. */
#define WHO_AM_I                                                                                             \
    {                                                                                                        \
        .line = "GET /_matrix/client/v3/account/whoami", .bearer = "syt_given", .status = 200,               \
        .reply = "{\"user_id\":\"@sync:h\"}"                                                                 \
    }
#define READ_SELF(token)                                                                                     \
    {                                                                                                        \
        .line = "GET /_synapse/admin/v2/users/" SELF, .bearer = (token), .status = 200,                      \
        .reply = "{\"name\":\"@sync:h\",\"displayname\":\"Sync-Bot\",\"admin\":true,\"deactivated\":false,"  \
                 "\"avatar_url\":\"mxc://h/a\"}"                                                             \
    }
#define READ_CAPABILITIES(token)                                                                             \
    {                                                                                                        \
        .line = "GET /_matrix/client/v3/capabilities", .bearer = (token), .status = 200,                     \
        .reply = "{\"capabilities\":{\"m.room_versions\":{\"default\":\"11\","                               \
                 "\"available\":{\"11\":\"stable\",\"12\":\"stable\"}}}}"                                    \
    }
#define OPEN_SESSION WHO_AM_I, READ_SELF("syt_given"), READ_CAPABILITIES("syt_given")

/* What happened, in the order in which it did: the session opened ('+') or closed ('-'), or the number of a
   call was answered ('0', '1', …). */
struct client {
    struct http_server *server;
    struct loop *loop;
    struct http *http;
    struct synapse *synapse;
    struct loop_timer patience;
    char events[MOST_EVENTS + 1];
    size_t count, wanted;
    unsigned signs[SYNAPSE_BUSY + 1]; /* that the pulse gave, by kind */
    bool awaits_sign;
    struct synapse_reply replies[10]; /* by number; without what they own */
};

struct numbered {
    struct client *client;
    char number;
};

static inline void note_event(struct client *client, char event)
{
    assert_true(client->count < MOST_EVENTS);
    client->events[client->count++] = event;
    if (client->count == client->wanted)
        loop_stop(client->loop);
}

static inline void session_changed(void *context, bool ready)
{
    struct client *client = context;

    assert_int_equal(synapse_is_ready(client->synapse), ready);
    assert_int_equal(synapse_trouble(client->synapse) == NULL, ready);
    note_event(client, ready ? '+' : '-');
}

static inline void told(void *context, const struct synapse_sign *sign)
{
    struct client *client = context;

    client->signs[sign->kind]++;
    if (client->awaits_sign)
        loop_stop(client->loop);
}

static inline void out_of_patience(void *context)
{
    struct client *client = context;

    loop_stop(client->loop);
}

static inline struct synapse_config given_token(void)
{
    return (struct synapse_config){.server_name = "h", .sync_user = "@sync:h", .token = "syt_given"};
}

/* The server is finished by client_end(). */
static inline void client_begin(struct client *client, struct http_server *server,
                                const struct synapse_config *config)
{
    const struct http_config http = {.base = http_server_uri(server),
                                     .user_agent = HTTP_SERVER_USER_AGENT,
                                     .connections = 8,
                                     .largest_reply = 100000,
                                     .connect_limit = 5000};
    struct error error;

    *client = (struct client){.server = server};
    client->loop = loop_new(&error);
    assert_non_null(client->loop);
    client->http = http_new(&http, client->loop, &error);
    assert_non_null(client->http);
    loop_timer_init(&client->patience, client->loop, out_of_patience, client);
    client->synapse = synapse_new(
        config, &(struct synapse_handlers){.changed = session_changed, .told = told, .context = client},
        client->http, client->loop);
}

static inline void client_end(struct client *client)
{
    synapse_free(client->synapse);
    http_free(client->http);
    loop_free(client->loop);
    http_server_finish(client->server);
}

/* Runs the loop until so much has happened, from the beginning. */
static inline void client_run(struct client *client, size_t events)
{
    client->wanted = events;
    if (client->count < client->wanted) {
        loop_timer_set(&client->patience, instant_now() + PATIENCE);
        loop_run(client->loop);
        loop_timer_stop(&client->patience);
    }
}

/* The same until that is what has happened. */
static inline void client_await(struct client *client, const char *events)
{
    client_run(client, strlen(events));
    assert_string_equal(client->events, events);
}

/* Runs the loop until the pulse tells something, which must be that. */
static inline void client_await_sign(struct client *client, enum synapse_sign_kind kind)
{
    client->awaits_sign = true;
    loop_timer_set(&client->patience, instant_now() + PATIENCE);
    loop_run(client->loop);
    loop_timer_stop(&client->patience);
    client->awaits_sign = false;
    assert_int_equal(client->signs[kind], 1);
}

/* Runs the loop until so many requests have come in, and their replies had time to be understood. */
static inline void keep_waiting(void *context)
{
    struct client *client = context;

    if (synapse_trouble(client->synapse) && !strstr(synapse_trouble(client->synapse), "has not answered yet"))
        loop_stop(client->loop);
    else
        loop_timer_set(&client->patience, instant_now() + 5);
}

/* Runs the loop until something is wrong, and checks what. */
static inline void client_await_trouble(struct client *client, const char *trouble)
{
    loop_timer_init(&client->patience, client->loop, keep_waiting, client);
    loop_timer_set(&client->patience, instant_now());
    loop_run(client->loop);
    loop_timer_stop(&client->patience);
    loop_timer_init(&client->patience, client->loop, out_of_patience, client);
    if (!strstr(synapse_trouble(client->synapse), trouble))
        fail_msg("%s\n is not about\n%s", synapse_trouble(client->synapse), trouble);
}

static inline void keep_reply(void *context, struct synapse_reply *reply)
{
    struct numbered *numbered = context;
    struct client *client = numbered->client;
    char number = numbered->number;

    free(numbered);
    client->replies[number - '0'] = *reply;
    note_event(client, number);
}

/* Sends the call, whose reply is known by the number. */
static inline void client_send(struct client *client, char number, const struct synapse_call *call)
{
    struct numbered *numbered = NEW(struct numbered);

    *numbered = (struct numbered){client, number};
    synapse_send(client->synapse, call, keep_reply, numbered);
}

#endif
