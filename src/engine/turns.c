#include "engine/turns.h"

#include "engine/subjects.h"

#include <utlist.h>

static void step_out(struct turns *turns, struct subject *subject)
{
    struct turn_queue *queue = subject->queue;

    DL_DELETE(queue->first, subject);
    subject->queue = NULL;
    if (!queue->first)
        DL_DELETE(turns->next, queue);
}

void turns_add(struct turns *turns, struct turn_queue *queue, struct subject *subject)
{
    if (subject->queue == queue)
        return;
    if (subject->queue)
        step_out(turns, subject);
    if (!queue->first)
        DL_APPEND(turns->next, queue);
    DL_APPEND(queue->first, subject);
    subject->queue = queue;
}

void turns_add_first(struct turns *turns, struct turn_queue *queue, struct subject *subject)
{
    if (subject->queue)
        step_out(turns, subject);
    if (queue->first)
        DL_DELETE(turns->next, queue);
    DL_PREPEND(turns->next, queue);
    DL_PREPEND(queue->first, subject);
    subject->queue = queue;
}

struct subject *turns_take(struct turns *turns)
{
    struct turn_queue *queue = turns->next;
    struct subject *subject;

    if (!queue)
        return NULL;
    subject = queue->first;
    step_out(turns, subject);
    if (turns->next == queue) { /* the others are to have their turn first */
        DL_DELETE(turns->next, queue);
        DL_APPEND(turns->next, queue);
    }
    return subject;
}

bool turns_are_empty(const struct turns *turns)
{
    return !turns->next;
}
