#include "synapse/changes_json.h"
#include "synapse/parse.h"

#include "base/cleanup.h"

#include <stdlib.h>

/* Whatever a sync tells: a state that has taken it in agrees with it, and goes on doing so. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(bool holds)
{
    if (!holds)
        abort();
}

static void try_members(const struct room_state *state, const struct state_events *events)
{
    struct member_event member;

    for (size_t i = 0; i < state_events_count(events); i++)
        if (state_events_member(events, i, &member))
            check(room_state_membership(state, member.user) == member.membership);
}

static void try_room(const struct room_change *room)
{
    CLEANUP(room_state_freep) struct room_state *state = room_state_new();
    size_t joined;

    check(room->room && !(room->left && room->events));
    check(!room->events || state_events_count(room->events) > 0);
    room_state_apply(state, room->events);
    check(room_state_agrees(state, room->events));
    joined = state->joined;
    try_members(state, room->events);
    room_state_apply(state, room->events);
    check(room_state_agrees(state, room->events) && state->joined == joined);
    check(room_state_weight(state) >= sizeof(*state));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    json_auto_t *reply = parse_object((const char *)data, size);
    CLEANUP(changes_freep) struct changes *changes = changes_from_json(reply);

    if (!changes)
        return 0;
    check(changes->position && *changes->position);
    for (size_t i = 0; i < changes->room_count; i++)
        try_room(&changes->rooms[i]);
    return 0;
}
