#ifndef SYNC_CONFIG_SOURCES_H
#define SYNC_CONFIG_SOURCES_H

#include "config/config.h"
#include "config/givens.h"

/* Asks all sources; of each setting's texts the first in precedence is kept. */
void sources_read(const struct config_sources *sources, struct givens *givens, struct complaints *complaints);

#endif
