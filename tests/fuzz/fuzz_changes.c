/* Whatever a sync tells: a state that has taken it in agrees with it, and goes on doing so. */
#include "fuzz.h"

#include "synapse/changes_json.h"
#include "synapse/parse.h"

#include "base/cleanup.h"

#include <stdlib.h>

/* Reaches: synapse/changes_json.c synapse/state_json.c */

static void try_members(const struct room_state *state, const struct state_events *events)
{
    struct member_event member;

    for (size_t i = 0; i < state_events_count(events); i++)
        if (state_events_member(events, i, &member))
            must(room_state_membership(state, member.user) == member.membership);
}

static void try_room(const struct room_change *room)
{
    CLEANUP(room_state_freep) struct room_state *state = room_state_new();
    size_t joined;

    must(room->room && !(room->left && room->events));
    must(!room->events || state_events_count(room->events) > 0);
    room_state_apply(state, room->events);
    must(room_state_agrees(state, room->events));
    joined = state->joined;
    try_members(state, room->events);
    room_state_apply(state, room->events);
    must(room_state_agrees(state, room->events) && state->joined == joined);
    must(room_state_weight(state) >= sizeof(*state));
}

const struct fuzz_bound fuzz_bound = {.memory = 300, .blocks = 10, .steps = 1000};

void fuzz_try(const uint8_t *data, size_t size)
{
    json_auto_t *reply = parse_object((const char *)data, size);
    CLEANUP(changes_freep) struct changes *changes = changes_from_json(reply);

    if (!changes)
        return;
    must(changes->position && *changes->position);
    for (size_t i = 0; i < changes->room_count; i++)
        try_room(&changes->rooms[i]);
}
