#include "engine/room_report.h"

#include "engine/ownership.h"
#include "engine/raising.h"

#include <string.h>

struct concern {
    const struct room_known *known;
    const struct room_wanted *wanted;
};

static bool concerns(const void *context, const char *about)
{
    const struct concern *concern = context;
    const struct room_wanted *wanted = concern->wanted;

    if (about[0] != '@')
        return true;
    if (raising_tells(concern->known, about))
        return false;
    for (size_t i = 0; i < wanted->member_count; i++)
        if (strcmp(wanted->members[i].user, about) == 0)
            return true;
    return false;
}

static void report_bans(const struct room_known *known, const struct room_wanted *wanted,
                        struct report *report)
{
    for (size_t i = 0; known->state && i < wanted->member_count; i++)
        if (room_state_membership(known->state, wanted->members[i].user) == MEMBERSHIP_BAN)
            report_warning(report, "%s: %s is banned and stays so", wanted->alias, wanted->members[i].user);
}

static void report_owner(const struct room_known *known, const struct room_wanted *wanted,
                         const struct engine_rules *rules, struct report *report)
{
    const struct room_state *creation = known->state ? known->state : known->creation;
    const char *creator = creation && creation->creator ? creation->creator : known->creator;

    if (known->presence == PRESENCE_HERE &&
        ownership_forbids(room_ownership(known, wanted->alias, rules, wanted->since)))
        report_conflict(report, wanted->alias, known->id, creator, creation);
}

void room_report(const struct room_known *known, const struct room_wanted *wanted,
                 const struct engine_rules *rules, struct report *report)
{
    const struct concern concern = {.known = known, .wanted = wanted};

    if (!wanted->removed && !wanted->exists)
        return; /* nothing was asked of it, after all */
    report_obstacles(report, &known->obstacles, wanted->alias, concerns, &concern);
    raising_report(known, wanted, report);
    report_owner(known, wanted, rules, report);
    if (wanted->removed)
        return;
    if (plan_is_barred(&known->obstacles, SYNAPSE_REGAIN_ROOM) ||
        plan_is_barred(&known->obstacles, SYNAPSE_ENTER_ROOM))
        report_refusal(report, REQUEST_HOMESERVER_REJECTED,
                       "%s: invite %s to the room and give it level 100, and it will be kept in line again",
                       wanted->alias, rules->sync_user);
    if (known->presence == PRESENCE_ABSENT && !wanted->name)
        report_refusal(report, REQUEST_INVALID_MESSAGE, "%s.name: required, since the room has to be made",
                       wanted->place);
    report_bans(known, wanted, report);
}
