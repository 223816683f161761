#include "command/check_sync_user.h"

#include "base/memory.h"

#include <string.h>

#define AS_TOKEN "MATRIX_MESSENGER__SYNC_USER_TOKEN"
#define AS_PASSWORD "MATRIX_MESSENGER__SYNC_USER_PASSWORD"
#define AS_SECRET "MATRIX_MESSENGER__SECRET"

static const char *const settings[] = {
    [CHECK_BY_TOKEN] = AS_TOKEN, [CHECK_BY_PASSWORD] = AS_PASSWORD, [CHECK_BY_SECRET] = AS_SECRET};

static const char *const refusal_advice[] = {
    [CHECK_BY_TOKEN] = "the token was revoked, has run out, or is of another homeserver: set a new one",
    [CHECK_BY_PASSWORD] = "correct the password, or set another one for the account",
    [CHECK_BY_SECRET] =
        "the secret must be that of the Shared Secret Authenticator in homeserver.yaml, no other",
};

/* ---- coming in ---- */

static void add_refused(const struct synapse_sight *sight, const struct check_homeserver_terms *terms,
                        struct findings *report)
{
    if (sight->is_known == SYNAPSE_NO) {
        findings_add(report, FINDING_ERROR, "sync user",
                     "there is no user %s (or it has no name and no picture, and "
                     "the password is wrong)",
                     terms->sync_user);
        findings_advise(report,
                        "make the account: register_new_matrix_user --admin --user %.*s, or correct "
                        "MATRIX_MESSENGER__SYNC_USER_NAME and %s",
                        (int)strcspn(terms->sync_user + 1, ":"), terms->sync_user + 1, settings[terms->way]);
        return;
    }
    findings_add(report, FINDING_ERROR, "sync user", "%s is not let in (%s)", terms->sync_user,
                 sight->problem.text);
    findings_advise(report, "%s: %s", settings[terms->way], refusal_advice[terms->way]);
}

/* Not of those who are let in, nor of those who are refused. */
static const struct {
    const char *words, *advice;
} entries[] = {
    [SYNAPSE_ENTRY_LOCKED] = {"the account is locked",
                              "unlock it: PUT /_synapse/admin/v2/users/… with {\"locked\": false}"},
    [SYNAPSE_ENTRY_DEACTIVATED] = {"the account is deactivated",
                                   "reactivate it with the admin API, or use another one"},
    [SYNAPSE_ENTRY_NO_WAY] = {"the homeserver does not take logins by password or shared secret",
                              "set " AS_TOKEN ", or let the homeserver take passwords"},
    [SYNAPSE_ENTRY_LIMITED] = {"too many logins were tried lately",
                               "wait some minutes; a token in " AS_TOKEN " needs no login"},
    [SYNAPSE_ENTRY_FAILED] = {"the homeserver did not say whether it lets the user in",
                              "try again in a moment, and look into the homeserver's log"},
};

static void add_entry(const struct synapse_sight *sight, const struct check_homeserver_terms *terms,
                      struct findings *report)
{
    if (sight->entry == SYNAPSE_ENTRY_REFUSED) {
        add_refused(sight, terms, report);
        return;
    }
    findings_add(report, FINDING_ERROR, "sync user", "%s: %s%s%s%s", terms->sync_user,
                 entries[sight->entry].words, *sight->problem.text ? " (" : "", sight->problem.text,
                 *sight->problem.text ? ")" : "");
    findings_advise(report, "%s", entries[sight->entry].advice);
}

/* ---- who it is, and what it may ---- */

static bool add_owner(const struct synapse_sight *sight, const struct check_homeserver_terms *terms,
                      struct findings *report)
{
    if (text_equal(sight->owner, terms->sync_user)) {
        findings_add(report, FINDING_OK, "sync user", "%s is let in by %s", terms->sync_user,
                     settings[terms->way]);
        return true;
    }
    findings_add(report, FINDING_ERROR, "sync user", "%s is that of %s, not of %s", settings[terms->way],
                 sight->owner ? sight->owner : "somebody else", terms->sync_user);
    findings_advise(report, "set MATRIX_MESSENGER__SYNC_USER_NAME to its name, or get a token of %s",
                    terms->sync_user);
    return false;
}

static void add_device(const struct synapse_sight *sight, struct findings *report)
{
    if (!sight->without_device)
        return;
    findings_add(report, FINDING_ERROR, "token",
                 "it belongs to no device, and Synapse takes no messages from it");
    findings_advise(
        report, "get one with a device: by a login, or with the scope urn:matrix:client:device:SYNAPSESYNC");
}

static void add_right(const struct synapse_sight *sight, const struct check_homeserver_terms *terms,
                      struct findings *report)
{
    switch (sight->is_admin) {
    case SYNAPSE_YES:
        findings_add(report, FINDING_OK, "admin right", "%s is a server admin", terms->sync_user);
        break;
    case SYNAPSE_NO:
        findings_add(report, FINDING_ERROR, "admin right", "%s is not a server admin", terms->sync_user);
        findings_advise(
            report,
            "let another admin send PUT /_synapse/admin/v1/users/%s/admin with {\"admin\": true}, or "
            "in the database: UPDATE users SET admin = 1 WHERE name = '%s'",
            terms->sync_user, terms->sync_user);
        break;
    case SYNAPSE_UNSEEN:
        if (sight->admin_api != SYNAPSE_ADMIN_THERE)
            break; /* that is told already */
        findings_add(report, FINDING_ERROR, "admin right", "it cannot be seen: %s", sight->problem.text);
        findings_advise(report, "the admin API must be open at this address");
        break;
    }
    if (sight->suspended) {
        findings_add(report, FINDING_ERROR, "sync user", "%s is suspended: it can read, but not write",
                     terms->sync_user);
        findings_advise(report, "lift that: PUT /_synapse/admin/v1/suspend/%s with {\"suspend\": false}",
                        terms->sync_user);
    }
    if (sight->shadow_banned) {
        findings_add(report, FINDING_ERROR, "sync user", "%s is shadow-banned: what it writes is dropped",
                     terms->sync_user);
        findings_advise(report, "lift that: DELETE /_synapse/admin/v1/users/%s/shadow_ban", terms->sync_user);
    }
}

static void add_room_version(const struct synapse_sight *sight, const struct check_homeserver_terms *terms,
                             struct findings *report)
{
    if (terms->room_version && sight->has_version == SYNAPSE_NO) {
        findings_add(report, FINDING_ERROR, "room version", "the homeserver does not offer version %s",
                     terms->room_version);
        findings_advise(report, "correct SYNC__ROOM_VERSION, or leave it out%s%s",
                        sight->room_version ? ": the default is " : "",
                        sight->room_version ? sight->room_version : "");
    } else if (terms->room_version) {
        findings_add(report, FINDING_OK, "room version", "%s, as SYNC__ROOM_VERSION says",
                     terms->room_version);
    } else if (sight->room_version) {
        findings_add(report, FINDING_OK, "room version", "%s, the homeserver's default", sight->room_version);
    }
}

void check_sync_user(const struct synapse_sight *sight, const struct check_homeserver_terms *terms,
                     struct findings *report)
{
    if (sight->entry == SYNAPSE_ENTRY_NONE || sight->is_ours == SYNAPSE_NO)
        return; /* the reason is told already */
    if (sight->entry != SYNAPSE_ENTRY_DONE) {
        add_entry(sight, terms, report);
        return;
    }
    if (!add_owner(sight, terms, report))
        return;
    add_device(sight, report);
    add_right(sight, terms, report);
    add_room_version(sight, terms, report);
}
