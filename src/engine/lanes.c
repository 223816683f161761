#include "engine/lanes.h"

#include "engine/subjects.h"

#include <utlist.h>

static void step_out(struct lanes *lanes, struct subject *subject)
{
    struct lane *lane = subject->lane;

    DL_DELETE(lane->first, subject);
    subject->lane = NULL;
    if (!lane->first)
        DL_DELETE(lanes->next_turn, lane);
}

void lanes_line_up(struct lanes *lanes, struct lane *lane, struct subject *subject)
{
    if (subject->lane == lane)
        return;
    if (subject->lane)
        step_out(lanes, subject);
    if (!lane->first)
        DL_APPEND(lanes->next_turn, lane);
    DL_APPEND(lane->first, subject);
    subject->lane = lane;
}

void lanes_put_first(struct lanes *lanes, struct lane *lane, struct subject *subject)
{
    if (subject->lane)
        step_out(lanes, subject);
    if (lane->first)
        DL_DELETE(lanes->next_turn, lane);
    DL_PREPEND(lanes->next_turn, lane);
    DL_PREPEND(lane->first, subject);
    subject->lane = lane;
}

struct subject *lanes_take(struct lanes *lanes)
{
    struct lane *lane = lanes->next_turn;
    struct subject *subject;

    if (!lane)
        return NULL;
    subject = lane->first;
    step_out(lanes, subject);
    if (lane->first) { /* the others are to have their turn first */
        DL_DELETE(lanes->next_turn, lane);
        DL_APPEND(lanes->next_turn, lane);
    }
    return subject;
}

bool lanes_are_empty(const struct lanes *lanes)
{
    return !lanes->next_turn;
}
