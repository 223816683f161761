#ifndef SYNC_ENGINE_PROTECTION_H
#define SYNC_ENGINE_PROTECTION_H

#include "engine/rules.h"
#include "engine/user_known.h"

/*
 * Accounts of others: the sync user and those before it, server admins, accounts of application services
 * (the puppets of bridges) and whom the operator names. They are brought into rooms and raised like anyone,
 * but nothing is done to the accounts themselves: they are not renamed, deactivated or reactivated.
 */
enum protection {
    PROTECTION_NONE,
    PROTECTION_SYNC_USER,
    PROTECTION_FORMER_SYNC_USER,
    PROTECTION_ADMIN,
    PROTECTION_SERVICE,
    PROTECTION_NAMED, /* only by SYNC__PROTECTED_USERS; such a one may have been made by the sync */
};

/* Whether the user is protected, and why. What only the homeserver can tell counts as it was read. */
enum protection user_protection(const struct user_known *known, const char *user,
                                const struct engine_rules *rules);

/* The reason as the end of a sentence that begins with the user: "is a server admin"; "" for none. */
const char *protection_reason(enum protection protection);

/* Whether the pattern, in which each `*` stands for any run of characters, describes the whole text. */
bool protection_matches(const char *pattern, const char *text);

#endif
