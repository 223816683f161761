#ifndef SYNC_COMMAND_SETUP_H
#define SYNC_COMMAND_SETUP_H

#include "broker/broker.h"
#include "config/config.h"
#include "engine/engine.h"
#include "http/http.h"
#include "request/request.h"
#include "synapse/inspect.h"
#include "synapse/synapse.h"

/*
 * From the configuration to what each room wants to know of it, the same for the daemon and for all other
 * commands. What is returned borrows its texts from the configuration. Handlers are left to the caller.
 */

/* For commands whose results are looked at by people: who reads those need not read of each connection,
   unless LOG__LEVEL says so. */
void setup_quiet(const struct config *config);

/* The sync user's full id, for the caller to free. */
char *setup_sync_user(const struct config *config) MUST_USE;

struct request_rules setup_requests(const struct config *config, const char *sync_user);
struct http_config setup_http(const struct config *config);
struct engine_config setup_engine(const struct config *config, const char *sync_user);
struct broker_config setup_broker(const struct config *config);

/* The ways to log in, and nothing else; for synapse_set_credentials(). */
struct synapse_config setup_credentials(const struct config *config);
/* See synapse_new(). `terms` are those by which `http` was made. */
struct synapse *setup_synapse(const struct config *config, const char *sync_user,
                              const struct synapse_handlers *handlers, const struct http_config *terms,
                              struct http *http, struct loop *loop) MUST_USE;
/* See synapse_inspector_new(); `terms` as above. */
struct synapse_inspector *setup_inspector(const struct config *config, const char *sync_user,
                                          const struct http_config *terms, struct http *http,
                                          struct http *other, struct loop *loop) MUST_USE;

#endif
