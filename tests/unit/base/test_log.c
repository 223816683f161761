#include "base/cleanup.h"
#include "base/log.h"
#include "support/capture.h"
#include "support/evil.h"
#include "support/test.h"

#include <jansson.h>
#include <stdlib.h>
#include <string.h>

enum { LONGEST_VALUE = 2048 };

/* A line for the journal has its level before it. */
static char *without_priority(char *line)
{
    assert_memory_equal(line, "<6>", 3);
    memmove(line, line + 3, strlen(line + 3) + 1);
    return line;
}

/* The line that a field with this text makes, in the given format, without a time. */
static char *line_of(enum log_format format, const char *text)
{
    struct capture capture;

    log_configure(LOG_INFO, format);
    assert_int_equal(setenv("JOURNAL_STREAM", "8:1", 1), 0);
    capture_begin(&capture);
    log_info("event", LOG_TEXT("key", text), LOG_NUMBER("n", -5));
    return without_priority(capture_end(&capture));
}

static void assert_logfmt(const char *text, const char *value)
{
    CLEANUP(freep) char *line = line_of(LOG_LOGFMT, text);
    CLEANUP(freep) char *expected = text_format("level=info event=event key=%s n=-5\n", value);

    assert_string_equal(line, expected);
}

/* The line is JSON, and what comes out of it is `expected`. */
static void assert_json(const char *text, const char *expected)
{
    CLEANUP(freep) char *line = line_of(LOG_JSON, text);
    json_t *object = json_loads(line, JSON_REJECT_DUPLICATES, NULL);

    if (!object)
        fail_msg("no JSON: %s", line);
    assert_int_equal(line[strlen(line) - 1], '\n');
    assert_int_equal(json_object_size(object), 4);
    assert_string_equal(json_string_value(json_object_get(object, "level")), "info");
    assert_string_equal(json_string_value(json_object_get(object, "event")), "event");
    assert_string_equal(json_string_value(json_object_get(object, "key")), expected);
    assert_int_equal(json_integer_value(json_object_get(object, "n")), -5);
    json_decref(object);
}

static void test_logfmt_quotes_where_needed(void **state)
{
    (void)state;
    assert_logfmt("plain", "plain");
    assert_logfmt("@user:server.org/path?x&y", "@user:server.org/path?x&y");
    assert_logfmt("", "\"\"");
    assert_logfmt("two words", "\"two words\"");
    assert_logfmt("a=b", "\"a=b\"");
    assert_logfmt("say \"hi\" \\", "\"say \\\"hi\\\" \\\\\"");
    assert_logfmt("line\nlevel=error", "\"line\\nlevel=error\"");
    assert_logfmt("\x1b[31m\r\t\x7f", "\"\\u001b[31m\\u000d\\u0009\\u007f\"");
    assert_logfmt("M\xc3\xbcller", "\"M\xc3\xbcller\"");
}

/* U+009B alone begins a command to a terminal, as ESC [ does. */
static void test_control_characters_beyond_ascii(void **state)
{
    (void)state;
    assert_logfmt("\xc2\x9b"
                  "31m",
                  "\"\\u009b31m\"");
    assert_logfmt("\xc2\x80\xc2\x9f\xc2\xa0", "\"\\u0080\\u009f\xc2\xa0\"");
    assert_json("\xc2\x9b", "\xc2\x9b");
}

