/* The mirror by itself: what becomes of what is known when something is told. */

#include "base/log.h"
#include "engine/rig.h"
#include "support/test.h"

static void test_changes_are_taken_in(void **state)
{
    struct subject *subject;

    (void)state;
    get_position("s1");
    subject = room_that_was_read();
    assert_true(subject->room.mirrored);
    be_told(IN_ROOM(NAME("B") "," MEMBER("@a:s", "join", "Anna")));
    assert_true(subject->room.mirrored);
    assert_string_equal(subject->room.state->settings[ROOM_NAME], "B");
    assert_int_equal(room_state_membership(subject->room.state, "@a:s"), MEMBERSHIP_JOIN);
    mirror_refresh(&mirror, &subject->room);
    assert_int_equal(subject->room.read_at, mirror.asked_at);
}

/* ---- while a call is under way ---- */

#define NEW_NAME ((struct synapse_call){.kind = SYNAPSE_WRITE_SETTING, .setting = ROOM_NAME, .value = "B"})

static void learn_name(struct subject *subject, const char *name)
{
    free(subject->room.state->settings[ROOM_NAME]);
    subject->room.state->settings[ROOM_NAME] = text_copy(name);
    land(subject);
}

static void test_our_own_echo(void **state)
{
    struct subject *subject;

    (void)state;
    get_position("s1");
    subject = room_that_was_read();
    fly(subject, NEW_NAME);
    be_told(IN_ROOM(NAME("B"))); /* comes first */
    assert_string_equal(subject->room.state->settings[ROOM_NAME], "A");
    learn_name(subject, "B");
    assert_true(subject->room.mirrored);
    be_told(IN_ROOM(NAME("B"))); /* comes afterwards */
    assert_true(subject->room.mirrored);
}

static void test_news_that_disagree(void **state)
{
    struct subject *subject;

    (void)state;
    get_position("s1");
    subject = room_that_was_read();
    fly(subject, NEW_NAME);
    be_told(IN_ROOM(NAME("C"))); /* before ours or after it? */
    learn_name(subject, "B");
    assert_false(subject->room.mirrored);
    assert_int_equal(subject->room.read_at, INSTANT_PAST);
    fly(subject, (struct synapse_call){.kind = SYNAPSE_READ_STATE}); /* in the same moment */
    know_state(subject, "C");
    land(subject);
    assert_true(subject->room.mirrored);
}

/* Our call was answered after they were asked for: the homeserver may not have known of it. */
static void test_news_that_crossed_our_call(void **state)
{
    struct subject *subject;

    (void)state;
    get_position("s1");
    subject = room_that_was_read();
    ask_for_changes();
    fly(subject, NEW_NAME);
    learn_name(subject, "B");
    tell_rooms(IN_ROOM(NAME("A")));
    assert_string_equal(subject->room.state->settings[ROOM_NAME], "B");
    assert_false(subject->room.mirrored);
}

/* What is read meanwhile may be older than what was told twice. */
static void test_told_twice_in_one_call(void **state)
{
    struct subject *subject;

    (void)state;
    get_position("s1");
    subject = room_that_was_read();
    fly(subject, (struct synapse_call){.kind = SYNAPSE_READ_STATE});
    be_told(IN_ROOM(NAME("B")));
    be_told(IN_ROOM(NAME("C")));
    know_state(subject, "B");
    land(subject);
    assert_false(subject->room.mirrored);
}

/* A join is an invitation first. */
static void test_the_invitation_of_a_join(void **state)
{
    struct subject *subject;

    (void)state;
    get_position("s1");
    subject = room_that_was_read();
    fly(subject, (struct synapse_call){.kind = SYNAPSE_JOIN_USER, .user = "@a:s"});
    be_told(IN_ROOM(MEMBER("@a:s", "invite", "Anna")));
    room_state_set_membership(subject->room.state, "@a:s", MEMBERSHIP_JOIN);
    land(subject);
    assert_true(subject->room.mirrored);
    fly(subject, (struct synapse_call){.kind = SYNAPSE_JOIN_USER, .user = "@a:s"});
    be_told(IN_ROOM(MEMBER("@b:s", "invite", "Bert"))); /* another's is news */
    land(subject);
    assert_false(subject->room.mirrored);
}

