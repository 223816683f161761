/* Reading the configuration again, by what is said of it; the parts that a change reaches are tried with the
 * daemon (tests/system/test_systemd.py). */

#include "command/reload.h"
#include "support/capture.h"
#include "support/test.h"

#include <stdlib.h>
#include <string.h>

static const char *const names[] = {"MATRIX_MESSENGER__URI=http://127.0.0.1",
                                    "MATRIX_MESSENGER__SERVERNAME=h",
                                    "SYNC__DRAIN_SECONDS=7",
                                    "LOG__LEVEL=debug",
                                    NULL,
                                    NULL};

enum { DRAIN = 2, LEVEL, LAST };

/* Overrides in place of a file; the secret comes from the environment. */
struct fixture {
    const char *overrides[sizeof(names) / sizeof(names[0])];
    struct config_sources sources;
    struct config *start;
    struct reload reload;
};

static void begin(struct fixture *fixture)
{
    struct error error;

    assert_int_equal(setenv("MATRIX_MESSENGER__SYNC_USER_PASSWORD", "sesame", 1), 0);
    memcpy(fixture->overrides, names, sizeof(names));
    fixture->sources = (struct config_sources){.overrides = fixture->overrides};
    fixture->start = config_load(&fixture->sources, &error);
    if (!fixture->start)
        fail_msg("%s", error.text);
    fixture->reload = (struct reload){.start = fixture->start, .sources = &fixture->sources};
}

static void end(struct fixture *fixture)
{
    reload_deinit(&fixture->reload);
    config_free(fixture->start);
    log_configure(LOG_INFO, LOG_LOGFMT);
}

/* The line that the reload brings. */
static void assert_reload(struct fixture *fixture, bool succeeds, const char *said)
{
    struct capture capture;
    bool succeeded;
    char *log;

    capture_begin(&capture);
    succeeded = reload_now(&fixture->reload);
    log = capture_end(&capture);
    if (succeeded != succeeds || !strstr(log, said))
        fail_msg("%s\n does not hold\n%s", log, said);
    free(log);
}

static void test_what_counts_is_what_was_read_last(void **state)
{
    struct fixture fixture;

    (void)state;
    begin(&fixture);
    assert_ptr_equal(reload_config(&fixture.reload), fixture.start);
    assert_reload(&fixture, true, "applied=\"\" needs_restart=\"\"");
    fixture.overrides[DRAIN] = "SYNC__DRAIN_SECONDS=8";
    assert_reload(&fixture, true, "applied=SYNC__DRAIN_SECONDS needs_restart=\"\"");
    assert_int_equal(reload_config(&fixture.reload)->sync.drain_seconds, 8);
    assert_reload(&fixture, true, "applied=\"\" needs_restart=\"\"");
    fixture.overrides[DRAIN] = "SYNC__DRAIN_SECONDS=7";
    assert_reload(&fixture, true, "applied=SYNC__DRAIN_SECONDS needs_restart=\"\"");
    assert_int_equal(reload_config(&fixture.reload)->sync.drain_seconds, 7);
    end(&fixture);
}

static void test_what_needs_a_restart_is_said_until_it_is_as_it_was(void **state)
{
    struct fixture fixture;

    (void)state;
    begin(&fixture);
    fixture.overrides[LAST] = "SYNC__ERASE=false";
    for (int i = 0; i < 2; i++)
        assert_reload(&fixture, true, "applied=\"\" needs_restart=SYNC__ERASE");
    fixture.overrides[LAST] = NULL;
    assert_reload(&fixture, true, "applied=\"\" needs_restart=\"\"");
    end(&fixture);
}

static void test_the_level_of_the_log(void **state)
{
    struct fixture fixture;

    (void)state;
    begin(&fixture);
    fixture.overrides[LEVEL] = "LOG__LEVEL=info";
    assert_reload(&fixture, true, "applied=LOG__LEVEL needs_restart=\"\"");
    assert_false(log_wants(LOG_DEBUG));
    fixture.overrides[LEVEL] = "LOG__LEVEL=debug";
    assert_reload(&fixture, true, "applied=LOG__LEVEL needs_restart=\"\"");
    assert_true(log_wants(LOG_DEBUG));
    end(&fixture);
}

static void test_a_mistake_changes_nothing(void **state)
{
    struct fixture fixture;

    (void)state;
    begin(&fixture);
    fixture.overrides[DRAIN] = "SYNC__DRAIN_SECONDS=8";
    assert_reload(&fixture, true, "applied=SYNC__DRAIN_SECONDS");
    fixture.overrides[DRAIN] = "SYNC__DRAIN_SECONDS=many";
    fixture.overrides[LEVEL] = "LOG__LEVEL=error";
    assert_reload(&fixture, false, "event=reload-failed");
    assert_int_equal(reload_config(&fixture.reload)->sync.drain_seconds, 8);
    assert_true(log_wants(LOG_INFO));
    end(&fixture);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_what_counts_is_what_was_read_last),
        cmocka_unit_test(test_what_needs_a_restart_is_said_until_it_is_as_it_was),
        cmocka_unit_test(test_the_level_of_the_log),
        cmocka_unit_test(test_a_mistake_changes_nothing),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
