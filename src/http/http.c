/*
 * The calls and their handles.
 *
 * A call is waiting (more calls than connections: they begin in the order they were sent), running (it has
 * one of libcurl's handles, of which there are never more than connections are allowed) or reporting (its
 * `done` is being called, after which it is gone). The queue is ours because libcurl's counts the time spent
 * in it against the time allowed for connecting.
 *
 * Handles cost more to make than to keep, so those out of use are spared, where libcurl is sound.
 *
 * A peer may be gone without a word, and libcurl then waits on until the call's limit. What another call
 * meets tells more: one that fails makes all older connections doubtful (they are not used again). And where
 * the server is found to be away, the calls under way are doubtful. These are given up when it is back and
 * they still are not answered. Not sooner, for the server may be slow only.
 */
#include "http/http.h"

#include "base/memory.h"
#include "http/easy.h"
#include "http/outcome.h"
#include "http/pump.h"
#include "http/uri.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <utlist.h>

enum call_state { CALL_WAITING, CALL_RUNNING, CALL_REPORTING };

struct http_call {
    struct http *http;
    enum call_state state;
    bool fresh;                    /* as the request asked for */
    enum http_method method;       /* likewise */
    const char *route;             /* likewise, borrowed */
    instant began;                 /* to run */
    unsigned long number;          /* among those that began to run, from 1 on */
    struct http_call *prev, *next; /* among the waiting or the running */
    CURL *easy;                    /* while running */
    struct http_exchange exchange;
    http_done *done;
    void *context;
};

enum {
    DEFAULT_LIMIT = 60 * 1000, /* ms */
    GRACE = 2000,              /* ms for the doubtful calls to be answered, once the server answers */
    ROUNDING = 2,              /* seconds: libcurl knows the age of a connection no better than that */
};

struct http {
    char *base, *proxy, *ca_file, *certificate_file, *key_file, *user_agent;
    struct http_config config; /* its texts are those above */
    char *peer;                /* host and port of the server, for texts */
    struct http_pump pump;
    struct http_call *waiting, *running; /* doubly linked lists */
    long running_count;
    struct http_share share; /* of what their replies hold */
    CURL **spare;            /* room for the most that config.connections ever was */
    size_t spare_room;
    long spare_count;
    unsigned long count; /* of requests */
    unsigned long begun; /* calls that began to run */

    instant failed;          /* when a call failed last; INSTANT_PAST: none has */
    unsigned long doubtful;  /* number of the last call of whose connection nothing good is known; 0: none */
    struct loop_timer grace; /* set: the server answers again */
};

/* ---- handles ---- */

static CURL *easy_get(struct http *http)
{
    CURL *easy;

    if (http->spare_count > 0)
        return http->spare[--http->spare_count];
    easy = http_easy_new(&http->config);
    memory_must(easy);
    return easy;
}

/* Before 8.1.0 a handle keeps the last header of a reply beyond its life, and appends to it what a later
   reply begins with, if that looks like a further line of it (curl's pull request 11103). */
static bool is_used_again(void)
{
    enum { VERSION_8_1_0 = 0x080100 };

    return curl_version_info(CURLVERSION_NOW)->version_num >= VERSION_8_1_0;
}

/* One that sent a body may hold a password: later ones keep what they sent until they send again (seen with
   8.14). */
static void easy_put(struct http *http, CURL *easy, bool sent_body)
{
    http_easy_part(easy);
    if (is_used_again() && !sent_body)
        http->spare[http->spare_count++] = easy;
    else
        curl_easy_cleanup(easy);
}

/* ---- calls ---- */

static void call_free(struct http_call *call)
{
    http_exchange_deinit(&call->exchange);
    free(call);
}

/* How old the connection of a call that begins now may be. */
static long oldest_good(const struct http *http)
{
    int64_t seconds;

    if (http->failed == INSTANT_PAST)
        return ANY_AGE;
    seconds = (instant_now() - http->failed) / 1000;
    return seconds < ROUNDING ? 0 : (long)seconds - ROUNDING + 1;
}

/* Begins waiting calls, as long as there are connections. */
static void begin_waiting(struct http *http)
{
    while (http->waiting && http->running_count < http->config.connections) {
        struct http_call *call = http->waiting;

        DL_DELETE(http->waiting, call);
        DL_APPEND(http->running, call);
        http->running_count++;
        call->state = CALL_RUNNING;
        call->began = instant_now();
        call->number = ++http->begun;
        if (!call->fresh)
            call->exchange.oldest = oldest_good(http);
        call->easy = easy_get(http);
        http_easy_join(call->easy, &call->exchange);
        memory_must(curl_easy_setopt(call->easy, CURLOPT_PRIVATE, call) == CURLE_OK);
        http_pump_add(&http->pump, call->easy);
    }
}

