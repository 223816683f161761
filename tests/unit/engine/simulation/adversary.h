#ifndef SYNC_TESTS_ENGINE_ADVERSARY_H
#define SYNC_TESTS_ENGINE_ADVERSARY_H

#include "engine/engine.h"
#include "engine/simulation/clock.h"
#include "synapse/pulse.h"

/*
 * A homeserver that has nothing in mind but to be asked again: it gives each call any answer there is,
 * whatever that means for those it gave before. There is no world behind it and nothing is judged but how
 * often it is asked. Between it and the engine there is the real pulse, whose questions it answers, too.
 */

enum { ADVERSARY_CYCLE = 4, ADVERSARY_CALLS = 64 };
/* What it is asked: a call of one of the kinds, or how it is. */
enum { ADVERSARY_HEALTH = SYNAPSE_KINDS, ADVERSARY_KINDS };

/* What it answers calls of each kind, one after the other and then from the beginning. An answer is a number
   below adversary_answers(). */
struct adversary_policy {
    unsigned answers[ADVERSARY_KINDS][ADVERSARY_CYCLE];
    unsigned length[ADVERSARY_KINDS]; /* of the cycle; 0: each answer by chance */
};

/* How many answers there are to calls of this kind. */
unsigned adversary_answers(unsigned kind);
/* Its words for the answer, for whoever has to find out why a test failed. */
const char *adversary_word(unsigned kind, unsigned answer);
/* The answer in which nothing is of use: 500, 403, no answer, 429 or 401, in this order. */
enum { ADVERSARY_FAILURES = 5 };
unsigned adversary_failure(unsigned kind, unsigned which);

/* One run of an engine against it. */
struct adversary_run {
    const struct adversary_policy *policy;
    const char *const *messages; /* ' is written for " */
    size_t message_count;
    bool endless;    /* who is done with one gets the next, from the first on again */
    size_t prefetch; /* so many at a time; 0: all */
    bool mirrors;
    int64_t length; /* ms */
    unsigned most;  /* calls, after which it ends */

    unsigned calls;                  /* that were made */
    unsigned rooms;                  /* that were made, welcome rooms among them */
    unsigned in_a_second;            /* the most calls that there were within one */
    unsigned lately;                 /* calls in the last tenth of the time */
    unsigned ended;                  /* messages */
    unsigned asked[ADVERSARY_KINDS]; /* calls by kind */
    unsigned order[ADVERSARY_KINDS]; /* the kinds, as each was first called */
    unsigned kinds;
};

/* The first eight members say what it is; fills in the others. */
void adversary_play(struct adversary_run *run);
/* Says on standard error what was answered, and how often. */
void adversary_tell(const struct adversary_run *run);

#endif
