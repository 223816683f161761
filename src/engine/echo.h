#ifndef SYNC_ENGINE_ECHO_H
#define SYNC_ENGINE_ECHO_H

#include "engine/subjects.h"

/*
 * Echoes: the member events that our own calls make (a join, an invitation, a new name) are told like those
 * that users make. Which of them are ours is told by the time: the homeserver says how old an event is, and
 * ours were made while a call of ours about the user was under way. So no clocks are compared. How long the
 * telling took is the error of it.
 */

/* A call about the subject goes out, its flight; the last catch-up that went well was asked for at
   `mirrored_at`. */
void echo_begin(const struct subjects *subjects, const struct subject *subject, instant mirrored_at);
/* It was answered; the flight is over. */
void echo_end(const struct subjects *subjects, const struct subject *subject, const struct flight *flight);
/* Whether what was made between `earliest` and `latest` may be an echo of a call about that user. */
bool echo_may_be(const struct subject *user, instant earliest, instant latest) MUST_USE;

#endif
