#ifndef SYNC_BROKER_JUDGE_H
#define SYNC_BROKER_JUDGE_H

#include "broker/probation.h"
#include "broker/queue_kind.h"
#include "broker/tries.h"
#include "loop/loop.h"

#include <stdbool.h>
#include <stdint.h>

/*
 * Says of each message whether it may be why processes before us are no more (broker/probation.h), from how
 * often it was delivered: as the broker counts it, or else as we do (broker/tries.h). What we have noted is
 * withdrawn when the message is acknowledged, and when the process ends or gives it back in good order.
 */
struct judge {
    struct probation probation;
    struct broker_settings *settings; /* the owner's */
    struct loop *loop;
    struct tries *tries;      /* of the first message, which waits for it; NULL: none does */
    struct tries *withdrawal; /* under way; else NULL */
    char noted[DIGEST_SIZE];  /* the body of which there is a note of this process; "": there is none */
    uint64_t noted_count;
    uint64_t noted_tag; /* of its delivery; 0: it is not here */
    enum queue_type type;
    uint64_t delivery_limit;                                       /* UINT64_MAX: there is none */
    void (*judged)(void *context, struct broker_message *message); /* the message is the callee's */
    void *context;
};

/* On probation, as after a start. */
void judge_init(struct judge *judge, struct broker_settings *settings, struct loop *loop,
                void (*judged)(void *context, struct broker_message *message), void *context);
/* A withdrawal that is under way gets a moment to end. */
void judge_deinit(struct judge *judge);
/* What comes from now on is of such a queue. */
void judge_of_queue(struct judge *judge, const struct queue_kind *kind, unsigned broker_version);
/* Takes the message over. Calls `judged` with it: at once, or, where it has to be counted first, later. */
void judge_message(struct judge *judge, struct broker_message *message);
/* Whether one waits. Then it is the only one: it came on probation. */
bool judge_is_waited_for(const struct judge *judge);
/* Those up to this delivery tag, or that one only, are acknowledged. */
void judge_acked(struct judge *judge, uint64_t tag, bool all_before);
/* What is here comes to its end in good order: the note, if there is one, is withdrawn. */
void judge_acquit(struct judge *judge);
/* The connection of all that came is gone. */
void judge_forget(struct judge *judge);

#endif
