/*
 * The daemon: joins queue, engine and homeserver, and writes one line for each message that has ended.
 *
 *     broker --delivered--> intake --> request_parse --> engine --ended--> broker_ack or broker_reject
 *
 * A delivery's own pointer is its message in the engine; the message's owner is its delivery. A message that
 * cannot be understood never gets into the engine and has none.
 *
 * Holding. While the homeserver is away, messages stay where they are. Before the broker would lose patience
 * (its consumer timeout) all are given back, once, and none are taken until the homeserver answers.
 *
 * Poison. A message that may be why processes before us are no more (broker_delivery_suspicion()) is rejected
 * unread, as invalid-message, if the homeserver is there: where it is not, an outage explains why the message
 * was given back so often, and it is tried like any other.
 *
 * The drain. The first signal stops the consuming; what is delivered already is finished, within a limit or
 * until it turns out that nothing can be finished now; the rest is left for whoever comes next. A second
 * signal ends the drain at once. No signal ends the daemon without one: SIGHUP reads the configuration again,
 * SIGUSR1 writes into the log what waits, and others are let pass.
 */
#include "base/log.h"
#include "base/memory.h"
#include "broker/broker.h"
#include "command/command.h"
#include "command/confine.h"
#include "command/hurry.h"
#include "command/intake.h"
#include "command/notify.h"
#include "command/observe.h"
#include "command/outcome.h"
#include "command/reload.h"
#include "command/setup.h"
#include "engine/engine.h"
#include "http/http.h"
#include "loop/loop.h"
#include "loop/signals.h"
#include "synapse/synapse.h"

#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

enum {
    DRAIN_LOOK = 100, /* ms between looks at whether the drain is done */
    HOLD_LOOK = 1000, /* ms between looks at the oldest message */
    PATIENCE = 5000,  /* ms for the homeserver to be there before a suspect is tried */
};

struct daemon {
    const struct config *config;
    struct request_rules rules;
    struct loop *loop;
    struct signals signals;
    struct http *http;
    struct synapse *synapse;
    struct engine *engine;
    struct broker *broker;
    struct intake intake;
    struct hurry hurry;
    struct observe observe;
    struct notify notify;
    struct reload reload;
    struct loop_timer hold_timer;
    bool holding_off;                /* all messages were given back */
    bool ready;                      /* the homeserver is there and we are logged in */
    struct broker_delivery *suspect; /* neither tried nor rejected yet; NULL: none */
    struct loop_timer suspect_timer;
    struct loop_timer drain_timer;
    instant drain_end; /* INSTANT_NEVER: not draining */
    char *sync_user;
};

/* ---- from the queue to the engine ---- */

static void tell(struct daemon *daemon, const struct outcome *outcome, const struct broker_delivery *delivery)
{
    outcome_log(outcome, delivery);
    observe_message(&daemon->observe, outcome);
}

/* What is not even a request. */
static void reject(struct daemon *daemon, struct broker_delivery *delivery,
                   const struct request_complaint *complaint)
{
    const char *code = request_code_name(complaint->code);

    tell(daemon,
         &(struct outcome){.method = complaint->method,
                           .outcome = "rejected",
                           .code = code,
                           .user = complaint->user,
                           .room = complaint->room,
                           .detail = complaint->detail.text},
         delivery);
    broker_reject(delivery, code, complaint->detail.text);
}

/* False: it is rejected. */
static bool take_on(void *context, struct broker_delivery *delivery)
{
    struct daemon *daemon = context;
    struct request_complaint complaint;
    struct request *request = request_parse(broker_delivery_body(delivery), broker_delivery_size(delivery),
                                            &daemon->rules, &complaint);

    if (request) {
        broker_delivery_set_data(delivery, engine_submit(daemon->engine, request, delivery));
        return true;
    }
    reject(daemon, delivery, &complaint);
    return false;
}

static void set_aside(struct daemon *daemon, struct broker_delivery *delivery)
{
    struct request_complaint complaint = {.code = REQUEST_INVALID_MESSAGE};

    (void)error_set(&complaint.detail, "delivered %u times without an end: set aside",
                    broker_delivery_count(delivery));
    reject(daemon, delivery, &complaint);
}

