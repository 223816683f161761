#include "engine/audit.h"

#include "base/memory.h"
#include "engine/room_facts.h"

#include <string.h>

/* `#<type>_<id>`: a room of ours that says nothing else, as after an upgrade, is that alias'. */
static bool is_of_message(const char *alias)
{
    return alias && strchr(alias, '_');
}

static enum audit_purpose purpose_of(const struct room_state *state)
{
    const char *alias = state->settings[ROOM_CANONICAL_ALIAS];

    if (state->made_to_welcome)
        return AUDIT_WELCOME;
    if (state->made_for_alias || room_is_managed(state))
        return AUDIT_MANAGED;
    if (alias_is_of_welcome(alias))
        return AUDIT_WELCOME;
    return is_of_message(alias) ? AUDIT_MANAGED : AUDIT_OTHER;
}

/* Without a state its alias is all that may be left. */
static struct audit audit_remains(const struct listed_room *listed)
{
    return (struct audit){
        .purpose = alias_is_of_welcome(listed->alias) ? AUDIT_WELCOME
                   : is_of_message(listed->alias)     ? AUDIT_MANAGED
                                                      : AUDIT_OTHER,
        .alias = listed->alias,
        .dead = listed->members == 0 && listed->state_events > 0,
        .half_made = listed->members == 0 && listed->state_events == 0,
    };
}

struct audit audit_room(const struct listed_room *listed, const struct room_state *state,
                        const struct engine_rules *rules, int64_t now)
{
    const bool in_it = state && room_state_membership(state, rules->sync_user) == MEMBERSHIP_JOIN;
    const bool half_made = state && room_is_half_made(state);
    struct audit audit;

    if (!state || !state->creator)
        return audit_remains(listed);
    audit = (struct audit){.purpose = purpose_of(state)};
    audit.alias = state->made_for_alias ? state->made_for_alias : state->settings[ROOM_CANONICAL_ALIAS];
    audit.half_made = half_made && now - state->changed_at > HALF_MADE_LIMIT;
    audit.dead = !half_made && state->joined == 0;
    audit.left = !half_made && state->joined > 0 && !in_it;
    audit.powerless = !half_made && in_it && room_lacks_power(state, rules);
    return audit;
}

bool audit_is_welcome_alias(const char *alias)
{
    return alias_is_of_welcome(alias);
}
