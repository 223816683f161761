#ifndef SYNC_COMMAND_CHECK_SETTINGS_H
#define SYNC_COMMAND_CHECK_SETTINGS_H

#include "command/findings.h"
#include "config/config.h"

/* Settings in force, and what is doubtful about them together. */
void check_settings(const struct config *config, struct findings *report);

#endif
