#include "command/check_set_up.h"

/*
 * From this size on a room costs more than people expect: each join into a private room tells the user
 * directory, pair by pair, that the two share a room (Synapse, user_directory.py:
 * users_who_share_private_rooms).
 */
enum { MANY_MEMBERS = 1000 };

static void add_limit(const struct synapse_sight *sight, const struct check_homeserver_terms *terms,
                      struct findings *report)
{
    if (sight->rate_limited == SYNAPSE_NO) {
        findings_add(report, FINDING_OK, "rate limit", "none for the sync user");
    } else if (sight->rate_limited == SYNAPSE_YES && terms->lifts_rate_limit) {
        findings_add(report, FINDING_OK, "rate limit",
                     "that of all users; the daemon will lift it for the sync user");
    } else if (sight->rate_limited == SYNAPSE_YES) {
        findings_add(report, FINDING_WARNING, "rate limit",
                     "that of all users: making a room may take a minute");
        findings_advise(report,
                        "set SYNC__LIFT_RATE_LIMIT=true, or lift it for the sync user with the admin API");
    }
}

static void add_encryption(const struct synapse_sight *sight, struct findings *report)
{
    if (sight->encrypted > 0) {
        findings_add(report, FINDING_WARNING, "encryption",
                     "%u of %u rooms that the sync user made are encrypted", sight->encrypted,
                     sight->looked_at);
        findings_advise(report,
                        "the sync user cannot read or write there, so welcomes would come in plain text: see "
                        "encryption_enabled_by_default_for_room_type in homeserver.yaml");
    } else if (sight->looked_at > 0) {
        findings_add(report, FINDING_OK, "encryption",
                     "none of %u rooms that the sync user made is encrypted", sight->looked_at);
    }
}

static void add_rooms(const struct synapse_sight *sight, struct findings *report)
{
    if (sight->most_members < MANY_MEMBERS) {
        findings_add(report, FINDING_OK, "rooms", "%lld, the largest with %lld members",
                     (long long)sight->rooms, (long long)sight->most_members);
        return;
    }
    findings_add(report, FINDING_WARNING, "rooms", "%lld, the largest with %lld members (%s)",
                 (long long)sight->rooms, (long long)sight->most_members,
                 sight->largest ? sight->largest : "it has no name");
    findings_advise(
        report, "each join there is felt by everybody: the user directory notes every pair of members; "
                "user_directory: {enabled: false} in homeserver.yaml spares that, smaller rooms do as well");
}

void check_set_up(const struct synapse_sight *sight, const struct check_homeserver_terms *terms,
                  struct findings *report)
{
    if (sight->is_admin != SYNAPSE_YES)
        return;
    add_limit(sight, terms, report);
    if (!sight->has_rooms)
        return;
    add_encryption(sight, report);
    add_rooms(sight, report);
}
