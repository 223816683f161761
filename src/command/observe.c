#include "command/observe.h"

#include "base/buffer.h"
#include "base/log.h"
#include "base/memory.h"

#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

/* ---- the table of metrics ---- */

/*
 * Not among them: how many messages wait in the queue. AMQP has no question for that but a passive
 * declaration, and where that is refused (rights that were taken away, a quorum queue without a leader) the
 * broker closes the channel: all messages under way would come again for the sake of a number. RabbitMQ tells
 * it by itself.
 */

enum {
    BUILD_INFO,
    MESSAGES,
    MESSAGE_SECONDS,
    DEAD_LETTERS,
    IN_FLIGHT,
    OLDEST_AGE,
    HELD,
    HTTP_REQUESTS,
    HTTP_SECONDS,
    RETRIES,
    RATE_LIMIT_WAITS,
    CALLS,
    CALLS_ALLOWED,
    MIRROR_BYTES,
    MIRROR_SUBJECTS,
    PEER_READY,
    RECONNECTS,
    READY,
    LONGEST_TURN,
    CPU_SECONDS,
    RESIDENT_BYTES,
    START_TIME,
    METRICS
};

enum { LONGEST_CHANGES = 1024 };

static const double message_bounds[] = {0.01, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300, 1800};
static const double request_bounds[] = {0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 60};

/* clang-format off */
#define ROW(name_, type_, help_, ...) .name = (name_), .type = (type_), .help = (help_), .labels = {__VA_ARGS__}
#define COUNTER(name, help, ...) {ROW(name, METRIC_COUNTER, help, __VA_ARGS__)}
#define GAUGE(name, help, ...) {ROW(name, METRIC_GAUGE, help, __VA_ARGS__)}
#define HISTOGRAM(name, help, bounds_, ...) \
    {ROW(name, METRIC_HISTOGRAM, help, __VA_ARGS__), \
     .bounds = (bounds_), .bound_count = sizeof(bounds_) / sizeof((bounds_)[0])}
#define OURS(name) "synapse_sync_" name

static const struct metric table[METRICS] = {
    [BUILD_INFO] = GAUGE(OURS("build_info"), "Always 1; the label names the version", "version"),
    [MESSAGES] = COUNTER(OURS("messages_total"), "Messages that have ended", "method", "outcome"),
    [MESSAGE_SECONDS] =
        HISTOGRAM(OURS("message_duration_seconds"),
              "Time from a message's arrival to its end", message_bounds, "method"),
    [DEAD_LETTERS] = COUNTER(OURS("dead_letters_total"), "Messages rejected, by reason", "code"),
    [IN_FLIGHT] = GAUGE(OURS("messages_in_flight"), "Messages that came and have not ended", NULL),
    [OLDEST_AGE] =
        GAUGE(OURS("oldest_message_age_seconds"),
              "Time since the oldest message that has not ended came; 0 if there is none", NULL),
    [HELD] =
        GAUGE(OURS("messages_held"),
              "Messages that wait because a call keeps failing; call=\"any\": because no call is made at all", "call"),
    [HTTP_REQUESTS] =
        COUNTER(OURS("http_requests_total"),
              "Requests to the homeserver; code: the status, or what became of it without one", "method", "route", "code"),
    [HTTP_SECONDS] =
        HISTOGRAM(OURS("http_request_duration_seconds"),
              "Time that requests to the homeserver took", request_bounds, "method", "route"),
    [RETRIES] =
        COUNTER(OURS("retries_total"),
              "Calls that did not work out and are made again, by reason", "reason"),
    [RATE_LIMIT_WAITS] =
        COUNTER(OURS("rate_limit_waits_total"),
              "Calls for which the homeserver asked for patience", NULL),
    [CALLS] = GAUGE(OURS("calls_in_flight"), "Calls to the homeserver under way", NULL),
    [CALLS_ALLOWED] =
        GAUGE(OURS("calls_allowed"),
              "Calls to the homeserver that may be under way at a time", NULL),
    [MIRROR_BYTES] =
        GAUGE(OURS("mirror_bytes"),
              "Memory for what is remembered of users and rooms that no message asks for now", NULL),
    [MIRROR_SUBJECTS] =
        GAUGE(OURS("mirror_subjects"),
              "Users and rooms of which something is remembered", NULL),
    [PEER_READY] = GAUGE(OURS("peer_ready"), "Whether the peer serves us", "peer"),
    [RECONNECTS] =
        COUNTER(OURS("reconnects_total"),
              "Times that the peer served us again after it did not", "peer"),
    [READY] = GAUGE(OURS("ready"), "Whether messages are worked on, as /readyz tells", NULL),
    [LONGEST_TURN] =
        GAUGE(OURS("loop_longest_turn_seconds"),
              "The longest time since the start for which nothing else was served", NULL),
    [CPU_SECONDS] = COUNTER("process_cpu_seconds_total", "User and system CPU time", NULL),
    [RESIDENT_BYTES] = GAUGE("process_resident_memory_bytes", "Resident memory", NULL),
    [START_TIME] = GAUGE("process_start_time_seconds", "Start time, in Unix time", NULL),
};
/* clang-format on */

