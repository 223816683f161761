#include "engine/room_known.h"

#include "base/memory.h"

#include <stdlib.h>

void room_known_init(struct room_known *known)
{
    *known = (struct room_known){
        .resolved_at = INSTANT_PAST,
        .read_at = INSTANT_PAST,
        .set_at = INSTANT_PAST,
        .whole_at = INSTANT_PAST,
        .looked_at = INSTANT_PAST,
        .told_at = INSTANT_PAST,
        .marked_at = INSTANT_PAST,
        .regained_at = INSTANT_PAST,
        .alias_seen_at = INSTANT_PAST,
        .creation_at = INSTANT_PAST,
        .aliases_at = INSTANT_PAST,
        .half_made_since = INSTANT_NEVER,
        .gone_at = INSTANT_NEVER,
    };
}

void room_known_forget_set(struct room_known *known)
{
    for (int setting = 0; setting < ROOM_SETTINGS; setting++)
        free(TAKE(known->set[setting]));
}

void room_known_deinit(struct room_known *known)
{
    free(known->id);
    free(known->creator);
    free(known->raising.unfit);
    free(known->refused);
    synapse_aliases_free(known->aliases);
    lineage_deinit(&known->lineage);
    room_state_free(known->creation);
    room_state_free(known->state);
    room_known_forget_set(known);
    state_events_free(known->news);
    obstacles_deinit(&known->obstacles);
    room_known_init(known);
}

bool room_known_settle(struct room_known *known)
{
    struct room_known kept;

    if (known->presence != PRESENCE_HERE || !known->id || known->deleting || known->gone_at != INSTANT_NEVER)
        return false;
    room_known_init(&kept);
    kept.presence = PRESENCE_HERE;
    kept.id = TAKE(known->id);
    kept.found_at = known->found_at;
    kept.told_at = known->told_at;
    kept.marked_at = known->marked_at;
    if (known->mirrored && known->state) {
        kept.state = TAKE(known->state);
        kept.read_at = known->read_at;
        kept.whole_at = known->whole_at;
        kept.mirrored = true;
    } else {
        for (int setting = 0; setting < ROOM_SETTINGS; setting++)
            kept.set[setting] = TAKE(known->set[setting]); /* it is read for the next message */
        kept.set_at = known->set_at;
    }
    room_known_deinit(known);
    *known = kept;
    return true;
}

void room_known_doubt(struct room_known *known)
{
    known->read_at = INSTANT_PAST;
    known->mirrored = false;
}
