/* What is remembered of users and rooms that nobody asks for. */
#include "engine/subjects.h"

#include "base/memory.h"
#include "engine/flight.h"
#include "support/test.h"

#include <stdio.h>
#include <stdlib.h>

static struct subjects subjects;

static int begin(void **state)
{
    (void)state;
    subjects = (struct subjects){.most_weight = 1 << 20};
    return 0;
}

static int end(void **state)
{
    (void)state;
    subjects_deinit(&subjects);
    return 0;
}

/* A room that is known well. */
static struct subject *take_room(const char *alias, const char *id)
{
    struct subject *room = subjects_take(&subjects, alias);

    if (room->room.id)
        return room;
    room->room.presence = PRESENCE_HERE;
    room->room.id = text_copy(id);
    room->room.state = room_state_new();
    room->room.mirrored = true;
    subjects_watch(&subjects, room);
    return room;
}

static struct subject *take_user(const char *id)
{
    struct subject *user = subjects_take(&subjects, id);

    user->user.presence = PRESENCE_HERE;
    user->user.mirrored = true;
    return user;
}

static void test_what_rests_is_found_again(void **state)
{
    struct subject *room = take_room("#r:s", "!1:s"), *user = take_user("@a:s");

    (void)state;
    user->user.name = text_copy("Anna");
    subjects_rest(&subjects, room);
    subjects_rest(&subjects, user);
    assert_null(subjects.active);
    assert_true(subjects.weight > 0);
    assert_ptr_equal(subjects_find(&subjects, "#r:s"), room);
    assert_ptr_equal(subjects_find_room(&subjects, "!1:s"), room);
    assert_ptr_equal(subjects_take(&subjects, "@a:s"), user);
    assert_string_equal(user->user.name, "Anna");
    assert_ptr_equal(subjects_take(&subjects, "#r:s"), room);
    assert_non_null(room->room.state);
    assert_int_equal(subjects.weight, 0);
    assert_null(subjects_find(&subjects, "#other:s"));
    assert_null(subjects_find_room(&subjects, "!2:s"));
}

/* Of what nothing is known for sure, nothing is kept; of a room that is not mirrored, only its id is. */
static void test_what_is_not_worth_it(void **state)
{
    struct subject *room = take_room("#r:s", "!1:s"), *user = take_user("@a:s");

    (void)state;
    user->user.mirrored = false;
    subjects_rest(&subjects, user);
    assert_null(subjects_find(&subjects, "@a:s"));
    room->room.mirrored = false;
    subjects_rest(&subjects, room);
    assert_null(subjects_take(&subjects, "#r:s")->room.state);
    assert_string_equal(room->room.id, "!1:s");
    room->room.deleting = true;
    subjects_rest(&subjects, room);
    assert_null(subjects_find(&subjects, "#r:s"));
    assert_null(subjects_find_room(&subjects, "!1:s"));
    assert_int_equal(subjects.weight, 0);
}

enum { CROWD = 10 };

static struct subject *take_number(int number)
{
    char alias[16], id[16];

    (void)snprintf(alias, sizeof(alias), "#%d:s", number);
    (void)snprintf(id, sizeof(id), "!%d:s", number);
    return take_room(alias, id);
}

static bool is_known(int number)
{
    char alias[16], id[16];
    bool known;

    (void)snprintf(alias, sizeof(alias), "#%d:s", number);
    (void)snprintf(id, sizeof(id), "!%d:s", number);
    known = subjects_find(&subjects, alias) != NULL;
    assert_int_equal(subjects_find_room(&subjects, id) != NULL, known);
    return known;
}

/* Rooms 0, 1, 2… rest, in this order, and there is room for just as many. */
static void fill(void)
{
    struct subject *rooms[CROWD];

    for (int i = 0; i < CROWD; i++)
        rooms[i] = take_number(i);
    for (int i = 0; i < CROWD; i++)
        subjects_rest(&subjects, rooms[i]);
    subjects.most_weight = subjects.weight;
}

static void test_the_least_recently_used_is_forgotten_first(void **state)
{
    (void)state;
    fill();
    subjects_rest(&subjects, take_number(0)); /* has been used again */
    subjects_rest(&subjects, take_number(CROWD));
    assert_false(is_known(1));
    for (int i = 2; i <= CROWD; i++)
        assert_true(is_known(i));
    assert_true(is_known(0));
    assert_true(subjects.weight <= subjects.most_weight);
}

/* Who is asked for is not forgotten, however little room there is. */
static void test_who_is_active_stays(void **state)
{
    struct subject *room;

    (void)state;
    fill();
    room = take_number(3);
    subjects.most_weight = 0;
    subjects_rest(&subjects, take_number(4));
    for (int i = 0; i < CROWD; i++)
        assert_int_equal(is_known(i), i == 3);
    assert_int_equal(subjects.weight, 0);
    subjects_rest(&subjects, room);
    assert_false(is_known(3));
}

