#include "engine/room_facts.h"

#include "base/memory.h"
#include "base/reserved.h"

#include <stdlib.h>
#include <string.h>

static const char MANAGED[] = "managed";

struct levels_wanted room_levels_wanted(const struct room_wanted *wanted)
{
    return (struct levels_wanted){
        .invite = 70, .kick = 70, .ban = 70, .events_default = wanted->bidirectional ? 0 : 50};
}

bool alias_is_of_welcome(const char *alias)
{
    return alias && alias_is_reserved(alias);
}

bool room_is_half_made(const struct room_state *state)
{
    return !state->creator || !state->levels;
}

bool room_may_be_renewed(const struct room_state *state)
{
    return room_is_half_made(state) || state->joined == 0;
}

bool room_lacks_power(const struct room_state *state, const struct engine_rules *rules)
{
    return !room_state_reigns(state, rules->sync_user) &&
           levels_of(state->levels, rules->sync_user) < LEVEL_OF_SYNC_USER;
}

bool room_is_too_low(const struct room_state *state, const struct levels_user *member)
{
    return !room_state_reigns(state, member->user) &&
           levels_of(state->levels, member->user) < member->level &&
           room_state_membership(state, member->user) != MEMBERSHIP_BAN;
}

const char *room_setting_wanted(enum room_setting setting, const struct room_wanted *wanted)
{
    switch (setting) {
    case ROOM_NAME:
        return wanted->name;
    case ROOM_TOPIC:
        return wanted->topic;
    case ROOM_JOIN_RULE:
        return "invite";
    case ROOM_GUEST_ACCESS:
        return "forbidden";
    case ROOM_CANONICAL_ALIAS:
        return wanted->alias;
    case ROOM_MARKER:
        return MANAGED;
    }
    return NULL;
}

bool room_setting_differs(const struct room_state *state, enum room_setting setting, const char *value)
{
    const char *known = state->settings[setting];

    return value && strcmp(known ? known : "", value) != 0;
}

bool room_is_managed(const struct room_state *state)
{
    return text_equal(state->settings[ROOM_MARKER], MANAGED);
}
