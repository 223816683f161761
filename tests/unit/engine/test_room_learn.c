/* What replies tell of a room. Deletions that come to nothing are begun again, but after pauses that grow,
   and until the alias is free. */
#include "base/memory.h"
#include "engine/room.h"
#include "engine/room_learn.h"
#include "engine/subjects.h"
#include "support/test.h"

static const struct engine_rules rules = {.server_name = "h", .sync_user = "@sync:h"};
enum { MINUTE = 60 * 1000 /* ms */ };

static const struct room_wanted removed = {.alias = "#room_r:h", .removed = true, .since = 1000};

static void hear(struct room_known *known, enum synapse_kind kind, struct synapse_reply reply, instant now)
{
    const struct synapse_call call = {.kind = kind, .alias = removed.alias, .room = "!r:h"};

    reply.retry_after = -1;
    room_learn(known, &(struct news){.call = &call,
                                     .reply = &reply,
                                     .rules = &rules,
                                     .others_succeeded = false,
                                     .sent = now,
                                     .now = now});
    synapse_reply_deinit(&reply);
}

static struct room_state *made_for(const char *alias)
{
    struct room_state *state = room_state_new();

    state->creator = text_copy("@sync:h");
    state->made_for_alias = text_copy(alias);
    return state;
}

/* The alias still leads to a room of ours. */
static void find_room(struct room_known *known, instant now)
{
    hear(known, SYNAPSE_RESOLVE_ALIAS, (struct synapse_reply){.text = text_copy("!r:h")}, now);
    hear(known, SYNAPSE_READ_CREATION, (struct synapse_reply){.state = made_for(removed.alias)}, now);
}

static void begin_deletion(struct room_known *known, instant now)
{
    struct action action = room_next(known, &removed, &rules, now);

    assert_int_equal(action.kind, ACTION_CALL);
    assert_int_equal(action.call.kind, SYNAPSE_DELETE_ROOM);
    hear(known, SYNAPSE_DELETE_ROOM, (struct synapse_reply){.outcome = SYNAPSE_OK}, now);
}

/* Returns when it is known to have been in vain: what Synapse does not know may be still to begin. */
static instant delete_in_vain(struct room_known *known, enum synapse_outcome outcome, instant now)
{
    instant then = outcome == SYNAPSE_ABSENT ? now + 2 * MINUTE : now;

    begin_deletion(known, now);
    hear(known, SYNAPSE_READ_DELETION,
         (struct synapse_reply){.outcome = outcome, .deletion = DELETION_FAILED}, then);
    return then;
}

static void test_a_deletion_that_fails_is_not_repeated_at_once(void **state)
{
    static const enum synapse_outcome outcomes[] = {SYNAPSE_OK, SYNAPSE_ABSENT};

    (void)state;
    for (size_t i = 0; i < 2; i++) {
        struct room_known known;
        instant now = 1000;

        room_known_init(&known);
        for (int round = 0; round < 5; round++) {
            struct action action;

            find_room(&known, now);
            now = delete_in_vain(&known, outcomes[i], now);
            find_room(&known, now);
            action = room_next(&known, &removed, &rules, now);
            assert_int_equal(action.kind, ACTION_WAIT);
            assert_true(action.until > now);
            now = action.until;
        }
        room_known_deinit(&known);
    }
}

static void test_once_the_alias_is_free_all_is_well(void **state)
{
    struct room_known known;

    (void)state;
    room_known_init(&known);
    find_room(&known, 1000);
    (void)delete_in_vain(&known, SYNAPSE_OK, 1000);
    hear(&known, SYNAPSE_RESOLVE_ALIAS, (struct synapse_reply){.outcome = SYNAPSE_ABSENT}, 1000);
    assert_int_equal(room_next(&known, &removed, &rules, 1000).kind, ACTION_NONE);
    find_room(&known, 1001); /* somebody made it again: that one is deleted without delay */
    assert_int_equal(room_next(&known, &removed, &rules, 1001).kind, ACTION_CALL);
    room_known_deinit(&known);
}

