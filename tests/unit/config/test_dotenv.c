/* .env files by the rules of Node's dotenv. */

#include "base/buffer.h"
#include "base/memory.h"
#include "config/dotenv.h"
#include "support/test.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Writes "line:name=value;" for each assignment, with "#" behind those that a comment cuts off. */
static void note(void *context, const struct dotenv_entry *entry)
{
    (void)buffer_append_format(context, "%u:%s=%s%s;", entry->line, entry->name, entry->value,
                               entry->ended_by_comment ? "#" : "");
}

static void assert_bytes_read(const char *bytes, size_t size, const char *expected)
{
    struct buffer notes;
    struct error error = {""};
    unsigned line = 0;

    buffer_init(&notes, 65536);
    if (!dotenv_parse(bytes, size, note, &notes, &line, &error))
        (void)buffer_append_format(&notes, "!%u:%s", line, error.text);
    assert_string_equal(buffer_text(&notes), expected);
    buffer_deinit(&notes);
}

static void assert_read(const char *text, const char *expected)
{
    assert_bytes_read(text, strlen(text), expected);
}

static void test_plain(void **state)
{
    (void)state;
    assert_read("", "");
    assert_read("A=b", "1:A=b;");
    assert_read("A=b\n", "1:A=b;");
    assert_read("A=b\nC=d\n", "1:A=b;2:C=d;");
    assert_read("A=\nB=c", "1:A=;2:B=c;");
    assert_read("A=", "1:A=;");
    assert_read("  A  =  b c  \n", "1:A=b c;");
    assert_read("\tA\t=\tb\t", "1:A=b;");
    assert_read("export A=b", "1:A=b;");
    assert_read("  export   A = b", "1:A=b;");
    assert_read("export=b", "1:export=b;");
    assert_read("exported=b", "1:exported=b;");
    assert_read("A: b", "1:A=b;");
    assert_read("A: \nB=c", "1:A=;2:B=c;");
    assert_read("A=b=c", "1:A=b=c;");
    assert_read("a.B-c_9=d", "1:a.B-c_9=d;");
    assert_read("A=http://x:1/?a=b&c", "1:A=http://x:1/?a=b&c;");
    assert_read("A=don't", "1:A=don't;");
    assert_read("A=b\\nc", "1:A=b\\nc;");
}

static void test_comments_and_empty_lines(void **state)
{
    (void)state;
    assert_read("\n\n  \n# A=b\n   # c\nD=e", "6:D=e;");
    assert_read("A=b # c", "1:A=b;");
    assert_read("A=b#c", "1:A=b#;");
    assert_read("A=#c", "1:A=;");
    assert_read("A= #c", "1:A=;");
    assert_read("A='b' # c", "1:A=b;");
    assert_read("A='b'# c", "1:A=b;");
}

static void test_quotes(void **state)
{
    (void)state;
    assert_read("A='b'", "1:A=b;");
    assert_read("A=\"b\"", "1:A=b;");
    assert_read("A=`b`", "1:A=b;");
    assert_read("A=''", "1:A=;");
    assert_read("A='  b  '  ", "1:A=  b  ;");
    assert_read("A='b # c' # d", "1:A=b # c;");
    assert_read("A=\"it's\"", "1:A=it's;");
    assert_read("A=`\"'`", "1:A=\"';");
    assert_read("A='x'y'", "1:A=x'y;");
    assert_read("A=\"x\"y\"", "1:A=x\"y;");
}

