#ifndef SYNC_ENGINE_RAISING_H
#define SYNC_ENGINE_RAISING_H

#include "engine/room.h"

/*
 * The levels of a room: which of them are written next, and what a refusal of that means. All levels of a
 * room are one event, so one write sets the room's own levels and raises whoever is too low. When it is
 * refused, that says nothing of its parts: they are written apart then, and fewer users at a time, until it
 * is known whose level is refused. An event has a size that it must not exceed (64 KiB, Matrix specification,
 * "Size limits"), so that not all levels may fit: then as many are set as do. A part of engine/room.h.
 */

/* Whether the member is to be raised, and that may be possible: it was neither refused nor is it known not to
   fit. The state of the room must be known, and its levels. */
bool raising_concerns(const struct room_known *known, const struct levels_user *member);

/*
 * The next write of levels: completes `call`. Those who are raised are among `raised`, and whoever else is
 * there is to be left out (see raising_concerns()). False: there is none to be made now.
 */
bool raising_next(struct plan *plan, const struct room_known *known, const struct room_wanted *wanted,
                  struct synapse_call *call);

/* The levels that such a write is to have; the caller frees them. */
struct levels *raising_levels(const struct room_known *known, const struct synapse_call *call) MUST_USE;

/* A write of levels was carried out; was refused. */
void raising_learn(struct room_known *known, const struct synapse_call *call);
void raising_learn_refusal(struct room_known *known, const struct synapse_call *call,
                           const struct synapse_reply *reply, instant now);

/* Whether the obstacle about that user is told by raising_report(). */
bool raising_tells(const struct room_known *known, const char *user);
/* Says how many of the members were not raised because their levels do not fit. */
void raising_report(const struct room_known *known, const struct room_wanted *wanted, struct report *report);

#endif