/* Synapse begins it later where it is just beginning another one, and does not tell of it till then. */
static void test_a_deletion_that_is_still_to_begin_is_not_begun_again(void **state)
{
    struct room_known known;

    (void)state;
    room_known_init(&known);
    find_room(&known, 1000);
    begin_deletion(&known, 1000);
    hear(&known, SYNAPSE_READ_DELETION, (struct synapse_reply){.outcome = SYNAPSE_ABSENT}, 1000 + MINUTE);
    assert_int_equal(room_next(&known, &removed, &rules, 1000 + MINUTE).kind, ACTION_WAIT);
    room_known_deinit(&known);
}

/* ---- how often it is asked ---- */

static struct room_state *room_of(size_t members)
{
    struct room_state *state = made_for(removed.alias);

    for (size_t i = 0; i < members; i++) {
        CLEANUP(freep) char *user = text_format("@u%zu:h", i);

        room_state_set_membership(state, user, MEMBERSHIP_JOIN);
    }
    return state;
}

/* What a homeserver says: whether the room is gone, or its last deletion has failed. */
static struct synapse_reply answer(enum synapse_kind kind, size_t members, bool gone, bool failed)
{
    switch ((int)kind) {
    case SYNAPSE_RESOLVE_ALIAS:
        return gone ? (struct synapse_reply){.outcome = SYNAPSE_ABSENT}
                    : (struct synapse_reply){.text = text_copy("!r:h")};
    case SYNAPSE_READ_STATE:
        return (struct synapse_reply){.state = room_of(members)};
    case SYNAPSE_READ_DELETION:
        return (struct synapse_reply){.deletion = failed ? DELETION_FAILED : DELETION_UNDER_WAY};
    default:
        assert_int_equal(kind, SYNAPSE_DELETE_ROOM);
        return (struct synapse_reply){.outcome = SYNAPSE_OK};
    }
}

struct course {
    unsigned requests, deletions;
    instant took; /* ms */
};

/* A removal from beginning to end, of a room that is not known before; the first `failures` deletions fail.
 */
static struct course remove_room(size_t members, instant duration, unsigned failures)
{
    struct course course = {.requests = 0};
    instant now = removed.since, gone_at = INSTANT_NEVER;
    struct room_known known;
    struct action action;

    room_known_init(&known);
    while ((action = room_next(&known, &removed, &rules, now)).kind != ACTION_NONE) {
        bool failed = course.deletions > 0 && course.deletions <= failures;

        if (action.kind == ACTION_WAIT) {
            assert_true(action.until > now);
            now = action.until;
            continue;
        }
        course.requests++;
        if (action.call.kind == SYNAPSE_DELETE_ROOM && ++course.deletions > failures)
            gone_at = now + duration;
        obstacle_risk(&known.obstacles, &action.call, now);
        hear(&known, action.call.kind, answer(action.call.kind, members, now >= gone_at, failed), now);
        assert_true(course.requests < 100);
    }
    room_known_deinit(&known);
    course.took = now - removed.since;
    return course;
}

/* Synapse on SQLite takes out a member in some 15 to 60 ms. */
static void test_a_removal_takes_few_requests(void **state)
{
    (void)state;
    for (instant each = 15; each <= 60; each += 5) {
        assert_int_equal(remove_room(2, 100 + 2 * each, 0).requests, 4);
        assert_in_range(remove_room(60, 100 + 60 * each, 0).requests, 4, 6);
        assert_in_range(remove_room(1000, 100 + 1000 * each, 0).requests, 4, 18);
    }
    assert_in_range(remove_room(2, 200, 0).took, 200, 300);
    assert_in_range(remove_room(60, 3000, 0).took, 3000, 6000);
    assert_in_range(remove_room(1000, 30000, 0).took, 30000, 35000);
    assert_in_range(remove_room(1000, 300000, 0).took, 300000, 305000); /* the pauses do not grow for ever */
}

static void test_a_deletion_that_fails_is_noticed_and_begun_again(void **state)
{
    static const size_t sizes[] = {2, 60, 1000};

    (void)state;
    for (size_t i = 0; i < 3; i++) {
        struct course course = remove_room(sizes[i], 1000, 2);

        assert_int_equal(course.deletions, 3);
        assert_in_range(course.took, 1000, 3 * MINUTE);
    }
}

