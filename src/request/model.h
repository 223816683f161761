#ifndef SYNC_REQUEST_MODEL_H
#define SYNC_REQUEST_MODEL_H

#include "request/request.h"

/* Used inside of this module only. Free what the structs hold, not the structs. */

void request_room_deinit(struct request_room *room);
void request_user_deinit(struct request_user *user);

#endif
