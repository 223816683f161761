#ifndef SYNC_BASE_HASH_H
#define SYNC_BASE_HASH_H

#include "base/memory.h"

/*
 * uthash as it is used here. Include this and not <uthash.h> itself: its own hash function falls through
 * switch labels without saying so, and its memory must end as all other does when there is none left.
 */
#define uthash_malloc(size) memory_new(1, size)
#define HASH_FUNCTION(key, size, ret_hash) HASH_FNV(key, size, ret_hash)

#include <uthash.h>

#endif