/* What rests may grow, by what is told of it. */
static void test_what_grows_while_it_rests(void **state)
{
    enum { MEMBERS = 1000 };
    struct subject *room;
    size_t before;

    (void)state;
    fill();
    before = subjects.weight;
    room = subjects_find(&subjects, "#5:s");
    for (int i = 0; i < MEMBERS; i++) {
        char id[16];

        (void)snprintf(id, sizeof(id), "@%d:s", i);
        room_state_set_membership(room->room.state, id, MEMBERSHIP_JOIN);
    }
    subjects.most_weight = 2 * before + MEMBERS * sizeof(uint64_t);
    subjects_reweigh(&subjects, room);
    assert_true(subjects.weight > before + MEMBERS * sizeof(uint64_t));
    assert_true(is_known(0));
    subjects.most_weight = before;
    subjects_reweigh(&subjects, room); /* which itself is among those that go */
    assert_false(is_known(5));
    assert_true(is_known(CROWD - 1));
    assert_true(subjects.weight <= before);
}

static void test_an_active_room_has_no_weight(void **state)
{
    struct subject *room = take_number(1);

    (void)state;
    subjects_reweigh(&subjects, room);
    assert_int_equal(subjects.weight, 0);
}

/* Nothing is told any more: what rests keeps no more than its id, and what is being read is as old as that.
 */
static void test_without_a_mirror(void **state)
{
    const struct synapse_call call = {.kind = SYNAPSE_READ_STATE};
    struct subject *active;
    size_t before;

    (void)state;
    fill();
    subjects_rest(&subjects, take_user("@a:s"));
    active = take_number(0);
    active->flight = flight_new(&call, NULL);
    active->flight->mirrored = true;
    before = subjects.weight;
    subjects_unmirror(&subjects);
    assert_null(subjects_find(&subjects, "@a:s"));
    assert_false(active->flight->mirrored);
    assert_false(active->room.mirrored);
    assert_non_null(active->room.state);
    for (int i = 1; i < CROWD; i++)
        assert_true(is_known(i));
    assert_true(subjects.weight > 0 && subjects.weight < before);
    for (int i = 1; i < CROWD; i++)
        assert_null(take_number(i)->room.state);
    assert_int_equal(subjects.weight, 0);
    flight_free(active->flight);
}

/* ---- found by id ---- */

static void test_two_aliases_of_one_room(void **state)
{
    struct subject *first = take_room("#r:s", "!1:s"), *second = take_room("#q:s", "!1:s");

    (void)state;
    assert_ptr_equal(subjects_find_room(&subjects, "!1:s"), first);
    second->room.presence = PRESENCE_ABSENT; /* so that it is forgotten */
    subjects_rest(&subjects, second);
    assert_ptr_equal(subjects_find_room(&subjects, "!1:s"), first);
    first->room.presence = PRESENCE_ABSENT;
    subjects_rest(&subjects, first);
    assert_null(subjects_find_room(&subjects, "!1:s"));
    second = take_room("#q:s", "!1:s");
    assert_ptr_equal(subjects_find_room(&subjects, "!1:s"), second);
}

static void test_another_id(void **state)
{
    struct subject *room = take_room("#r:s", "!1:s");

    (void)state;
    free(room->room.id);
    room->room.id = NULL;
    subjects_watch(&subjects, room); /* nothing to be found by */
    assert_ptr_equal(subjects_find_room(&subjects, "!1:s"), room);
    room->room.id = text_copy("!2:s");
    subjects_watch(&subjects, room);
    assert_null(subjects_find_room(&subjects, "!1:s"));
    assert_ptr_equal(subjects_find_room(&subjects, "!2:s"), room);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_what_rests_is_found_again, begin, end),
        cmocka_unit_test_setup_teardown(test_what_is_not_worth_it, begin, end),
        cmocka_unit_test_setup_teardown(test_the_least_recently_used_is_forgotten_first, begin, end),
        cmocka_unit_test_setup_teardown(test_who_is_active_stays, begin, end),
        cmocka_unit_test_setup_teardown(test_what_grows_while_it_rests, begin, end),
        cmocka_unit_test_setup_teardown(test_an_active_room_has_no_weight, begin, end),
        cmocka_unit_test_setup_teardown(test_without_a_mirror, begin, end),
        cmocka_unit_test_setup_teardown(test_two_aliases_of_one_room, begin, end),
        cmocka_unit_test_setup_teardown(test_another_id, begin, end),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
