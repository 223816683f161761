#ifndef SYNC_ENGINE_BRAKE_H
#define SYNC_ENGINE_BRAKE_H

#include "base/instant.h"

#include <stdbool.h>
#include <stddef.h>

/*
 * The brake: no more than so many removals within any hour. A producer that runs wild, or somebody else who
 * writes into the queue, then harms part of a school, and an operator has the time to look.
 *
 * A removal is known by what is removed (a user id, an alias) from the moment at which it is begun until it
 * is over. Until then it may be tried again and counts once, as of the last time that anything was heard of
 * it, since it may have come to pass at any moment before. Pure: time is a parameter; memory is bounded by
 * the largest limit that there ever was.
 */
struct brake_removal;
struct brake {
    size_t most;                /* within an hour; 0: any number */
    struct brake_removal *open; /* by key, in the order of time: begun, and not over */
    instant *over;              /* a ring: when the others were */
    size_t room;                /* of the ring: the largest that `most` ever was */
    size_t first, over_count;   /* of the ring */
    bool engaged;
};

enum brake_answer {
    BRAKE_LETS_THROUGH, /* and it has been counted */
    BRAKE_ENGAGES,      /* not; and this is worth a word, once */
    BRAKE_HOLDS,        /* not */
};

void brake_init(struct brake *brake, size_t most);
/* Another limit. What was counted within the hour counts on; under no limit nothing is. */
void brake_set_most(struct brake *brake, size_t most);
void brake_deinit(struct brake *brake);

/*
 * Whether this is removed now, or tried to be once more. Once it has engaged, the brake counts as released
 * when no more than half of what is allowed was removed within the hour; that a single one finds a gap is no
 * reason to call out anew for the next.
 */
enum brake_answer brake_ask(struct brake *brake, const char *key, instant now);
/* There was an answer to an attempt, which may have come to pass. */
void brake_answered(struct brake *brake, const char *key, instant now);
/* The removal is over, by success or for good: the next one of the same key counts anew. */
void brake_over(struct brake *brake, const char *key, instant now);

#endif
