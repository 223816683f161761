#include "engine/room_facts.h"

#include "base/memory.h"

#include <stdlib.h>
#include <string.h>

struct levels_wanted room_levels_wanted(const struct room_wanted *wanted)
{
    return (struct levels_wanted){
        .invite = 70, .kick = 70, .ban = 70, .events_default = wanted->bidirectional ? 0 : 50};
}

bool alias_is_of_welcome(const char *alias)
{
    return alias && strncmp(alias, "#sync_", strlen("#sync_")) == 0;
}

bool room_is_dead(const struct room_known *known)
{
    const struct room_state *state = known->state;

    return state->joined == 0 && (state->creator ? state->levels != NULL : known->was_used);
}

bool room_is_half_made(const struct room_state *state)
{
    return !state->creator || !state->levels;
}

bool room_lacks_power(const struct room_state *state, const struct engine_rules *rules)
{
    return !room_state_reigns(state, rules->sync_user) &&
           levels_of(state->levels, rules->sync_user) < LEVEL_OF_SYNC_USER;
}

static bool is_too_low(const struct room_state *state, const struct levels_user *member)
{
    return !room_state_reigns(state, member->user) && levels_of(state->levels, member->user) < member->level;
}

bool room_levels_differ(const struct room_state *state, const struct room_wanted *wanted)
{
    const struct levels_wanted levels = room_levels_wanted(wanted);

    if (!levels_match(state->levels, &levels))
        return true;
    for (size_t i = 0; i < wanted->member_count; i++)
        if (is_too_low(state, &wanted->members[i]) &&
            room_state_membership(state, wanted->members[i].user) != MEMBERSHIP_BAN)
            return true;
    return false;
}

const char *room_setting_wanted(enum room_setting setting, const struct room_wanted *wanted)
{
    switch (setting) {
    case SETTING_NAME:
        return wanted->name;
    case SETTING_TOPIC:
        return wanted->topic;
    case SETTING_JOIN_RULE:
        return "invite";
    case SETTING_GUEST_ACCESS:
        return "forbidden";
    case SETTING_CANONICAL_ALIAS:
        return wanted->alias;
    case SETTING_MARKER:
        return "managed";
    }
    return NULL;
}

char **room_setting_place(struct room_state *state, enum room_setting setting)
{
    switch (setting) {
    case SETTING_NAME:
        return &state->name;
    case SETTING_TOPIC:
        return &state->topic;
    case SETTING_JOIN_RULE:
        return &state->join_rule;
    case SETTING_GUEST_ACCESS:
        return &state->guest_access;
    case SETTING_CANONICAL_ALIAS:
        return &state->canonical_alias;
    case SETTING_MARKER:
        break;
    }
    return NULL;
}

bool room_setting_differs(struct room_state *state, enum room_setting setting, const char *value)
{
    char **place = room_setting_place(state, setting);

    if (!value)
        return false;
    if (setting == SETTING_MARKER)
        return !state->managed;
    return strcmp(place && *place ? *place : "", value) != 0;
}