static void assert_calls(const struct room_known *known, enum synapse_kind kind, instant now)
{
    struct action action = room_next(known, &removed, &rules, now);

    assert_int_equal(action.kind, ACTION_CALL);
    assert_int_equal(action.call.kind, kind);
}

/* How many have joined, and how the deletion is doing, only tells when to look, and both may fail. */
static void test_a_removal_needs_nothing_that_only_makes_it_quicker(void **state)
{
    static const struct synapse_reply failed = {.outcome = SYNAPSE_FAILED};
    struct room_known known;

    (void)state;
    room_known_init(&known);
    hear(&known, SYNAPSE_RESOLVE_ALIAS, (struct synapse_reply){.text = text_copy("!r:h")}, 1000);
    assert_calls(&known, SYNAPSE_READ_STATE, 1000);
    hear(&known, SYNAPSE_READ_STATE, failed, 1000);
    assert_calls(&known, SYNAPSE_READ_CREATION, 1000);
    hear(&known, SYNAPSE_READ_CREATION, (struct synapse_reply){.state = made_for(removed.alias)}, 1000);
    begin_deletion(&known, 1000);
    known.looks = 3;
    assert_calls(&known, SYNAPSE_READ_DELETION, known.look_again);
    hear(&known, SYNAPSE_READ_DELETION, failed, known.look_again);
    assert_calls(&known, SYNAPSE_RESOLVE_ALIAS, known.look_again);
    hear(&known, SYNAPSE_RESOLVE_ALIAS, (struct synapse_reply){.outcome = SYNAPSE_ABSENT}, known.look_again);
    assert_int_equal(room_next(&known, &removed, &rules, MINUTE).kind, ACTION_NONE);
    room_known_deinit(&known);
}

/* While others are being deleted a room waits for its turn. That comes before the alias is looked up again.
 */
static void test_a_look_up_before_a_deletion_counts_as_one(void **state)
{
    struct room_known known;
    struct action action;

    (void)state;
    room_known_init(&known);
    find_room(&known, 1000);
    action = room_next(&known, &removed, &rules, 1000 + MINUTE);
    assert_int_equal(action.kind, ACTION_CALL);
    assert_int_equal(action.call.kind, SYNAPSE_RESOLVE_ALIAS);
    assert_true(subjects_call_deletes(&action.call));
    begin_deletion(&known, 1000);
    action = room_next(&known, &removed, &rules, 1000 + MINUTE);
    assert_int_equal(action.call.kind, SYNAPSE_RESOLVE_ALIAS);
    assert_false(subjects_call_deletes(&action.call));
    room_known_deinit(&known);
}

/* A list of the sync user's rooms that was asked for meanwhile may be without it, and tells nothing. */
static void test_a_room_is_there_from_the_end_of_its_making(void **state)
{
    const struct synapse_call call = {.kind = SYNAPSE_CREATE_ROOM, .alias = removed.alias, .name = "R"};
    struct synapse_reply reply = {.text = text_copy("!r:h"), .retry_after = -1};
    struct room_known known;

    (void)state;
    room_known_init(&known);
    room_learn(&known, &(struct news){.call = &call,
                                      .reply = &reply,
                                      .rules = &rules,
                                      .others_succeeded = false,
                                      .sent = 1000,
                                      .now = 1165});
    assert_int_equal(known.read_at, 1000); /* what others have done since may have been done since then */
    assert_int_equal(known.whole_at, 1165);
    synapse_reply_deinit(&reply);
    room_known_deinit(&known);
}

