/*
 * Which errcode means what.
 *
 * The question behind every line is: may the very same request succeed some day? If so, the message is held
 * and tried again; only what is refused for good may end a message. So the refusals are listed one by one,
 * and what is not listed counts as a failure that may pass: a limit on users (M_RESOURCE_LIMIT_EXCEEDED),
 * terms of service (M_CONSENT_NOT_GIVEN), a path that a proxy does not pass on (M_UNRECOGNIZED).
 *
 * Errcodes: Matrix client-server API, "Standard error response", and Synapse's api/errors.py. A reply without
 * an errcode was not written by a homeserver at all, but by something in front of it.
 */
#include "synapse/errcode.h"

#include <string.h>

static const struct errcode_rule rules[] = {
    {401, "M_UNKNOWN_TOKEN", SYNAPSE_SHUT_OUT},
    {401, "M_MISSING_TOKEN", SYNAPSE_SHUT_OUT},
    {401, "M_USER_LOCKED", SYNAPSE_SHUT_OUT},
    {404, "M_NOT_FOUND", SYNAPSE_ABSENT},
    {0, "M_LIMIT_EXCEEDED", SYNAPSE_LIMITED},
    {429, "", SYNAPSE_LIMITED},
    /* Element's server suite says so where no Synapse is there: M_UNKNOWN, "Server is unavailable". */
    {429, NULL, SYNAPSE_UNREACHABLE},
    {502, NULL, SYNAPSE_UNREACHABLE},
    {503, NULL, SYNAPSE_UNREACHABLE},
    {504, NULL, SYNAPSE_UNREACHABLE},

    {0, "M_FORBIDDEN", SYNAPSE_REFUSED},
    {0, "M_BAD_STATE", SYNAPSE_REFUSED},
    {0, "M_INVALID_PARAM", SYNAPSE_REFUSED},
    {0, "M_MISSING_PARAM", SYNAPSE_REFUSED},
    {0, "M_BAD_JSON", SYNAPSE_REFUSED},
    {0, "M_NOT_JSON", SYNAPSE_REFUSED},
    {0, "M_TOO_LARGE", SYNAPSE_REFUSED},
    {0, "M_PROFILE_TOO_LARGE", SYNAPSE_REFUSED},
    {0, "M_BAD_ALIAS", SYNAPSE_REFUSED},
    {0, "M_EXCLUSIVE", SYNAPSE_REFUSED},
    {0, "M_USER_DEACTIVATED", SYNAPSE_REFUSED},
    {0, "M_INVALID_USERNAME", SYNAPSE_REFUSED},
    {0, "M_USER_IN_USE", SYNAPSE_REFUSED},
    {0, "M_INVITE_BLOCKED", SYNAPSE_REFUSED},
    {0, "M_THREEPID_AUTH_FAILED", SYNAPSE_REFUSED},
    {0, "M_THREEPID_DENIED", SYNAPSE_REFUSED},
    {0, "M_THREEPID_IN_USE", SYNAPSE_REFUSED},
    {0, "M_THREEPID_MEDIUM_NOT_SUPPORTED", SYNAPSE_REFUSED},
    {0, "M_THREEPID_NOT_FOUND", SYNAPSE_REFUSED},
    {0, "M_UNSUPPORTED_ROOM_VERSION", SYNAPSE_REFUSED},
    {0, "M_INCOMPATIBLE_ROOM_VERSION", SYNAPSE_REFUSED},
    {0, "M_INVALID_ROOM_STATE", SYNAPSE_REFUSED},
    {0, "M_WEAK_PASSWORD", SYNAPSE_REFUSED},
    {0, "M_PASSWORD_TOO_SHORT", SYNAPSE_REFUSED},
    {0, "M_PASSWORD_NO_DIGIT", SYNAPSE_REFUSED},
    {0, "M_PASSWORD_NO_UPPERCASE", SYNAPSE_REFUSED},
    {0, "M_PASSWORD_NO_LOWERCASE", SYNAPSE_REFUSED},
    {0, "M_PASSWORD_NO_SYMBOL", SYNAPSE_REFUSED},
    {0, "M_PASSWORD_IN_DICTIONARY", SYNAPSE_REFUSED},

    /* Synapse's errcode for want of a better one, but with this status it always blames the request. */
    {400, "M_UNKNOWN", SYNAPSE_REFUSED},
};

static bool applies(const struct errcode_rule *rule, long status, const char *errcode)
{
    bool status_fits = rule->status ? status == rule->status : status >= 400 && status < 500;

    return status_fits && (!rule->errcode || strcmp(rule->errcode, errcode) == 0);
}

enum synapse_outcome errcode_outcome(long status, const char *errcode, const struct errcode_rule *own)
{
    for (; own && (own->status != 0 || own->outcome != SYNAPSE_OK); own++)
        if (applies(own, status, errcode))
            return own->outcome;
    for (size_t i = 0; i < sizeof(rules) / sizeof(rules[0]); i++)
        if (applies(&rules[i], status, errcode))
            return rules[i].outcome;
    return SYNAPSE_FAILED;
}
