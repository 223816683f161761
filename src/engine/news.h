#ifndef SYNC_ENGINE_NEWS_H
#define SYNC_ENGINE_NEWS_H

#include "base/instant.h"
#include "engine/rules.h"
#include "synapse/call.h"

#include <stdbool.h>

/* The reply to a call, with all that is needed to learn from it. Learners take out of the reply what they
   keep. */
struct news {
    const struct synapse_call *call;
    struct synapse_reply *reply;
    const struct engine_rules *rules;
    bool others_succeeded; /* see obstacle_fail() */
    instant sent;          /* when the call was */
    instant now;
};

/* ms by which an answer may be behind what was done: a process of the homeserver other than the one that
   carried it out may remember how it was before, until that one's news come. */
enum { NEWS_LATENESS = 10 * 1000 };

/* What was asked about is certainly not there. */
static inline bool news_of_absence(const struct news *news)
{
    return news->reply->outcome == SYNAPSE_ABSENT;
}

/*
 * Whether a deletion that was begun at that time is under way, by what was told of it. One that is still to
 * begin is not told of, and that may take a minute: Synapse begins it at once only where it is not just then
 * beginning another one (_launch_scheduled_tasks() in util/task_scheduler.py). Whoever begins it once more
 * then has it done twice.
 */
static inline bool news_of_deletion(const struct news *news, instant begun)
{
    enum { BEGINNING = 90 * 1000 /* ms */ };

    return news_of_absence(news) ? news->now < begun + BEGINNING
                                 : news->reply->deletion == DELETION_UNDER_WAY;
}

/* The answer is older than what was just done: as if the call had failed. Returns false. */
static inline bool news_disbelieve(const struct news *news)
{
    news->reply->outcome = SYNAPSE_FAILED;
    return error_set(&news->reply->problem, "%s: the answer is older than what was just done",
                     synapse_kind_name(news->call->kind));
}

#endif
