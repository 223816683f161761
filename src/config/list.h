#ifndef SYNC_CONFIG_LIST_H
#define SYNC_CONFIG_LIST_H

#include "config/givens.h"

/* The settings in force, for people to look at; see config_list(). */

/* From what was given, after the files of secrets were read. */
void list_make(struct config *config, const struct givens *givens);
void list_free(struct config *config);

#endif
