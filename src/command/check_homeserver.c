#include "command/check_homeserver.h"

#include "base/memory.h"
#include "command/check_mas.h"
#include "command/check_set_up.h"
#include "command/check_sync_user.h"

#include <stdlib.h>
#include <string.h>

enum { MOST_AHEAD = 30 /* seconds */, OLDEST_VERSION = 1120 };

/* ---- the way there ---- */

static const struct {
    const char *name, *advice;
} troubles[] = {
    [HTTP_NO_TROUBLE] = {"address", NULL},
    [HTTP_TROUBLE] = {"address", "see whether that port is the homeserver's, and what its log says"},
    [HTTP_NO_NAME] = {"name",
                      "correct the host in MATRIX_MESSENGER__URI, or the name service of this machine (or "
                      "container: its network must be the homeserver's)"},
    [HTTP_NO_PROXY_NAME] = {"proxy", "correct HTTP__PROXY, or leave it out"},
    [HTTP_NO_CONNECTION] = {"port",
                            "start the homeserver, let it listen on that address, or correct host and port "
                            "in MATRIX_MESSENGER__URI (in a container localhost is the container itself)"},
    [HTTP_NO_TLS] = {"TLS", "the server must offer TLS 1.2 or later, and may want a certificate of ours: "
                            "HTTP__CERTIFICATE_FILE and HTTP__KEY_FILE"},
    [HTTP_BAD_CERTIFICATE] = {"TLS",
                              "name the authority that signed the certificate in HTTP__CA_FILE, use the name "
                              "that is in it in MATRIX_MESSENGER__URI, or have it renewed"},
    [HTTP_BAD_FILES] = {"TLS", "correct HTTP__CA_FILE, HTTP__CERTIFICATE_FILE and HTTP__KEY_FILE"},
    [HTTP_NO_TIME] = {"port",
                      "see whether a firewall drops the connection, and whether the homeserver is well"},
};

static bool is_https(const struct check_homeserver_terms *terms)
{
    return strncmp(terms->uri, "https:", 6) == 0;
}

/* The address with the other scheme. The caller frees it. */
static char *other_uri(const struct check_homeserver_terms *terms)
{
    return text_format("%s%s", is_https(terms) ? "http" : "https", terms->uri + (is_https(terms) ? 5 : 4));
}

static void add_other_scheme(const struct check_homeserver_terms *terms, struct findings *report)
{
    CLEANUP(freep) char *other = other_uri(terms);

    findings_add(report, FINDING_ERROR, "TLS", "that port %s TLS, and MATRIX_MESSENGER__URI says %s",
                 is_https(terms) ? "does not speak" : "wants", is_https(terms) ? "https://" : "http://");
    findings_advise(report, "set MATRIX_MESSENGER__URI=%s", other);
}

static void add_stranger(const struct synapse_sight *sight, const struct check_homeserver_terms *terms,
                         struct findings *report)
{
    if (sight->other_scheme && sight->peer != SYNAPSE_PEER_REDIRECT) {
        add_other_scheme(terms, report);
        return;
    }
    switch (sight->peer) {
    case SYNAPSE_PEER_MATRIX:
        return;
    case SYNAPSE_PEER_NONE:
        findings_add(report, FINDING_ERROR, troubles[sight->trouble].name, "%s", sight->problem.text);
        findings_advise(report, "%s", troubles[sight->trouble].advice);
        return;
    case SYNAPSE_PEER_PAGE:
        findings_add(report, FINDING_ERROR, "homeserver",
                     "a web server answers there with a page%s%s%s (status %ld)",
                     sight->title ? " called \"" : "", sight->title ? sight->title : "",
                     sight->title ? "\"" : "", sight->status);
        break;
    case SYNAPSE_PEER_REDIRECT:
        findings_add(report, FINDING_ERROR, "homeserver", "the server there sends us elsewhere (status %ld)",
                     sight->status);
        break;
    case SYNAPSE_PEER_OTHER:
        findings_add(report, FINDING_ERROR, "homeserver",
                     "what answers there is no Matrix homeserver (status %ld)", sight->status);
        break;
    }
    findings_advise(report,
                    "give Synapse's own address in MATRIX_MESSENGER__URI, such as http://localhost:8008: "
                    "not that of Element, and best not that of a web server before it");
}

static void add_way(const struct check_homeserver_terms *terms, struct findings *report)
{
    findings_add(report, FINDING_OK, "address", "%s answers", terms->uri);
    if (is_https(terms)) {
        findings_add(report, FINDING_OK, "TLS", "the certificate is accepted");
    } else if (terms->is_near) {
        findings_add(report, FINDING_OK, "TLS", "none, and the homeserver is on this machine");
    } else {
        findings_add(report, FINDING_WARNING, "TLS",
                     "none: the token, which may do anything, travels readable");
        findings_advise(
            report, "use https:// in MATRIX_MESSENGER__URI, unless the network in between is yours alone");
    }
}

