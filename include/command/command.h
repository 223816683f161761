#ifndef SYNC_COMMAND_COMMAND_H
#define SYNC_COMMAND_COMMAND_H

#include "config/config.h"

/*
 * The commands of the program, one file each. Each returns the exit status of the process.
 */

struct command_options {
    bool json; /* for machines */
};

/* The daemon: consumes until a signal comes. 0 after a drain, also one that ran out of time; EX_CONFIG
   (sysexits.h) when a setting cannot be used. */
int command_run(const struct config *config, const struct command_options *options) MUST_USE;
/* Prints the settings in force and where each came from. */
int command_config(const struct config *config, const struct command_options *options) MUST_USE;

#endif
