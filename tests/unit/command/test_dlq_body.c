#include "base/memory.h"
#include "command/dlq_body.h"
#include "support/test.h"

#include <stdlib.h>
#include <string.h>

#define TEN "0123456789"
#define LONG TEN TEN TEN TEN TEN TEN TEN TEN

static char *text_of(const char *body)
{
    CLEANUP(secrets_freep) struct secrets *secrets = secrets_new();

    secrets_add(secrets, "sesame-open");
    return dlq_body_text(body, strlen(body), secrets);
}

static void assert_shown(const char *body, const char *expected)
{
    CLEANUP(freep) char *text = text_of(body);

    assert_string_equal(text, expected);
}

static void test_values_behind_the_word(void **state)
{
    (void)state;
    assert_shown("{\"password\": \"x\", \"b\": 1", "{\"password\": ***, \"b\": 1\n");
    assert_shown("{'PassWord' : 'x\\'y' }", "{'PassWord' : *** }\n");
    assert_shown("password=x&b=1", "password=***&b=1\n");
    assert_shown("{\"password\": \"x", "{\"password\": ***\n");
    assert_shown("{\"password\": {\"a\": \"x\"}, 1", "{\"password\": ***\n");
    assert_shown("{\"password\": 12, \"password\":\"y\",", "{\"password\": ***, \"password\":***,\n");
    assert_shown("a password is asked for", "a password is asked for\n");
    assert_shown("password:\npassword: x",
                 "password:\n***\n"); /* a value that is a name has a value itself */
    assert_shown("password=password=password : x y", "password=*** y\n");
    assert_shown("password: mypassword1, b", "password: ***, b\n");
    assert_shown("password", "password\n");
    assert_shown("{\"password\":", "{\"password\":\n");
}

static void test_what_may_hide_one(void **state)
{
    static const char hidden[] = "(not shown: it may hold a password)\n";

    (void)state;
    assert_shown("{\"pass\\u0077ord\": \"x\",", hidden);
    assert_shown("cGFzc3dvcmQ=", hidden);
    assert_shown("it says sesame-open,", hidden);
}

static void test_lines(void **state)
{
    (void)state;
    assert_shown("a\x1b\nb\xff", "a\\u001b\nb\xef\xbf\xbd\n");
    assert_shown("", "");
}

static void test_text_goes_on_behind_nul(void **state)
{
    static const char body[] = "a\0password: x";
    CLEANUP(secrets_freep) struct secrets *secrets = secrets_new();
    CLEANUP(freep) char *text = dlq_body_text(body, sizeof(body) - 1, secrets);

    (void)state;
    assert_string_equal(text, "a\\u0001password: ***\n");
}

static void test_long_text_is_cut(void **state)
{
    CLEANUP(freep) char *body = memory_new(100001, 1);
    CLEANUP(freep) char *text = NULL;

    (void)state;
    memset(body, 'x', 100000);
    text = text_of(body);
    assert_true(strlen(text) < 70000);
    assert_non_null(strstr(text, "x\n(the rest is not shown)\n"));
}

/* JSON that is printed prettily has many short lines. */
static void test_many_lines_are_cut(void **state)
{
    CLEANUP(freep) char *many = memory_new(100001, 1);
    CLEANUP(freep) char *lines = NULL;

    (void)state;
    for (size_t i = 0; i < 100000; i++)
        many[i] = i % 2 ? '\n' : 'x';
    lines = dlq_body_lines(many);
    assert_true(strlen(lines) < 70000);
    assert_non_null(strstr(lines, "x\n(the rest is not shown)\n"));
}

static char *json_of(const char *body)
{
    CLEANUP(secrets_freep) struct secrets *secrets = secrets_new();
    json_t *parsed;
    char *text;

    secrets_add(secrets, "sesame-open");
    parsed = dlq_body_parse(body, strlen(body), secrets);
    text = parsed ? json_dumps(parsed, JSON_COMPACT) : NULL;
    json_decref(parsed);
    return text;
}

