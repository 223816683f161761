#include "command/intake.h"

#include "base/json_weight.h"
#include "base/memory.h"

#include <stdlib.h>
#include <utlist.h>

enum {
    MOST_HELD = 32 * 1024 * 1024, /* bytes of all that are decoded */
    LARGE = 16 * 1024,            /* bytes of a body that comes in by itself */
    SMALL = 1024,                 /* bytes of a body that is not worth looking into */
    /* Bytes of memory for one user or room of a message: the request's own part, the place in the line, the
       subject, the call that it waits with (measured: 0.9 KiB a member). */
    SUBJECT = 1024,
    TEXTS = 2,    /* copies of what the body says */
    DENSEST = 32, /* bytes of the body for a subject, which is an object with an id at least */
};

struct intake_ticket {
    struct broker_delivery *delivery;
    struct intake_ticket *prev, *next; /* utlist */
};

size_t intake_weigh(const void *body, size_t size)
{
    if (!body)
        return 0;
    if (size <= SMALL)
        return size * (SUBJECT / DENSEST);
    return json_weigh(body, size).objects * SUBJECT + size * TEXTS;
}

static size_t weight_of(const struct broker_delivery *delivery)
{
    return intake_weigh(broker_delivery_body(delivery), broker_delivery_size(delivery));
}

static bool fits(const struct intake *intake, size_t weight)
{
    return intake->held == 0 || intake->held + weight <= intake->most;
}

static void take_in(struct intake *intake, struct broker_delivery *delivery, size_t weight)
{
    intake->held += weight;
    if (!intake->decode(intake->context, delivery))
        intake->held -= weight;
}

/* One at a time; the next has its turn when the loop has gone round. */
static void look(void *context)
{
    struct intake *intake = context;
    struct intake_ticket *first = intake->waiting;
    struct broker_delivery *delivery;
    size_t weight;

    if (!first)
        return;
    delivery = first->delivery;
    weight = weight_of(delivery);
    if (!fits(intake, weight))
        return; /* until another leaves */
    DL_DELETE(intake->waiting, first);
    free(first);
    loop_timer_set(&intake->timer, instant_now());
    take_in(intake, delivery, weight);
}

void intake_init(struct intake *intake, struct loop *loop,
                 bool (*decode)(void *context, struct broker_delivery *delivery), void *context)
{
    *intake = (struct intake){.most = MOST_HELD, .decode = decode, .context = context};
    loop_timer_init(&intake->timer, loop, look, intake);
}

void intake_deinit(struct intake *intake)
{
    struct intake_ticket *ticket, *next;

    DL_FOREACH_SAFE (intake->waiting, ticket, next)
        free(ticket);
    intake->waiting = NULL;
    loop_timer_stop(&intake->timer);
}

void intake_add(struct intake *intake, struct broker_delivery *delivery)
{
    struct intake_ticket *ticket;

    if (!intake->waiting && broker_delivery_size(delivery) <= LARGE && fits(intake, weight_of(delivery))) {
        take_in(intake, delivery, weight_of(delivery));
        return;
    }
    ticket = NEW(struct intake_ticket);
    ticket->delivery = delivery;
    DL_APPEND(intake->waiting, ticket);
    loop_timer_set(&intake->timer, instant_now());
}

void intake_leave(struct intake *intake, struct broker_delivery *delivery, bool decoded)
{
    struct intake_ticket *ticket, *next;

    if (decoded)
        intake->held -= weight_of(delivery);
    else
        DL_FOREACH_SAFE (intake->waiting, ticket, next)
            if (ticket->delivery == delivery) {
                DL_DELETE(intake->waiting, ticket);
                free(ticket);
            }
    if (intake->waiting)
        loop_timer_set(&intake->timer, instant_now());
}
