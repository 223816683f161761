#ifndef SYNC_TESTS_ENGINE_WATCH_H
#define SYNC_TESTS_ENGINE_WATCH_H

#include "engine/simulation/stage.h"

/* What the engine promises of the calls that it sends; whatever breaks a promise is a crime. For stage.c. */

/* Whom or what the call is about: never two at a time. Lives as long as the call. */
const char *watch_subject(const struct synapse_call *call);
/* It is about to be sent. */
void watch_call(struct stage *stage, const struct synapse_call *call);
/* It is answered. */
void watch_answer(struct stage *stage, const struct synapse_call *call, const struct synapse_reply *reply);

/* It is answered, and a rest may begin. */
void watch_rest(struct stage *stage, const struct transit *transit);

#endif
