#ifndef SYNC_COMMAND_OBSERVE_H
#define SYNC_COMMAND_OBSERVE_H

#include "broker/broker.h"
#include "command/outcome.h"
#include "config/config.h"
#include "engine/engine.h"
#include "http/http.h"
#include "monitor/monitor.h"
#include "synapse/synapse.h"

/*
 * What the daemon shows of itself: joins its parts to the monitor, which knows nothing of them. Where the
 * monitor is off, nothing is counted and all of this does nothing.
 */
struct observe {
    struct monitor *monitor; /* NULL: off */
    const struct config *config;
    const struct loop *loop;
    const struct synapse *synapse; /* NULL: not yet, or no more; as the broker */
    const struct broker *broker;
    struct engine_figures figures; /* as they were last told */
    bool is_stopping;
    unsigned sessions; /* with the homeserver, so far */
};

void observe_start(struct observe *observe, const struct config *config, struct loop *loop);
void observe_stop(struct observe *observe);

/* Writes into the log how the peers are, one line each. */
void observe_say_peers(const struct observe *observe);
/* How a message ended. */
void observe_message(struct observe *observe, const struct outcome *outcome);
/* Of struct http_config; the context is the observer. */
void observe_request(void *observe, const struct http_event *event);
/* The homeserver is there, or no more. */
void observe_session(struct observe *observe, bool ready);

#endif