/* Less is held than before: replies whose rest waits may go on, as long as they fit. */
static void let_go_on(struct http *http)
{
    struct http_call *call;

    DL_FOREACH (http->running, call) {
        if (!call->exchange.waits)
            continue;
        call->exchange.waits = false;
        (void)curl_easy_pause(call->easy, CURLPAUSE_CONT);
    }
}

/* The call no longer runs; its handle and its connection are free for the next one. */
static void end_running(struct http_call *call)
{
    struct http *http = call->http;

    DL_DELETE(http->running, call);
    http->running_count--;
    easy_put(http, TAKE(call->easy), call->exchange.body != NULL);
}

static void tell_observer(const struct http_call *call, const struct http_reply *reply)
{
    const struct http_config *config = &call->http->config;

    if (config->observe)
        config->observe(config->observer, &(struct http_event){.method = call->method,
                                                               .route = call->route,
                                                               .result = reply->result,
                                                               .status = reply->status,
                                                               .duration = instant_now() - call->began});
}

static void report(struct http_call *call, const struct http_reply *reply)
{
    struct http *http = call->http;

    tell_observer(call, reply);
    end_running(call);
    call->state = CALL_REPORTING;
    call->done(call->context, reply);
    call_free(call);
    begin_waiting(http); /* now: they are not among those that it may have made doubtful */
    let_go_on(http);
}

void http_doubt(struct http *http)
{
    http->doubtful = http->begun;
    loop_timer_stop(&http->grace);
}

void http_grace(struct http *http)
{
    if (http->doubtful > 0 && !loop_timer_is_set(&http->grace))
        loop_timer_set(&http->grace, instant_now() + GRACE);
}

static struct http_call *find_doubtful(const struct http *http)
{
    struct http_call *call;

    DL_FOREACH (http->running, call)
        if (call->number <= http->doubtful && call->exchange.header_size == 0)
            return call;
    return NULL;
}

/* Looks anew after each, since any other may have been cancelled in the callback. */
static void grace_over(void *context)
{
    struct http *http = context;
    struct http_call *call;
    struct error problem;

    (void)error_set(&problem, "%s: the connection is dead", http->peer);
    while ((call = find_doubtful(http))) {
        http_pump_remove(&http->pump, call->easy);
        report(call, &(struct http_reply){.result = HTTP_BROKEN,
                                          .trouble = HTTP_TROUBLE,
                                          .body = "",
                                          .retry_after = -1,
                                          .date = -1,
                                          .problem = problem.text});
    }
    http->doubtful = 0;
}

static void call_finished(void *context, CURL *easy, CURLcode code)
{
    struct http *http = context;
    struct http_call *call = NULL;
    struct http_reply reply;
    struct error problem;

    memory_must(curl_easy_getinfo(easy, CURLINFO_PRIVATE, &call) == CURLE_OK && call);
    reply = http_outcome(&call->exchange, easy, code, http->peer, &problem);
    if (reply.result != HTTP_ANSWERED && reply.result != HTTP_TOO_LARGE)
        http->failed = instant_now();
    report(call, &reply);
}

struct http_call *http_send(struct http *http, const struct http_request *request, http_done *done,
                            void *context)
{
    struct http_call *call = NEW(struct http_call);

    call->http = http;
    call->done = done;
    call->context = context;
    call->fresh = request->fresh;
    call->method = request->method;
    call->route = request->route;
    http_exchange_init(&call->exchange, &http->config, &http->share, request);
    DL_APPEND(http->waiting, call);
    http->count++;
    begin_waiting(http);
    return call;
}

void http_cancel(struct http_call *call)
{
    struct http *http = call ? call->http : NULL;

    if (!call)
        return;
    switch (call->state) {
    case CALL_REPORTING:
        return;
    case CALL_WAITING:
        DL_DELETE(http->waiting, call);
        break;
    case CALL_RUNNING:
        http_pump_remove(&http->pump, call->easy);
        end_running(call);
        begin_waiting(http);
        break;
    }
    call_free(call);
    let_go_on(http);
}

unsigned long http_count(const struct http *http)
{
    return http->count;
}

