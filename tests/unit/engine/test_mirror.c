/* The mirror by itself: what it asks, and what becomes of what is known when it is told something. */
#include "engine/mirror.h"

#include "base/log.h"
#include "base/memory.h"
#include "engine/flight.h"
#include "synapse/replies.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define ALIAS "#r:s"
#define ROOM "!1:s"

static struct order order;
static struct mirror mirror;
static instant now;

static int begin(void **state)
{
    (void)state;
    now = 1000000;
    order = (struct order){.subjects = {.most_weight = 1 << 20}};
    mirror_init(&mirror, &order, "@sync:s", true);
    return 0;
}

static int end(void **state)
{
    (void)state;
    mirror_deinit(&mirror);
    order_deinit(&order);
    return 0;
}

/* ---- what it asks ---- */

/* The call that is made now; it is sent. */
static struct synapse_call ask(enum synapse_kind kind)
{
    struct synapse_call call;
    instant at;

    if (!mirror_next(&mirror, now, &call, &at)) {
        assert_true(at > now && at != INSTANT_NEVER);
        now = at;
        assert_true(mirror_next(&mirror, now, &call, &at));
    }
    assert_int_equal(call.kind, kind);
    mirror_sent(&mirror, kind, now);
    return call;
}

static bool has_nothing_to_ask(void)
{
    struct synapse_call call;
    instant at;

    return !mirror_next(&mirror, now, &call, &at) && at == INSTANT_NEVER;
}

static char *quoted(const char *text)
{
    char *copy = text_copy(text);

    for (char *c = copy; *c; c++) /* ' is easier to write than " */
        if (*c == '\'')
            *c = '"';
    return copy;
}

static bool answer(enum synapse_kind kind, const char *text)
{
    CLEANUP(freep) char *json = quoted(text);
    json_auto_t *body = json_loads(json, 0, NULL);
    struct synapse_reply reply = {.outcome = SYNAPSE_OK};
    bool over;

    assert_non_null(body);
    if (kind == SYNAPSE_READ_JOINED)
        assert_true(reply_joined(body, &reply));
    else
        assert_true(reply_changes(body, &reply));
    over = mirror_answered(&mirror, kind, &reply, now);
    synapse_reply_deinit(&reply);
    return over;
}

static bool miss(enum synapse_kind kind, enum synapse_outcome outcome)
{
    struct synapse_reply reply = {.outcome = outcome, .retry_after = -1};

    return mirror_answered(&mirror, kind, &reply, now);
}

static void get_position(const char *position)
{
    CLEANUP(freep) char *reply = text_format("{'next_batch': '%s'}", position);

    (void)ask(SYNAPSE_READ_POSITION);
    (void)answer(SYNAPSE_READ_POSITION, reply);
}

enum { JOINED_LIFE = 1000 /* ms: for so long the mirror is content with a list of rooms */ };

/* Asks for changes, and which rooms there are; they come a moment later. */
static void ask_for_changes(void)
{
    now += JOINED_LIFE + 1;
    mirror_want(&mirror, now);
    (void)ask(SYNAPSE_READ_CHANGES);
    (void)ask(SYNAPSE_READ_JOINED);
    now += 10;
}

static void tell_rooms(const char *rooms)
{
    CLEANUP(freep) char *reply = text_format("{'next_batch': 'later', 'rooms': {%s}}", rooms);

    (void)answer(SYNAPSE_READ_CHANGES, reply);
    assert_true(answer(SYNAPSE_READ_JOINED, "{'joined_rooms': ['" ROOM "']}"));
}

#define EVENT(type, key, content)                                                                            \
    "{'type': '" type "', 'state_key': '" key "', 'sender': '@x:s', 'content': {" content "}}"
#define NAME(name) EVENT("m.room.name", "", "'name': '" name "'")
#define MEMBER(user, membership, name)                                                                       \
    EVENT("m.room.member", user, "'membership': '" membership "', 'displayname': '" name "'")
#define IN_ROOM(events) "'join': {'" ROOM "': {'state': {'events': [" events "]}}}"

static void be_told(const char *rooms)
{
    ask_for_changes();
    tell_rooms(rooms);
}

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
    assert_int_equal(order.mirrored_at, INSTANT_PAST); /* not before both are there */
    assert_true(answer(SYNAPSE_READ_JOINED, "{'joined_rooms': []}"));
    assert_int_equal(order.mirrored_at, mirror.asked_at);
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
    assert_int_equal(order.mirrored_at, INSTANT_PAST);
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

/* ---- rooms ---- */

static void fly(struct subject *subject, struct synapse_call call)
{
    subject->flight = flight_new(&call, subject->is_room ? &subject->room : NULL);
    subject->flight->sent = now;
    mirror_watch(&mirror, subject);
}

static void land(struct subject *subject)
{
    CLEANUP(flight_freep) struct flight *flight = TAKE(subject->flight);
    const struct synapse_reply reply = {.outcome = SYNAPSE_OK};

    subject->answered = now;
    mirror_learnt(&mirror, subject, flight, &reply);
}