/* ---- the process ---- */

static double resident_bytes(void)
{
    FILE *file = fopen("/proc/self/statm", "re");
    unsigned long size = 0, resident = 0;
    char line[128] = "";

    if (file && fgets(line, sizeof(line), file))
        (void)sscanf(line, "%lu %lu", &size, &resident); /* NOLINT(cert-err34-c): the kernel's own */
    if (file)
        (void)fclose(file);
    return (double)resident * (double)sysconf(_SC_PAGESIZE);
}

static double seconds_of(const struct timeval *time)
{
    return (double)time->tv_sec + (double)time->tv_usec / 1e6;
}

static void set_process(struct metrics *metrics)
{
    struct rusage usage;

    if (getrusage(RUSAGE_SELF, &usage) == 0)
        metrics_set(metrics, CPU_SECONDS, METRIC_PLAIN,
                    seconds_of(&usage.ru_utime) + seconds_of(&usage.ru_stime));
    metrics_set(metrics, RESIDENT_BYTES, METRIC_PLAIN, resident_bytes());
}

/* ---- how things are ---- */

static void tell_peers(const struct observe *observe, struct monitor_state *state)
{
    bool homeserver = observe->synapse && synapse_is_ready(observe->synapse);
    bool broker = observe->broker && broker_is_consuming(observe->broker);

    state->peers[0] =
        (struct monitor_peer){.name = "broker",
                              .where = observe->config->rabbitmq.queue,
                              .is_ready = broker,
                              .trouble = observe->broker ? broker_trouble(observe->broker) : NULL};
    state->peers[1] = (struct monitor_peer){.name = "homeserver",
                                            .where = observe->config->matrix.uri,
                                            .is_ready = homeserver && !observe->figures.trouble[0],
                                            .trouble = homeserver         ? observe->figures.trouble
                                                       : observe->synapse ? synapse_trouble(observe->synapse)
                                                                          : NULL};
}

static void tell_held(const struct engine_figures *figures, struct monitor_state *state)
{
    for (size_t i = 0; i < ENGINE_HELD && state->held_count < MONITOR_MOST_HELD; i++)
        if (figures->held[i].messages > 0)
            state->held[state->held_count++] = (struct monitor_held){.messages = figures->held[i].messages,
                                                                     .call = engine_held_name(i),
                                                                     .reason = figures->held[i].reason};
}