/* Marks that turn the direction of writing, have no width, or end a line for some readers. */
static void test_hidden_characters(void **state)
{
    static const struct {
        const char *text, *escaped;
    } cases[] = {
        {"\xe2\x80\xaa", "\\u202a"},
        {"\xe2\x80\xae", "\\u202e"},
        {"\xe2\x81\xa6", "\\u2066"},
        {"\xe2\x81\xa9", "\\u2069"},
        {"\xe2\x80\x8e", "\\u200e"},
        {"\xe2\x80\x8f", "\\u200f"},
        {"\xd8\x9c", "\\u061c"},
        {"\xe2\x80\xa8", "\\u2028"},
        {"\xe2\x80\xa9", "\\u2029"},
        {"\xc2\x85", "\\u0085"},
        {"\xe2\x80\x8b", "\\u200b"},
        {"\xef\xbb\xbf", "\\ufeff"},
        {"\xf3\xa0\x80\x81", "\\udb40\\udc01"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        CLEANUP(freep) char *text = text_format("a%sb", cases[i].text);
        CLEANUP(freep) char *expected = text_format("\"a%sb\"", cases[i].escaped);

        assert_logfmt(text, expected);
        assert_json(text, text);
    }
}

static void test_whatever_is_said_stays_in_its_field(void **state)
{
    (void)state;
    for (size_t i = 0; i < evil_count(); i++) {
        CLEANUP(freep) char *logfmt = line_of(LOG_LOGFMT, evil_text(i));
        CLEANUP(freep) char *json = line_of(LOG_JSON, evil_text(i));

        assert_shown_in_lines(logfmt, 1);
        assert_shown_in_lines(json, 1);
        assert_memory_equal(logfmt + strlen(logfmt) - 6, " n=-5\n", 6);
        if (is_text(evil_text(i)))
            assert_json(evil_text(i), evil_text(i));
    }
}

static void test_bytes_that_are_no_text(void **state)
{
    static const char *const cases[] = {
        "\xff", /* no such byte in UTF-8 */
        "\x80", /* a continuation of nothing */
        "\xc0", /* would be overlong */
        "\xe2", /* cut */
        "\xf8", /* the lead of five bytes */
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        CLEANUP(freep) char *text = text_format("a%sb", cases[i]);

        assert_logfmt(text, "\"a\\ufffdb\"");
        assert_json(text, "a\xef\xbf\xbd"
                          "b");
    }
    assert_json("\xe2\x82", "\xef\xbf\xbd\xef\xbf\xbd");
    assert_json("\xc0\xaf", "\xef\xbf\xbd\xef\xbf\xbd");
    assert_json("\xed\xa0\x80", "\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd");                 /* a surrogate */
    assert_json("\xe0\x80\xaf", "\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd");                 /* overlong */
    assert_json("\xf4\x90\x80\x80", "\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd"); /* beyond U+10FFFF */
    assert_json("\xe2\x82\xac\xf0\x9f\x98\x80\xf4\x8f\xbf\xbf",
                "\xe2\x82\xac\xf0\x9f\x98\x80\xf4\x8f\xbf\xbf");
}

static void test_json(void **state)
{
    (void)state;
    assert_json("plain", "plain");
    assert_json("", "");
    assert_json("say \"hi\" \\\n\x01\x7f", "say \"hi\" \\\n\x01\x7f");
}

/* All pairs of bytes: the line stays one line of valid JSON. */
static void test_every_pair_of_bytes_is_json(void **state)
{
    struct capture capture;
    CLEANUP(freep) char *lines = NULL;
    size_t count = 0;

    (void)state;
    log_configure(LOG_INFO, LOG_JSON);
    for (int first = 1; first < 256; first++) {
        capture_begin(&capture);
        for (int second = 1; second < 256; second++) {
            char text[] = {(char)first, (char)second, '\0'};

            log_info("event", LOG_TEXT("key", text));
        }
        freep(&lines);
        lines = capture_end(&capture);
        for (char *line = strtok(lines, "\n"); line; line = strtok(NULL, "\n")) {
            json_t *object = json_loads(without_priority(line), 0, NULL);

            if (!object)
                fail_msg("no JSON: %s", line);
            json_decref(object);
            count++;
        }
    }
    assert_int_equal(count, 255 * 255);
}

static void test_long_values_are_cut(void **state)
{
    CLEANUP(freep) char *text = memory_new(LONGEST_VALUE + 2, 1), *cut = NULL;

    (void)state;
    memset(text, 'x', LONGEST_VALUE);
    assert_logfmt(text, text);
    cut = text_format("\"%s\"", text);
    text[LONGEST_VALUE] = 'y';
    assert_logfmt(text, cut);
}

/* A character of three bytes around the place of the cut is kept whole or left out. */
static void test_cut_between_characters(void **state)
{
    (void)state;
    for (size_t before = LONGEST_VALUE - 4; before <= LONGEST_VALUE; before++) {
        CLEANUP(freep) char *text = memory_new(before + 10, 1), *expected = NULL;
        bool whole = before + 3 <= LONGEST_VALUE;

        memset(text, 'x', before);
        expected =
            text_format("%s%s%s", text, whole ? "\xe2\x82\xac" : "", before + 4 <= LONGEST_VALUE ? "z" : "");
        memcpy(text + before, "\xe2\x82\xaczz", 6);
        assert_json(text, expected);
    }
}

/* Fields for which there is no room any more are left out; the line stays a valid one. */
static void test_long_line(void **state)
{
    CLEANUP(freep) char *text = memory_new(LONGEST_VALUE + 1, 1), *line = NULL;
    struct capture capture;
    json_t *object;

    (void)state;
    memset(text, '\x01', LONGEST_VALUE); /* six bytes each in the line */
    log_configure(LOG_INFO, LOG_JSON);
    capture_begin(&capture);
    log_info("event", LOG_TEXT("a", text), LOG_TEXT("b", text), LOG_TEXT("c", "last"));
    line = without_priority(capture_end(&capture));
    object = json_loads(line, 0, NULL);
    assert_non_null(object);
    assert_string_equal(json_string_value(json_object_get(object, "a")), text);
    assert_null(json_object_get(object, "b"));
    assert_string_equal(json_string_value(json_object_get(object, "c")), "last");
    json_decref(object);
}

static void test_absent_text_is_left_out(void **state)
{
    CLEANUP(freep) char *logfmt = line_of(LOG_LOGFMT, NULL), *json = line_of(LOG_JSON, NULL);

    (void)state;
    assert_string_equal(logfmt, "level=info event=event n=-5\n");
    assert_string_equal(json, "{\"level\":\"info\",\"event\":\"event\",\"n\":-5}\n");
}

static void test_levels(void **state)
{
    static const char *const expected[] = {
        [LOG_ERROR] = "<3>level=error event=e\n",
        [LOG_WARNING] = "<3>level=error event=e\n<4>level=warning event=w\n",
        [LOG_INFO] = "<3>level=error event=e\n<4>level=warning event=w\n<6>level=info event=i\n",
        [LOG_DEBUG] = ("<3>level=error event=e\n<4>level=warning event=w\n<6>level=info event=i\n"
                       "<7>level=debug event=d\n")};

    (void)state;
    assert_int_equal(setenv("JOURNAL_STREAM", "8:1", 1), 0);
    for (enum log_level level = LOG_ERROR; level <= LOG_DEBUG; level++) {
        CLEANUP(freep) char *lines = NULL;
        struct capture capture;

        log_configure(level, LOG_LOGFMT);
        capture_begin(&capture);
        log_error("e");
        log_warning("w");
        log_info("i");
        log_debug("d");
        lines = capture_end(&capture);
        assert_string_equal(lines, expected[level]);
        assert_true(log_wants(LOG_ERROR));
        assert_int_equal(log_wants(LOG_DEBUG), level == LOG_DEBUG);
    }
}

static void test_time_comes_first(void **state)
{
    CLEANUP(freep) char *line = NULL;
    struct capture capture;
    char pattern[] = "time=dddd-dd-ddTdd:dd:dd.dddZ level=info event=event\n";

    (void)state;
    log_configure(LOG_INFO, LOG_LOGFMT);
    assert_int_equal(unsetenv("JOURNAL_STREAM"), 0);
    capture_begin(&capture);
    log_info("event");
    line = capture_end(&capture);
    assert_int_equal(strlen(line), strlen(pattern));
    for (size_t i = 5; i < 29; i++)
        if (pattern[i] == 'd') {
            assert_true(line[i] >= '0' && line[i] <= '9');
            line[i] = 'd';
        }
    assert_string_equal(line, pattern);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_logfmt_quotes_where_needed),
        cmocka_unit_test(test_control_characters_beyond_ascii),
        cmocka_unit_test(test_hidden_characters),
        cmocka_unit_test(test_whatever_is_said_stays_in_its_field),
        cmocka_unit_test(test_bytes_that_are_no_text),
        cmocka_unit_test(test_json),
        cmocka_unit_test(test_every_pair_of_bytes_is_json),
        cmocka_unit_test(test_long_values_are_cut),
        cmocka_unit_test(test_cut_between_characters),
        cmocka_unit_test(test_long_line),
        cmocka_unit_test(test_absent_text_is_left_out),
        cmocka_unit_test(test_levels),
        cmocka_unit_test(test_time_comes_first),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