static void look_at_suspect(void *context)
{
    struct daemon *daemon = context;
    struct broker_delivery *suspect = TAKE(daemon->suspect);

    loop_timer_stop(&daemon->suspect_timer);
    if (!suspect)
        return;
    if (daemon->ready) {
        set_aside(daemon, suspect);
        return;
    }
    log_info("suspect-tried", LOG_NUMBER("deliveries", broker_delivery_count(suspect)),
             LOG_TEXT("because", "the homeserver is away, which may be why it was given back"));
    intake_add(&daemon->intake, suspect);
}

static void delivered(void *context, struct broker_delivery *delivery)
{
    struct daemon *daemon = context;

    hurry_came(&daemon->hurry, delivery);
    switch (broker_delivery_suspicion(delivery)) {
    case BROKER_UNSUSPECTED:
        intake_add(&daemon->intake, delivery);
        break;
    case BROKER_SUSPECT:
        daemon->suspect = delivery;
        if (daemon->ready)
            look_at_suspect(daemon);
        else
            loop_timer_set(&daemon->suspect_timer, instant_now() + PATIENCE);
        break;
    case BROKER_LAST_DELIVERY:
        set_aside(daemon, delivery);
        break;
    }
}

/* ---- from the engine to the queue ---- */

static instant lease_since(void *context)
{
    const struct broker *broker = ((const struct daemon *)context)->broker;
    return broker ? broker_lease_since(broker) : INSTANT_PAST;
}

static const char *lease_doubt(void *context)
{
    const struct broker *broker = ((const struct daemon *)context)->broker;
    return broker ? broker_lease_doubt(broker) : NULL;
}

static bool may_write(void *context, const char *path, instant begun)
{
    const struct daemon *daemon = context;

    (void)path;
    return !daemon->broker || broker_lease_covers(daemon->broker, begun);
}

static void ended(void *context, struct engine_message *message, const struct engine_verdict *verdict)
{
    struct broker_delivery *delivery = engine_owner(message);
    const struct request *request = engine_request(message);
    const char *code = verdict->rejected ? request_code_name(verdict->code) : NULL;
    bool one_room = request->method == REQUEST_ADD_ROOM || request->method == REQUEST_REMOVE_ROOM;

    tell(context,
         &(struct outcome){.method = request_method_name(request->method),
                           .outcome = code ? "rejected" : "done",
                           .code = code,
                           .detail = code ? verdict->detail : verdict->warnings,
                           .user = request->user.id,
                           .room = one_room ? request->rooms[0].alias : NULL,
                           .requests = verdict->requests,
                           .changes = verdict->changes,
                           .duration = verdict->duration},
         delivery);
    if (code)
        broker_reject(delivery, code, verdict->detail);
    else
        broker_ack(delivery);
}

/* The delivery has ended or its connection is gone: either way its message makes room. */
static void over(void *context, struct broker_delivery *delivery)
{
    struct daemon *daemon = context;
    struct engine_message *message = broker_delivery_data(delivery);

    if (delivery == daemon->suspect)
        daemon->suspect = NULL;
    intake_leave(&daemon->intake, delivery, message != NULL);
    if (message)
        engine_leave(daemon->engine, message);
    hurry_gone(&daemon->hurry, delivery);
}

static void session_changed(void *context, bool ready)
{
    struct daemon *daemon = context;

    daemon->ready = ready;
    observe_session(&daemon->observe, ready);
    engine_set_mas(daemon->engine, synapse_has_mas(daemon->synapse));
    engine_set_ready(daemon->engine, ready);
    if (ready)
        look_at_suspect(daemon);
    if (ready && daemon->holding_off) {
        daemon->holding_off = false;
        log_info("consumption-resumed");
        broker_resume(daemon->broker);
    }
}

static void told(void *context, const struct synapse_sign *sign)
{
    struct daemon *daemon = context;

    engine_told(daemon->engine, sign);
}

/* ---- what the service manager is told ---- */

static void tell_manager(struct daemon *daemon)
{
    const char *trouble = synapse_trouble(daemon->synapse);

    notify_look(&daemon->notify,
                &(struct notify_state){
                    .is_consuming = broker_is_consuming(daemon->broker),
                    .is_stopping = daemon->observe.is_stopping,
                    .broker_trouble = broker_trouble(daemon->broker),
                    .homeserver_trouble = trouble ? trouble : daemon->observe.figures.trouble,
                    .under_way = broker_under_way(daemon->broker),
                });
}

/* ---- holding ---- */