bool http_is_idle(const struct http *http)
{
    return !http->waiting && !http->running;
}

/* ---- life ---- */

/* The texts of errors quote nothing of the URI: a mistyped one may hold a password. */
static bool read_base(const char *base, char **ret_peer, struct error *error)
{
    CLEANUP(http_uri_deinit) struct http_uri uri = {0};

    if (!http_uri_parse(base, &uri))
        return error_set(error, "the URI of the server cannot be read");
    if (!text_equal(uri.scheme, "http") && !text_equal(uri.scheme, "https"))
        return error_set(error, "the URI of the server must begin with http:// or https://");
    if (uri.user || uri.password)
        return error_set(error, "the URI of the server must not hold a user name or password");
    if (strpbrk(base, "?#") || base[strlen(base) - 1] == '/')
        return error_set(error, "the URI of the server must not hold a query or end in a slash");
    *ret_peer = text_format("%s%s%s", uri.host, uri.port ? ":" : "", uri.port ? uri.port : "");
    return true;
}

static bool check_files(const struct http_config *config, struct error *error)
{
    const char *files[] = {config->ca_file, config->certificate_file, config->key_file};

    for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++)
        if (files[i] && access(files[i], R_OK) < 0)
            return error_set(error, "%s: %s", files[i], strerror(errno));
    if (!config->certificate_file != !config->key_file)
        return error_set(error, "the client's certificate and its key go together");
    return true;
}

static void make_room(struct http *http)
{
    size_t most = (size_t)http->config.connections;

    if (most <= http->spare_room)
        return;
    http->spare = memory_resize(http->spare, most, sizeof(http->spare[0]));
    http->spare_room = most;
}

static bool read_config(struct http *http, const struct http_config *config, struct error *error)
{
    if (!read_base(config->base, &http->peer, error) || !check_files(config, error))
        return false;
    http->base = text_copy(config->base);
    http->proxy = text_copy(config->proxy);
    http->ca_file = text_copy(config->ca_file);
    http->certificate_file = text_copy(config->certificate_file);
    http->key_file = text_copy(config->key_file);
    http->user_agent = text_copy(config->user_agent);
    http->config = *config;
    http->config.base = http->base;
    http->config.proxy = http->proxy;
    http->config.ca_file = http->ca_file;
    http->config.certificate_file = http->certificate_file;
    http->config.key_file = http->key_file;
    http->config.user_agent = http->user_agent;
    if (http->config.connections < 1)
        http->config.connections = 1;
    if (http->config.request_limit <= 0)
        http->config.request_limit = DEFAULT_LIMIT;
    http->share.most = http->config.largest_reply;
    make_room(http);
    return true;
}

/* The first handle shows whether this libcurl has what we need; afterwards only memory can be lacking. */
static bool try_handle(struct http *http, struct error *error)
{
    CURL *easy = http_easy_new(&http->config);

    if (!easy)
        return error_set(error, "this libcurl lacks what is needed");
    easy_put(http, easy, false);
    return true;
}

void http_set_connections(struct http *http, long connections)
{
    http->config.connections = connections < 1 ? 1 : connections;
    make_room(http);
    http_pump_keep(&http->pump, http->config.connections);
    begin_waiting(http);
}

struct http *http_new(const struct http_config *config, struct loop *loop, struct error *error)
{
    CLEANUP(http_freep) struct http *http = NEW(struct http);

    http_use_memory();
    http->failed = INSTANT_PAST;
    loop_timer_init(&http->grace, loop, grace_over, http);
    if (!read_config(http, config, error) ||
        !http_pump_start(&http->pump, loop, http->config.connections, call_finished, http, error) ||
        !try_handle(http, error))
        return NULL;
    return TAKE(http);
}

static void cancel_all(struct http_call *list)
{
    for (struct http_call *next; list; list = next) {
        next = list->next;
        http_cancel(list);
    }
}

void http_free(struct http *http)
{
    if (!http)
        return;
    cancel_all(http->waiting); /* first, lest they begin */
    cancel_all(http->running);
    while (http->spare_count > 0)
        curl_easy_cleanup(http->spare[--http->spare_count]);
    http_pump_stop(&http->pump);
    loop_timer_stop(&http->grace);
    curl_global_cleanup();
    text_free_secret(http->proxy);
    free(http->base);
    free(http->ca_file);
    free(http->certificate_file);
    free(http->key_file);
    free(http->user_agent);
    free(http->peer);
    free(http->spare);
    free(http);
}
