#include "engine/ownership.h"

#include "base/memory.h"
#include "engine/room_facts.h"

#include <string.h>

/* The create event, wherever it was read; NULL: it was not. */
static const struct room_state *creation_of(const struct room_known *known)
{
    return known->state ? known->state : known->creation;
}

static bool leads_here(char *const *aliases, const char *alias)
{
    for (; alias && *aliases; aliases++)
        if (strcmp(*aliases, alias) == 0)
            return true;
    return false;
}

static bool is_only_alias(char *const *aliases, const char *alias)
{
    for (; *aliases; aliases++)
        if (strcmp(*aliases, alias) != 0)
            return false;
    return true;
}

static enum ownership by_canonical_alias(const struct room_known *known, const char *alias, instant since)
{
    const char *canonical = known->state ? known->state->settings[ROOM_CANONICAL_ALIAS] : NULL;

    if (!known->state || known->read_at < since)
        return OWNERSHIP_UNREAD_STATE;
    if (text_equal(canonical, alias) || room_is_half_made(known->state))
        return OWNERSHIP_OURS; /* in one that is half made is nobody yet who could have bound another alias */
    if (alias_is_of_welcome(canonical))
        return OWNERSHIP_OF_WELCOME;
    if (!known->aliases || known->aliases_at < instant_max(since, known->whole_at))
        return OWNERSHIP_UNREAD_ALIASES;
    if (leads_here(known->aliases, canonical))
        return OWNERSHIP_OF_ALIAS;
    return is_only_alias(known->aliases, alias) ? OWNERSHIP_OURS : OWNERSHIP_OF_SEVERAL;
}

enum ownership room_ownership(const struct room_known *known, const char *alias,
                              const struct engine_rules *rules, instant since)
{
    const struct room_state *creation = creation_of(known);

    if (!creation)
        return OWNERSHIP_UNREAD_CREATION;
    if (!creation->creator && (!known->details || known->details_at < since))
        return OWNERSHIP_UNREAD_DETAILS;
    if (!rules_is_ours(rules, creation->creator ? creation->creator : known->creator))
        return OWNERSHIP_OF_ANOTHER;
    if (!creation->creator)
        return OWNERSHIP_OURS; /* nobody is in it, so the alias is all that is left of it */
    if (creation->made_to_welcome)
        return OWNERSHIP_OF_WELCOME;
    if (creation->made_for_alias)
        return strcmp(creation->made_for_alias, alias) == 0 ? OWNERSHIP_OURS : OWNERSHIP_OF_ALIAS;
    return by_canonical_alias(known, alias, since);
}

bool ownership_forbids(enum ownership ownership)
{
    switch (ownership) {
    case OWNERSHIP_OF_ANOTHER:
    case OWNERSHIP_OF_ALIAS:
    case OWNERSHIP_OF_WELCOME:
    case OWNERSHIP_OF_SEVERAL:
        return true;
    case OWNERSHIP_OURS:
    case OWNERSHIP_UNREAD_CREATION:
    case OWNERSHIP_UNREAD_DETAILS:
    case OWNERSHIP_UNREAD_STATE:
    case OWNERSHIP_UNREAD_ALIASES:
        break;
    }
    return false;
}

/*
 * Earlier versions made welcome rooms whose create event says nothing. Such a room calls itself by the alias;
 * but so may a class room of the predecessor, since its moderators choose what it calls itself by. So it has
 * to look like one, too: without the marker of managed rooms, and with nobody in it but the two.
 */
bool state_is_of_welcome(const struct room_state *state, const char *user, const char *alias)
{
    enum { BOTH = 2 };

    if (state->made_to_welcome || state->made_for_alias)
        return text_equal(state->made_to_welcome, user);
    return text_equal(state->settings[ROOM_CANONICAL_ALIAS], alias) && !room_is_managed(state) &&
           state->joined <= BOTH && room_state_membership(state, user) != MEMBERSHIP_NONE;
}

/* Whose room it is, in words; the caller frees them. */
static char *owner_in_words(const char *creator, const struct room_state *creation)
{
    if (creation && creation->made_to_welcome)
        return text_format("the welcome room of %s", creation->made_to_welcome);
    if (creation && creation->made_for_alias)
        return text_format("the room of %s", creation->made_for_alias);
    if (creation && creation->settings[ROOM_CANONICAL_ALIAS])
        return text_format("the room of %s, made by %s", creation->settings[ROOM_CANONICAL_ALIAS],
                           creator ? creator : "?");
    if (creation && creation->creator && !creation->settings[ROOM_CANONICAL_ALIAS])
        return text_format("a room of several aliases, none of which is its main address, made by %s",
                           creation->creator);
    return text_format("a room made by %s", creator ? creator : "an unknown user");
}

void report_conflict(struct report *report, const char *alias, const char *room, const char *creator,
                     const struct room_state *creation)
{
    CLEANUP(freep) char *owner = owner_in_words(creator, creation);

    report_refusal(report, REQUEST_ALIAS_CONFLICT,
                   "%s leads to %s, which is %s: to free the alias, let a server admin delete it from the "
                   "directory (DELETE /_matrix/client/v3/directory/room/ and the alias, percent-encoded), "
                   "then send the message again",
                   alias, room ? room : "a room", owner);
}