static void look_at_oldest(void *context)
{
    struct daemon *daemon = context;
    int64_t limit = (int64_t)reload_config(&daemon->reload)->rabbitmq.hold_seconds * 1000;
    instant now = instant_now(), oldest = broker_oldest(daemon->broker);

    loop_timer_set(&daemon->hold_timer, now + HOLD_LOOK);
    engine_look(daemon->engine, synapse_trouble(daemon->synapse), &daemon->observe.figures);
    tell_manager(daemon);
    hurry_look(&daemon->hurry);
    if (oldest == INSTANT_NEVER || now - oldest < limit)
        return;
    daemon->holding_off = true;
    log_warning("consumption-paused", LOG_NUMBER("given_back", broker_under_way(daemon->broker)),
                LOG_TEXT("reason", synapse_trouble(daemon->synapse)));
    broker_pause(daemon->broker);
    synapse_probe(daemon->synapse);
}

/* ---- the drain ---- */

static void look_at_drain(void *context)
{
    struct daemon *daemon = context;
    instant now = instant_now();
    unsigned left = broker_under_way(daemon->broker);
    bool under_way = left > 0 && !engine_is_stuck(daemon->engine);

    if ((under_way || broker_awaits_last(daemon->broker)) && now < daemon->drain_end) {
        loop_timer_set(&daemon->drain_timer, now + DRAIN_LOOK);
        return;
    }
    log_info("stopped", LOG_NUMBER("left_for_redelivery", left),
             LOG_NUMBER("longest_turn_ms", loop_longest_turn(daemon->loop)));
    loop_stop(daemon->loop);
}

static void begin_drain(struct daemon *daemon, int number)
{
    log_info("stopping", LOG_NUMBER("signal", number),
             LOG_NUMBER("under_way", broker_under_way(daemon->broker)));
    daemon->drain_end = instant_now() + (int64_t)reload_config(&daemon->reload)->sync.drain_seconds * 1000;
    daemon->observe.is_stopping = true;
    hurry_stop(&daemon->hurry);
    broker_stop_consuming(daemon->broker);
    tell_manager(daemon);
    look_at_drain(daemon);
}

/* Whoever asks twice does not want to wait. */
static void cut_drain_short(struct daemon *daemon, int number)
{
    log_warning("stopped-at-once", LOG_NUMBER("signal", number),
                LOG_NUMBER("left_for_redelivery", broker_under_way(daemon->broker)));
    loop_stop(daemon->loop);
}

/* ---- signals ---- */

static void read_configuration_again(struct daemon *daemon)
{
    if (daemon->observe.is_stopping)
        return;
    notify_reloading(&daemon->notify);
    (void)reload_now(&daemon->reload); /* which says what was wrong */
    tell_manager(daemon);
}

static void say_state(struct daemon *daemon)
{
    instant oldest = broker_oldest(daemon->broker);

    engine_look(daemon->engine, synapse_trouble(daemon->synapse), &daemon->observe.figures);
    observe_say_peers(&daemon->observe);
    log_info("messages", LOG_NUMBER("under_way", broker_under_way(daemon->broker)),
             LOG_NUMBER("oldest_ms", oldest == INSTANT_NEVER ? 0 : instant_now() - oldest));
    engine_say_waiting(daemon->engine, synapse_trouble(daemon->synapse));
}

static void signalled(void *context, int number)
{
    struct daemon *daemon = context;

    switch (number) {
    case SIGTERM:
    case SIGINT:
    case SIGQUIT:
        if (daemon->drain_end == INSTANT_NEVER)
            begin_drain(daemon, number);
        else
            cut_drain_short(daemon, number);
        break;
    case SIGHUP:
        read_configuration_again(daemon);
        break;
    case SIGUSR1:
        say_state(daemon);
        break;
    default:
        log_debug("signal-ignored", LOG_NUMBER("signal", number));
        break;
    }
}

/* ---- the parts ---- */

static void send_call(void *context, const struct synapse_call *call,
                      void (*done)(void *context, struct synapse_reply *reply), void *done_context)
{
    struct daemon *daemon = context;

    synapse_send(daemon->synapse, call, done, done_context);
}

static void doubt(void *context, int64_t retry_after)
{
    struct daemon *daemon = context;

    synapse_doubt(daemon->synapse, retry_after);
}

static struct engine *make_engine(struct daemon *daemon)
{
    struct engine_config config = setup_engine(daemon->config, daemon->sync_user);