static void know_state(struct subject *subject, const char *name)
{
    CLEANUP(freep)
    char *text = text_format("{'state': [" NAME("%s") ", " MEMBER("@sync:s", "join", "Sync") "]}", name);
    CLEANUP(freep) char *json = quoted(text);

    room_state_free(subject->room.state);
    subject->room.state = room_state_parse(json, strlen(json));
    assert_non_null(subject->room.state);
    subject->room.read_at = subject->room.whole_at = subject->flight->sent;
}

static struct subject *room_that_was_read(void)
{
    struct subject *subject = subjects_take(&order.subjects, ALIAS);

    subject->room.presence = PRESENCE_HERE;
    subject->room.id = text_copy(ROOM);
    fly(subject, (struct synapse_call){.kind = SYNAPSE_READ_STATE});
    know_state(subject, "A");
    now += 10;
    land(subject);
    now += 10;
    return subject;
}

static void test_changes_are_taken_in(void **state)
{
    struct subject *subject;

    (void)state;
    get_position("s1");
    subject = room_that_was_read();
    assert_true(subject->room.mirrored);
    be_told(IN_ROOM(NAME("B") "," MEMBER("@a:s", "join", "Anna")));
    assert_true(subject->room.mirrored);
    assert_string_equal(subject->room.state->name, "B");
    assert_int_equal(room_state_membership(subject->room.state, "@a:s"), MEMBERSHIP_JOIN);
    order_refresh(&order, &subject->room);
    assert_int_equal(subject->room.read_at, mirror.asked_at);
}

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
    assert_null(order.joined);
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
    struct subject *room, *user = subjects_take(&order.subjects, "@a:s");

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

/* ---- while a call is under way ---- */

#define NEW_NAME ((struct synapse_call){.kind = SYNAPSE_WRITE_SETTING, .setting = SETTING_NAME, .value = "B"})

static void learn_name(struct subject *subject, const char *name)
{
    free(subject->room.state->name);
    subject->room.state->name = text_copy(name);
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
    assert_string_equal(subject->room.state->name, "A");
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
    assert_string_equal(subject->room.state->name, "B");
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
    order_refresh(&order, &subject->room);
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
    order_refresh(&order, &subject->room);
    assert_true(subject->room.mirrored);
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
    struct subject *user = subjects_take(&order.subjects, "@a:s");

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
    assert_true(is_believed_after(MEMBER("@a:s", "join", "Anna")));
    assert_true(is_believed_after(MEMBER("@a:s", "invite", "Anna")));
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
    fly(user, (struct synapse_call){.kind = SYNAPSE_SET_DISPLAY_NAME, .name = "Annabel"});
    be_told(IN_ROOM(MEMBER("@a:s", "join", "Annabel")));
    assert_true(user->user.mirrored);
    be_told(IN_ROOM(MEMBER("@a:s", "join", "Somebody Else")));
    assert_false(user->user.mirrored);
    land(user);
    assert_false(user->user.mirrored);
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

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_the_position_comes_first, begin, end),
        cmocka_unit_test_setup_teardown(test_one_catch_up_for_all_who_want_it, begin, end),
        cmocka_unit_test_setup_teardown(test_wanted_while_one_is_under_way, begin, end),
        cmocka_unit_test_setup_teardown(test_a_lost_answer_is_asked_for_otherwise, begin, end),
        cmocka_unit_test_setup_teardown(test_a_position_that_does_not_come_is_not_waited_for, begin, end),
        cmocka_unit_test_setup_teardown(test_changes_are_taken_in, begin, end),
        cmocka_unit_test_setup_teardown(test_without_a_position_nothing_is_mirrored, begin, end),
        cmocka_unit_test_setup_teardown(test_other_rooms_are_not_mirrored, begin, end),
        cmocka_unit_test_setup_teardown(test_a_read_that_is_older_than_the_position, begin, end),
        cmocka_unit_test_setup_teardown(test_some_failures_may_pass, begin, end),
        cmocka_unit_test_setup_teardown(test_after_a_refusal_it_begins_anew, begin, end),
        cmocka_unit_test_setup_teardown(test_our_own_echo, begin, end),
        cmocka_unit_test_setup_teardown(test_news_that_disagree, begin, end),
        cmocka_unit_test_setup_teardown(test_news_that_crossed_our_call, begin, end),
        cmocka_unit_test_setup_teardown(test_told_twice_in_one_call, begin, end),
        cmocka_unit_test_setup_teardown(test_the_invitation_of_a_join, begin, end),
        cmocka_unit_test_setup_teardown(test_a_room_that_was_left, begin, end),
        cmocka_unit_test_setup_teardown(test_a_room_that_was_purged, begin, end),
        cmocka_unit_test_setup_teardown(test_a_room_that_was_read_since, begin, end),
        cmocka_unit_test_setup_teardown(test_another_room_by_now, begin, end),
        cmocka_unit_test_setup_teardown(test_users_in_rooms, begin, end),
        cmocka_unit_test_setup_teardown(test_a_name_that_we_are_giving, begin, end),
        cmocka_unit_test_setup_teardown(test_a_user_who_is_being_read, begin, end),
    };

    log_configure(LOG_ERROR, LOG_LOGFMT);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
