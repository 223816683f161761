#include "synapse/answer.h"

#include "base/buffer.h"
#include "base/memory.h"
#include "base/secrets.h"
#include "support/test.h"

#include <string.h>

static const struct answer_secrets no_secrets = {{NULL}};

static struct answer read_with(long status, const char *body, int64_t retry_after,
                               const struct answer_secrets *secrets)
{
    const struct http_reply reply = {.result = HTTP_ANSWERED,
                                     .status = status,
                                     .body = body,
                                     .body_size = strlen(body),
                                     .retry_after = retry_after};
    struct answer answer;

    answer_read(&answer, &reply, "create-user", NULL, secrets);
    return answer;
}

static void assert_answer(long status, const char *body, enum synapse_outcome outcome, const char *errcode,
                          const char *problem)
{
    struct answer answer = read_with(status, body, -1, &no_secrets);

    assert_int_equal(answer.outcome, outcome);
    assert_int_equal(answer.status, status);
    assert_string_equal(answer.errcode, errcode);
    assert_string_equal(answer.problem.text, problem);
    answer_deinit(&answer);
}

static void says_what_was_wrong(void **state)
{
    (void)state;
    assert_answer(200, "{}", SYNAPSE_OK, "", "");
    assert_answer(200, "", SYNAPSE_FAILED, "", "create-user: the reply is not a JSON object");
    assert_answer(200, "<html>Maintenance</html>", SYNAPSE_FAILED, "",
                  "create-user: the reply is not a JSON object");
    assert_answer(400, "{\"errcode\":\"M_INVALID_PARAM\",\"error\":\"Displayname is too long (max 256)\"}",
                  SYNAPSE_REFUSED, "M_INVALID_PARAM",
                  "create-user: 400 M_INVALID_PARAM: Displayname is too long (max 256)");
    assert_answer(403, "{\"errcode\":\"M_FORBIDDEN\"}", SYNAPSE_REFUSED, "M_FORBIDDEN",
                  "create-user: 403 M_FORBIDDEN");
    assert_answer(404, "<html>not found</html>", SYNAPSE_FAILED, "", "create-user: 404");
    assert_answer(500, "{\"error\":\"oh\"}", SYNAPSE_FAILED, "", "create-user: 500: oh");
    assert_answer(502, "", SYNAPSE_UNREACHABLE, "", "create-user: 502");
    assert_answer(302, "", SYNAPSE_FAILED, "", "create-user: 302");
}

static void takes_only_an_errcode_for_one(void **state)
{
    static const char *const no_errcodes[] = {
        "\"m_forbidden\"",
        "\"M FORBIDDEN\"",
        "\"\\n\"",
        "7",
        "null",
        "{}",
        "\"\"",
        "\"M_0123456789012345678901234567890123456789012345678901234567890X\""};

    (void)state;
    for (size_t i = 0; i < sizeof(no_errcodes) / sizeof(no_errcodes[0]); i++) {
        char *body = text_format("{\"errcode\":%s}", no_errcodes[i]);

        assert_answer(403, body, SYNAPSE_FAILED, "", "create-user: 403");
        freep(&body);
    }
}

/* On one line, at most 200 bytes, no character cut in the middle. */
static void quotes_with_care(void **state)
{
    char *many = memory_new(400, 1), *body;
    struct answer answer;

    (void)state;
    assert_answer(400, "{\"errcode\":\"M_UNKNOWN\",\"error\":\"a\\nb\\u001b[1mc\\u007f\\u0000\"}",
                  SYNAPSE_REFUSED, "M_UNKNOWN",
                  "create-user: 400 M_UNKNOWN: a\\u000ab\\u001b[1mc\\u007f\xef\xbf\xbd");
    memset(many, 'x', 199);
    memcpy(many + 199, "\xc3\xa4\xc3\xa4", 4);
    body = text_format("{\"errcode\":\"M_UNKNOWN\",\"error\":\"%s\"}", many);
    answer = read_with(400, body, -1, &no_secrets);
    many[199] = '\0';
    assert_string_equal(strchr(answer.problem.text, ':') + strlen(": 400 M_UNKNOWN: "), many);
    answer_deinit(&answer);
    freep(&many);
    freep(&body);
}