    config.ended = ended;
    config.lease_since = lease_since;
    config.lease_doubt = lease_doubt;
    config.context = daemon;
    return engine_new(&config,
                      &(struct engine_homeserver){.homeserver = daemon, .send = send_call, .doubt = doubt},
                      daemon->loop);
}

static struct broker *make_broker(struct daemon *daemon, struct error *error)
{
    const struct broker_config config = setup_broker(daemon->config);
    const struct broker_handlers handlers = {
        .delivered = delivered, .gone = over, .lost = over, .context = daemon};

    return broker_new(&config, &handlers, daemon->loop, error);
}

static bool start_loop(struct daemon *daemon, struct error *error)
{
    daemon->loop = loop_new(error);
    if (!daemon->loop)
        return false;
    loop_timer_init(&daemon->drain_timer, daemon->loop, look_at_drain, daemon);
    loop_timer_init(&daemon->suspect_timer, daemon->loop, look_at_suspect, daemon);
    loop_timer_init(&daemon->hold_timer, daemon->loop, look_at_oldest, daemon);
    intake_init(&daemon->intake, daemon->loop, take_on, daemon);
    return signals_start(&daemon->signals, daemon->loop, signalled, daemon, error);
}

static bool start(struct daemon *daemon, struct error *error)
{
    struct http_config http = setup_http(daemon->config);

    http.may_write = may_write;
    http.context = daemon;
    http.observe = observe_request;
    http.observer = &daemon->observe;
    observe_start(&daemon->observe, daemon->config, daemon->loop);
    daemon->http = http_new(&http, daemon->loop, error);
    if (!daemon->http)
        return error_within(error, "MATRIX_MESSENGER__URI");
    daemon->engine = make_engine(daemon);
    daemon->synapse =
        setup_synapse(daemon->config, daemon->sync_user,
                      &(struct synapse_handlers){.changed = session_changed, .told = told, .context = daemon},
                      &http, daemon->http, daemon->loop);
    daemon->broker = make_broker(daemon, error);
    if (!daemon->broker)
        return error_within(error, "RABBITMQ_URI");
    daemon->observe.synapse = daemon->synapse;
    daemon->observe.broker = daemon->broker;
    daemon->hurry.reload = &daemon->reload;
    daemon->reload.engine = daemon->engine;
    daemon->reload.broker = daemon->broker;
    daemon->reload.synapse = daemon->synapse;
    daemon->reload.http = daemon->http;
    notify_start(&daemon->notify, daemon->loop);
    look_at_oldest(daemon);
    return true;
}

/* The broker first: it hands its deliveries back to the engine. */
static void stop(struct daemon *daemon)
{
    observe_stop(&daemon->observe);
    broker_free(daemon->broker);
    synapse_free(daemon->synapse);
    engine_free(daemon->engine);
    http_free(daemon->http);
    notify_stop(&daemon->notify);
    reload_deinit(&daemon->reload);
    if (daemon->loop) {
        loop_timer_stop(&daemon->suspect_timer);
        loop_timer_stop(&daemon->hold_timer);
        loop_timer_stop(&daemon->drain_timer);
        intake_deinit(&daemon->intake);
        signals_stop(&daemon->signals);
    }
    loop_free(daemon->loop);
    free(daemon->sync_user);
}

int command_run(const struct config *config, const struct command_options *options)
{
    struct daemon daemon = {.config = config,
                            .drain_end = INSTANT_NEVER,
                            .notify = {.fd = -1},
                            .reload = {.start = config, .sources = options->sources}};
    struct error error;
    bool has_loop = start_loop(&daemon, &error), started;

    confine(config);
    daemon.sync_user = setup_sync_user(config);
    daemon.rules = setup_requests(config, daemon.sync_user);
    started = has_loop && start(&daemon, &error);
    if (started) {
        log_info("started", LOG_TEXT("version", SYNC_VERSION), LOG_TEXT("homeserver", config->matrix.uri),
                 LOG_TEXT("server_name", config->matrix.server_name),
                 LOG_TEXT("queue", config->rabbitmq.queue), LOG_TEXT("files", config->files));
        loop_run(daemon.loop);
    } else {
        log_error(has_loop ? "config-mistake" : "start-failed", LOG_TEXT("problem", error.text));
    }
    stop(&daemon);
    return started ? EXIT_SUCCESS : has_loop ? EX_CONFIG : EXIT_FAILURE; /* the last may be tried again */
}