/* ---- rooms that are left ---- */

static void test_a_room_that_was_left(void **state)
{
    struct subject *subject;

    (void)state;
    get_position("s1");
    subject = room_that_was_read();
    be_told("'leave': {'" ROOM "': {}}");
    assert_false(subject->room.mirrored);
    assert_int_equal(subject->room.read_at, INSTANT_PAST);
}

/* Nothing is told of it; but it is not among the rooms any more. */
static void test_a_room_that_was_purged(void **state)
{
    struct subject *subject;

    (void)state;
    get_position("s1");
    subject = room_that_was_read();
    ask_for_changes();
    (void)answer(SYNAPSE_READ_CHANGES, "{'next_batch': 's2'}");
    assert_true(answer(SYNAPSE_READ_JOINED, "{'joined_rooms': ['!2:s']}"));
    mirror_refresh(&mirror, &subject->room);
    assert_false(subject->room.mirrored);
}

/* The list of rooms is older than this one. */
static void test_a_room_that_was_read_since(void **state)
{
    struct subject *subject;

    (void)state;
    get_position("s1");
    mirror_want(&mirror, now);
    (void)ask(SYNAPSE_READ_CHANGES);
    (void)answer(SYNAPSE_READ_CHANGES, "{'next_batch': 's2'}");
    (void)ask(SYNAPSE_READ_JOINED);
    (void)answer(SYNAPSE_READ_JOINED, "{'joined_rooms': []}");
    now += 10;
    subject = room_that_was_read();
    mirror_refresh(&mirror, &subject->room);
    assert_true(subject->room.mirrored);
}

/* The mirror was given up: something may have happened in the room before the next position. */
static void test_a_room_that_was_read_before_the_position(void **state)
{
    struct subject *subject;
    instant read_at;

    (void)state;
    get_position("s1");
    subject = room_that_was_read();
    be_told(IN_ROOM(NAME("B")));
    read_at = subject->room.read_at;
    ask_for_changes();
    (void)miss(SYNAPSE_READ_CHANGES, SYNAPSE_REFUSED);
    (void)answer(SYNAPSE_READ_JOINED, "{'joined_rooms': []}");
    get_position("s2");
    be_told("");
    mirror_refresh(&mirror, &subject->room);
    assert_int_equal(subject->room.read_at, read_at);
}

/* The id belongs to the room that the alias led to before. */
static void test_another_room_by_now(void **state)
{
    struct subject *subject;

    (void)state;
    get_position("s1");
    subject = room_that_was_read();
    free(subject->room.id);
    subject->room.id = text_copy("!2:s");
    be_told("'leave': {'" ROOM "': {}}");
    assert_true(subject->room.mirrored);
}

/* ---- users ---- */

static struct subject *user_who_was_read(void)
{
    struct subject *user = subjects_take(&subjects, "@a:s");

    fly(user, (struct synapse_call){.kind = SYNAPSE_READ_USER});
    user->user.presence = PRESENCE_HERE;
    free(user->user.name);
    user->user.name = text_copy("Anna");
    land(user);
    assert_true(user->user.mirrored);
    return user;
}

/* Whether it is still believed what is known of the user, after this was told. */
static bool is_believed_after(const char *events)
{
    CLEANUP(freep) char *rooms = text_format(IN_ROOM("%s"), events);
    const struct subject *user = user_who_was_read();

    be_told(rooms);
    return user->user.mirrored;
}