static void test_escapes(void **state)
{
    (void)state;
    assert_read("A=\"b\\nc\\rd\"", "1:A=b\nc\rd;");
    assert_read("A='b\\nc'", "1:A=b\\nc;");
    assert_read("A=`b\\nc`", "1:A=b\\nc;");
    assert_read("A=\"b\\tc\\\\\"", "1:A=b\\tc\\\\;");
    /* An escaped quote does not end the value; its backslash stays. */
    assert_read("A=\"b\\\"c\"", "1:A=b\\\"c;");
    assert_read("A='b\\'c'", "1:A=b\\'c;");
    /* Unless nothing else can end it. */
    assert_read("A=\"C:\\dir\\\"", "1:A=C:\\dir\\;");
    assert_read("A=\"C:#\\\" # c", "1:A=C:#\\;");
    assert_read("A=\"b\nC:\\\"\nD=e", "1:A=b\nC:\\;3:D=e;");
    assert_read("A=\"C:\\\"\nB=\"c\"", "1:A=C:\\;2:B=c;");
}

static void test_many_lines(void **state)
{
    (void)state;
    assert_read("A='b\nc'\nD=e", "1:A=b\nc;3:D=e;");
    assert_read("A=\"b\n\nc\" # d\nE=f", "1:A=b\n\nc;4:E=f;");
    assert_read("A='\n'\nD", "1:A=\n;!3:expected NAME=value, a comment or an empty line");
}

static void test_line_ends(void **state)
{
    (void)state;
    assert_read("A=b\r\nC=d\r\n", "1:A=b;2:C=d;");
    assert_read("A=b\rC=d\r", "1:A=b;2:C=d;");
    assert_read("\r\n\r\nA='b\r\nc'\r\nD=e", "3:A=b\nc;5:D=e;");
    assert_read("\xef\xbb\xbf"
                "A=b",
                "1:A=b;");
}

static void test_malformed(void **state)
{
    static const char no_assignment[] = "expected NAME=value, a comment or an empty line";
    static const char *const texts[] = {
        "A", "=b", "A b", "A B=c", "A:b", "A:", "'A'=b", "export", "export A", "-", "{}", "\x80=a"};
    char expected[128];

    (void)state;
    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
        char text[64];

        (void)snprintf(text, sizeof(text), "A=b\n\n%s\nC=d", texts[i]);
        (void)snprintf(expected, sizeof(expected), "1:A=b;!3:%s", no_assignment);
        assert_read(text, expected);
    }
    assert_read("A=\"b", "!1:expected the value's quote \" to be closed at its end");
    assert_read("A='b' c", "!1:expected the value's quote ' to be closed at its end");
    assert_read("A=`", "!1:expected the value's quote ` to be closed at its end");
    assert_read("A='b\nC=d", "!1:expected the value's quote ' to be closed at its end");
    assert_bytes_read("A=b\nC=\0d", 8, "!2:expected text, found a NUL byte");
}

/* Whatever is written without special bytes comes back, in each way to write it. */
static void test_round_trip(void **state)
{
    static const char bytes[] = "ab1_-.:/@?&=%+$!~^*()[]{}<>|,; ";
    static const char *const forms[][2] = {{"N=", ""},   {"export N = ", ""}, {"N: ", " # c"},
                                           {"N='", "'"}, {"N=\"", "\" # c"},  {"N=`", "`"}};
    char value[17], text[64], expected[64];

    (void)state;
    srand(1);
    for (int round = 0; round < 20000; round++) {
        size_t length = 1 + (size_t)rand() % 15;

        for (size_t i = 0; i < length; i++)
            value[i] = bytes[(size_t)rand() % (sizeof(bytes) - 1)];
        value[0] = value[length - 1] = 'x';
        value[length] = '\0';
        (void)snprintf(expected, sizeof(expected), "1:N=%s;", value);
        for (size_t i = 0; i < sizeof(forms) / sizeof(forms[0]); i++) {
            (void)snprintf(text, sizeof(text), "%s%s%s", forms[i][0], value, forms[i][1]);
            assert_read(text, expected);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_plain),      cmocka_unit_test(test_comments_and_empty_lines),
        cmocka_unit_test(test_quotes),     cmocka_unit_test(test_escapes),
        cmocka_unit_test(test_many_lines), cmocka_unit_test(test_line_ends),
        cmocka_unit_test(test_malformed),  cmocka_unit_test(test_round_trip),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
