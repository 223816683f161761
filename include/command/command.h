#ifndef SYNC_COMMAND_COMMAND_H
#define SYNC_COMMAND_COMMAND_H

#include "config/config.h"

#include <stddef.h>

/*
 * The commands of the program, one file each. Each returns the exit status of the process: 0 fine, 1
 * something is wrong, 2 wrong command line, 78 (EX_CONFIG of sysexits.h) wrong configuration.
 */

enum { COMMAND_MISUSED = 2 };

/* What was given behind the command, as far as it takes that (see the table in main.c). */
struct command_options {
    bool json;                    /* for machines */
    unsigned wait_seconds;        /* how long to try again; 0: once */
    bool yes;                     /* do not ask */
    bool init;                    /* write a first configuration */
    const char *const *arguments; /* what is no option */
    size_t argument_count;
    const struct config_sources *sources; /* for a command that reads the settings by itself */
};

/* The daemon: consumes until a signal comes. 0 after a drain, also one that ran out of time; EX_CONFIG when a
   setting cannot be used. */
int command_run(const struct config *config, const struct command_options *options) MUST_USE;
/* Looks at the settings, the broker and the homeserver, and prints what is wrong. Reads the settings by
   itself, so that their mistakes are part of what it prints: `none` is NULL. */
int command_check(const struct config *none, const struct command_options *options) MUST_USE;
/*
 * Both take a file of requests (one, a JSON array, or one per line); "-" or none is the standard input. 0:
 * all are done, or would be. 1: some are rejected or left undone, or the file cannot be read or holds
 * something else than requests (then nothing is done).
 */
/* What the requests would change, without changing it: the homeserver is only read. */
int command_plan(const struct config *config, const struct command_options *options) MUST_USE;
/* Does it. Whoever runs it again goes on where it ended. */
int command_apply(const struct config *config, const struct command_options *options) MUST_USE;
/* Prints the settings in force and where each came from. With `init` it asks for what is needed, writes it to
   .env in the working directory and checks it; the configuration is NULL then. */
int command_config(const struct config *config, const struct command_options *options) MUST_USE;
/* Asks the monitor of the daemon that runs with this configuration whether it is alive. */
int command_healthcheck(const struct config *config, const struct command_options *options) MUST_USE;

/* Looks at the dead letters, sends them again, drops them. */
int command_dlq(const struct config *config, const struct command_options *options) MUST_USE;

/* Tells what somebody should know of the rooms and users that the sync made; only reads. */
int command_audit(const struct config *config, const struct command_options *options) MUST_USE;

#endif
