#include "command/reload.h"

#include "base/buffer.h"
#include "base/memory.h"
#include "command/setup.h"

#include <string.h>

enum { LONGEST_LIST = 2000 };

/* ---- what can change ---- */

enum part { PART_LOG, PART_CALLS, PART_BRAKE, PART_PREFETCH, PART_CREDENTIALS, PART_LOOKED_UP, PARTS };

static const struct {
    const char *name;
    enum part part;
} rows[] = {
    {"LOG__LEVEL", PART_LOG},
    {"LOG__FORMAT", PART_LOG},
    {"SYNC__CONCURRENCY", PART_CALLS},
    {"SYNC__REMOVALS_PER_HOUR", PART_BRAKE},
    {"RABBITMQ_PREFETCH", PART_PREFETCH},
    {"MATRIX_MESSENGER__SECRET", PART_CREDENTIALS},
    {"MATRIX_MESSENGER__SYNC_USER_PASSWORD", PART_CREDENTIALS},
    {"MATRIX_MESSENGER__SYNC_USER_TOKEN", PART_CREDENTIALS},
    {"MATRIX_MESSENGER__MAS_CLIENT_ID", PART_CREDENTIALS},
    {"MATRIX_MESSENGER__MAS_CLIENT_SECRET", PART_CREDENTIALS},
    {"RABBITMQ_HOLD_SECONDS", PART_LOOKED_UP},
    {"SYNC__BULK_REST", PART_LOOKED_UP},
    {"SYNC__DRAIN_SECONDS", PART_LOOKED_UP},
};

/* PARTS: it needs a restart. */
static enum part part_of(const char *name)
{
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
        if (strcmp(rows[i].name, name) == 0)
            return rows[i].part;
    return PARTS;
}

/* ---- applying it; false: not yet, the next connection to the broker will have it ---- */

static bool apply_log(struct reload *reload, const struct config *config)
{
    (void)reload;
    log_configure(config->log.level, config->log.format);
    return true;
}

static bool apply_calls(struct reload *reload, const struct config *config)
{
    http_set_connections(reload->http, setup_http(config).connections);
    engine_set_concurrency(reload->engine, config->sync.concurrency);
    return true;
}

static bool apply_brake(struct reload *reload, const struct config *config)
{
    engine_set_removals_per_hour(reload->engine, config->sync.removals_per_hour);
    return true;
}

/* A queue that would go with its consumer keeps the one that it has. */
static bool apply_prefetch(struct reload *reload, const struct config *config)
{
    return broker_set_prefetch(reload->broker, (uint16_t)config->rabbitmq.prefetch);
}

static bool apply_credentials(struct reload *reload, const struct config *config)
{
    const struct synapse_config credentials = setup_credentials(config);

    synapse_set_credentials(reload->synapse, &credentials);
    return true;
}

static bool apply_nothing(struct reload *reload, const struct config *config)
{
    (void)reload;
    (void)config;
    return true;
}

static bool (*const apply[PARTS])(struct reload *reload, const struct config *config) = {
    [PART_LOG] = apply_log,
    [PART_CALLS] = apply_calls,
    [PART_BRAKE] = apply_brake,
    [PART_PREFETCH] = apply_prefetch,
    [PART_CREDENTIALS] = apply_credentials,
    [PART_LOOKED_UP] = apply_nothing,
};

/* ---- reading ---- */

/* A list with as much as there is room for. */
static void add(struct buffer *list, const char *separator, const char *text)
{
    if (list->size > 0)
        (void)buffer_append_text(list, separator);
    (void)buffer_append_text(list, text);
}

static void note_mistake(void *mistakes, const char *text)
{
    add(mistakes, "; ", text);
}

static void note_doubt(void *mistakes, const char *place, const char *name, const char *text)
{
    (void)mistakes;
    log_warning("reload-doubtful", LOG_TEXT("place", place), LOG_TEXT("name", name),
                LOG_TEXT("problem", text));
}

static struct config *read_again(const struct config_sources *given)
{
    struct buffer mistakes;
    const struct config_listener listener = {
        .mistake = note_mistake, .doubt = note_doubt, .context = &mistakes};
    struct config_sources sources = *given;
    struct config *config;
    struct error error;

    buffer_init(&mistakes, LONGEST_LIST);
    sources.listener = &listener;
    config = config_load(&sources, &error);
    if (!config)
        log_error("reload-failed", LOG_TEXT("mistakes", buffer_text(&mistakes)),
                  LOG_TEXT("in_force", "what was there before"));
    buffer_deinit(&mistakes);
    return config;
}

/* ---- from the one to the other ---- */

const struct config *reload_config(const struct reload *reload)
{
    return reload->latest ? reload->latest : reload->start;
}

/* Which settings have changed and are in force now, which will be with the next connection to the broker, and
   which would be after a restart. */
static void say(const struct reload *reload, const struct config *config, const bool *applied)
{
    struct buffer in_force, soon, waiting;

    buffer_init(&in_force, LONGEST_LIST);
    buffer_init(&soon, LONGEST_LIST);
    buffer_init(&waiting, LONGEST_LIST);
    for (size_t i = 0; i < config->entry_count; i++) {
        const char *name = config->entries[i].name;
        enum part part = part_of(name);
        const struct config *before = part < PARTS ? reload_config(reload) : reload->start;

        if (config_entry_differs(before, config, i))
            add(part == PARTS ? &waiting : applied[part] ? &in_force : &soon, " ", name);
    }
    log_info("reloaded", LOG_TEXT("applied", buffer_text(&in_force)),
             LOG_TEXT("with_next_connection", soon.size > 0 ? buffer_text(&soon) : NULL),
             LOG_TEXT("needs_restart", buffer_text(&waiting)));
    buffer_deinit(&in_force);
    buffer_deinit(&soon);
    buffer_deinit(&waiting);
}

bool reload_now(struct reload *reload)
{
    struct config *config = read_again(reload->sources);
    bool changed[PARTS] = {false}, applied[PARTS];

    if (!config)
        return false;
    for (size_t i = 0; i < config->entry_count; i++) {
        enum part part = part_of(config->entries[i].name);

        if (part < PARTS && config_entry_differs(reload_config(reload), config, i))
            changed[part] = true;
    }
    for (int part = 0; part < PARTS; part++)
        applied[part] = !changed[part] || apply[part](reload, config);
    say(reload, config, applied);
    config_free(reload->latest);
    reload->latest = config;
    return true;
}

void reload_deinit(struct reload *reload)
{
    config_free(TAKE(reload->latest));
}
