#ifndef SYNC_BROKER_JUDGE_H
#define SYNC_BROKER_JUDGE_H

#include "broker/probation.h"
#include "broker/queue_kind.h"
#include "broker/tries.h"
#include "loop/loop.h"

#include <stdint.h>

/*
 * Says of each message whether it may be why processes before us are no more (broker/probation.h), from how
 * often it was delivered: as the broker counts it, or else as we do (broker/tries.h).
 */
struct judge {
    struct probation probation;
    struct broker_settings *settings; /* the owner's */
    struct loop *loop;
    struct tries *tries; /* of the first message, which waits for it; NULL: none does */
    enum queue_type type;
    uint64_t delivery_limit;                                       /* UINT64_MAX: there is none */
    void (*judged)(void *context, struct broker_message *message); /* the message is the callee's */
    void *context;
};

/* On probation, as after a start. */
void judge_init(struct judge *judge, struct broker_settings *settings, struct loop *loop,
                void (*judged)(void *context, struct broker_message *message), void *context);
/* What comes from now on is of such a queue. */
void judge_of_queue(struct judge *judge, const struct queue_kind *kind, unsigned broker_version);
/* Takes the message over. Calls `judged` with it: at once, or, where it has to be counted first, later. */
void judge_message(struct judge *judge, struct broker_message *message);
/* Forgets the message that waits. */
void judge_forget(struct judge *judge);

#endif