static void never_quotes_a_secret(void **state)
{
    CLEANUP(secrets_freep) struct secrets *first = secrets_new(), *second = secrets_new();
    const struct answer_secrets secrets = {{first, NULL, second}};
    static const char *const bodies[] = {
        "{\"errcode\":\"M_UNKNOWN\",\"error\":\"unknown token TOKEN_1.\"}",
        "{\"errcode\":\"M_UNKNOWN\",\"error\":\"geheim\"}",
        "{\"errcode\":\"M_UNKNOWN\",\"error\":\"\\u0067eheim\"}",
        "{\"errcode\":\"M_TOKEN_1\",\"error\":\"\"}",
        "{\"errcode\":\"M_UNKNOWN\",\"error\":\"ge\\u0001he\\u202eim\"}",
        "{\"errcode\":\"M_UNKNOWN\",\"error\":\"ge\\nh\\u200beim\"}",
        "{\"errcode\":\"M_UNKNOWN\",\"error\":\"GE\\\\u0068eim and %54oken%5F1\"}",
    };

    (void)state;
    secrets_add(first, "TOKEN_1");
    secrets_add(second, "geheim");
    for (size_t i = 0; i < sizeof(bodies) / sizeof(bodies[0]); i++) {
        struct answer answer = read_with(400, bodies[i], -1, &secrets);

        assert_string_equal(answer.problem.text, i == 3 ? "create-user: 400" : "create-user: 400 M_UNKNOWN");
        assert_null(strstr(answer.errcode, "TOKEN_1"));
        answer_deinit(&answer);
    }
}

/* Where the whole is too long to be looked at, a part of it is not shown either. */
static void quotes_no_part_of_a_long_text(void **state)
{
    CLEANUP(freep) char *many = memory_new(5000, 1);
    CLEANUP(freep) char *body = NULL;
    struct answer answer;

    (void)state;
    memset(many, 'x', 4097);
    body = text_format("{\"errcode\":\"M_UNKNOWN\",\"error\":\"%s\"}", many);
    answer = read_with(400, body, -1, &no_secrets);
    assert_string_equal(answer.problem.text, "create-user: 400 M_UNKNOWN");
    answer_deinit(&answer);
}

/* Synapse: api/urls.py, ConsentURIBuilder; the link is as good as a password for one user's consent. */
static void repeats_no_signed_link(void **state)
{
    (void)state;
    assert_answer(403,
                  "{\"errcode\":\"M_CONSENT_NOT_GIVEN\",\"error\":\"You must agree: https://h/_matrix/"
                  "consent?u=a&h=0123abcd\",\"consent_uri\":\"https://h/_matrix/consent?u=a&h=0123abcd\"}",
                  SYNAPSE_FAILED, "M_CONSENT_NOT_GIVEN",
                  "create-user: 403 M_CONSENT_NOT_GIVEN: the homeserver's terms have not been agreed to");
    assert_answer(400,
                  "{\"errcode\":\"M_UNKNOWN\",\"error\":\"See https://h/x?u=a&h=0123\\nabcd, then? "
                  "Good. /y?k=v\"}",
                  SYNAPSE_REFUSED, "M_UNKNOWN",
                  "create-user: 400 M_UNKNOWN: See https://h/x? then? Good. /y?");
    assert_answer(400,
                  "{\"errcode\":\"M_BAD_JSON\",\"error\":\"1 error: [type=string, "
                  "input_value='half of it...', x]\"}",
                  SYNAPSE_REFUSED, "M_BAD_JSON", "create-user: 400 M_BAD_JSON: 1 error: [type=string, ");
}

static void waits_as_long_as_asked(void **state)
{
    static const struct {
        const char *body;
        int64_t header, expected;
    } cases[] = {
        {"{}", -1, -1},
        {"{\"retry_after_ms\":2500}", -1, 2500},
        {"{\"retry_after_ms\":2500}", 3000, 3000},
        {"{\"retry_after_ms\":2500}", 1000, 2500},
        {"{\"retry_after_ms\":9999999999}", -1, 300000},
        {"{\"retry_after_ms\":-5}", -1, -1},
        {"{\"retry_after_ms\":\"7\"}", 0, 0},
        {"", 1000, 1000},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct answer answer = read_with(429, cases[i].body, cases[i].header, &no_secrets);

        assert_int_equal(answer.outcome, SYNAPSE_LIMITED);
        assert_int_equal(answer.retry_after, cases[i].expected);
        answer_deinit(&answer);
    }
}

static void knows_what_was_not_answered(void **state)
{
    static const struct {
        enum http_result result;
        enum synapse_outcome outcome;
    } cases[] = {
        {HTTP_UNREACHABLE, SYNAPSE_UNREACHABLE},
        {HTTP_BROKEN, SYNAPSE_UNREACHABLE},
        {HTTP_TOO_LARGE, SYNAPSE_FAILED},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        const struct http_reply reply = {
            .result = cases[i].result, .body = "", .retry_after = -1, .problem = "h:1: no"};
        struct answer answer;

        answer_read(&answer, &reply, "read-user", NULL, &no_secrets);
        assert_int_equal(answer.outcome, cases[i].outcome);
        assert_int_equal(answer.status, 0);
        assert_string_equal(answer.problem.text, "read-user: h:1: no");
        answer_deinit(&answer);
    }
}

