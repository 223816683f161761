/* The mirror by itself: what it asks, and what it does without an answer. */

#include "base/log.h"
#include "engine/rig.h"
#include "support/test.h"

static void test_the_position_comes_first(void **state)
{
    (void)state;
    assert_true(mirror_goes_first(&mirror));
    (void)ask(SYNAPSE_READ_POSITION);
    assert_true(mirror_goes_first(&mirror)); /* until it came */
    assert_true(answer(SYNAPSE_READ_POSITION, "{'next_batch': 's1'}"));
    assert_false(mirror_goes_first(&mirror));
    assert_true(has_nothing_to_ask());
}

static void test_one_catch_up_for_all_who_want_it(void **state)
{
    struct synapse_call call;

    (void)state;
    get_position("s1");
    mirror_want(&mirror, now);
    mirror_want(&mirror, now + 1);
    call = ask(SYNAPSE_READ_CHANGES);
    assert_string_equal(call.position, "s1");
    (void)ask(SYNAPSE_READ_JOINED);
    assert_true(has_nothing_to_ask());
    assert_false(answer(SYNAPSE_READ_CHANGES, "{'next_batch': 's2'}"));
    assert_int_equal(mirror.mirrored_at, INSTANT_PAST); /* not before both are there */
    assert_true(answer(SYNAPSE_READ_JOINED, "{'joined_rooms': []}"));
    assert_int_equal(mirror.mirrored_at, mirror.asked_at);
    assert_true(has_nothing_to_ask());
}

/* Who comes while one is under way needs the next, and asks again when this one is over. */
static void test_wanted_while_one_is_under_way(void **state)
{
    (void)state;
    get_position("s1");
    ask_for_changes();
    mirror_want(&mirror, now);
    assert_true(has_nothing_to_ask());
    tell_rooms("");
    mirror_want(&mirror, now);
    assert_string_equal(ask(SYNAPSE_READ_CHANGES).position, "later");
}

/* Synapse may give the same answer to the same question. */
static void test_a_lost_answer_is_asked_for_otherwise(void **state)
{
    struct synapse_call first, second;

    (void)state;
    get_position("s1");
    mirror_want(&mirror, now);
    first = ask(SYNAPSE_READ_CHANGES);
    (void)ask(SYNAPSE_READ_JOINED);
    assert_false(answer(SYNAPSE_READ_JOINED, "{'joined_rooms': []}"));
    assert_true(miss(SYNAPSE_READ_CHANGES, SYNAPSE_UNREACHABLE));
    assert_int_equal(mirror.mirrored_at, INSTANT_PAST);
    assert_true(has_nothing_to_ask());
    mirror_want(&mirror, now);
    second = ask(SYNAPSE_READ_CHANGES);
    assert_string_equal(second.position, "s1");
    assert_int_not_equal(first.attempt, second.attempt);
}

static void test_a_position_that_does_not_come_is_not_waited_for(void **state)
{
    static const enum synapse_outcome outcomes[] = {SYNAPSE_REFUSED, SYNAPSE_FAILED, SYNAPSE_UNREACHABLE};
    enum { SHORTEST_PAUSE = 2500 /* ms: a quarter of the first, see base/backoff.h */ };

    (void)state;
    for (size_t i = 0; i < sizeof(outcomes) / sizeof(outcomes[0]); i++) {
        instant failed;

        (void)ask(SYNAPSE_READ_POSITION);
        assert_true(miss(SYNAPSE_READ_POSITION, outcomes[i]));
        assert_false(mirror_goes_first(&mirror));
        failed = now;
        (void)ask(SYNAPSE_READ_POSITION); /* when it is time */
        assert_true(now - failed >= SHORTEST_PAUSE);
        (void)miss(SYNAPSE_READ_POSITION, SYNAPSE_FAILED);
    }
}

/* What is lost again as soon as it has caught up is tried again ever later. */
static void test_a_mirror_that_does_not_last(void **state)
{
    enum { FIRST_PAUSE = 10 * 1000 /* ms */ };
    int64_t longest = 0;

    (void)state;
    for (int i = 0; i < 30; i++) {
        get_position("s1");
        be_told("");
        ask_for_changes();
        (void)miss(SYNAPSE_READ_CHANGES, SYNAPSE_REFUSED);
        (void)answer(SYNAPSE_READ_JOINED, "{'joined_rooms': []}");
        assert_null(mirror.position);
        longest = mirror.not_before - now > longest ? mirror.not_before - now : longest;
    }
    assert_true(longest > FIRST_PAUSE);
}

