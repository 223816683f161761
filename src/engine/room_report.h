#ifndef SYNC_ENGINE_ROOM_REPORT_H
#define SYNC_ENGINE_ROOM_REPORT_H

#include "engine/room.h"

/* What is to be said of the room once room_next() has nothing more to do. */
void room_report(const struct room_known *known, const struct room_wanted *wanted,
                 const struct engine_rules *rules, struct report *report);

#endif
