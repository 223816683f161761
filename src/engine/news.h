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

#endif
