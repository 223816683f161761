/* What is said of settings that are no mistakes. */
#include "command/check_settings.h"
#include "support/test.h"

#include <string.h>

static const struct finding *find(const struct findings *findings, const char *name)
{
    for (size_t i = 0; i < findings->count; i++)
        if (strcmp(findings->all[i].name, name) == 0)
            return &findings->all[i];
    fail_msg("nothing is said of %s", name);
    return &findings->all[0];
}

static void test_an_avatar_that_cannot_be_read_is_told(void **state)
{
    static const char name[] = "MATRIX_MESSENGER__SYNC_USER_AVATAR_PATH";
    static char nowhere[] = "/proc/self/no-such-picture.png", there[] = "/dev/null";
    struct config config = {.matrix.sync_user_avatar_path = nowhere};
    struct findings findings = {.area = "configuration"};

    (void)state;
    check_settings(&config, &findings);
    assert_int_equal(findings.count, 1);
    assert_int_equal(find(&findings, name)->status, FINDING_WARNING);
    assert_string_equal(find(&findings, name)->detail, "/proc/self/no-such-picture.png cannot be read");
    assert_non_null(strstr(find(&findings, name)->advice, "the path of a picture"));
    findings_deinit(&findings);
    findings.area = "configuration";
    config.matrix.sync_user_avatar_path = there;
    check_settings(&config, &findings);
    assert_int_equal(findings.count, 0);
    config.matrix.sync_user_avatar_path = NULL;
    check_settings(&config, &findings);
    assert_int_equal(findings.count, 0);
}

/* The first of token, password and shared secret is taken. */
static void test_what_is_not_used_is_told(void **state)
{
    static char text[] = "sesame";
    const struct config config = {
        .matrix = {.sync_user_token = text, .sync_user_password = text, .secret = text}};
    struct findings findings = {.area = "configuration"};

    (void)state;
    check_settings(&config, &findings);
    assert_int_equal(findings.count, 2);
    assert_string_equal(find(&findings, "MATRIX_MESSENGER__SYNC_USER_PASSWORD")->detail,
                        "not used, since MATRIX_MESSENGER__SYNC_USER_TOKEN is set");
    assert_string_equal(find(&findings, "MATRIX_MESSENGER__SECRET")->detail,
                        "not used, since MATRIX_MESSENGER__SYNC_USER_TOKEN is set");
    findings_deinit(&findings);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_an_avatar_that_cannot_be_read_is_told),
                                       cmocka_unit_test(test_what_is_not_used_is_told)};

    return cmocka_run_group_tests(tests, NULL, NULL);
}