static void test_json_is_masked(void **state)
{
    static const struct {
        const char *body, *expected;
    } cases[] = {
        {"{\"user\":{\"password\":\"x\",\"id\":\"@a\"}}", "{\"user\":{\"password\":\"***\",\"id\":\"@a\"}}"},
        {"[{\"PASSWORD\":{\"a\":1}}]", "[{\"PASSWORD\":\"***\"}]"},
        {"{\"password\":null}", "{\"password\":null}"},
        {"{\"welcome\":\"your password is at the door\"}", "{\"welcome\":\"your password is at the door\"}"},
        {"{\"a\":[\"say sesame-open\"]}", "{\"a\":[\"***\"]}"},
        {"{\"sesame-open\":1}", "{\"***\":1}"},
        {"{\"user\":\"{\\\"password\\\":\\\"x\\\",\\\"id\\\":1}\"}",
         "{\"user\":\"{\\\"password\\\":***,\\\"id\\\":1}\"}"},
        {"{\"user\":\"cGFzc3dvcmQ=\"}", "{\"user\":\"***\"}"},
        {"{\"{\\\"password\\\":\\\"x\\\"}\":0}", "{\"{\\\"password\\\":***}\":\"***\"}"},
        {"{\"password \":\"x\",\"new_password\":\"y\"}", "{\"password \":\"***\",\"new_password\":\"***\"}"},
        {"{\"a\":1,\"a\":2}", NULL},
        {"\"password: x\"", NULL},
        {"{", NULL},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        CLEANUP(freep) char *text = json_of(cases[i].body);

        if (cases[i].expected)
            assert_string_equal(text, cases[i].expected);
        else
            assert_null(text);
    }
}

static char *nested(size_t depth)
{
    char *body = memory_new(2 * depth + 1, 1);

    memset(body, '[', depth);
    memset(body + depth, ']', depth);
    return body;
}

static void test_deep_json_is_cut(void **state)
{
    CLEANUP(freep) char *shallow = nested(100);
    CLEANUP(freep) char *deep = nested(103);
    CLEANUP(freep) char *all = json_of(shallow);
    CLEANUP(freep) char *cut = json_of(deep);

    (void)state;
    assert_string_equal(all, shallow);
    assert_non_null(strstr(cut, "[\"(too deep to be shown)\"]"));
}

static void assert_told(const char *body, const char *method, const char *subject)
{
    json_t *parsed = json_loads(body, 0, NULL);
    CLEANUP(freep) char *told_method = dlq_body_method(parsed);
    CLEANUP(freep) char *told_subject = dlq_body_subject(parsed);

    json_decref(parsed);
    assert_string_equal(told_method, method);
    assert_string_equal(told_subject, subject);
}

static void test_what_can_be_told(void **state)
{
    (void)state;
    assert_told("{\"method\":\"addUser\",\"user\":{\"id\":\"@a:b\"}}", "addUser", "@a:b");
    assert_told("{\"method\":7,\"room\":{\"id\":\"7b\"}}", "-", "#room_7b");
    assert_told("{\"method\":\"\\u202e\",\"room\":{\"id\":\"7b\",\"type\":\"team\"}}", "\\u202e", "#team_7b");
    assert_told("{\"user\":\"@a\",\"room\":[]}", "-", "-");
    assert_told("[]", "-", "-");
    assert_told("no json", "-", "-");
    assert_told("{\"method\":\"" LONG "and more\"}", LONG, "-");
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_values_behind_the_word),
                                       cmocka_unit_test(test_what_may_hide_one),
                                       cmocka_unit_test(test_lines),
                                       cmocka_unit_test(test_text_goes_on_behind_nul),
                                       cmocka_unit_test(test_long_text_is_cut),
                                       cmocka_unit_test(test_many_lines_are_cut),
                                       cmocka_unit_test(test_json_is_masked),
                                       cmocka_unit_test(test_deep_json_is_cut),
                                       cmocka_unit_test(test_what_can_be_told)};

    return cmocka_run_group_tests(tests, NULL, NULL);
}