static void test_users_in_rooms(void **state)
{
    (void)state;
    get_position("s1");
    assert_false(is_believed_after(MEMBER("@a:s", "join", "Anna"))); /* in that room, at least */
    assert_false(is_believed_after(MADE("5", "@a:s", "join", "Anna")));
    assert_false(is_believed_after(MEMBER("@a:s", "invite", "Anna")));
    assert_true(is_believed_after(MEMBER("@b:s", "join", "Bert")));
    assert_false(is_believed_after(MEMBER("@a:s", "join", "Annabel")));
    assert_false(is_believed_after(EVENT("m.room.member", "@a:s", "'membership': 'join'")));
    assert_false(is_believed_after(MEMBER("@a:s", "leave", "Anna")));
    assert_false(is_believed_after(MEMBER("@a:s", "ban", "Anna")));
}

static void test_a_name_that_we_are_giving(void **state)
{
    struct subject *user;

    (void)state;
    get_position("s1");
    user = user_who_was_read();
    fly(user, (struct synapse_call){.kind = SYNAPSE_SET_DISPLAY_NAME, .user = "@a:s", .name = "Annabel"});
    be_told(IN_ROOM(MADE("5", "@a:s", "join", "Annabel")));
    assert_true(user->user.mirrored);
    be_told(IN_ROOM(MEMBER("@a:s", "join", "Somebody Else")));
    assert_false(user->user.mirrored);
    land(user);
    assert_false(user->user.mirrored);
}

/* A user is joined by us, from 1000 ms to 900 ms before the changes come, which takes 10 ms. */
static bool is_believed_after_our_join(const char *event)
{
    CLEANUP(freep) char *rooms = text_format(IN_ROOM("%s"), event);
    struct subject *user, *room;

    room = room_that_was_read();
    user = user_who_was_read();
    now += 5000;
    fly(room, (struct synapse_call){.kind = SYNAPSE_JOIN_USER, .user = "@a:s", .room = ROOM});
    now += 100;
    room_state_set_membership(room->room.state, "@a:s", MEMBERSHIP_JOIN);
    land(room);
    now += 890 - JOINED_LIFE - 1;
    be_told(rooms);
    return user->user.mirrored;
}

static void test_the_echo_of_our_join(void **state)
{
    (void)state;
    get_position("s1");
    assert_true(is_believed_after_our_join(MADE("950", "@a:s", "join", "Anna")));
    assert_true(is_believed_after_our_join(MADE("990", "@a:s", "invite", "Anna")));
    assert_false(is_believed_after_our_join(MADE("950", "@a:s", "join", "Annabel")));
    assert_false(is_believed_after_our_join(MADE("1100", "@a:s", "join", "Anna"))); /* before it */
    assert_false(is_believed_after_our_join(MADE("800", "@a:s", "join", "Anna")));  /* after it */
    assert_false(is_believed_after_our_join(MEMBER("@a:s", "join", "Anna")));
}

static void test_the_echo_of_an_invitation(void **state)
{
    const struct levels_user raised = {.user = "@a:s", .invited = true};
    struct subject *user, *room;

    (void)state;
    get_position("s1");
    user = user_who_was_read();
    room = subjects_take(&subjects, ALIAS);
    now += 5000;
    fly(room, (struct synapse_call){.kind = SYNAPSE_CREATE_ROOM, .raised = &raised, .raised_count = 1});
    be_told(IN_ROOM(MADE("5", "@a:s", "invite", "Anna")));
    assert_true(user->user.mirrored);
    land(room);
    be_told(IN_ROOM(MADE("5", "@a:s", "invite", "Anna")));
    assert_false(user->user.mirrored);
}

static void test_the_echo_of_an_invitation_by_itself(void **state)
{
    struct subject *user;

    (void)state;
    get_position("s1");
    user = user_who_was_read();
    now += 5000;
    fly(user, (struct synapse_call){.kind = SYNAPSE_INVITE_USER, .user = "@a:s", .room = "!2:s"});
    be_told(IN_ROOM(MADE("5", "@a:s", "invite", "Anna")));
    assert_true(user->user.mirrored);
    land(user);
    be_told(IN_ROOM(MADE("5", "@a:s", "invite", "Anna")));
    assert_false(user->user.mirrored);
}

/* ---- what no state event tells ---- */

