/* Which rooms /sync tells of, and what becomes of those that it leaves out. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/log.h"
#include "engine/order.h"
#include "engine/rig.h"
#include "engine/told.h"

enum { HOUR = 60 * 60 * 1000 /* ms */ };

#define MARK "'join': {'" ROOM "': {'account_data': {'events': [{'type': 'x', 'content': {}}]}}}"

/* By a message. */
static struct subject *asked_for(void)
{
    static struct place place;
    struct subject *subject = room_that_was_read();

    subject->line = &place;
    return subject;
}

/* It was read, and one catch-up had nothing to tell of it. */
static struct subject *quiet_room(void)
{
    struct subject *subject;

    get_position("s1");
    subject = asked_for();
    be_told("");
    return subject;
}

static void leave_mark(enum synapse_outcome outcome)
{
    now += JOINED_LIFE + 1;
    mirror_want(&mirror, now);
    assert_string_equal(ask(SYNAPSE_MARK_ROOM).room, ROOM);
    assert_true(has_nothing_to_ask()); /* before it is answered */
    now += 10;
    assert_false(miss(SYNAPSE_MARK_ROOM, outcome));
}

static void catch_up_with(const char *rooms)
{
    (void)ask(SYNAPSE_READ_CHANGES);
    (void)ask(SYNAPSE_READ_JOINED);
    now += 10;
    tell_rooms(rooms);
}

static void read_again(struct subject *subject)
{
    fly(subject, (struct synapse_call){.kind = SYNAPSE_READ_STATE});
    know_state(subject, "A");
    land(subject);
}

static bool is_as_of_the_last_catch_up(struct subject *subject)
{
    mirror_refresh(&mirror, &subject->room);
    return subject->room.read_at == mirror.mirrored_at;
}

static void test_silence_alone_proves_nothing(void **state)
{
    struct subject *subject = quiet_room();

    (void)state;
    assert_true(subject->room.mirrored);
    assert_false(is_as_of_the_last_catch_up(subject));
}

static void test_a_room_that_is_named_needs_no_mark(void **state)
{
    struct subject *subject;

    (void)state;
    get_position("s1");
    subject = asked_for();
    be_told(IN_ROOM(NAME("B")));
    be_told("");
    assert_true(is_as_of_the_last_catch_up(subject));
}

static void test_a_mark_that_is_told(void **state)
{
    struct subject *subject = quiet_room();

    (void)state;
    leave_mark(SYNAPSE_OK);
    catch_up_with(MARK);
    assert_true(subject->room.mirrored);
    assert_true(is_as_of_the_last_catch_up(subject));
    be_told(""); /* without a mark */
    assert_true(is_as_of_the_last_catch_up(subject));
}

static void test_a_mark_that_is_not_told(void **state)
{
    static const enum synapse_outcome outcomes[] = {SYNAPSE_OK, SYNAPSE_REFUSED, SYNAPSE_UNREACHABLE};

    for (size_t i = 0; i < sizeof(outcomes) / sizeof(outcomes[0]); i++) {
        struct subject *subject = quiet_room();

        leave_mark(outcomes[i]);
        catch_up_with("");
        assert_false(subject->room.mirrored);
        read_again(subject);
        assert_false(subject->room.mirrored);
        be_told(""); /* without a mark */
        (void)end(state);
        (void)begin(state);
    }
}

/* It may rest in between. */
static void test_after_an_hour_it_is_looked_into_again(void **state)
{
    struct subject *subject = quiet_room();

    (void)state;
    leave_mark(SYNAPSE_OK);
    catch_up_with("");
    assert_true(room_known_settle(&subject->room));
    now += HOUR;
    read_again(subject);
    assert_true(subject->room.mirrored);
    be_told("");
    leave_mark(SYNAPSE_OK);
    catch_up_with(MARK);
    assert_true(is_as_of_the_last_catch_up(subject));
    now += HOUR;
    leave_mark(SYNAPSE_OK);
    catch_up_with("");
    assert_false(subject->room.mirrored);
}

/* Something happens in it after all: it must have been left out no longer. */
static void test_a_silent_room_that_is_named(void **state)
{
    struct subject *subject = quiet_room();

    (void)state;
    leave_mark(SYNAPSE_OK);
    catch_up_with("");
    be_told(IN_ROOM(NAME("B")));
    read_again(subject);
    assert_true(subject->room.mirrored);
}

static void test_nobody_asks_for_it(void **state)
{
    struct subject *subject = quiet_room();

    (void)state;
    subject->line = NULL;
    be_told(""); /* without a mark */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_silence_alone_proves_nothing, begin, end),
        cmocka_unit_test_setup_teardown(test_a_room_that_is_named_needs_no_mark, begin, end),
        cmocka_unit_test_setup_teardown(test_a_mark_that_is_told, begin, end),
        cmocka_unit_test_setup_teardown(test_a_mark_that_is_not_told, begin, end),
        cmocka_unit_test_setup_teardown(test_after_an_hour_it_is_looked_into_again, begin, end),
        cmocka_unit_test_setup_teardown(test_a_silent_room_that_is_named, begin, end),
        cmocka_unit_test_setup_teardown(test_nobody_asks_for_it, begin, end),
    };

    log_configure(LOG_ERROR, LOG_LOGFMT);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
