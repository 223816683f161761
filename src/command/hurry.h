#ifndef SYNC_COMMAND_HURRY_H
#define SYNC_COMMAND_HURRY_H

#include "command/reload.h"

/*
 * Whether anybody is in a hurry. Messages of priority 0 are bulk, and so are those without one, which
 * RabbitMQ takes for the same: while there are no others, the engine rests between writes (engine/rest.h), as
 * much as SYNC__BULK_REST says. It does not when the daemon is to stop, or when all messages would have to go
 * back to the queue otherwise.
 */
struct hurry {
    const struct reload *reload; /* with engine, broker and settings; borrowed */
    unsigned urgent, bulk;       /* messages that came and have not gone, be they worked on or not */
    bool stops;                  /* the daemon does */
};

void hurry_came(struct hurry *hurry, const struct broker_delivery *delivery);
void hurry_gone(struct hurry *hurry, const struct broker_delivery *delivery);
/* The daemon is to stop. */
void hurry_stop(struct hurry *hurry);
/* Time has passed, or the settings are others. */
void hurry_look(const struct hurry *hurry);

#endif
