#ifndef SYNC_COMMAND_INIT_H
#define SYNC_COMMAND_INIT_H

#include "command/command.h"

/*
 * config --init: asks for what the program needs, writes it to .env in the working directory, and has it
 * checked. Returns what `check` returned; COMMAND_MISUSED where nobody can be asked, EXIT_FAILURE where
 * nothing was written (there is a .env, or the person had enough).
 */
int init_run(const struct command_options *options) MUST_USE;

#endif
