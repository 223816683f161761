/* Any state of a room: what is made of it holds together all the same. */
#include "fuzz.h"

#include "synapse/state.h"

#include "base/cleanup.h"

#include <stdlib.h>
#include <string.h>

/* Reaches: synapse/state.c synapse/state_json.c synapse/levels.c synapse/members.c */

static void try_levels(struct levels *levels)
{
    static const struct levels_wanted wanted = {.invite = 70, .kick = 70, .ban = 70, .events_default = 50};
    static const struct levels_user user = {.user = "@a:h", .level = 50};
    int64_t before = levels_of(levels, user.user);
    CLEANUP(freep) char *text = NULL;
    CLEANUP(levels_freep) struct levels *again = NULL;

    levels_set(levels, &wanted);
    must(levels_match(levels, &wanted));
    levels_raise(levels, &user);
    must(levels_of(levels, user.user) >= user.level && levels_of(levels, user.user) >= before);
    text = levels_print(levels);
    must(text != NULL);
    again = levels_parse(text, strlen(text));
    must(again && levels_match(again, &wanted));
    must(levels_of(again, user.user) == levels_of(levels, user.user));
}

const struct fuzz_bound fuzz_bound = {.memory = 300, .blocks = 10, .steps = 1000};

void fuzz_try(const uint8_t *data, size_t size)
{
    CLEANUP(room_state_freep) struct room_state *state = room_state_parse((const char *)data, size);
    size_t joined;

    if (!state)
        return;
    joined = state->joined;
    (void)room_state_reigns(state, "@a:h");
    if (room_state_membership(state, "@a:h") != MEMBERSHIP_JOIN)
        joined++;
    room_state_set_membership(state, "@a:h", MEMBERSHIP_JOIN);
    must(state->joined == joined);
    if (state->levels)
        try_levels(state->levels);
}
