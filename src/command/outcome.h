#ifndef SYNC_COMMAND_OUTCOME_H
#define SYNC_COMMAND_OUTCOME_H

#include "broker/broker.h"
#include "engine/engine.h"

/* How a message ended, as the log tells it. */
struct outcome {
    const char *method; /* NULL: not known */
    const char *outcome;
    const char *code;        /* NULL: none */
    const char *detail;      /* NULL or "": none */
    const char *user, *room; /* the same */
    unsigned requests;
    int64_t duration;        /* ms */
    const unsigned *changes; /* ENGINE_CHANGES of them, of which those are told that are not 0; NULL: none */
};

/* One line, which ends with the digest by which the dead letter is found, and the other way round. */
void outcome_log(const struct outcome *outcome, const struct broker_delivery *delivery);

#endif
