#include "synapse/state.h"

#include "base/cleanup.h"

#include <stdlib.h>
#include <string.h>

/* What the state of a room says may be anything; what is made of it holds together all the same. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(bool holds)
{
    if (!holds)
        abort();
}

static void try_levels(struct levels *levels)
{
    static const struct levels_wanted wanted = {.invite = 70, .kick = 70, .ban = 70, .events_default = 50};
    static const struct levels_user user = {"@a:h", 50};
    int64_t before = levels_of(levels, user.user);
    CLEANUP(freep) char *text = NULL;
    CLEANUP(levels_freep) struct levels *again = NULL;

    levels_set(levels, &wanted);
    check(levels_match(levels, &wanted));
    levels_raise(levels, &user);
    check(levels_of(levels, user.user) >= user.level && levels_of(levels, user.user) >= before);
    text = levels_print(levels);
    check(text != NULL);
    again = levels_parse(text, strlen(text));
    check(again && levels_match(again, &wanted));
    check(levels_of(again, user.user) == levels_of(levels, user.user));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    CLEANUP(room_state_freep) struct room_state *state = room_state_parse((const char *)data, size);
    size_t joined;

    if (!state)
        return 0;
    joined = state->joined;
    (void)room_state_reigns(state, "@a:h");
    if (room_state_membership(state, "@a:h") != MEMBERSHIP_JOIN)
        joined++;
    room_state_set_membership(state, "@a:h", MEMBERSHIP_JOIN);
    check(state->joined == joined);
    if (state->levels)
        try_levels(state->levels);
    return 0;
}
