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

#endif
