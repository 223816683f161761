/* Where one request ends and the next one begins, and that places are right. */
#include "request/split.h"

#include "base/buffer.h"
#include "base/memory.h"
#include "support/test.h"

#include <stdlib.h>
#include <string.h>

/* In memory of just its size, so that a look beyond it is noticed. */
static char *exactly(const char *text, size_t size)
{
    char *bytes = memory_resize(NULL, size, 1);

    for (size_t i = 0; i < size; i++)
        bytes[i] = text[i];
    return bytes;
}

/* All parts, one behind the other: `line:column[number]=bytes;`, and what is wrong at the end. */
static char *split(const char *text)
{
    CLEANUP(freep) char *bytes = exactly(text, strlen(text));
    struct request_split all = request_split_begin(bytes, strlen(text));
    struct request_complaint complaint;
    struct request_part part;
    enum request_split_result result;
    struct buffer told;

    buffer_init(&told, 4000);
    while ((result = request_split_next(&all, &part, &complaint)) == REQUEST_SPLIT_PART) {
        (void)buffer_append_format(&told, "%zu:%zu", part.origin.lines + 1, part.origin.columns + 1);
        if (part.is_in_array)
            (void)buffer_append_format(&told, "[%zu]", part.number);
        (void)buffer_append_format(&told, "=%.*s;", (int)part.size, part.bytes);
    }
    if (result == REQUEST_SPLIT_BROKEN)
        (void)buffer_append_format(&told, "!%s", complaint.detail.text);
    assert_int_equal(request_split_next(&all, &part, &complaint), REQUEST_SPLIT_END);
    return buffer_take(&told);
}

static void check(const char *text, const char *expected)
{
    CLEANUP(freep) char *told = split(text);

    assert_string_equal(told, expected);
}

static void test_one(void **state)
{
    (void)state;
    check("{\"a\": 1}", "1:1={\"a\": 1};");
    check("\n  {\n \"a\": [\n{\"b\": 2}]\n}\n\n", "2:3={\n \"a\": [\n{\"b\": 2}]\n};");
    check("\xef\xbb\xbf{}", "1:1={};");
}

static void test_lines(void **state)
{
    (void)state;
    check("{\"a\": \"}\\\"{\"}\n\n\t{}\r\n{}", "1:1={\"a\": \"}\\\"{\"};3:2={};4:1={};");
    check("{\"\\\"}\n\": 1}\n{\n}", "1:1={\"\\\"}\n\": 1};3:1={\n};");
    check("{}\n[{}]\n{}", "1:1={};2:1=[{}];3:1={};");
    check("{\n}\n{\n\"a\": [1,\n2]}", "1:1={\n};3:1={\n\"a\": [1,\n2]};");
}

static void test_array(void **state)
{
    (void)state;
    check("[]", "");
    check(" [ {\"a\": \",]\"} ,\n{}\n]\n", "1:4[0]={\"a\": \",]\"};2:1[1]={};");
    check("[[1, [2]], \"a,b\", 7]", "1:2[0]=[1, [2]];1:12[1]=\"a,b\";1:19[2]=7;");
}

/* What is broken keeps its line, and those behind it are still found. */
static void test_broken_lines(void **state)
{
    (void)state;
    check("{\"a\": 1\n{}\n{}", "1:1={\"a\": 1;2:1={};3:1={};");
    check("{}\n{\"a\n{}\n{\"b", "1:1={};2:1={\"a;3:1={};4:1={\"b;");
    check("{} x\nnonsense\n}{\n{}", "1:1={} x;2:1=nonsense;3:1=}{;4:1={};");
    check("}\n{\n}", "1:1=};2:1={\n};");
    check("{\"a\n{}\n{\n}", "1:1={\"a;2:1={};3:1={;4:1=};"); /* from then on, a request is a line */
    check("{\n\"a\": 1,\n", "1:1={\n\"a\": 1,;");
    check("{\"a\": 1,\n", "1:1={\"a\": 1,;");
}

static void test_broken_arrays(void **state)
{
    (void)state;
    check("[{} {}, 7",
          "1:2[0]={} {};1:9[1]=7;!line 1, column 10 (byte 10): expected , or ] behind a request");
    check("[x \",]\", 7]", "1:2[0]=x \",]\";1:10[1]=7;");
    check("[{},]", "1:2[0]={};!line 1, column 5 (byte 5): expected a request");
    check("[,{}]", "!line 1, column 2 (byte 2): expected a request");
    check("[{}]\n{}", "1:2[0]={};!line 2, column 1 (byte 6): expected nothing behind the array of requests");
    check("[", "!line 1, column 2 (byte 2): expected a request");
    check("[{\"a\": 1", "1:2[0]={\"a\": 1;!line 1, column 9 (byte 9): expected , or ] behind a request");
}

static void test_nothing(void **state)
{
    (void)state;
    check("", "!line 1, column 1 (byte 1): expected a request, found nothing");
    check("\xef\xbb\xbf", "!line 1, column 1 (byte 4): expected a request, found nothing");
    check(" \n", "!line 2, column 1 (byte 3): expected a request, found nothing");
}

/* Complaints of a part name the place in the whole. */
static void test_places_of_complaints(void **state)
{
    static const char text[] = "[{\"method\": \"removeUser\"},\n \"\xc3\xa4\", {\"a\":: 1}]";
    struct request_rules rules = {.server_name = "s", .sync_user = "@sync:s", .largest_body = 100};
    struct request_split all = request_split_begin(text, strlen(text));
    struct request_complaint complaint;
    struct request_part part;

    (void)state;
    for (int i = 0; i < 3; i++)
        assert_int_equal(request_split_next(&all, &part, &complaint), REQUEST_SPLIT_PART);
    rules.origin = part.origin;
    assert_null(request_parse(part.bytes, part.size, &rules, &complaint));
    assert_int_equal(complaint.code, REQUEST_INVALID_JSON);
    /* the second colon; one of the characters before it in its line has two bytes */
    assert_string_equal(complaint.detail.text, "line 2, column 12 (byte 40): syntax error");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_one),
        cmocka_unit_test(test_lines),
        cmocka_unit_test(test_array),
        cmocka_unit_test(test_broken_lines),
        cmocka_unit_test(test_broken_arrays),
        cmocka_unit_test(test_nothing),
        cmocka_unit_test(test_places_of_complaints),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