static void set_gauges(const struct observe *observe, const struct monitor_state *state)
{
    struct metrics *metrics = monitor_metrics(observe->monitor);
    const struct engine_figures *figures = &observe->figures;
    bool ready = !state->is_stopping;

    for (size_t i = 0; i < MONITOR_PEERS; i++) {
        metrics_set(metrics, PEER_READY, METRIC_VALUES(state->peers[i].name), state->peers[i].is_ready);
        ready = ready && state->peers[i].is_ready;
    }
    for (size_t i = 0; i < ENGINE_HELD; i++) {
        const char *call = engine_held_name(i);

        metrics_set(metrics, HELD, METRIC_VALUES(call ? call : "any"), figures->held[i].messages);
    }
    metrics_set(metrics, READY, METRIC_PLAIN, ready);
    metrics_set(metrics, IN_FLIGHT, METRIC_PLAIN, state->messages);
    metrics_set(metrics, OLDEST_AGE, METRIC_PLAIN, state->oldest > 0 ? (double)state->oldest / 1000 : 0);
    metrics_set(metrics, CALLS, METRIC_PLAIN, figures->calls);
    metrics_set(metrics, CALLS_ALLOWED, METRIC_PLAIN, figures->calls_allowed);
    metrics_set(metrics, MIRROR_BYTES, METRIC_PLAIN, (double)figures->mirror_bytes);
    metrics_set(metrics, MIRROR_SUBJECTS, METRIC_PLAIN, (double)figures->mirror_subjects);
    metrics_set(metrics, LONGEST_TURN, METRIC_PLAIN, (double)loop_longest_turn(observe->loop) / 1000);
}

static void set_counters(const struct observe *observe)
{
    struct metrics *metrics = monitor_metrics(observe->monitor);
    const struct engine_figures *figures = &observe->figures;
    unsigned connections = observe->broker ? broker_connections(observe->broker) : 0;

    metrics_set(metrics, RETRIES, METRIC_VALUES("failed"), (double)figures->ended[SYNAPSE_FAILED]);
    metrics_set(metrics, RETRIES, METRIC_VALUES("rate-limited"), (double)figures->ended[SYNAPSE_LIMITED]);
    metrics_set(metrics, RETRIES, METRIC_VALUES("unreachable"), (double)figures->ended[SYNAPSE_UNREACHABLE]);
    metrics_set(metrics, RETRIES, METRIC_VALUES("shut-out"), (double)figures->ended[SYNAPSE_SHUT_OUT]);
    metrics_set(metrics, RATE_LIMIT_WAITS, METRIC_PLAIN, (double)figures->ended[SYNAPSE_LIMITED]);
    metrics_set(metrics, RECONNECTS, METRIC_VALUES("broker"), connections > 0 ? connections - 1 : 0);
    metrics_set(metrics, RECONNECTS, METRIC_VALUES("homeserver"),
                observe->sessions > 0 ? observe->sessions - 1 : 0);
}

static void look(void *context, struct monitor_state *state)
{
    const struct observe *observe = context;
    instant oldest = observe->broker ? broker_oldest(observe->broker) : INSTANT_NEVER;

    state->is_stopping = observe->is_stopping;
    state->messages = observe->broker ? broker_under_way(observe->broker) : 0;
    state->oldest = oldest == INSTANT_NEVER ? -1 : instant_now() - oldest;
    state->calls = observe->figures.calls;
    state->calls_allowed = observe->figures.calls_allowed;
    tell_peers(observe, state);
    tell_held(&observe->figures, state);
    set_gauges(observe, state);
    set_counters(observe);
    set_process(monitor_metrics(observe->monitor));
}

/* ---- what happens ---- */

/* Prometheus sees an increase only of what was there before. */
static void show_all(struct metrics *metrics)
{
    for (int i = 0; i < REQUEST_METHODS; i++) {
        const char *method = request_method_name((enum request_method)i);

        metrics_add(metrics, MESSAGES, METRIC_VALUES(method, "done"), 0);
        metrics_add(metrics, MESSAGES, METRIC_VALUES(method, "rejected"), 0);
    }
    metrics_add(metrics, MESSAGES, METRIC_VALUES("unreadable", "rejected"), 0);
    for (int i = 0; i < REQUEST_CODES; i++)
        metrics_add(metrics, DEAD_LETTERS, METRIC_VALUES(request_code_name((enum request_code)i)), 0);
    metrics_set(metrics, BUILD_INFO, METRIC_VALUES(SYNC_VERSION), 1);
    metrics_set(metrics, START_TIME, METRIC_PLAIN, (double)time(NULL));
}

