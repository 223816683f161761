/*
 * Looks at everything that the daemon needs, and says what is wrong with it. Three parts, each the cause of
 * what the next would meet: the settings, the broker, the homeserver. With --wait all is looked at again
 * until there is no error; a login that was refused is not repeated for a minute (synapse/inspect.h).
 */
#include "command/command.h"

#include "base/memory.h"
#include "command/check_broker.h"
#include "command/check_homeserver.h"
#include "command/check_settings.h"
#include "command/setup.h"
#include "config/peers.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <time.h>

enum { FIRST_PAUSE = 500, LONGEST_PAUSE = 5000 /* milliseconds */ };

struct check {
    const struct config *config;
    char *sync_user;
    struct loop *loop;
    struct http *http, *other; /* the same place by the other scheme */
    struct synapse_inspector *inspector;
    bool is_misconfigured; /* by settings that only the broker's part takes apart */
};

static void check_deinit(struct check *check)
{
    synapse_inspector_free(check->inspector);
    http_free(check->http);
    http_free(check->other);
    loop_free(check->loop);
    free(check->sync_user);
}

/* ---- the settings ---- */

static void mistake(void *context, const char *text)
{
    struct findings *report = context;

    findings_add(report, FINDING_ERROR, "settings", "%s", text);
    findings_advise(report, "correct it; synapse-sync --help tells of each setting");
}

static void doubt(void *context, const char *place, const char *name, const char *text)
{
    findings_add(context, FINDING_WARNING, name, "%s: %s", place, text);
}

static struct config *load(const struct config_sources *sources, struct findings *report)
{
    const struct config_listener listener = {mistake, doubt, report};
    struct config_sources told = *sources;
    struct error first;

    report->area = "configuration";
    told.listener = &listener;
    return config_load(&told, &first);
}

/* ---- the servers ---- */

static void look_at_broker(struct check *check, struct findings *report)
{
    const struct broker_config config = setup_broker(check->config);
    const struct check_broker_terms terms = {config.declare, config_is_loopback(config.uri)};
    struct broker_sight sight = {0};
    struct error error;

    report->area = "broker";
    if (broker_inspect(&config, &sight, &error)) {
        check_broker(&sight, &terms, report);
    } else {
        check->is_misconfigured = true;
        findings_add(report, FINDING_ERROR, "settings", "%s", error.text);
        findings_advise(report, "correct RABBITMQ_URI and RABBITMQ_MATRIX_QUEUE_EXTERNAL");
    }
    broker_sight_deinit(&sight);
}

static void look_at_homeserver(const struct check *check, struct findings *report)
{
    const struct config *config = check->config;
    const struct check_homeserver_terms terms = {
        .uri = config->matrix.uri,
        .server_name = config->matrix.server_name,
        .sync_user = check->sync_user,
        .way = config->matrix.sync_user_token      ? CHECK_BY_TOKEN
               : config->matrix.sync_user_password ? CHECK_BY_PASSWORD
                                                   : CHECK_BY_SECRET,
        .room_version = config->sync.room_version,
        .lifts_rate_limit = config->sync.lift_rate_limit,
        .is_near = config_is_loopback(config->matrix.uri),
    };
    struct synapse_sight sight;

    report->area = "homeserver";
    synapse_inspect(check->inspector, &sight);
    check_homeserver(&sight, &terms, report);
    synapse_sight_deinit(&sight);
}

/* ---- rounds ---- */

static void look(struct check *check, struct findings *report)
{
    check_settings(check->config, report);
    look_at_broker(check, report);
    look_at_homeserver(check, report);
}

/* Says on standard error what is waited for, whenever that changes. */
static void tell_wait(const struct findings *report, char **said)
{
    const struct finding *error = findings_first_error(report);
    CLEANUP(freep) char *text = text_format("%s: %s: %s", error->area, error->name, error->detail);

    if (text_equal(*said, text))
        return;
    fprintf(stderr, "synapse-sync: waiting: %s\n", text);
    free(*said);
    *said = TAKE(text);
}

static void rest(int64_t milliseconds)
{
    struct timespec pause = {.tv_sec = milliseconds / 1000, .tv_nsec = milliseconds % 1000 * 1000000};

    if (milliseconds > 0)
        (void)nanosleep(&pause, NULL);
}

/* Looks until all is well or the time is over; `report` is that of the last look, behind what was known
 * before.
 */
static void look_until(struct check *check, unsigned seconds, struct findings *report)
{
    instant end = instant_now() + (int64_t)seconds * 1000;
    size_t before = report->count;
    int64_t pause = FIRST_PAUSE;
    CLEANUP(freep) char *said = NULL;

    look(check, report);
    while (report->of[FINDING_ERROR] > 0 && !check->is_misconfigured && instant_now() < end) {
        tell_wait(report, &said);
        rest(instant_min(pause, end - instant_now()));
        pause = pause * 2 < LONGEST_PAUSE ? pause * 2 : LONGEST_PAUSE;
        findings_cut(report, before);
        report->area = "configuration";
        look(check, report);
    }
}

/* ---- the command ---- */

static bool open_other(struct check *check, struct error *error)
{
    struct http_config config = setup_http(check->config);
    bool is_https = strncmp(config.base, "https:", 6) == 0;
    CLEANUP(freep)
    char *base = text_format("%s%s", is_https ? "http" : "https", config.base + (is_https ? 5 : 4));

    config.base = base;
    check->other = http_new(&config, check->loop, error);
    return check->other != NULL;
}

static bool prepare(struct check *check, struct error *error)
{
    const struct http_config http = setup_http(check->config);

    check->sync_user = setup_sync_user(check->config);
    check->loop = loop_new(error);
    check->http = check->loop ? http_new(&http, check->loop, error) : NULL;
    if (!check->http || !open_other(check, error))
        return false;
    check->inspector =
        setup_inspector(check->config, check->sync_user, &http, check->http, check->other, check->loop);
    return true;
}

static int print(const struct findings *report, bool as_json)
{
    if (findings_print(report, as_json, stdout))
        return report->of[FINDING_ERROR] > 0 ? EXIT_FAILURE : EXIT_SUCCESS;
    fprintf(stderr, "synapse-sync: standard output: %s\n", strerror(errno));
    return EXIT_FAILURE;
}

int command_check(const struct config *none, const struct command_options *options)
{
    CLEANUP(findings_deinit) struct findings report = {0};
    CLEANUP(config_freep) struct config *config = load(options->sources, &report);
    CLEANUP(check_deinit) struct check check = {.config = config};
    struct error error;
    int status;

    (void)none;
    if (!config) {
        (void)print(&report, options->json);
        return EX_CONFIG;
    }
    log_configure(LOG_ERROR, config->log.format);
    if (options->sources->no_environment) {
        check_settings(config, &report);
        return print(&report, options->json);
    }
    if (!prepare(&check, &error)) {
        findings_add(&report, FINDING_ERROR, "settings", "%s", error.text);
        (void)print(&report, options->json);
        return EX_CONFIG;
    }
    look_until(&check, options->wait_seconds, &report);
    status = print(&report, options->json);
    return check.is_misconfigured ? EX_CONFIG : status;
}
