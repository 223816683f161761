#ifndef SYNC_ENGINE_DRIVER_H
#define SYNC_ENGINE_DRIVER_H

#include "engine/brake.h"
#include "engine/engine.h"
#include "engine/errands.h"
#include "engine/held.h"
#include "engine/order.h"
#include "engine/outlet.h"
#include "engine/turns.h"

/* What the engine is made of: for engine.c, which drives it, and for overview.c, which looks at it. */
struct engine {
    struct engine_config config;
    struct outlet outlet;
    struct subjects subjects;
    struct engine_message *messages; /* in the order of their arrival */
    struct turns turns;
    struct turn_queue nobodys; /* of subjects that no message asks for any more */
    struct engine_message *ended;
    bool in_turn;

    struct errands errands;
    struct brake brake;
    struct held held;
    unsigned looks; /* at users, that are under way: who is looked at may want a record next */

    struct loop_timer timer; /* the earliest wake of a subject, or the gate's, or the mirror's */
    struct loop_timer soon;  /* a message was submitted, or left; or a turn was long */
    instant turn_began, attended_at;
};

#endif
