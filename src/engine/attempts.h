#ifndef SYNC_ENGINE_ATTEMPTS_H
#define SYNC_ENGINE_ATTEMPTS_H

#include "base/instant.h"
#include "synapse/call.h"

/*
 * What was tried already for a subject since it last got on. An obstacle (engine/plan.h) is knowledge, and
 * whatever is learnt may put an end to it: then the call is made again at once, fails again, and so on. What
 * was tried is no knowledge, and no reply makes it undone.
 *
 * A write may be begun twice: the first may have rested on what was known wrongly. A third time comes after
 * a pause, and each further one after a longer pause. Reads are there for the sake of writes: they may be
 * begun twice for each write that is new, and for each message that comes. What only asks how far something
 * has got has a pause of its own, and is not counted while it is answered.
 *
 * All is forgotten when the subject gets on: when a place in its line is settled or left. Only the making of
 * rooms is not: however many messages ask for it, a room that is gone as soon as it was made is not made over
 * and over, for each one stays on the homeserver. Unless it was a message that had it removed.
 */
struct attempt;
struct attempts {
    struct attempt *table; /* NULL: none */
    unsigned news;         /* how often something new was begun, or a message came */
};

void attempts_deinit(struct attempts *attempts);

/* The call is begun; `about` as for plan_may(). */
void attempts_begin(struct attempts *attempts, const struct synapse_call *call, const char *about,
                    instant now);
/* The homeserver was not there, or not for us, which is no fault of the call: there is less of a pause. */
void attempts_relent(struct attempts *attempts, enum synapse_kind kind, const char *about, instant now);
/* It was answered. */
void attempts_answered(struct attempts *attempts, enum synapse_kind kind, const char *about);
/* A message came, which may want something new. */
void attempts_expect_news(struct attempts *attempts);
/* The subject got on; `removed`: by a removal. */
void attempts_forget(struct attempts *attempts, bool removed);

/* Before when no such call is to be begun; INSTANT_PAST: it may. */
instant attempts_until(const struct attempts *attempts, enum synapse_kind kind, const char *about);

#endif
