#ifndef SYNC_CONFIG_STORE_H
#define SYNC_CONFIG_STORE_H

#include "config/settings.h"

/*
 * Checks the text and stores the value in the configuration, which owns it. The server name must be stored
 * before settings that hold user ids. The error says what was expected and never quotes the text.
 */
bool setting_store(const struct setting *setting, const char *text, struct config *config,
                   struct error *error) MUST_USE;
/* Frees what setting_store() stored; nothing stored is fine. */
void setting_clear(const struct setting *setting, struct config *config);

#endif