/* Anything that was written by whatever is there, unless it says that it is in trouble. */
static void is_content_with_a_sign_of_life(void **state)
{
    static const struct {
        long status;
        const char *body;
        enum synapse_outcome outcome;
        const char *problem;
    } cases[] = {
        {200, "OK", SYNAPSE_OK, ""},
        {204, "", SYNAPSE_OK, ""},
        {302, "", SYNAPSE_OK, ""},
        {401, "{\"errcode\":\"M_UNKNOWN_TOKEN\"}", SYNAPSE_OK, ""},
        {404, "<html>no such page</html>", SYNAPSE_OK, ""},
        {429, "{\"retry_after_ms\":7}", SYNAPSE_LIMITED, "read-health: 429"},
        {429, "{\"errcode\":\"M_LIMIT_EXCEEDED\"}", SYNAPSE_LIMITED, "read-health: 429"},
        {429, "{\"errcode\":\"M_UNKNOWN\"}", SYNAPSE_UNREACHABLE, "read-health: 429"},
        {500, "{}", SYNAPSE_UNREACHABLE, "read-health: 500"},
        {502, "", SYNAPSE_UNREACHABLE, "read-health: 502"},
        {599, "", SYNAPSE_UNREACHABLE, "read-health: 599"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct http_reply reply = {.result = HTTP_ANSWERED,
                                   .status = cases[i].status,
                                   .body = cases[i].body,
                                   .body_size = strlen(cases[i].body),
                                   .retry_after = 5000};
        struct answer answer;

        answer_read_any(&answer, &reply, "read-health");
        assert_int_equal(answer.outcome, cases[i].outcome);
        assert_string_equal(answer.problem.text, cases[i].problem);
        assert_int_equal(answer.retry_after, 5000);
        answer_deinit(&answer);
        reply = (struct http_reply){.result = HTTP_UNREACHABLE, .retry_after = -1, .problem = "h:1: gone"};
        answer_read_any(&answer, &reply, "read-health");
        assert_int_equal(answer.outcome, SYNAPSE_UNREACHABLE);
        assert_string_equal(answer.problem.text, "read-health: h:1: gone");
        answer_deinit(&answer);
    }
}

/* `{"a":[{},{},…]}` with so many objects. */
static char *many_objects(size_t count)
{
    struct buffer text;

    buffer_init(&text, SIZE_MAX);
    (void)buffer_append_text(&text, "{\"errcode\":\"M_LIMIT_EXCEEDED\",\"a\":[{}");
    for (size_t i = 1; i < count; i++)
        (void)buffer_append_text(&text, ",{}");
    (void)buffer_append_text(&text, "]}");
    return buffer_take(&text);
}

static struct answer read_objects(long status, size_t count)
{
    CLEANUP(freep) char *text = many_objects(count);

    return read_with(status, text, -1, &no_secrets);
}

/* 32 MiB are the most; an object in a list takes 248 bytes, and the rest some more. */
static void takes_no_more_memory_than_there_is(void **state)
{
    enum { MOST = 135292 };
    struct answer answer = read_objects(200, MOST);

    (void)state;
    assert_int_equal(answer.outcome, SYNAPSE_OK);
    answer_deinit(&answer);
    answer = read_objects(200, MOST + 1);
    assert_int_equal(answer.outcome, SYNAPSE_FAILED);
    assert_null(answer.body);
    assert_non_null(strstr(answer.problem.text, "more JSON values than there is memory for"));
    answer_deinit(&answer);
    answer = read_objects(429, MOST + 1); /* what it says is not read, its status is */
    assert_null(answer.body);
    assert_true(answer.outcome != SYNAPSE_OK);
    answer_deinit(&answer);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(says_what_was_wrong),
        cmocka_unit_test(takes_only_an_errcode_for_one),
        cmocka_unit_test(quotes_with_care),
        cmocka_unit_test(never_quotes_a_secret),
        cmocka_unit_test(quotes_no_part_of_a_long_text),
        cmocka_unit_test(repeats_no_signed_link),
        cmocka_unit_test(waits_as_long_as_asked),
        cmocka_unit_test(knows_what_was_not_answered),
        cmocka_unit_test(is_content_with_a_sign_of_life),
        cmocka_unit_test(takes_no_more_memory_than_there_is),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
