/* What rooms that are kept up to date say of the users in them. */
#include "engine/witness.h"

#include "engine/rig.h"
#include "support/test.h"
#include "synapse/changes_json.h"

#include <stdlib.h>
#include <string.h>

enum { HOUR = 60 * 60 * 1000 /* ms */, READ = 1000, ARRIVED = 2000, CAUGHT_UP = 3000 };

#define LEVELS(users) EVENT("m.room.power_levels", "", "'users': {" users "}")
#define MADE_BY(user, version)                                                                               \
    "{'type': 'm.room.create', 'state_key': '', 'sender': '" user "', 'content': {'room_version': '" version \
    "'}}"
#define WITH_ANNA MEMBER("@a:s", "join", "Anna") "," LEVELS("")

#define IN_ONE "{'method': 'addUser', 'user': {'id': '@a:s'}, 'rooms': [{'id': 'r', 'name': 'R'}]}"
#define IN_TWO                                                                                               \
    "{'method': 'addUser', 'user': {'id': '@a:s'}, 'rooms': [{'id': 'r', 'name': 'R'}, "                     \
    "{'id': 'q', 'name': 'Q'}]}"
#define LEADS                                                                                                \
    "{'method': 'addUser', 'user': {'id': '@a:s'}, "                                                         \
    "'rooms': [{'id': 'r', 'name': 'R', 'is_moderator': true}]}"
#define BROUGHT_AS_LEADER                                                                                    \
    "{'method': 'addRoom', 'room': {'id': 'r', 'name': 'R'}, "                                               \
    "'members': [{'id': '@a:s', 'is_moderator': true}]}"
#define ALONE "{'method': 'addUser', 'user': {'id': '@a:s'}}"
#define REMOVED "{'method': 'removeUser', 'user': {'id': '@a:s'}}"
#define DELETED "{'method': 'removeRoom', 'room': {'id': 'r'}}"

/* ---- messages, and rooms that are known ---- */

static struct engine_message *enter(const char *text)
{
    const struct request_rules rules = {.server_name = "s", .sync_user = "@sync:s", .largest_body = 4096};
    CLEANUP(freep) char *json = quoted(text);
    struct request_complaint complaint;
    struct request *request = request_parse(json, strlen(json), &rules, &complaint);

    assert_non_null(request);
    return order_enter(&subjects, request, NULL, ARRIVED);
}

static void drop(void *context, struct subject *subject)
{
    (void)context;
    if (!subject->line)
        subjects_rest(&subjects, subject);
}

static void leave(struct engine_message *message)
{
    order_leave(message, drop, NULL);
}

/* Mirrored since it was read, right before the message came; the mirror has caught up since, and heard of
   it. */
static struct room_known *know(const struct place *place, const char *id, const char *events)
{
    struct room_known *room = &place->subject->room;
    CLEANUP(freep) char *text = text_format("{'state': [%s]}", events);
    CLEANUP(freep) char *json = quoted(text);

    mirror.mirrored_at = CAUGHT_UP;
    free(room->id);
    room->id = text_copy(id);
    room_state_free(room->state);
    room->state = room_state_parse(json, strlen(json));
    assert_non_null(room->state);
    room->presence = PRESENCE_HERE;
    room->read_at = room->whole_at = READ;
    room->told_at = CAUGHT_UP;
    room->mirrored = true;
    return room;
}

static void list_rooms(const char *text, instant at)
{
    CLEANUP(freep) char *json = quoted(text);
    json_auto_t *reply = json_loads(json, 0, NULL);

    joined_rooms_free(mirror.joined);
    mirror.joined = joined_rooms_from_json(reply);
    assert_non_null(mirror.joined);
    mirror.joined_at = at;
}

static enum witness say(const struct engine_message *message, size_t room)
{
    return witness_by_room(&mirror, &message->places[message->user_count + room], &message->places[0]);
}

/* ---- one room ---- */

