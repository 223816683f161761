/* Who is protected, and why. That nothing is done to them is in test_user_plan.c and test_engine.c. */

#include "engine/protection.h"
#include "engine/simulation/clock.h"
#include "support/test.h"

#include <string.h>

static const char *const former[] = {"@old:s", NULL};
static const char *const named[] = {"@head:s", "@tg_*:s", "@*-bot:s", NULL};
static const struct engine_rules rules = {
    .server_name = "s", .sync_user = "@sync:s", .former_sync_users = former, .protected_users = named};

static void assert_protected(const struct user_known *known, const char *user, const char *why)
{
    enum protection protection = user_protection(known, user, &rules);

    assert_int_not_equal(protection, PROTECTION_NONE);
    assert_non_null(strstr(protection_reason(protection), why));
}

static void test_reasons(void **state)
{
    const struct user_known plain = {.presence = PRESENCE_HERE};
    const struct user_known admin = {.presence = PRESENCE_HERE, .admin = true};
    const struct user_known puppet = {.presence = PRESENCE_HERE, .of_service = true};

    (void)state;
    assert_int_equal(user_protection(&plain, "@ada:s", &rules), PROTECTION_NONE);
    assert_protected(&admin, "@ada:s", "server admin");
    assert_protected(&puppet, "@ada:s", "application service");
    assert_protected(&plain, "@sync:s", "is the sync user");
    assert_protected(&plain, "@old:s", "SYNC__FORMER_SYNC_USERS");
    assert_protected(&plain, "@head:s", "SYNC__PROTECTED_USERS");
    assert_protected(&plain, "@tg_17:s", "SYNC__PROTECTED_USERS");
    assert_protected(&plain, "@tg_:s", "SYNC__PROTECTED_USERS");
    assert_protected(&plain, "@library-bot:s", "SYNC__PROTECTED_USERS");
    assert_int_equal(user_protection(&plain, "@headmaster:s", &rules), PROTECTION_NONE);
    assert_int_equal(user_protection(&plain, "@a_tg_17:s", &rules), PROTECTION_NONE);
    assert_int_equal(user_protection(&plain, "@library-bots:s", &rules), PROTECTION_NONE);
}

static void test_without_lists(void **state)
{
    const struct engine_rules bare = {.server_name = "s", .sync_user = "@sync:s"};
    const struct user_known plain = {.presence = PRESENCE_HERE};

    (void)state;
    assert_int_equal(user_protection(&plain, "@ada:s", &bare), PROTECTION_NONE);
}

/* As one would say it: by trying all lengths of each run. */
static bool matches_slowly(const char *pattern, const char *text)
{
    if (*pattern == '*')
        return matches_slowly(pattern + 1, text) || (*text && matches_slowly(pattern, text + 1));
    if (*pattern != *text)
        return false;
    return !*pattern || matches_slowly(pattern + 1, text + 1);
}

static void random_text(char *ret_text, const char *letters, unsigned most)
{
    unsigned length = chance_below(most + 1);

    for (unsigned i = 0; i < length; i++)
        ret_text[i] = letters[chance_below((unsigned)strlen(letters))];
    ret_text[length] = '\0';
}

static void test_patterns(void **state)
{
    unsigned matches = 0;

    (void)state;
    clock_start(20261001);
    for (unsigned i = 0; i < 50000; i++) {
        char pattern[16], text[16];

        random_text(pattern, "ab*", 7);
        random_text(text, "ab", 9);
        matches += matches_slowly(pattern, text);
        if (protection_matches(pattern, text) != matches_slowly(pattern, text))
            fail_msg("'%s' and '%s'", pattern, text);
    }
    assert_in_range(matches, 5000, 45000);
}

/* What takes the slow way ages does not take long. */
static void test_a_pattern_of_many_runs(void **state)
{
    char pattern[201], text[201];

    (void)state;
    for (size_t i = 0; i < 200; i++) {
        pattern[i] = i % 2 ? '*' : 'a';
        text[i] = 'a';
    }
    pattern[199] = 'b';
    pattern[200] = text[200] = '\0';
    assert_false(protection_matches(pattern, text));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_reasons),
        cmocka_unit_test(test_without_lists),
        cmocka_unit_test(test_patterns),
        cmocka_unit_test(test_a_pattern_of_many_runs),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
