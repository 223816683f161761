#include "command/setup.h"

#include "base/log.h"
#include "base/memory.h"
#include "config/peers.h"

void setup_quiet(const struct config *config)
{
    for (size_t i = 0; i < config->entry_count; i++)
        if (text_equal(config->entries[i].name, "LOG__LEVEL") &&
            text_equal(config->entries[i].source, "default"))
            log_configure(LOG_WARNING, config->log.format);
}

char *setup_sync_user(const struct config *config)
{
    return text_format("@%s:%s", config->matrix.sync_user_name, config->matrix.server_name);
}

struct request_rules setup_requests(const struct config *config, const char *sync_user)
{
    return (struct request_rules){
        .server_name = config->matrix.server_name,
        .sync_user = sync_user,
        .largest_body = config->rabbitmq.largest_message,
    };
}

struct http_config setup_http(const struct config *config)
{
    return (struct http_config){
        .base = config->matrix.uri,
        .proxy = config->http.proxy,
        .ca_file = config->http.ca_file,
        .certificate_file = config->http.certificate_file,
        .key_file = config->http.key_file,
        .user_agent = "synapse-sync/" SYNC_VERSION,
        .connections = 2 * (long)config->sync.concurrency + 2, /* see gate_width(); one is for the health */
        .largest_reply = config->http.largest_reply,
        .request_limit = (int64_t)config->http.request_seconds * 1000,
        .connect_limit = (int64_t)config->http.connect_seconds * 1000,
    };
}

struct engine_config setup_engine(const struct config *config, const char *sync_user)
{
    return (struct engine_config){
        .rules = {.server_name = config->matrix.server_name,
                  .sync_user = sync_user,
                  .former_sync_users = (const char *const *)config->sync.former_sync_users,
                  .protected_users = (const char *const *)config->sync.protected_users,
                  .erase = config->sync.erase,
                  .reactivate = config->sync.reactivate,
                  .resolve_first = !config->sync.lift_rate_limit},
        .concurrency = config->sync.concurrency,
        .paces = true,
        .removals_per_hour = config->sync.removals_per_hour,
        .mirrors = config->sync.mirror,
        .most_memory = (size_t)config->sync.mirror_megabytes << 20,
    };
}

static enum broker_declare declare_mode(enum config_queue_declare mode)
{
    switch (mode) {
    case QUEUE_DECLARE_DURABLE:
        return BROKER_DURABLE;
    case QUEUE_DECLARE_QUORUM:
        return BROKER_QUORUM;
    case QUEUE_DECLARE_LEGACY:
        return BROKER_LEGACY;
    case QUEUE_DECLARE_PASSIVE:
        return BROKER_PASSIVE;
    }
    return BROKER_PASSIVE;
}

struct broker_config setup_broker(const struct config *config)
{
    return (struct broker_config){
        .uri = config->rabbitmq.uri,
        .queue = config->rabbitmq.queue,
        .declare = declare_mode(config->rabbitmq.queue_declare),
        .prefetch = (uint16_t)config->rabbitmq.prefetch,
        .heartbeat = (uint16_t)config->rabbitmq.heartbeat,
        .largest_body = config->rabbitmq.largest_message,
        .largest_dead_letter = config->rabbitmq.largest_dead_letter,
        .ca_file = config->rabbitmq.ca_file,
        .certificate_file = config->rabbitmq.certificate_file,
        .key_file = config->rabbitmq.key_file,
    };
}

struct synapse_config setup_credentials(const struct config *config)
{
    return (struct synapse_config){.token = config->matrix.sync_user_token,
                                   .password = config->matrix.sync_user_password,
                                   .shared_secret = config->matrix.secret,
                                   .mas_client_id = config->matrix.mas_client_id,
                                   .mas_client_secret = config->matrix.mas_client_secret};
}

static struct synapse_config synapse_terms(const struct config *config, const char *sync_user,
                                           const char *const *secrets)
{
    return (struct synapse_config){
        .server_name = config->matrix.server_name,
        .sync_user = sync_user,
        .token = config->matrix.sync_user_token,
        .password = config->matrix.sync_user_password,
        .shared_secret = config->matrix.secret,
        .mas_uri = config->matrix.mas_uri,
        .mas_client_id = config->matrix.mas_client_id,
        .mas_client_secret = config->matrix.mas_client_secret,
        .display_name = config->matrix.sync_user_displayname,
        .avatar_path = config->matrix.sync_user_avatar_path,
        .lift_rate_limit = config->sync.lift_rate_limit,
        .room_version = config->sync.room_version,
        .secrets = secrets,
    };
}

struct synapse *setup_synapse(const struct config *config, const char *sync_user,
                              const struct synapse_handlers *handlers, const struct http_config *terms,
                              struct http *http, struct loop *loop)
{
    CLEANUP(text_free_secretp) char *broker = config_uri_password(config->rabbitmq.uri);
    CLEANUP(text_free_secretp) char *proxy = config_uri_password(config->http.proxy);
    const char *const secrets[] = {broker ? broker : proxy, broker ? proxy : NULL, NULL};
    struct synapse_config synapse = synapse_terms(config, sync_user, secrets);

    synapse.mas_http = terms;
    return synapse_new(&synapse, handlers, http, loop);
}

struct synapse_inspector *setup_inspector(const struct config *config, const char *sync_user,
                                          const struct http_config *terms, struct http *http,
                                          struct http *other, struct loop *loop)
{
    CLEANUP(text_free_secretp) char *broker = config_uri_password(config->rabbitmq.uri);
    CLEANUP(text_free_secretp) char *proxy = config_uri_password(config->http.proxy);
    const char *const secrets[] = {broker ? broker : proxy, broker ? proxy : NULL, NULL};
    struct synapse_config synapse = synapse_terms(config, sync_user, secrets);

    synapse.mas_http = terms;
    return synapse_inspector_new(&synapse, http, other, loop);
}