static void test_what_a_room_shows(void **state)
{
    static const struct {
        const char *message, *events;
        enum witness witness;
    } cases[] = {
        {IN_ONE, WITH_ANNA, WITNESS_GIVEN},
        {IN_ONE, LEVELS(""), WITNESS_NONE},
        {IN_ONE, MEMBER("@b:s", "join", "Bert") "," LEVELS(""), WITNESS_NONE},
        {IN_ONE, MEMBER("@a:s", "invite", "Anna") "," LEVELS(""), WITNESS_NONE},
        {IN_ONE, MEMBER("@a:s", "leave", "Anna") "," LEVELS(""), WITNESS_NONE},
        {IN_ONE, MEMBER("@a:s", "join", "Anna"), WITNESS_NONE}, /* it is to be repaired first */
        {LEADS, WITH_ANNA, WITNESS_NONE},
        {LEADS, MEMBER("@a:s", "join", "Anna") "," LEVELS("'@a:s': 49"), WITNESS_NONE},
        {LEADS, MEMBER("@a:s", "join", "Anna") "," LEVELS("'@a:s': 50"), WITNESS_GIVEN},
        {LEADS, WITH_ANNA "," MADE_BY("@a:s", "12"), WITNESS_GIVEN},
        {LEADS, WITH_ANNA "," MADE_BY("@b:s", "12"), WITNESS_NONE},
        {LEADS, WITH_ANNA "," MADE_BY("@a:s", "11"), WITNESS_NONE},
        {BROUGHT_AS_LEADER, WITH_ANNA, WITNESS_NONE},
        {BROUGHT_AS_LEADER, MEMBER("@a:s", "join", "Anna") "," LEVELS("'@a:s': 50"), WITNESS_GIVEN},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct engine_message *message = enter(cases[i].message);

        (void)know(&message->places[1], ROOM, cases[i].events);
        assert_int_equal(say(message, 0), cases[i].witness);
        leave(message);
    }
}

/* It was told of up to the last catch-up, if it is told of at all. */
static void test_how_old_it_may_be(void **state)
{
    static const struct {
        instant read, told, caught_up;
        enum witness witness;
    } cases[] = {
        {READ, CAUGHT_UP, CAUGHT_UP, WITNESS_GIVEN},
        {READ, ARRIVED, ARRIVED, WITNESS_GIVEN},
        {READ, ARRIVED - 1, ARRIVED - 1, WITNESS_DUE},
        {READ, INSTANT_PAST, CAUGHT_UP, WITNESS_DUE}, /* nothing is told of it */
        {READ, CAUGHT_UP, CAUGHT_UP + HOUR, WITNESS_DUE},
        {READ, READ, CAUGHT_UP, WITNESS_GIVEN},
        {READ, INSTANT_PAST, INSTANT_PAST, WITNESS_DUE},
        {ARRIVED, INSTANT_PAST, INSTANT_PAST, WITNESS_GIVEN},
        {ARRIVED, READ, READ, WITNESS_GIVEN}, /* it was read since */
        {ARRIVED - 1, INSTANT_PAST, READ, WITNESS_DUE},
    };
    struct engine_message *message = enter(IN_ONE);
    struct room_known *room = know(&message->places[1], ROOM, WITH_ANNA);

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        room->read_at = cases[i].read;
        room->told_at = cases[i].told;
        mirror.mirrored_at = cases[i].caught_up;
        assert_int_equal(say(message, 0), cases[i].witness);
    }
    leave(message);
}

/* What is told of it meanwhile may be that somebody has left. */
static void test_a_room_of_which_more_is_to_be_heard(void **state)
{
    struct engine_message *message = enter(IN_ONE);
    struct room_known *room = know(&message->places[1], ROOM, WITH_ANNA);
    CLEANUP(freep) char *json = quoted("{'next_batch': 's2', 'rooms': {" IN_ROOM(NAME("B")) "}}");
    json_auto_t *reply = json_loads(json, 0, NULL);
    CLEANUP(changes_freep) struct changes *changes = changes_from_json(reply);

    (void)state;
    assert_non_null(changes);
    room->news = TAKE(changes->rooms[0].events);
    assert_non_null(room->news);
    assert_int_equal(say(message, 0), WITNESS_NONE);
    state_events_free(TAKE(room->news));
    assert_int_equal(say(message, 0), WITNESS_GIVEN);
    leave(message);
}

static void test_a_room_that_is_not_kept_up_to_date(void **state)
{
    struct engine_message *message = enter(IN_ONE);
    struct room_known *room = know(&message->places[1], ROOM, WITH_ANNA);

    (void)state;
    room->mirrored = false;
    assert_int_equal(say(message, 0), WITNESS_NONE);
    room->mirrored = true;
    room_state_free(TAKE(room->state));
    assert_int_equal(say(message, 0), WITNESS_NONE);
    leave(message);
}

