/*
 * Which refusals may be the sync user's own (all seen with Synapse 1.160):
 *
 * - M_FORBIDDEN of the admin API: it is no admin any more, or the request is not allowed.
 * - M_USER_SUSPENDED: a suspended user may neither invite nor join, so a join is refused for either's sake.
 * - M_CONSENT_NOT_GIVEN, M_RESOURCE_LIMIT_EXCEEDED: Synapse asks it of the user whose token it is, even where
 *   a member joins (assert_accepted_privacy_policy() in handlers/message.py, api/auth_blocking.py). But
 * modules may answer with any errcode, also because of the member.
 * - A join that ends with 500: where the sync user is shadow-banned its invitations fail so.
 */
#include "synapse/blame.h"

#include "synapse/call_table.h"

#include <string.h>

struct doubt {
    long status;                              /* 0: any 4xx */
    const char *errcode;                      /* NULL: any, or none */
    bool (*concerns)(enum synapse_kind kind); /* NULL: all do */
    enum step_name step;
};

static bool is_join(enum synapse_kind kind)
{
    return kind == SYNAPSE_JOIN_USER;
}

static const struct doubt doubts[] = {
    {0, "M_FORBIDDEN", call_needs_admin, STEP_READ_SELF},
    {0, "M_USER_SUSPENDED", NULL, STEP_READ_SELF},
    {0, "M_CONSENT_NOT_GIVEN", NULL, STEP_TRY_WRITE},
    {0, "M_RESOURCE_LIMIT_EXCEEDED", NULL, STEP_TRY_WRITE},
    {500, NULL, is_join, STEP_READ_SELF},
};

enum step_name blame_step(enum synapse_kind kind, long status, const char *errcode)
{
    for (size_t i = 0; i < sizeof(doubts) / sizeof(doubts[0]); i++) {
        const struct doubt *doubt = &doubts[i];
        bool fits = doubt->status ? status == doubt->status : status >= 400 && status < 500;

        if (fits && (!doubt->errcode || strcmp(errcode, doubt->errcode) == 0) &&
            (!doubt->concerns || doubt->concerns(kind)))
            return doubt->step;
    }
    return STEP_NONE;
}