/* ---- what is mirrored, and for how long ---- */

static void test_without_a_position_nothing_is_mirrored(void **state)
{
    (void)state;
    assert_false(room_that_was_read()->room.mirrored);
}

/* In which the sync user is not: nothing is told of it. */
static void test_other_rooms_are_not_mirrored(void **state)
{
    struct subject *subject;

    (void)state;
    get_position("s1");
    subject = room_that_was_read();
    room_state_set_membership(subject->room.state, "@sync:s", MEMBERSHIP_LEAVE);
    fly(subject, (struct synapse_call){.kind = SYNAPSE_READ_STATE});
    land(subject);
    assert_false(subject->room.mirrored);
}

/* What is read before the new position is known may change without our being told. */
static void test_a_read_that_is_older_than_the_position(void **state)
{
    struct subject *subject;

    (void)state;
    get_position("s1");
    subject = room_that_was_read();
    fly(subject, (struct synapse_call){.kind = SYNAPSE_READ_STATE});
    mirror_want(&mirror, now);
    (void)ask(SYNAPSE_READ_CHANGES);
    (void)ask(SYNAPSE_READ_JOINED);
    (void)miss(SYNAPSE_READ_CHANGES, SYNAPSE_REFUSED);
    assert_false(subject->room.mirrored);
    (void)answer(SYNAPSE_READ_JOINED, "{'joined_rooms': []}"); /* of no use any more */
    assert_null(mirror.joined);
    get_position("s9");
    land(subject);
    assert_false(subject->room.mirrored);
}

/* While a room is being purged Synapse may fail to tell of changes; that it does so for long is something
 * else. */
static void test_some_failures_may_pass(void **state)
{
    static const enum synapse_kind kinds[] = {SYNAPSE_READ_CHANGES, SYNAPSE_READ_JOINED};
    enum { MOST_FAILURES = 4 };

    (void)state;
    for (size_t i = 0; i < 2; i++) {
        unsigned failures = 0;

        get_position("s1");
        while (mirror.position) {
            ask_for_changes();
            (void)miss(kinds[i], SYNAPSE_FAILED);
            if (i == 0)
                (void)answer(SYNAPSE_READ_JOINED, "{'joined_rooms': []}");
            else
                (void)answer(SYNAPSE_READ_CHANGES, "{'next_batch': 's2'}");
            assert_in_range(++failures, 1, MOST_FAILURES);
        }
        assert_int_equal(failures, MOST_FAILURES);
    }
}

static void test_after_a_refusal_it_begins_anew(void **state)
{
    static const enum synapse_kind kinds[] = {SYNAPSE_READ_CHANGES, SYNAPSE_READ_JOINED};
    struct subject *room, *user = subjects_take(&subjects, "@a:s");

    (void)state;
    for (size_t i = 0; i < 2; i++) {
        get_position("s1");
        room = room_that_was_read();
        user->user.mirrored = true;
        ask_for_changes();
        (void)miss(kinds[i], SYNAPSE_REFUSED);
        assert_true(miss(kinds[1 - i], SYNAPSE_LIMITED));
        assert_false(room->room.mirrored);
        assert_false(user->user.mirrored);
        free(TAKE(room->room.id));
    }
    get_position("s2");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_the_position_comes_first, begin, end),
        cmocka_unit_test_setup_teardown(test_one_catch_up_for_all_who_want_it, begin, end),
        cmocka_unit_test_setup_teardown(test_wanted_while_one_is_under_way, begin, end),
        cmocka_unit_test_setup_teardown(test_a_lost_answer_is_asked_for_otherwise, begin, end),
        cmocka_unit_test_setup_teardown(test_a_position_that_does_not_come_is_not_waited_for, begin, end),
        cmocka_unit_test_setup_teardown(test_a_mirror_that_does_not_last, begin, end),
        cmocka_unit_test_setup_teardown(test_without_a_position_nothing_is_mirrored, begin, end),
        cmocka_unit_test_setup_teardown(test_other_rooms_are_not_mirrored, begin, end),
        cmocka_unit_test_setup_teardown(test_a_read_that_is_older_than_the_position, begin, end),
        cmocka_unit_test_setup_teardown(test_some_failures_may_pass, begin, end),
        cmocka_unit_test_setup_teardown(test_after_a_refusal_it_begins_anew, begin, end),
    };

    log_configure(LOG_ERROR, LOG_LOGFMT);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