static void test_a_room_that_is_none_of_ours_any_more(void **state)
{
    struct engine_message *message = enter(IN_ONE);

    (void)state;
    (void)know(&message->places[1], ROOM, WITH_ANNA);
    list_rooms("{'joined_rooms': ['!2:s']}", READ); /* it was read since */
    assert_int_equal(say(message, 0), WITNESS_GIVEN);
    list_rooms("{'joined_rooms': ['!2:s']}", READ + 1);
    assert_int_equal(say(message, 0), WITNESS_NONE);
    list_rooms("{'joined_rooms': ['!2:s', '" ROOM "']}", READ + 1);
    assert_int_equal(say(message, 0), WITNESS_GIVEN);
    joined_rooms_free(TAKE(mirror.joined)); /* the mirror was given up */
    assert_int_equal(say(message, 0), WITNESS_GIVEN);
    leave(message);
}

/* Who comes after a removal finds another room. */
static void test_a_room_with_an_earlier_message_at_work(void **state)
{
    struct engine_message *removal = enter(DELETED), *message = enter(IN_ONE);

    (void)state;
    (void)know(&message->places[1], ROOM, WITH_ANNA);
    assert_int_equal(say(message, 0), WITNESS_NONE);
    leave(removal);
    assert_int_equal(say(message, 0), WITNESS_GIVEN);
    leave(message);
}

/* ---- all rooms of a message ---- */

static void test_the_weakest_witness_counts(void **state)
{
    enum witness expected[] = {WITNESS_NONE, WITNESS_DUE, WITNESS_GIVEN};
    struct engine_message *message = enter(IN_TWO);
    struct room_known *rooms[2];

    (void)state;
    for (size_t first = WITNESS_NONE; first <= WITNESS_GIVEN; first++)
        for (size_t second = WITNESS_NONE; second <= WITNESS_GIVEN; second++) {
            const size_t says[] = {first, second};

            for (size_t i = 0; i < 2; i++) {
                rooms[i] = know(&message->places[1 + i], i == 0 ? "!1:s" : "!2:s", WITH_ANNA);
                rooms[i]->mirrored = says[i] != WITNESS_NONE;
                if (says[i] == WITNESS_DUE)
                    rooms[i]->told_at = INSTANT_PAST;
                assert_int_equal(say(message, i), says[i]);
            }
            assert_int_equal(witness_of_user(&mirror, &message->places[0]),
                             expected[first < second ? first : second]);
        }
    leave(message);
}

static void test_without_rooms_there_is_none(void **state)
{
    static const char *const texts[] = {ALONE, REMOVED};

    (void)state;
    for (size_t i = 0; i < 2; i++) {
        struct engine_message *message = enter(texts[i]);

        assert_int_equal(witness_of_user(&mirror, &message->places[0]), WITNESS_NONE);
        leave(message);
    }
}

/* Somebody who was deactivated is shown in the rooms for a while. */
static void test_who_may_be_reactivated_has_none(void **state)
{
    struct engine_message *message = enter(IN_ONE);

    (void)state;
    (void)know(&message->places[1], ROOM, WITH_ANNA);
    assert_int_equal(witness_of_user(&mirror, &message->places[0]), WITNESS_GIVEN);
    message->places[0].subject->may_return = true;
    assert_int_equal(witness_of_user(&mirror, &message->places[0]), WITNESS_NONE);
    leave(message);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_what_a_room_shows, begin, end),
        cmocka_unit_test_setup_teardown(test_how_old_it_may_be, begin, end),
        cmocka_unit_test_setup_teardown(test_a_room_of_which_more_is_to_be_heard, begin, end),
        cmocka_unit_test_setup_teardown(test_a_room_that_is_not_kept_up_to_date, begin, end),
        cmocka_unit_test_setup_teardown(test_a_room_that_is_none_of_ours_any_more, begin, end),
        cmocka_unit_test_setup_teardown(test_a_room_with_an_earlier_message_at_work, begin, end),
        cmocka_unit_test_setup_teardown(test_the_weakest_witness_counts, begin, end),
        cmocka_unit_test_setup_teardown(test_without_rooms_there_is_none, begin, end),
        cmocka_unit_test_setup_teardown(test_who_may_be_reactivated_has_none, begin, end),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
