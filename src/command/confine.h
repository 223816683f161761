#ifndef SYNC_COMMAND_CONFINE_H
#define SYNC_COMMAND_CONFINE_H

#include "config/config.h"

/*
 * The daemon gives up what it has no use for (base/sandbox.h), once its configuration is read and before its
 * first thread. It can read on what belongs to the system (names of machines, certificates, libraries), what
 * is in its working directory, and what is in the folders of the files that its configuration consists of or
 * names: they are read again by a reload or for the next connection, and may have been replaced by then.
 *
 * A build that is watched (sanitizers, coverage) stays as it is: the watchers want to look into the process,
 * and to write files.
 */
void confine(const struct config *config);

#endif
