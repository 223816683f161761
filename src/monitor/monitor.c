#include "monitor/monitor.h"

#include "base/log.h"
#include "base/memory.h"
#include "base/random.h"
#include "monitor/history.h"
#include "monitor/host.h"
#include "monitor/listener.h"
#include "monitor/page.h"
#include "monitor/server.h"

#include <stdlib.h>
#include <string.h>

enum {
    AGAIN = 10 * 1000,       /* ms until it is tried again to listen */
    LARGEST_REPLY = 1 << 20, /* bytes; what is made here is far from it */
    LASTS = 100,             /* ms: what is laborious to make is not made more often */
};

/* A path, and what was answered last. */
struct route {
    const char *path;
    struct server_reply *(*make)(struct monitor *monitor);
    int64_t lasts;   /* ms */
    bool is_private; /* shows names: see src/monitor/host.h */
};

struct kept {
    struct server_reply *reply; /* NULL: none yet */
    instant made;
};

enum { ROUTES = 4 };

struct monitor {
    struct monitor_config config;
    char *listen, *version;
    struct loop *loop;
    struct loop_timer timer; /* to try again to listen */
    bool has_warned;
    struct server *server; /* NULL: it cannot listen */
    struct metrics *metrics;
    struct history history;
    instant started;
    struct kept kept[ROUTES];
    struct server_reply *not_found, *misdirected;
};

/* ---- what is answered ---- */

static const char plain[] = "text/plain; charset=utf-8";

static struct server_reply *reply_with(unsigned status, const char *text)
{
    struct buffer body;

    buffer_init(&body, LARGEST_REPLY);
    (void)buffer_append_text(&body, text);
    return server_reply_new(status, plain, &body, NULL);
}

static struct server_reply *make_liveness(struct monitor *monitor)
{
    (void)monitor; /* that this is called says it all */
    return reply_with(200, "alive\n");
}

static struct server_reply *make_readiness(struct monitor *monitor)
{
    struct monitor_state state = {.oldest = -1};
    struct buffer body;
    bool is_ready;

    monitor->config.look(monitor->config.context, &state);
    buffer_init(&body, LARGEST_REPLY);
    is_ready = page_write_readiness(&body, &state);
    return server_reply_new(is_ready ? 200 : 503, plain, &body, NULL);
}

static struct server_reply *make_metrics(struct monitor *monitor)
{
    struct monitor_state state = {.oldest = -1};
    struct buffer body;

    monitor->config.look(monitor->config.context, &state);
    buffer_init(&body, LARGEST_REPLY);
    metrics_write(monitor->metrics, &body);
    return server_reply_new(200, "text/plain; version=0.0.4; charset=utf-8", &body, NULL);
}

/* The styles and the script of the page are known by a number that nobody can foresee, so that no other would
   be run even if the words of others came to be a part of the page. */
static char *make_nonce(void)
{
    CLEANUP(freep) char *first = random_mark();
    CLEANUP(freep) char *second = random_mark();

    return first && second ? text_format("%s%s", first, second) : NULL;
}

static struct server_reply *make_page(struct monitor *monitor)
{
    CLEANUP(freep) char *nonce = make_nonce();
    CLEANUP(freep)
    char *policy = text_format("default-src 'none'; style-src 'nonce-%s'; script-src 'nonce-%s'; "
                               "connect-src 'self'; base-uri 'none'; form-action 'none'; "
                               "frame-ancestors 'none'",
                               nonce ? nonce : "", nonce ? nonce : "");
    struct monitor_state state = {.oldest = -1};
    struct buffer body;

    monitor->config.look(monitor->config.context, &state);
    buffer_init(&body, LARGEST_REPLY);
    page_write(&body, &(struct page){.state = &state,
                                     .history = &monitor->history,
                                     .version = monitor->version,
                                     .nonce = nonce,
                                     .started = monitor->started,
                                     .now = instant_now(),
                                     .wall = time(NULL)});
    return server_reply_new(200, "text/html; charset=utf-8", &body, policy);
}

static const struct route routes[ROUTES] = {
    {.path = "/", .make = make_page, .lasts = LASTS, .is_private = true},
    {.path = "/livez", .make = make_liveness, .lasts = 0},
    {.path = "/readyz", .make = make_readiness, .lasts = 0},
    {.path = "/metrics", .make = make_metrics, .lasts = LASTS},
};

static struct server_reply *make_again(struct monitor *monitor, const struct route *route, struct kept *kept)
{
    instant now = instant_now();

    if (kept->reply && now < kept->made + route->lasts)
        return kept->reply;
    server_reply_free(kept->reply);
    kept->reply = route->make(monitor);
    kept->made = now;
    return kept->reply;
}

static struct server_reply *answer(void *context, const char *path, const char *host)
{
    struct monitor *monitor = context;

    for (size_t i = 0; i < ROUTES; i++) {
        if (strcmp(path, routes[i].path) != 0)
            continue;
        if (routes[i].is_private && !host_may_see(host))
            return monitor->misdirected;
        return make_again(monitor, &routes[i], &monitor->kept[i]);
    }
    return monitor->not_found;
}

/* ---- life ---- */

static void try_to_listen(void *context)
{
    struct monitor *monitor = context;
    const struct server_handler handler = {.answer = answer, .context = monitor};
    struct error error;

    monitor->server = server_new(monitor->listen, &handler, monitor->loop, &error);
    if (monitor->server) {
        log_info("monitor-listens", LOG_TEXT("address", monitor->listen));
        if (!listener_is_private(monitor->listen))
            log_warning("monitor-open",
                        LOG_TEXT("problem", "the page shows names of users and rooms to whoever can reach "
                                            "this address"));
        return;
    }
    if (!monitor->has_warned)
        log_warning("monitor-unavailable", LOG_TEXT("reason", error.text), LOG_NUMBER("retry_ms", AGAIN));
    monitor->has_warned = true;
    loop_timer_set(&monitor->timer, instant_now() + AGAIN);
}

struct monitor *monitor_new(const struct monitor_config *config, struct loop *loop)
{
    struct monitor *monitor = NEW(struct monitor);

    monitor->config = *config;
    monitor->listen = text_copy(config->listen);
    monitor->version = text_copy(config->version);
    monitor->loop = loop;
    monitor->metrics = metrics_new(config->table, config->metric_count);
    monitor->started = instant_now();
    monitor->not_found = reply_with(404, "there is only /, /livez, /readyz and /metrics\n");
    monitor->misdirected = reply_with(421, "ask for an address in digits, or for localhost\n");
    loop_timer_init(&monitor->timer, loop, try_to_listen, monitor);
    try_to_listen(monitor);
    return monitor;
}

void monitor_free(struct monitor *monitor)
{
    if (!monitor)
        return;
    loop_timer_stop(&monitor->timer);
    server_free(monitor->server);
    for (size_t i = 0; i < ROUTES; i++)
        server_reply_free(monitor->kept[i].reply);
    server_reply_free(monitor->not_found);
    server_reply_free(monitor->misdirected);
    history_deinit(&monitor->history);
    metrics_free(monitor->metrics);
    free(monitor->listen);
    free(monitor->version);
    free(monitor);
}

struct metrics *monitor_metrics(struct monitor *monitor)
{
    return monitor ? monitor->metrics : NULL;
}

void monitor_tell(struct monitor *monitor, const struct monitor_message *message)
{
    if (monitor)
        history_add(&monitor->history, message, instant_now());
}