void observe_start(struct observe *observe, const struct config *config, struct loop *loop)
{
    observe->config = config;
    observe->loop = loop;
    if (!config->monitor.listen)
        return;
    observe->monitor = monitor_new(&(struct monitor_config){.listen = config->monitor.listen,
                                                            .version = SYNC_VERSION,
                                                            .table = table,
                                                            .metric_count = METRICS,
                                                            .look = look,
                                                            .context = observe},
                                   loop);
    show_all(monitor_metrics(observe->monitor));
}

void observe_stop(struct observe *observe)
{
    monitor_free(TAKE(observe->monitor));
}

void observe_say_peers(const struct observe *observe)
{
    struct monitor_state state = {0};

    tell_peers(observe, &state);
    for (size_t i = 0; i < MONITOR_PEERS; i++) {
        const struct monitor_peer *peer = &state.peers[i];

        log_info("peer", LOG_TEXT("name", peer->name), LOG_TEXT("where", peer->where),
                 LOG_TEXT("state", peer->is_ready ? "ready" : "away"),
                 LOG_TEXT("reason", peer->is_ready ? NULL : peer->trouble));
    }
}

/* "created users: 1, joined: 3"; NULL: nothing. The caller frees it. */
static char *words_of(const unsigned *changes)
{
    struct buffer buffer;

    buffer_init(&buffer, LONGEST_CHANGES);
    for (int i = 0; changes && i < ENGINE_CHANGES; i++)
        if (changes[i] > 0)
            (void)buffer_append_format(&buffer, "%s%s: %u", buffer.size > 0 ? ", " : "",
                                       engine_change_name((enum engine_change)i), changes[i]);
    for (char *c = buffer.bytes; c && *c; c++)
        if (*c == '_')
            *c = ' ';
    return buffer.size > 0 ? buffer_take(&buffer) : NULL;
}

void observe_message(struct observe *observe, const struct outcome *outcome)
{
    struct metrics *metrics = monitor_metrics(observe->monitor);
    const char *method = outcome->method ? outcome->method : "unreadable";
    bool has_user = outcome->user && *outcome->user;
    CLEANUP(freep) char *changes = words_of(outcome->changes);

    metrics_add(metrics, MESSAGES, METRIC_VALUES(method, outcome->code ? "rejected" : "done"), 1);
    if (outcome->code)
        metrics_add(metrics, DEAD_LETTERS, METRIC_VALUES(outcome->code), 1);
    if (outcome->method)
        metrics_observe(metrics, MESSAGE_SECONDS, METRIC_VALUES(method), (double)outcome->duration / 1000);
    monitor_tell(observe->monitor,
                 &(struct monitor_message){.method = outcome->method,
                                           .subject = has_user ? outcome->user : outcome->room,
                                           .code = outcome->code,
                                           .detail = outcome->detail,
                                           .changes = changes,
                                           .duration = outcome->duration});
}

/* The status, or why there is none. */
static const char *code_of(const struct http_event *event, char text[static 16])
{
    switch (event->result) {
    case HTTP_ANSWERED:
        (void)snprintf(text, 16, "%ld", event->status);
        return text;
    case HTTP_UNREACHABLE:
        return "unreachable";
    case HTTP_BROKEN:
        return "broken";
    case HTTP_TOO_LARGE:
        return "too-large";
    }
    return "";
}

void observe_request(void *context, const struct http_event *event)
{
    static const char *const methods[] = {
        [HTTP_GET] = "GET", [HTTP_PUT] = "PUT", [HTTP_POST] = "POST", [HTTP_DELETE] = "DELETE"};
    struct metrics *metrics = monitor_metrics(((struct observe *)context)->monitor);
    const char *route = event->route ? event->route : "other", *method = methods[event->method];
    CLEANUP(freep) char *path = text_copy_bytes(route, strcspn(route, "?"));
    char code[16];

    metrics_add(metrics, HTTP_REQUESTS, METRIC_VALUES(method, path, code_of(event, code)), 1);
    metrics_observe(metrics, HTTP_SECONDS, METRIC_VALUES(method, path), (double)event->duration / 1000);
}

void observe_session(struct observe *observe, bool ready)
{
    observe->sessions += ready;
}
