/* Where the files are that come with the program. */

#include "config/places.h"
#include "config/workspace.h"
#include "support/test.h"

static void assert_places(const char *program, const char *default_yaml, const char *avatar)
{
    CLEANUP(places_deinit) struct places places = places_of(program);

    assert_string_equal(places.default_yaml, default_yaml);
    assert_string_equal(places.avatar, avatar);
}

static void test_of_the_system(void **state)
{
    (void)state;
    assert_places("/usr/bin/synapse-sync", "/etc/synapse-sync/default.yaml",
                  "/usr/share/synapse-sync/avatar.png");
    assert_places("/usr/local/bin/synapse-sync", "/etc/synapse-sync/default.yaml",
                  "/usr/local/share/synapse-sync/avatar.png");
}

static void test_of_a_prefix(void **state)
{
    (void)state;
    assert_places("/opt/sync/bin/synapse-sync", "/opt/sync/etc/synapse-sync/default.yaml",
                  "/opt/sync/share/synapse-sync/avatar.png");
    assert_places("/bin/synapse-sync", "/etc/synapse-sync/default.yaml", "/share/synapse-sync/avatar.png");
    assert_places("/x/build/bin/synapse-sync", "/x/build/etc/synapse-sync/default.yaml",
                  "/x/build/share/synapse-sync/avatar.png");
    assert_places("/musr/bin/synapse-sync", "/musr/etc/synapse-sync/default.yaml",
                  "/musr/share/synapse-sync/avatar.png");
}

static void test_put_together_elsewhere(void **state)
{
    (void)state;
    assert_places("/tmp/out/usr/bin/synapse-sync", "/tmp/out/etc/synapse-sync/default.yaml",
                  "/tmp/out/usr/share/synapse-sync/avatar.png");
}

static void test_in_the_build_folder(void **state)
{
    (void)state;
    assert_places("/src/build/dev/synapse-sync", "/src/config/default.yaml", "/src/data/avatar.png");
}

static void test_with_no_folder_above(void **state)
{
    (void)state;
    assert_places("/synapse-sync", "/etc/synapse-sync/default.yaml", "/share/synapse-sync/avatar.png");
}

static void test_of_this_program(void **state)
{
    CLEANUP(places_deinit) struct places places = places_find();

    (void)state;
    assert_int_equal(places.default_yaml[0], '/');
    assert_null(strstr(places.default_yaml, "/tests/"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_of_the_system),          cmocka_unit_test(test_of_a_prefix),
        cmocka_unit_test(test_put_together_elsewhere), cmocka_unit_test(test_in_the_build_folder),
        cmocka_unit_test(test_with_no_folder_above),   cmocka_unit_test(test_of_this_program),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
