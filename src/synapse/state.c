#include "synapse/state.h"

#include "base/memory.h"
#include "synapse/levels.h"
#include "synapse/members.h"
#include "synapse/weight.h"

#include <stdlib.h>
#include <string.h>

/* ---- members ---- */

enum membership room_state_membership(const struct room_state *state, const char *user)
{
    return members_get(state->members, user);
}

void room_state_set_membership(struct room_state *state, const char *user, enum membership membership)
{
    enum membership before = members_set(&state->members, user, membership);

    if (before == MEMBERSHIP_JOIN)
        state->joined--;
    if (membership == MEMBERSHIP_JOIN)
        state->joined++;
}

/* ---- the whole ---- */

struct room_state *room_state_new(void)
{
    return NEW(struct room_state);
}

void room_state_free(struct room_state *state)
{
    if (!state)
        return;
    free(state->creator);
    free(state->version);
    for (size_t i = 0; i < state->additional_creator_count; i++)
        free(state->additional_creators[i]);
    free(state->additional_creators);
    free(state->made_for_alias);
    free(state->made_to_welcome);
    free(state->mark);
    free(state->predecessor);
    for (size_t i = 0; i < ROOM_SETTINGS; i++)
        free(state->settings[i]);
    free(state->alt_aliases);
    levels_free(state->levels);
    members_free(state->members);
    free(state);
}

size_t room_state_weight(const struct room_state *state)
{
    size_t weight = weight_of_block(sizeof(*state)) + weight_of_text(state->creator) +
                    weight_of_text(state->version) + weight_of_text(state->alt_aliases) +
                    weight_of_text(state->made_for_alias) + weight_of_text(state->made_to_welcome) +
                    weight_of_text(state->mark) + weight_of_text(state->predecessor) +
                    levels_weight(state->levels) + members_weight(state->members);

    for (size_t i = 0; i < ROOM_SETTINGS; i++)
        weight += weight_of_text(state->settings[i]);
    if (state->additional_creators)
        weight += weight_of_block(state->additional_creator_count * sizeof(char *));
    for (size_t i = 0; i < state->additional_creator_count; i++)
        weight += weight_of_text(state->additional_creators[i]);
    return weight;
}

bool room_state_reigns(const struct room_state *state, const char *user)
{
    if (!state->creators_reign)
        return false;
    if (text_equal(state->creator, user))
        return true;
    for (size_t i = 0; i < state->additional_creator_count; i++)
        if (strcmp(state->additional_creators[i], user) == 0)
            return true;
    return false;
}

bool room_version_creators_reign(const char *version)
{
    /* Unstable versions are named after what they try out and the version they start from, as in
       org.matrix.msc4242.12. The one that tried this very thing started from 11: org.matrix.hydra.11. */
    enum { FIRST = 12 };
    const char *number;

    if (!version)
        return false;
    number = strrchr(version, '.');
    return strstr(version, ".hydra.") != NULL || strtol(number ? number + 1 : version, NULL, 10) >= FIRST;
}
