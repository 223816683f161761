#ifndef SYNC_CONFIG_NAMES_H
#define SYNC_CONFIG_NAMES_H

#include "base/error.h"

#include <stdbool.h>
#include <stddef.h>

/*
 * Names that are not in the table: whose mistake are they, and what was probably meant?
 */

/* Number of letters to insert, delete, replace or swap with their neighbour to make one of the other, without
   regard to case (optimal string alignment); `limit` + 1 when it is more than the limit. */
size_t names_distance(const char *a, const char *b, size_t limit);

/* The name of the table, the names of secrets' files included, that is nearest within the limit; NULL:
   none. */
const char *names_nearest(const char *name, size_t limit);

/* What was probably meant by a name that is not in the table: for long names more letters may differ. */
const char *names_suggestion(const char *name);

/* Whether the name begins with a prefix that is ours alone: MATRIX_MESSENGER__, SYNC__, …, in any case. */
bool names_is_ours(const char *name);

/* The name of ours that the name of somebody else, or of nobody, nearly is; NULL: none. How many underscores,
   or dots or hyphens in their place, stand side by side makes no difference here: SYNC_ERASE. Under
   RABBITMQ_, which is shared with the broker's own, only what begins so is near. */
const char *names_near_miss(const char *name);

/* Whether the setting of that name keeps us from removing or erasing: who misspells it, means to be kept
 * safe. */
bool names_guards(const char *name);

/* The length of the name, up to the first character that no name of a setting has: what follows may be its
   value, which nothing separates (SECRET:hunter2). */
size_t names_length(const char *name);

#endif
