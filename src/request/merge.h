#ifndef SYNC_REQUEST_MERGE_H
#define SYNC_REQUEST_MERGE_H

#include "request/request.h"

/*
 * Used inside of this module only. Folds entries with the same alias, or the same id, into the first of them;
 * the result is what handling them one after the other would bring about, but with the highest level. What is
 * folded away is freed; the counts are the new ones.
 */

/* Of a room listed twice: moderator if one of them says so, else the last; its name is the last one given. */
void merge_rooms(struct request_room *rooms, size_t *count);

/* Of a member listed twice: moderator if one of them says so; its name is the first one given. */
void merge_members(struct request_user *members, size_t *count);

#endif
