#include "support/test.h"
#include "synapse/steps.h"

#include <string.h>

/* What the steps of a session learn from replies that no homeserver should send. */

static void assert_version(const char *told, const char *expected)
{
    const struct synapse_config config = {.server_name = "h", .sync_user = "@sync:h", .token = "syt_given"};
    json_t *body = json_pack("{s:{s:{s:s}}}", "capabilities", "m.room_versions", "default", told);
    struct error error;
    struct facts facts;

    facts_init(&facts, &config);
    assert_true(step_at(STEP_READ_CAPABILITIES)->learn(&facts, body, &error));
    if (expected)
        assert_string_equal(facts.room_version, expected);
    else
        assert_null(facts.room_version);
    facts_deinit(&facts);
    json_decref(body);
}

/* It is logged, and a part of what rooms are made with. */
static void a_room_version_is_one(void **state)
{
    (void)state;
    assert_version("11", "11");
    assert_version("org.matrix.msc4321", "org.matrix.msc4321");
    assert_version("a.version.of.thirty-two.letters.", "a.version.of.thirty-two.letters.");
    assert_version("a.version.of.thirty-three.letters", NULL);
    assert_version("", NULL);
    assert_version("11\n", NULL);
}

/* The issuer of tokens may be a mere name. */
static void an_authentication_service_is_at_an_address(void **state)
{
    const struct synapse_config config = {.server_name = "h", .sync_user = "@sync:h", .token = "syt_given"};
    json_t *body = json_pack("{s:s}", "issuer", "mas");
    struct error error;
    struct facts facts;

    (void)state;
    facts_init(&facts, &config);
    assert_false(step_at(STEP_FIND_MAS)->learn(&facts, body, &error));
    assert_non_null(strstr(error.text, "set MATRIX_MESSENGER__MAS_URI"));
    assert_null(facts.mas);
    facts_deinit(&facts);
    json_decref(body);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_room_version_is_one),
        cmocka_unit_test(an_authentication_service_is_at_an_address),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
