#include "engine/protection.h"

#include <string.h>

/*
 * A run that turns out too short is made longer by one, and only that of the last `*`: where what stands
 * between two of them fits first, it does no harm. So this takes at most pattern times text steps.
 */
bool protection_matches(const char *pattern, const char *text)
{
    const char *behind_star = NULL, *run_end = NULL;

    while (*text) {
        if (*pattern == '*') {
            behind_star = ++pattern;
            run_end = text;
        } else if (*pattern == *text) {
            pattern++;
            text++;
        } else if (behind_star) {
            pattern = behind_star;
            text = ++run_end;
        } else {
            return false;
        }
    }
    return pattern[strspn(pattern, "*")] == '\0';
}

static bool is_named(const char *const *patterns, const char *user)
{
    for (; patterns && *patterns; patterns++)
        if (protection_matches(*patterns, user))
            return true;
    return false;
}

enum protection user_protection(const struct user_known *known, const char *user,
                                const struct engine_rules *rules)
{
    if (strcmp(user, rules->sync_user) == 0)
        return PROTECTION_SYNC_USER;
    if (rules_is_ours(rules, user))
        return PROTECTION_FORMER_SYNC_USER;
    if (known->admin)
        return PROTECTION_ADMIN;
    if (known->of_service)
        return PROTECTION_SERVICE;
    return is_named(rules->protected_users, user) ? PROTECTION_NAMED : PROTECTION_NONE;
}

const char *protection_reason(enum protection protection)
{
    switch (protection) {
    case PROTECTION_NONE:
        break;
    case PROTECTION_SYNC_USER:
        return "is the sync user";
    case PROTECTION_FORMER_SYNC_USER:
        return "was a sync user (SYNC__FORMER_SYNC_USERS)";
    case PROTECTION_ADMIN:
        return "is a server admin";
    case PROTECTION_SERVICE:
        return "is an account of an application service";
    case PROTECTION_NAMED:
        return "is protected by SYNC__PROTECTED_USERS";
    }
    return "";
}
