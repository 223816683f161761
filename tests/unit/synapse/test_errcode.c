#include "synapse/errcode.h"

#include "support/test.h"
#include "synapse/call_table.h"

#include <string.h>

/* Written down once more, so that a line that gets lost is missed. */
static const char *const refusals[] = {
    "M_FORBIDDEN",
    "M_BAD_STATE",
    "M_INVALID_PARAM",
    "M_MISSING_PARAM",
    "M_BAD_JSON",
    "M_NOT_JSON",
    "M_TOO_LARGE",
    "M_PROFILE_TOO_LARGE",
    "M_BAD_ALIAS",
    "M_EXCLUSIVE",
    "M_USER_DEACTIVATED",
    "M_INVALID_USERNAME",
    "M_USER_IN_USE",
    "M_INVITE_BLOCKED",
    "M_THREEPID_AUTH_FAILED",
    "M_THREEPID_DENIED",
    "M_THREEPID_IN_USE",
    "M_THREEPID_MEDIUM_NOT_SUPPORTED",
    "M_THREEPID_NOT_FOUND",
    "M_UNSUPPORTED_ROOM_VERSION",
    "M_INCOMPATIBLE_ROOM_VERSION",
    "M_INVALID_ROOM_STATE",
    "M_WEAK_PASSWORD",
    "M_PASSWORD_TOO_SHORT",
    "M_PASSWORD_NO_DIGIT",
    "M_PASSWORD_NO_UPPERCASE",
    "M_PASSWORD_NO_LOWERCASE",
    "M_PASSWORD_NO_SYMBOL",
    "M_PASSWORD_IN_DICTIONARY",
};
static const char *const others[] = {
    "",
    "M_UNKNOWN",
    "M_NOT_FOUND",
    "M_UNKNOWN_TOKEN",
    "M_MISSING_TOKEN",
    "M_USER_LOCKED",
    "M_LIMIT_EXCEEDED",
    "M_ROOM_IN_USE",
    "M_UNRECOGNIZED",
    "M_RESOURCE_LIMIT_EXCEEDED",
    "M_CONSENT_NOT_GIVEN",
    "M_USER_SUSPENDED",
    "ORG_MATRIX_EXPIRED_ACCOUNT",
    "M_SOMETHING_NEW",
};
enum { REFUSALS = sizeof(refusals) / sizeof(refusals[0]), OTHERS = sizeof(others) / sizeof(others[0]) };

static bool is(const char *errcode, const char *name)
{
    return strcmp(errcode, name) == 0;
}

/* The rules in words. */
static enum synapse_outcome expected(long status, const char *errcode, bool is_refusal)
{
    if (status == 429)
        return is(errcode, "") || is(errcode, "M_LIMIT_EXCEEDED") ? SYNAPSE_LIMITED : SYNAPSE_UNREACHABLE;
    if (status == 502 || status == 503 || status == 504)
        return SYNAPSE_UNREACHABLE;
    if (status < 400 || status > 499)
        return SYNAPSE_FAILED;
    if (is(errcode, "M_LIMIT_EXCEEDED"))
        return SYNAPSE_LIMITED;
    if (status == 401 &&
        (is(errcode, "M_UNKNOWN_TOKEN") || is(errcode, "M_MISSING_TOKEN") || is(errcode, "M_USER_LOCKED")))
        return SYNAPSE_SHUT_OUT;
    if (status == 404 && is(errcode, "M_NOT_FOUND"))
        return SYNAPSE_ABSENT;
    if (is_refusal || (status == 400 && is(errcode, "M_UNKNOWN")))
        return SYNAPSE_REFUSED;
    return SYNAPSE_FAILED;
}

static void knows_every_status_and_errcode(void **state)
{
    (void)state;
    for (long status = 100; status < 700; status++) {
        if (status >= 200 && status < 300)
            continue;
        for (size_t i = 0; i < REFUSALS; i++)
            assert_int_equal(errcode_outcome(status, refusals[i], NULL), expected(status, refusals[i], true));
        for (size_t i = 0; i < OTHERS; i++)
            assert_int_equal(errcode_outcome(status, others[i], NULL), expected(status, others[i], false));
    }
}

/* The only kinds that see something in another way, and what. */
static void knows_the_exceptions_of_kinds(void **state)
{
    (void)state;
    for (unsigned kind = 0; kind < SYNAPSE_KINDS; kind++) {
        const struct errcode_rule *own = call_form(kind)->own;
        bool makes_room = kind == SYNAPSE_CREATE_ROOM || kind == SYNAPSE_CREATE_WELCOME_ROOM;
        enum synapse_outcome unknown = SYNAPSE_REFUSED;
        enum synapse_outcome of_join = kind == SYNAPSE_JOIN_USER ? SYNAPSE_REFUSED : SYNAPSE_FAILED;

        if (kind == SYNAPSE_DELETE_ROOM)
            unknown = SYNAPSE_OK;
        if (kind == SYNAPSE_CREATE_WELCOME_ROOM)
            unknown = SYNAPSE_FAILED;
        assert_int_equal(errcode_outcome(400, "M_UNKNOWN", own), unknown);
        assert_int_equal(errcode_outcome(403, "M_UNKNOWN", own), of_join);
        assert_int_equal(errcode_outcome(403, "M_USER_SUSPENDED", own), of_join);
        assert_int_equal(errcode_outcome(400, "M_ROOM_IN_USE", own),
                         makes_room ? SYNAPSE_TAKEN : SYNAPSE_FAILED);
        assert_int_equal(errcode_outcome(409, "M_UNKNOWN", own), makes_room ? SYNAPSE_TAKEN : SYNAPSE_FAILED);
        assert_int_equal(errcode_outcome(409, "", own), makes_room ? SYNAPSE_TAKEN : SYNAPSE_FAILED);
        assert_int_equal(errcode_outcome(404, "M_NOT_FOUND", own), SYNAPSE_ABSENT);
        assert_int_equal(errcode_outcome(403, "M_FORBIDDEN", own), SYNAPSE_REFUSED);
        assert_int_equal(errcode_outcome(401, "M_UNKNOWN_TOKEN", own), SYNAPSE_SHUT_OUT);
        assert_int_equal(errcode_outcome(429, "M_LIMIT_EXCEEDED", own), SYNAPSE_LIMITED);
        assert_int_equal(errcode_outcome(429, "M_UNKNOWN", own), SYNAPSE_UNREACHABLE);
        assert_int_equal(errcode_outcome(500, "M_UNKNOWN", own), SYNAPSE_FAILED);
        assert_int_equal(errcode_outcome(502, "", own), SYNAPSE_UNREACHABLE);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(knows_every_status_and_errcode),
        cmocka_unit_test(knows_the_exceptions_of_kinds),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
