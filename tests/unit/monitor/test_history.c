/* What is remembered of what has happened: the last messages, the last hour, the reasons. */
#include "monitor/history.h"

#include "base/memory.h"
#include "support/test.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MINUTE = 60 * 1000 };

static const struct monitor_message done = {.method = "addUser", .subject = "@ada:school"};
static const struct monitor_message rejected = {.method = "addUser", .code = "invalid-message"};

static int set_up(void **state)
{
    *state = NEW(struct history);
    return 0;
}

static int tear_down(void **state)
{
    history_deinit(*state);
    free(*state);
    return 0;
}

static void test_the_newest_message_comes_first(void **state)
{
    char subject[16];

    assert_null(history_message(*state, 0));
    for (int i = 0; i < 3 * HISTORY_MESSAGES; i++) {
        (void)snprintf(subject, sizeof(subject), "%d", i);
        history_add(*state, &(struct monitor_message){.method = "addUser", .subject = subject}, MINUTE);
    }
    for (int i = 0; i < HISTORY_MESSAGES; i++) {
        (void)snprintf(subject, sizeof(subject), "%d", 3 * HISTORY_MESSAGES - 1 - i);
        assert_string_equal(history_message(*state, (size_t)i)->subject, subject);
    }
    assert_null(history_message(*state, HISTORY_MESSAGES));
}

static void test_each_minute_is_counted_by_itself(void **state)
{
    const instant now = 1000 * MINUTE;

    history_add(*state, &done, now);
    history_add(*state, &rejected, now + 59999);
    history_add(*state, &done, now + 2 * MINUTE);
    assert_int_equal(history_minute(*state, 0, now + 2 * MINUTE).done, 1);
    assert_int_equal(history_minute(*state, 1, now + 2 * MINUTE).done, 0);
    assert_int_equal(history_minute(*state, 2, now + 2 * MINUTE).done, 1);
    assert_int_equal(history_minute(*state, 2, now + 2 * MINUTE).rejected, 1);
}

/* The ring comes round; what was in it an hour ago must not be taken for new. */
static void test_an_hour_ago_is_forgotten(void **state)
{
    const instant now = 1000 * MINUTE;

    history_add(*state, &done, now);
    for (int64_t ago = 0; ago < HISTORY_MINUTES; ago++)
        assert_int_equal(history_minute(*state, ago, now + (int64_t)HISTORY_MINUTES * MINUTE).done, 0);
    assert_int_equal(history_minute(*state, 59, now + 59 * MINUTE).done, 1);
    history_add(*state, &done, now + (int64_t)(HISTORY_MINUTES + 5) * MINUTE);
    for (int64_t ago = 1; ago < HISTORY_MINUTES; ago++)
        assert_int_equal(history_minute(*state, ago, now + (int64_t)(HISTORY_MINUTES + 5) * MINUTE).done, 0);
    history_add(*state, &done, now + (int64_t)500 * MINUTE);
    for (int64_t ago = 1; ago < HISTORY_MINUTES; ago++)
        assert_int_equal(history_minute(*state, ago, now + (int64_t)500 * MINUTE).done, 0);
}

static void test_reasons_are_counted(void **state)
{
    const struct history *history = *state;
    char code[16];

    for (int i = 0; i < 3; i++)
        history_add(*state, &rejected, MINUTE);
    assert_string_equal(history->codes[0].code, "invalid-message");
    assert_int_equal(history->codes[0].count, 3);
    for (int i = 0; i < 100; i++) {
        (void)snprintf(code, sizeof(code), "code-%d", i);
        history_add(*state, &(struct monitor_message){.code = code}, MINUTE);
    }
    assert_int_equal(history->codes[HISTORY_CODES - 1].count, 100 - (HISTORY_CODES - 2));
}

static void test_long_texts_are_cut_between_characters(void **state)
{
    char text[1001] = "";

    for (size_t i = 0; i < 500; i++)
        memcpy(text + 2 * i, "ä", 2);
    text[1000] = '\0';
    history_add(*state, &(struct monitor_message){.method = "addUser", .detail = text}, MINUTE);
    assert_true(strlen(history_message(*state, 0)->detail) <= 400 + strlen("…"));
    assert_non_null(strstr(history_message(*state, 0)->detail, "ä…"));
    assert_null(history_message(*state, 0)->subject);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_the_newest_message_comes_first, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_each_minute_is_counted_by_itself, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_an_hour_ago_is_forgotten, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_reasons_are_counted, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_long_texts_are_cut_between_characters, set_up, tear_down),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
