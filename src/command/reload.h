#ifndef SYNC_COMMAND_RELOAD_H
#define SYNC_COMMAND_RELOAD_H

#include "broker/broker.h"
#include "config/config.h"
#include "engine/engine.h"
#include "http/http.h"
#include "synapse/synapse.h"

/*
 * Reading the configuration again while the daemon runs. What can change at run time (the table in reload.c)
 * is applied; of all else it is said that it needs a restart. With a mistake in it everything stays as it
 * was.
 */
struct reload {
    const struct config *start; /* what the daemon was started with: its parts borrow from it */
    struct config *latest;      /* what was read since, and is in force as far as it can be; NULL: nothing */
    const struct config_sources *sources;
    struct engine *engine;
    struct broker *broker;
    struct synapse *synapse;
    struct http *http;
};

/* What counts for settings that are looked up when they are needed. */
const struct config *reload_config(const struct reload *reload);
/* Reads, applies, and says in the log what has changed. False: a mistake was found. Not from within a call
   back of the parts. */
bool reload_now(struct reload *reload);
void reload_deinit(struct reload *reload);

#endif
