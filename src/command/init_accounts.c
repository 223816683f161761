#include "command/init_accounts.h"

#include "base/log.h"
#include "base/memory.h"
#include "command/setup.h"

static bool look(const struct config *config, struct loop *loop, struct http *http)
{
    const struct http_config terms = setup_http(config);
    CLEANUP(freep) char *sync_user = setup_sync_user(config);
    CLEANUP(synapse_inspector_freep)
    struct synapse_inspector *inspector = setup_inspector(config, sync_user, &terms, http, http, loop);
    struct synapse_sight sight;
    bool needs;

    synapse_inspect_accounts(inspector, &sight);
    needs = sight.mas == SYNAPSE_MAS_NO_RIGHT;
    synapse_sight_deinit(&sight);
    return needs;
}

bool init_needs_mas_client(const struct config *config)
{
    const struct http_config terms = setup_http(config);
    CLEANUP(loop_freep) struct loop *loop = NULL;
    CLEANUP(http_freep) struct http *http = NULL;
    struct error error;

    if (!config->matrix.sync_user_token)
        return false;
    log_configure(LOG_ERROR, config->log.format);
    loop = loop_new(&error);
    http = loop ? http_new(&terms, loop, &error) : NULL;
    return http && look(config, loop, http);
}
