/* The page: whatever others have written stands there as a text. */
#include "monitor/page.h"

#include "base/memory.h"
#include "monitor/html.h"
#include "support/evil.h"
#include "support/test.h"

#include <string.h>

enum { NOW = 1000 * 60 * 1000 };

static const char evil[] =
    "</td><script nonce=\"secret-nonce\">alert('x')</script>&{{nonce}}\x1b[2J\xff<img src=x>";

static char *render(struct history *history, const struct monitor_state *state)
{
    struct buffer buffer;

    buffer_init(&buffer, 1 << 20);
    page_write(&buffer, &(struct page){.state = state,
                                       .history = history,
                                       .version = "1.2.3",
                                       .nonce = "0123456789abcdef",
                                       .started = NOW - 90061000,
                                       .now = NOW,
                                       .wall = 1700000000});
    assert_false(buffer.overflowed);
    return buffer_take(&buffer);
}

static size_t occurrences(const char *text, const char *part)
{
    size_t count = 0;

    for (; (text = strstr(text, part)); text += strlen(part))
        count++;
    return count;
}

static void test_text_is_escaped(void **state)
{
    struct buffer buffer;

    (void)state;
    buffer_init(&buffer, 1000);
    html_text(&buffer, "a<b>&\"'\x01\xe2\x80\xae");
    assert_string_equal(buffer_text(&buffer), "a&lt;b&gt;&amp;&quot;&#39;\\u0001\\u202e");
    html_text(&buffer, NULL);
    buffer_deinit(&buffer);
}

static void test_only_the_template_has_places(void **state)
{
    CLEANUP(freep) char *page = NULL;
    struct history history = {0};
    const struct monitor_state calm = {.peers = {{.name = "broker", .is_ready = true}}, .oldest = -1};

    (void)state;
    page = render(&history, &calm);
    assert_null(strstr(page, "{{"));
    assert_int_equal(occurrences(page, "nonce=\"0123456789abcdef\""), 2);
    history_deinit(&history);
}

static void test_words_of_others_are_texts(void **state)
{
    CLEANUP(freep) char *plain = NULL;
    CLEANUP(freep) char *page = NULL;
    struct history history = {0};
    const struct monitor_message message = {evil, evil, evil, evil, evil, 5};
    struct monitor_state hostile = {
        .peers = {{evil, evil, false, evil}, {evil, evil, false, evil}},
        .held = {{3, evil, evil}},
        .held_count = 1,
        .oldest = 61000,
    };
    const struct monitor_state calm = {.peers = {{.name = "a"}, {.name = "b"}}, .oldest = -1};

    (void)state;
    plain = render(&history, &calm);
    history_add(&history, &message, NOW);
    page = render(&history, &hostile);
    assert_int_equal(occurrences(page, "<script"), occurrences(plain, "<script"));
    assert_int_equal(occurrences(page, "<img"), 0);
    assert_int_equal(occurrences(page, "{{nonce}}"), 14);
    assert_int_equal(occurrences(page, "&lt;/td&gt;&lt;script nonce=&quot;secret-nonce&quot;&gt;"), 14);
    assert_null(strchr(page, '\x1b'));
    assert_null(strchr(page, '\xff'));
    history_deinit(&history);
}

/* A page on which everything that others may say is this. */
static char *page_of(const char *words)
{
    struct history history = {0};
    struct monitor_state state = {
        .peers = {{words, words, false, words}, {words, words, false, words}},
        .held = {{3, words, words}},
        .held_count = 1,
        .oldest = 61000,
    };
    char *page;

    history_add(&history, &(struct monitor_message){words, words, words, words, words, 5}, NOW);
    page = render(&history, &state);
    history_deinit(&history);
    return page;
}

static void test_no_word_of_others_is_part_of_the_page(void **state)
{
    CLEANUP(freep) char *plain = page_of("plain");

    (void)state;
    for (size_t i = 1; i < evil_count(); i++) {
        CLEANUP(freep) char *page = page_of(*evil_text(i) ? evil_text(i) : "empty");

        assert_int_equal(count_of(page, "<"), count_of(plain, "<"));
        assert_int_equal(count_of(page, ">"), count_of(plain, ">"));
        assert_int_equal(count_of(page, "\"'"), count_of(plain, "\"'"));
        assert_shown_in_lines(page, count_of(plain, "\n"));
    }
}

static void test_the_picture_of_the_hour(void **state)
{
    CLEANUP(freep) char *page = NULL;
    struct history history = {0};
    const struct monitor_state calm = {.oldest = -1};

    (void)state;
    for (int i = 0; i < 3; i++)
        history_add(&history, &(struct monitor_message){.method = "addUser"}, NOW - 59 * 60000);
    history_add(&history, &(struct monitor_message){.method = "addUser"}, NOW);
    history_add(&history, &(struct monitor_message){.code = "invalid-json"}, NOW);
    page = render(&history, &calm);
    assert_non_null(strstr(page, "4 done, 1 rejected, at most 3 in a minute"));
    assert_non_null(strstr(page, "<rect class=\"done\" x=\"0\" y=\"0.0\" width=\"8\" height=\"100.0\"/>"));
    assert_non_null(
        strstr(page, "<rect class=\"rejected\" x=\"590\" y=\"33.3\" width=\"8\" height=\"33.3\"/>"));
    assert_non_null(strstr(page, "running for 1 d 1 h"));
    history_deinit(&history);
}

static void assert_readiness(const struct monitor_state *state, bool ready, const char *expected)
{
    struct buffer buffer;

    buffer_init(&buffer, 10000);
    assert_int_equal(page_write_readiness(&buffer, state), ready);
    assert_string_equal(buffer_text(&buffer), expected);
    buffer_deinit(&buffer);
}

static void test_readiness_says_what_is_missing(void **state)
{
    struct monitor_state all = {
        .peers = {{.name = "broker", .is_ready = true}, {.name = "homeserver", .is_ready = true}}};

    (void)state;
    assert_readiness(&all, true, "ready\n");
    all.peers[1] = (struct monitor_peer){.name = "homeserver", .trouble = "it is away"};
    assert_readiness(&all, false, "homeserver: not ready: it is away\n");
    all.peers[0].is_ready = false;
    assert_readiness(&all, false, "broker: not ready: not known why\nhomeserver: not ready: it is away\n");
    all.peers[0].is_ready = all.peers[1].is_ready = all.is_stopping = true;
    assert_readiness(&all, false, "stopping: no further messages are taken\n");
}

/* The first thing that is to be seen. */
static void assert_state(const struct monitor_state *state, const char *words)
{
    struct history history = {0};
    CLEANUP(freep) char *page = render(&history, state);

    assert_non_null(strstr(page, words));
}

static void test_the_state_in_words(void **state)
{
    struct monitor_state all = {
        .peers = {{.name = "broker", .is_ready = true}, {.name = "homeserver", .is_ready = true}},
        .oldest = -1};

    (void)state;
    assert_state(&all, "All is well.");
    all.held_count = 1;
    assert_state(&all, "Some messages are held.");
    all.peers[1].is_ready = false;
    assert_state(&all, "No message is lost.");
    all.is_stopping = true;
    assert_state(&all, "Stopping: no further messages are taken.");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_text_is_escaped),
        cmocka_unit_test(test_only_the_template_has_places),
        cmocka_unit_test(test_words_of_others_are_texts),
        cmocka_unit_test(test_no_word_of_others_is_part_of_the_page),
        cmocka_unit_test(test_the_picture_of_the_hour),
        cmocka_unit_test(test_readiness_says_what_is_missing),
        cmocka_unit_test(test_the_state_in_words),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
