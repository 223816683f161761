#ifndef SYNC_ENGINE_RULES_H
#define SYNC_ENGINE_RULES_H

#include <stdbool.h>

/* What does not change while the program runs, but for `mas`. */
struct engine_rules {
    const char *server_name;
    const char *sync_user;                /* full id */
    const char *const *former_sync_users; /* full ids, NULL at the end; NULL: none */
    const char *const *protected_users;   /* the same, with `*` in them for any run of characters */
    bool erase;                           /* a removed user's data too */
    bool reactivate;                      /* an added user who is deactivated */
    bool mas;                             /* accounts are those of the Matrix Authentication Service */
    bool resolve_first; /* look an alias up before a room is made: creations are rate limited */
};

/* Whether this user is the sync user or was one. */
bool rules_is_ours(const struct engine_rules *rules, const char *creator);

#endif
