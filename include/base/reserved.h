#ifndef SYNC_BASE_RESERVED_H
#define SYNC_BASE_RESERVED_H

#include <stdbool.h>
#include <string.h>

/*
 * The aliases that the sync keeps for itself: those of welcome rooms begin so. Who makes these rooms and who
 * refuses messages about such aliases must agree on it, and know nothing of each other.
 */
#define RESERVED_ALIAS "#sync_"

static inline bool alias_is_reserved(const char *alias)
{
    return strncmp(alias, RESERVED_ALIAS, strlen(RESERVED_ALIAS)) == 0;
}

#endif
