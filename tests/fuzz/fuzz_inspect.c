/*
 * The questions of `check` to homeserver and Matrix Authentication Service, answered by anything: the look
 * ends, and what is told of it is visible, short, and no secret of ours.
 */
#include "fuzz.h"

#include "base/memory.h"
#include "base/secrets.h"
#include "base/text.h"
#include "base/visible.h"
#include "synapse/inspect.h"

#include <stdlib.h>
#include <string.h>

/* Reaches: synapse/inspect.c synapse/inspect_mas.c synapse/inspector.c synapse/inspector_entry.c
 * synapse/inquiry.c */

#define TOKEN "mpt_c3luYw_hunter2"
#define PASSWORD "correct horse battery"

const struct fuzz_bound fuzz_bound = {.memory = 250, .blocks = 20, .steps = 3000};

/* ---- in the place of http.c: each request is answered by the next part of the input ---- */

enum { MOST_REQUESTS = 40 };

struct http {
    struct loop_timer timer;
    http_done *done;
    void *context;
};

static struct fuzz_rest replies;
static int requests;

static void answer(void *context)
{
    static const long statuses[] = {200, 200, 200, 200, 301, 400, 401, 403, 404, 429, 500, 502};
    struct http *http = context;
    uint8_t how = fuzz_byte(&replies), date = fuzz_byte(&replies);
    CLEANUP(freep) char *body = fuzz_text(&replies);
    const struct http_reply came = {.result = HTTP_ANSWERED,
                                    .status = statuses[how % (sizeof(statuses) / sizeof(statuses[0]))],
                                    .body = body,
                                    .body_size = strlen(body),
                                    .retry_after = -1,
                                    .date = date * 10000000L - 1};
    const struct http_reply none = {.result = HTTP_UNREACHABLE,
                                    .trouble = (enum http_trouble)(1 + date % HTTP_NO_TIME),
                                    .body = "",
                                    .retry_after = -1,
                                    .date = -1,
                                    .problem = "h:8008: no"};

    http->done(http->context, how == UINT8_MAX ? &none : &came);
}

struct http *http_new(const struct http_config *config, struct loop *loop, struct error *error)
{
    struct http *http = NEW(struct http);

    (void)error;
    must(strncmp(config->base, "http", 4) == 0 && !strpbrk(config->base, "?# @"));
    loop_timer_init(&http->timer, loop, answer, http);
    return http;
}

void http_free(struct http *http)
{
    if (http)
        loop_timer_stop(&http->timer);
    free(http);
}

struct http_call *http_send(struct http *http, const struct http_request *request, http_done *done,
                            void *context)
{
    must(request->path[0] == '/' && ++requests < MOST_REQUESTS);
    for (const char *byte = request->path; *byte; byte++)
        must(*byte > ' ' && *byte <= '~' && *byte != '#');
    http->done = done;
    http->context = context;
    loop_timer_set(&http->timer, instant_now());
    return NULL;
}

void http_cancel(struct http_call *call)
{
    must(call == NULL);
}

void http_set_connections(struct http *http, long connections)
{
    (void)http;
    (void)connections;
}

void http_doubt(struct http *http)
{
    (void)http;
}

void http_grace(struct http *http)
{
    (void)http;
}

unsigned long http_count(const struct http *http)
{
    (void)http;
    return 0;
}

bool http_is_idle(const struct http *http)
{
    (void)http;
    return true;
}

/* ---- what is told ---- */

static void check_text(const char *text, const struct secrets *secrets)
{
    uint32_t code = 0;

    must(!secrets_are_in(secrets, text));
    for (size_t size; text && *text; text += size) {
        size = text_read(text, &code);
        must(size > 0 && !visible_is_hidden(code));
    }
}

static void check_sight(const struct synapse_sight *sight, const struct secrets *secrets)
{
    const char *const texts[] = {sight->problem.text, sight->title,       sight->version,
                                 sight->issuer,       sight->mas_address, sight->mas_version,
                                 sight->mas_name,     sight->server_name, sight->owner,
                                 sight->largest,      sight->room_version};

    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
        check_text(texts[i], secrets);
    must(sight->encrypted <= sight->looked_at);
    must(sight->version_number == 0 || sight->version);
}

/* Those that it was given; of others it cannot know. */
static struct secrets *known_secrets(const struct synapse_config *config)
{
    struct secrets *secrets = secrets_new();

    secrets_add(secrets, config->token);
    secrets_add(secrets, config->password);
    secrets_add(secrets, config->shared_secret);
    secrets_add(secrets, config->mas_client_secret);
    return secrets;
}

static void look(const struct synapse_config *config, bool accounts_only, struct loop *loop)
{
    const struct http_config way = {.base = "http://h"};
    struct http *http = http_new(&way, loop, NULL), *other = http_new(&way, loop, NULL);
    struct synapse_inspector *inspector = synapse_inspector_new(config, http, other, loop);
    CLEANUP(secrets_freep) struct secrets *secrets = known_secrets(config);
    struct synapse_sight sight;

    if (accounts_only)
        synapse_inspect_accounts(inspector, &sight);
    else
        synapse_inspect(inspector, &sight);
    check_sight(&sight, secrets);
    synapse_sight_deinit(&sight);
    synapse_inspector_free(inspector);
    http_free(http);
    http_free(other);
}

void fuzz_try(const uint8_t *data, size_t size)
{
    static struct loop *loop;
    static const struct http_config way = {.base = "http://h"};
    uint8_t how;

    if (!loop)
        loop = loop_new(NULL);
    replies = (struct fuzz_rest){data, size};
    requests = 0;
    how = fuzz_byte(&replies);
    look(&(struct synapse_config){.server_name = "h",
                                  .sync_user = "@sync:h",
                                  .token = how & 1 ? TOKEN : NULL,
                                  .password = how & 2 ? PASSWORD : NULL,
                                  .shared_secret = PASSWORD,
                                  .mas_client_id = how & 4 ? "client" : NULL,
                                  .mas_client_secret = how & 4 ? PASSWORD : NULL,
                                  .mas_http = &way,
                                  .room_version = how & 8 ? "11" : NULL},
         how & 16, loop);
}
