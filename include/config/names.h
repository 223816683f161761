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

/* The name of the table, the names of secrets' files included, that is nearest within the limit; NULL: none.
 */
const char *names_nearest(const char *name, size_t limit);

/* What was probably meant by a name that is not in the table: for long names more letters may differ. */
const char *names_suggestion(const char *name);

/* Whether the name begins with a prefix that is ours alone: MATRIX_MESSENGER__, SYNC__, …, in any case. */
bool names_is_ours(const char *name);

/* The name of ours that a name under RABBITMQ_, which is shared with the broker's own, nearly is; or NULL. */
const char *names_near_miss(const char *name);

#endif
