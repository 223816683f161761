#ifndef SYNC_COMMAND_INTAKE_H
#define SYNC_COMMAND_INTAKE_H

#include "broker/broker.h"
#include "loop/loop.h"

/*
 * The door of the daemon: which deliveries are decoded now. A message weighs much more in memory than in the
 * queue (each member of an addRoom becomes a place in a line, and a user of whom something is known), so what
 * comes is weighed first. What does not fit beside those that are being worked on waits as the bytes that it
 * came as, in the order of its coming; the oldest always fits when it is alone. And large ones come in one at
 * a time, with other work in between.
 */
struct intake {
    size_t most, held; /* bytes, reckoned */
    struct intake_ticket *waiting;
    struct loop_timer timer;
    bool (*decode)(void *context, struct broker_delivery *delivery);
    void *context;
};

/* `decode` takes a delivery in; false: it has ended with that. */
void intake_init(struct intake *intake, struct loop *loop,
                 bool (*decode)(void *context, struct broker_delivery *delivery), void *context);
void intake_deinit(struct intake *intake);

/* Now, or later. */
void intake_add(struct intake *intake, struct broker_delivery *delivery);
/* The delivery is about to go; `decoded`: it was taken in. */
void intake_leave(struct intake *intake, struct broker_delivery *delivery, bool decoded);

/* What a message of these bytes weighs once it is decoded, about. NULL: nothing, it was too large to be
   kept. */
size_t intake_weigh(const void *body, size_t size);

#endif
