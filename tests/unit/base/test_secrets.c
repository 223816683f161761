#include "base/memory.h"
#include "base/secrets.h"
#include "support/test.h"

#include <string.h>

#define SECRET "Geh-eim_17+\xc3\xa4/?"

static bool is_in(const char *secret, const char *text)
{
    CLEANUP(secrets_freep) struct secrets *secrets = secrets_new();

    secrets_add(secrets, secret);
    return secrets_are_in(secrets, text);
}

static void finds_it_in_any_form(void **state)
{
    static const char *const texts[] = {
        SECRET,
        "(" SECRET ")",
        "gEH-EIM_17+\xc3\xa4/?",      /* case */
        "Geh-e\n\t im_17+\xc3\xa4/?", /* white space */
        "G\x01"
        "eh-\xe2\x80\x8b"
        "eim\xe2\x80\xae_17+\xc3\xa4\xef\xbb\xbf/?",   /* hidden characters */
        "G\ufe0feh\u034f-e\u3164im_17+\u00e4\u2060/?", /* what is overlooked */
        "G\\eh-eim_17+\xc3\xa4\\/?",                   /* JSON */
        "\\u0047eh-eim_17+\\u00E4/\\u003f",
        "G\\u200beh-eim_17+\\n\xc3\xa4/?",
        "Geh-eim_17%2B%C3%a4%2f%3F",            /* percent */
        "Geh-eim_17%252B%25C3%25a4%252f%253F",  /* twice */
        "%47\\u0065h-%5Cu0065im_17+\xc3\xa4/?", /* mixed */
        "Basic R2VoLWVpbV8xNyvDpC8/",           /* base64, at each of the three places */
        "Basic YTpHZWgtZWltXzE3K8OkLz8=",
        "Basic YWI6R2VoLWVpbV8xNyvDpC8_OmI",
        "4765682d6569 6D5F31372BC3A42F3F", /* hexadecimal */
    };

    (void)state;
    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
        if (!is_in(SECRET, texts[i]))
            fail_msg("not found: %s", texts[i]);
}

static void finds_a_part_of_a_long_one(void **state)
{
    static const char token[] = "syt_c3luYw_QwErTzUiOpAsDfGh_1AbCdE";

    (void)state;
    assert_true(is_in(token, "input_value='syt_c3luYw_Q...sDfGh_1AbCdE'"));
    assert_true(is_in(token, "QwErTzUiOpAs"));
    assert_false(is_in(token, "QwErTzUiOpA"));
}

/* One that was taken from a URI may be repeated without its percent signs. */
static void finds_what_it_stands_for(void **state)
{
    (void)state;
    assert_true(is_in("p%40ss%2Fword", "p%40ss%2fword"));
    assert_true(is_in("p%40ss%2Fword", "user:p@ss/word@host"));
    assert_true(is_in("p@ss/word", "amqp://user:p%40ss%2Fword@host"));
}

static void is_not_seen_everywhere(void **state)
{
    static const char *const texts[] = {
        "",     "Geh",     "Displayname is too long (max 256)", "Geheim17", "Unknown room version",
        "R2Vo", "4765682d"};
    CLEANUP(secrets_freep) struct secrets *none = secrets_new();

    (void)state;
    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
        assert_false(is_in(SECRET, texts[i]));
    secrets_add(none, NULL);
    secrets_add(none, "");
    secrets_add(none, "\\"); /* nothing is left of it */
    assert_false(secrets_are_in(none, "anything"));
    assert_false(secrets_are_in(NULL, "anything"));
    assert_false(secrets_are_in(none, NULL));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(finds_it_in_any_form),
        cmocka_unit_test(finds_a_part_of_a_long_one),
        cmocka_unit_test(finds_what_it_stands_for),
        cmocka_unit_test(is_not_seen_everywhere),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