#define TIMELINE(rest) "'join': {'" ROOM "': {'timeline': {" rest "}}}"
#define REDACTION "{'type': 'm.room.redaction', 'content': {'redacts': '$1'}}"

static bool is_room_believed_after(const char *rooms)
{
    const struct subject *room = room_that_was_read();

    be_told(rooms);
    return room->room.mirrored;
}

static void test_a_redaction(void **state)
{
    (void)state;
    get_position("s1");
    assert_true(is_room_believed_after(TIMELINE("'events': [{'type': 'm.room.message'}], 'limited': false")));
    assert_false(is_room_believed_after(TIMELINE("'events': [" REDACTION "], 'limited': false")));
}

/* Who comes into a room is told the whole of its state. */
static void test_a_timeline_that_was_cut(void **state)
{
    (void)state;
    get_position("s1");
    assert_false(is_room_believed_after(TIMELINE("'events': [{'type': 'm.room.message'}], 'limited': true")));
    assert_true(is_room_believed_after(
        TIMELINE("'events': [{'type': 'm.room.create', 'state_key': 'x'}], 'limited': true")));
}

/* Whoever is told of while they are being read is read again, for what is read may be the older. */
static void test_a_user_who_is_being_read(void **state)
{
    struct subject *user;

    (void)state;
    get_position("s1");
    user = user_who_was_read();
    fly(user, (struct synapse_call){.kind = SYNAPSE_READ_USER});
    be_told(IN_ROOM(MEMBER("@a:s", "join", "Anna")));
    land(user);
    assert_false(user->user.mirrored);
}

/* What a room learns while nobody asks for it counts, too: else more would be remembered than may be. */
static void test_a_room_that_rests_weighs_what_it_is_told(void **state)
{
    size_t before;

    (void)state;
    get_position("s1");
    subjects_rest(&subjects, room_that_was_read());
    before = subjects.weight;
    assert_true(before > 0);
    be_told(IN_ROOM(NAME("A name that needs more than the smallest block of memory that there is")));
    assert_true(subjects.weight > before);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_changes_are_taken_in, begin, end),
        cmocka_unit_test_setup_teardown(test_a_room_that_rests_weighs_what_it_is_told, begin, end),
        cmocka_unit_test_setup_teardown(test_our_own_echo, begin, end),
        cmocka_unit_test_setup_teardown(test_news_that_disagree, begin, end),
        cmocka_unit_test_setup_teardown(test_news_that_crossed_our_call, begin, end),
        cmocka_unit_test_setup_teardown(test_told_twice_in_one_call, begin, end),
        cmocka_unit_test_setup_teardown(test_the_invitation_of_a_join, begin, end),
        cmocka_unit_test_setup_teardown(test_a_room_that_was_left, begin, end),
        cmocka_unit_test_setup_teardown(test_a_room_that_was_purged, begin, end),
        cmocka_unit_test_setup_teardown(test_a_room_that_was_read_since, begin, end),
        cmocka_unit_test_setup_teardown(test_a_room_that_was_read_before_the_position, begin, end),
        cmocka_unit_test_setup_teardown(test_another_room_by_now, begin, end),
        cmocka_unit_test_setup_teardown(test_users_in_rooms, begin, end),
        cmocka_unit_test_setup_teardown(test_a_name_that_we_are_giving, begin, end),
        cmocka_unit_test_setup_teardown(test_the_echo_of_our_join, begin, end),
        cmocka_unit_test_setup_teardown(test_the_echo_of_an_invitation, begin, end),
        cmocka_unit_test_setup_teardown(test_the_echo_of_an_invitation_by_itself, begin, end),
        cmocka_unit_test_setup_teardown(test_a_redaction, begin, end),
        cmocka_unit_test_setup_teardown(test_a_timeline_that_was_cut, begin, end),
        cmocka_unit_test_setup_teardown(test_a_user_who_is_being_read, begin, end),
    };

    log_configure(LOG_ERROR, LOG_LOGFMT);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
