/* Levels that do not fit into one event. (How they are written: test_room_plan.c, test_bundles.c.) */
#include "base/memory.h"
#include "engine/raising.h"
#include "support/test.h"

#include <string.h>

#define ADA "@ada:h"

static const char levels[] = "{\"users\": {}, \"users_default\": 0}";

/* The level of that user alone was too large for the event. */
static struct room_known known_not_to_fit(const char *user)
{
    const struct levels_user raised = {.user = user, .level = 50};
    const struct synapse_call call = {.kind = SYNAPSE_WRITE_LEVELS,
                                      .room = "!r:h",
                                      .raised = &raised,
                                      .raised_count = 1,
                                      .only_raised = true};
    const struct synapse_reply reply = {
        .outcome = SYNAPSE_REFUSED, .errcode = "M_TOO_LARGE", .retry_after = -1};
    struct room_known known;

    room_known_init(&known);
    known.state = room_state_new();
    known.state->levels = levels_parse(levels, strlen(levels));
    raising_learn_refusal(&known, &call, &reply, 1000);
    return known;
}

/* How many of those are said not to fit: "2 of 3"; NULL: none is. */
static bool is_said(const struct room_known *known, const struct levels_user *members, size_t count,
                    const char *words)
{
    const struct room_wanted wanted = {
        .alias = "#r:h", .exists = true, .members = members, .member_count = count};
    struct report report;
    bool said;

    report_init(&report);
    raising_report(known, &wanted, &report);
    said = words ? strstr(buffer_text(&report.refusals), words) != NULL : !report.rejected;
    report_deinit(&report);
    return said;
}

static void test_who_does_not_fit_is_counted(void **state)
{
    static const struct levels_user members[] = {
        {.user = ADA, .level = 50}, {.user = "@longer:h", .level = 50}, {.user = "@eve:h", .level = 0}};
    struct room_known known = known_not_to_fit(ADA);

    (void)state;
    assert_true(is_said(&known, members, 1, "1 of 1 members"));
    assert_true(is_said(&known, members, 3, "2 of 3 members"));
    assert_true(is_said(&known, members + 2, 1, NULL)); /* has the level */
    assert_true(is_said(&known, members, 0, NULL));
    room_known_deinit(&known);
}

static void test_a_shorter_id_may_still_fit(void **state)
{
    static const struct levels_user shorter = {.user = "@a:h", .level = 50};
    struct room_known known = known_not_to_fit(ADA);

    (void)state;
    assert_true(is_said(&known, &shorter, 1, NULL));
    assert_true(raising_concerns(&known, &shorter));
    assert_true(raising_tells(&known, ADA));
    assert_false(raising_tells(&known, shorter.user));
    room_known_deinit(&known);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_who_does_not_fit_is_counted),
        cmocka_unit_test(test_a_shorter_id_may_still_fit),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