/* ---- what it is ---- */

static void add_version(const struct synapse_sight *sight, struct findings *report)
{
    if (!sight->version)
        return;
    if (sight->version_number >= OLDEST_VERSION) {
        findings_add(report, FINDING_OK, "homeserver", "Synapse %s", sight->version);
        return;
    }
    findings_add(report, FINDING_WARNING, "homeserver",
                 "Synapse %s is older than 1.%u, the oldest that this was tried "
                 "with",
                 sight->version, OLDEST_VERSION % 1000U);
    findings_advise(report, "upgrade Synapse");
}

static void add_admin_api(const struct synapse_sight *sight, struct findings *report)
{
    switch (sight->admin_api) {
    case SYNAPSE_ADMIN_THERE:
        findings_add(report, FINDING_OK, "admin API", "it can be reached at this address");
        return;
    case SYNAPSE_ADMIN_BARRED:
        findings_add(report, FINDING_ERROR, "admin API",
                     "a web server before the homeserver does not let "
                     "/_synapse/admin through (status %ld)",
                     sight->admin_status);
        findings_advise(report,
                        "give the inside address in MATRIX_MESSENGER__URI, such as http://localhost:8008; "
                        "/_synapse/admin had better stay closed to the outside");
        return;
    case SYNAPSE_ADMIN_MISSING:
        findings_add(report, FINDING_ERROR, "admin API",
                     "the homeserver does not know /_synapse/admin here (%s)", sight->problem.text);
        findings_advise(report,
                        "this must be Synapse's main process, not one of its workers or another homeserver");
        return;
    case SYNAPSE_ADMIN_UNSEEN:
        findings_add(report, FINDING_ERROR, "admin API", "%s",
                     *sight->problem.text ? sight->problem.text : "it did not answer");
        findings_advise(report, "try again in a moment, and look into the homeserver's log");
        return;
    }
}

static void add_name(const struct synapse_sight *sight, const struct check_homeserver_terms *terms,
                     struct findings *report)
{
    if (sight->is_ours == SYNAPSE_YES) {
        findings_add(report, FINDING_OK, "server name", "%s", terms->server_name);
    } else if (sight->server_name) {
        findings_add(report, FINDING_ERROR, "server name", "the homeserver calls itself %s, not %s",
                     sight->server_name, terms->server_name);
        findings_advise(report, "set MATRIX_MESSENGER__SERVERNAME=%s", sight->server_name);
    } else if (sight->is_ours == SYNAPSE_NO) {
        findings_add(report, FINDING_ERROR, "server name", "%s is not the name of this homeserver",
                     terms->server_name);
        findings_advise(report,
                        "set MATRIX_MESSENGER__SERVERNAME to what stands behind the colon in the ids of its "
                        "users (server_name in homeserver.yaml)");
    } else {
        findings_add(report, FINDING_WARNING, "server name", "the homeserver does not tell its name");
    }
}

static void add_clock(const struct synapse_sight *sight, struct findings *report)
{
    int64_t off = sight->ahead < 0 ? -sight->ahead : sight->ahead;

    if (!sight->has_clock)
        return;
    if (off <= MOST_AHEAD) {
        findings_add(report, FINDING_OK, "clock", "the same as here, within %d s", MOST_AHEAD);
        return;
    }
    findings_add(report, FINDING_WARNING, "clock", "the homeserver's is %lld s %s", (long long)off,
                 sight->ahead < 0 ? "behind ours" : "ahead of ours");
    findings_advise(
        report, "set both machines by a time server (timedatectl): certificates, and times in the log and in "
                "dead letters, go by the clock");
}

/* Not which proofs it wants: to be told, one would have to begin a registration. */
static void add_registration(const struct synapse_sight *sight, struct findings *report)
{
    if (sight->open_registration == SYNAPSE_NO) {
        findings_add(report, FINDING_OK, "registration", "closed: accounts come from the school alone");
    } else if (sight->open_registration == SYNAPSE_YES) {
        findings_add(report, FINDING_WARNING, "registration",
                     "people can make accounts for themselves (what proof they "
                     "must give cannot be seen)");
        findings_advise(
            report,
            "set enable_registration: false in homeserver.yaml, or else somebody may take the id of a "
            "pupil who is still to come");
    }
}

void check_homeserver(const struct synapse_sight *sight, const struct check_homeserver_terms *terms,
                      struct findings *report)
{
    if (sight->peer != SYNAPSE_PEER_MATRIX) {
        add_stranger(sight, terms, report);
        return;
    }
    add_way(terms, report);
    add_version(sight, report);
    add_admin_api(sight, report);
    check_mas(sight, terms, report);
    add_name(sight, terms, report);
    add_clock(sight, report);
    add_registration(sight, report);
    check_sync_user(sight, terms, report);
    check_set_up(sight, terms, report);
}
