#include "command/check_mas.h"

#include "config/peers.h"

#include <stddef.h>
#include <string.h>

#define MAS "the Matrix Authentication Service"
#define TOKEN "MATRIX_MESSENGER__SYNC_USER_TOKEN"
#define CLIENT "MATRIX_MESSENGER__MAS_CLIENT_ID and MATRIX_MESSENGER__MAS_CLIENT_SECRET"
#define SCOPE "urn:matrix:client:api:* urn:matrix:client:device:SYNAPSESYNC urn:synapse:admin:* urn:mas:admin"

/* Not of those that are told apart below. */
static const struct {
    const char *words, *advice;
} troubles[] = {
    [SYNAPSE_MAS_NOWHERE] = {"the homeserver does not say where it is", "set MATRIX_MESSENGER__MAS_URI"},
    [SYNAPSE_MAS_AWAY] = {"it does not answer",
                          "start it; or give its address as seen from here in MATRIX_MESSENGER__MAS_URI"},
    [SYNAPSE_MAS_NO_CLIENT] = {"it does not take " CLIENT,
                               "correct them; the client must be among its policy.data.admin_clients"},
    [SYNAPSE_MAS_NO_API] = {"it has no admin API at this address",
                            "give one of its listeners the resource adminapi, and that listener's address in "
                            "MATRIX_MESSENGER__MAS_URI"},
    [SYNAPSE_MAS_NO_RIGHT] = {"its admin API does not take the token",
                              "make one with the scope " SCOPE ", or set " CLIENT},
};

static void add_answer(const struct synapse_sight *sight, const struct check_homeserver_terms *terms,
                       struct findings *report)
{
    const char *address = sight->mas_address ? sight->mas_address : "", *problem = sight->problem.text;

    switch (sight->mas) {
    case SYNAPSE_MAS_UNSEEN:
        break;
    case SYNAPSE_MAS_LETS_IN:
        findings_add(report, FINDING_OK, "MAS", "%s at %s lets us in",
                     sight->mas_version ? sight->mas_version : "an older one", address);
        break;
    case SYNAPSE_MAS_FOREIGN:
        findings_add(report, FINDING_ERROR, "MAS", "the one at %s is for %s, not for %s", address,
                     sight->mas_name ? sight->mas_name : "another homeserver", terms->server_name);
        findings_advise(report, "correct MATRIX_MESSENGER__MAS_URI");
        break;
    case SYNAPSE_MAS_NOWHERE:
    case SYNAPSE_MAS_AWAY:
    case SYNAPSE_MAS_NO_CLIENT:
    case SYNAPSE_MAS_NO_API:
    case SYNAPSE_MAS_NO_RIGHT:
        findings_add(report, FINDING_ERROR, "MAS", "%s: %s%s%s%s", address, troubles[sight->mas].words,
                     *problem ? " (" : "", problem, *problem ? ")" : "");
        findings_advise(report, "%s", troubles[sight->mas].advice);
        break;
    }
}

/* Whoever told us of the address. */
static void warn_of_plain_text(const char *address, struct findings *report)
{
    if (!address || strncmp(address, "http://", strlen("http://")) != 0 || config_is_loopback(address))
        return;
    findings_add(report, FINDING_WARNING, "MAS",
                 "no TLS at %s: the token that makes and removes accounts travels readable", address);
    findings_advise(report,
                    "let the homeserver, or MATRIX_MESSENGER__MAS_URI, name an https:// address, unless "
                    "the network in between is yours alone");
}

void check_mas(const struct synapse_sight *sight, const struct check_homeserver_terms *terms,
               struct findings *report)
{
    if (!sight->issuer) {
        findings_add(report, FINDING_OK, "accounts", "kept by Synapse itself");
        return;
    }
    if (terms->way != CHECK_BY_TOKEN) {
        findings_add(report, FINDING_ERROR, "accounts", "kept by " MAS " %s, so that nobody can log in here",
                     sight->issuer);
        findings_advise(report, "set " TOKEN " to a token with the scope " SCOPE);
        return;
    }
    findings_add(report, FINDING_OK, "accounts", "kept by " MAS " %s", sight->issuer);
    add_answer(sight, terms, report);
    warn_of_plain_text(sight->mas_address, report);
}