/* Else it would be looked up and made again without a pause, for somebody may hold it where we cannot see. */
static void test_an_alias_that_is_taken_although_it_was_free_makes_us_pause(void **state)
{
    static const struct room_wanted wanted = {
        .alias = "#room_r:h", .exists = true, .name = "R", .topic = "", .since = 1000};
    struct room_known known;

    (void)state;
    for (int looked_up = 0; looked_up <= 1; looked_up++) {
        room_known_init(&known);
        if (looked_up)
            hear(&known, SYNAPSE_RESOLVE_ALIAS, (struct synapse_reply){.outcome = SYNAPSE_ABSENT}, 1010);
        hear(&known, SYNAPSE_CREATE_ROOM, (struct synapse_reply){.outcome = SYNAPSE_TAKEN}, 1020);
        assert_int_equal(known.obstacles.table != NULL, looked_up);
        assert_true(room_next(&known, &wanted, &rules, 1020).call.kind == SYNAPSE_RESOLVE_ALIAS);
        room_known_deinit(&known);
    }
}

/* What is refused with a member in it may be the member's fault. */
static void test_a_room_that_was_refused_with_a_member_is_made_bare(void **state)
{
    static const struct levels_user member = {.user = "@ada:h", .level = 50};

    (void)state;
    for (size_t count = 0; count <= 1; count++) {
        const struct synapse_call call = {
            .kind = SYNAPSE_CREATE_ROOM, .alias = removed.alias, .raised = &member, .raised_count = count};
        struct synapse_reply reply = {
            .outcome = SYNAPSE_REFUSED, .errcode = "M_FORBIDDEN", .retry_after = -1};
        struct room_known known;

        room_known_init(&known);
        room_learn(&known, &(struct news){
                               .call = &call, .reply = &reply, .rules = &rules, .sent = 1000, .now = 1000});
        assert_int_equal(known.bare, count == 1);
        assert_int_equal(known.obstacles.table != NULL, count == 0);
        room_known_deinit(&known);
    }
}

/* ---- rooms that were upgraded into this one ---- */

static void hear_of_predecessor(struct lineage *lineage, const char *room, const char *predecessor)
{
    const struct synapse_call call = {.kind = SYNAPSE_READ_CREATION, .alias = removed.alias, .room = room};
    struct synapse_reply reply = {.state = made_for(removed.alias), .retry_after = -1};

    text_set(&reply.state->predecessor, predecessor);
    assert_true(lineage_learn(
        lineage, "!r:h",
        &(struct news){.call = &call, .reply = &reply, .rules = &rules, .sent = 1000, .now = 1000}));
    synapse_reply_deinit(&reply);
}

/* Anyone with the power may say of a room that it comes of any other. */
static void test_rooms_that_are_said_to_come_of_each_other(void **state)
{
    struct lineage lineage = {.count = 0};
    struct obstacles none = {.table = NULL};
    struct plan plan = plan_begin(&none, 1000);
    struct action action;

    (void)state;
    hear_of_predecessor(&lineage, "!b:h", "!a:h");
    action = lineage_next(&plan, &lineage, removed.alias, "!b:h");
    assert_int_equal(action.call.kind, SYNAPSE_READ_CREATION);
    assert_string_equal(action.call.room, "!a:h");
    hear_of_predecessor(&lineage, "!a:h", "!b:h");
    action = lineage_next(&plan, &lineage, removed.alias, "!b:h");
    assert_int_equal(action.call.kind, SYNAPSE_DELETE_ROOM);
    assert_string_equal(action.call.room, "!a:h");
    lineage_deinit(&lineage);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_deletion_that_fails_is_not_repeated_at_once),
        cmocka_unit_test(test_a_deletion_that_fails_is_noticed_and_begun_again),
        cmocka_unit_test(test_a_deletion_that_is_still_to_begin_is_not_begun_again),
        cmocka_unit_test(test_a_look_up_before_a_deletion_counts_as_one),
        cmocka_unit_test(test_a_removal_needs_nothing_that_only_makes_it_quicker),
        cmocka_unit_test(test_a_removal_takes_few_requests),
        cmocka_unit_test(test_a_room_is_there_from_the_end_of_its_making),
        cmocka_unit_test(test_once_the_alias_is_free_all_is_well),
        cmocka_unit_test(test_an_alias_that_is_taken_although_it_was_free_makes_us_pause),
        cmocka_unit_test(test_a_room_that_was_refused_with_a_member_is_made_bare),
        cmocka_unit_test(test_rooms_that_are_said_to_come_of_each_other),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
