#include "engine/removal.h"

#include "base/log.h"
#include "engine/order.h"

/* A removal stands alone at the front of a line. */
static bool is_removal(const struct subject *subject, enum synapse_kind kind)
{
    if (kind == SYNAPSE_DEACTIVATE_USER || kind == SYNAPSE_DEACTIVATE_ACCOUNT)
        return true;
    return kind == SYNAPSE_DELETE_ROOM && subject->line && subject->line->kind == PLACE_ROOM_REMOVED;
}

static void call_out(const struct brake *brake)
{
    log_error("removal-brake", LOG_NUMBER("per_hour", (int64_t)brake->most),
              LOG_TEXT("reason", "the hourly limit on removals is reached; further removals are rejected"),
              LOG_TEXT("advice",
                       "find out who asks for them; if that is intended, raise SYNC__REMOVALS_PER_HOUR "
                       "and send the dead letters again"));
}

static void tell(const struct brake *brake, struct subject *subject, const struct synapse_call *call)
{
    struct error why;

    (void)error_set(&why,
                    "not removed: the limit is %zu removals an hour; if this is intended, raise "
                    "SYNC__REMOVALS_PER_HOUR and send it again",
                    brake->most);
    obstacle_forbid(subject->is_room ? &subject->room.obstacles : &subject->user.obstacles, call,
                    REQUEST_REMOVAL_BRAKE, &why);
}

bool removal_is_braked(struct brake *brake, struct subject *subject, const struct synapse_call *call,
                       instant now)
{
    if (!is_removal(subject, call->kind))
        return false;
    switch (brake_ask(brake, subject->key, now)) {
    case BRAKE_LETS_THROUGH:
        return false;
    case BRAKE_ENGAGES:
        call_out(brake);
        break;
    case BRAKE_HOLDS:
        break;
    }
    tell(brake, subject, call);
    return true;
}
