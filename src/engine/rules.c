#include "engine/rules.h"

#include <stddef.h>
#include <string.h>

bool rules_is_ours(const struct engine_rules *rules, const char *creator)
{
    const char *const *former = rules->former_sync_users;

    if (!creator)
        return false;
    if (strcmp(creator, rules->sync_user) == 0)
        return true;
    for (; former && *former; former++)
        if (strcmp(creator, *former) == 0)
            return true;
    return false;
}
