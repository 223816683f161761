/* What went wrong once: witnesses who cannot be heard, a mirror that stays away, welcomes at the edge. */

#include "base/log.h"
#include "engine/simulation/scene.h"
#include "engine/user_learn.h"
#include "support/test.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Who is known from before, but cannot be read now. */
static void test_a_known_user_who_cannot_be_read(void **state)
{
    struct scene *scene = scene_begin(4, true);
    const struct letter *letter = &scene->stage.letters[1];
    struct world_room *room;

    (void)state;
    alarm(20);
    stage_post(&scene->stage, "{'method': 'addUser', 'user': {'id': '@bert:school', 'name': 'Bert'}}");
    assert_true(stage_run(&scene->stage, HOUR));
    scene_curse(scene, FATE_REFUSED, "@bert:school", SYNAPSE_READ_USER);
    stage_post(&scene->stage, "{'method': 'addRoom', 'room': {" MATHS "}, 'members': ["
                              "{'id': '@anna:school'}, {'id': '@bert:school'}]}");
    assert_true(stage_run(&scene->stage, HOUR));
    assert_true(letter->rejected);
    assert_int_equal(letter->code, REQUEST_HOMESERVER_REJECTED);
    assert_non_null(strstr(letter->detail, "@bert:school"));
    room = world_room_of(&scene->world, MATHS_ALIAS);
    if (!room)
        abort(); /* an assertion does not tell the compiler that it ends here */
    assert_int_equal(room_state_membership(room->state, "@anna:school"), MEMBERSHIP_JOIN);
    assert_int_not_equal(room_state_membership(room->state, "@bert:school"), MEMBERSHIP_JOIN);
    alarm(0);
    scene_end(scene);
}

static void post_anna(struct scene *scene, const char *name)
{
    stage_post(&scene->stage,
               "{'method': 'addUser', 'user': {'id': '@anna:school', 'name': '%s'}, "
               "'rooms': [{" MATHS ", 'is_moderator': true}]}",
               name);
}

/* A name that is refused concerns who asked for it; whenever the other message comes. */
static void test_what_another_message_was_refused(void **state)
{
    (void)state;
    alarm(60);
    for (int64_t later = 0; later < SECOND; later += 10) {
        struct scene *scene = scene_begin(4, true);
        const struct letter *letters = scene->stage.letters;

        post_anna(scene, "Anna");
        assert_true(stage_run(&scene->stage, HOUR));
        scene_curse(scene, FATE_REFUSED, NULL, SYNAPSE_SET_DISPLAY_NAME);
        stage_post(&scene->stage, "{'method': 'addUser', 'user': {'id': '@anna:school', 'name': 'Another'}, "
                                  "'rooms': [{'id': '2', 'type': 'course', 'name': 'Greek'}]}");
        stage_run_for(&scene->stage, later);
        stage_post(&scene->stage,
                   "{'method': 'addRoom', 'room': {'id': '7', 'type': 'news', 'name': 'News'}, "
                   "'members': [{'id': '@anna:school'}]}");
        assert_true(stage_run(&scene->stage, HOUR));
        assert_true(letters[1].rejected);
        assert_false(letters[2].rejected);
        scene_end(scene);
    }
    alarm(0);
}

/* An admin took the user back, and brought them in; nobody has told us. */
static void test_who_is_deactivated_no_more(void **state)
{
    struct scene *scene = scene_begin(4, true);
    struct world_user *anna;

    (void)state;
    alarm(20);
    post_anna(scene, "Anna");
    assert_true(stage_run(&scene->stage, HOUR));
    anna = world_user(&scene->world, "@anna:school");
    if (!anna)
        abort();              /* an assertion does not tell the compiler that it ends here */
    anna->deactivated = true; /* but still in the room, for a while */
    post_anna(scene, "Else");
    assert_true(stage_run(&scene->stage, HOUR));
    assert_string_equal(anna->name, "Anna");
    anna->deactivated = false;
    post_anna(scene, "Else");
    assert_true(stage_run(&scene->stage, HOUR));
    assert_string_equal(anna->name, "Else");
    alarm(0);
    scene_end(scene);
}

/* Synapse has many to take out of their rooms, and comes to her only after minutes. */
static void test_who_comes_back_is_not_taken_out_later(void **state)
{
    struct scene *scene = scene_begin(4, true);
    struct world_user *anna;
    struct world_room *room;

    (void)state;
    scene->world.rules.reactivate = true;
    stage_restart(&scene->stage);
    alarm(20);
    post_anna(scene, "Anna");
    stage_post(&scene->stage, "{'method': 'removeUser', 'user': {'id': '@anna:school'}}");
    assert_true(stage_run(&scene->stage, HOUR));
    anna = world_user(&scene->world, "@anna:school");
    if (!anna)
        abort(); /* an assertion does not tell the compiler that it ends here */
    anna->leaves_at = instant_now() + 5 * MINUTE;
    post_anna(scene, "Anna");
    assert_true(stage_run(&scene->stage, HOUR));
    world_settle(&scene->world);
    room = world_room_of(&scene->world, MATHS_ALIAS);
    if (!room)
        abort();
    assert_int_equal(room_state_membership(room->state, "@anna:school"), MEMBERSHIP_JOIN);
    alarm(0);
    scene_end(scene);
}

/* A proxy has no worker for /sync, or gives it up: 502, 504. All else works. */
static void test_changes_alone_are_out_of_reach(void **state)
{
    struct scene *scene = scene_begin(4, true);

    (void)state;
    alarm(60);
    post_anna(scene, "Anna");
    assert_true(stage_run(&scene->stage, HOUR));
    scene_curse(scene, FATE_LOST, NULL, SYNAPSE_READ_CHANGES);
    post_anna(scene, "Anna");
    assert_true(stage_run(&scene->stage, HOUR));
    alarm(0);
    scene_end(scene);
}

/* A room without power levels, in which somebody is already. */
static void test_a_witness_in_a_room_without_levels(void **state)
{
    struct scene *scene = scene_begin(4, true);
    struct world_room *room;

    (void)state;
    alarm(20);
    room = world_make_room(&scene->world, MATHS_ALIAS, scene->world.rules.sync_user, STAGE_JOINED);
    world_make_user(&scene->world, &scene->world.users[0], "Anna", NULL);
    world_make_user(&scene->world, &scene->world.users[1], "Bert", NULL);
    world_move(&scene->world, room, "@bert:school", MEMBERSHIP_JOIN);
    post_anna(scene, "Anna");
    stage_run_for(&scene->stage, 5 * SECOND); /* it may just be being made, and is waited for */
    stage_post(&scene->stage,
               "{'method': 'addUser', 'user': {'id': '@bert:school'}, 'rooms': [{" MATHS "}]}");
    assert_true(stage_run(&scene->stage, HOUR));
    alarm(0);
    scene_end(scene);
}

static const struct engine_rules school_rules = {.server_name = "school", .sync_user = "@sync:school"};

static struct user_wanted anna_wanted(void)
{
    static char hello[] = "Hello";

    return (struct user_wanted){.id = "@anna:school",
                                .added = true,
                                .name = "Anna",
                                .renamed = true,
                                .welcome = hello,
                                .welcome_alias = "#sync_anna:school",
                                .since = 1};
}

static void user_hears(struct user_known *known, enum synapse_kind kind, enum synapse_outcome outcome,
                       bool created, instant at)
{
    const struct synapse_call call = {
        .kind = kind, .user = "@anna:school", .name = "Anna", .record = {.open = true}};
    struct synapse_reply reply = {.outcome = outcome, .created = created, .retry_after = -1};

    user_learn(known, &(struct news){.call = &call,
                                     .reply = &reply,
                                     .rules = &school_rules,
                                     .others_succeeded = true,
                                     .sent = at,
                                     .now = at});
    synapse_reply_deinit(&reply);
}

/* Our own creation, given up as unanswered, is carried out late. */
static void test_a_creation_that_is_carried_out_late(void **state)
{
    const struct user_wanted wanted = anna_wanted();
    struct user_known known;
    struct action action;

    (void)state;
    user_known_init(&known);
    user_hears(&known, SYNAPSE_READ_USER, SYNAPSE_ABSENT, false, 10);
    user_hears(&known, SYNAPSE_WRITE_RECORDS, SYNAPSE_OK, false, 20);
    user_hears(&known, SYNAPSE_CREATE_USER, SYNAPSE_UNREACHABLE, false, 30);
    user_hears(&known, SYNAPSE_READ_USER, SYNAPSE_ABSENT, false, 40); /* not yet */
    user_hears(&known, SYNAPSE_CREATE_USER, SYNAPSE_OK, false, 50);   /* 200: now it was there */
    action = user_next(&known, &wanted, &school_rules, 60);
    assert_int_equal(action.kind, ACTION_CALL);
    assert_int_equal(action.call.kind, SYNAPSE_CREATE_WELCOME_ROOM); /* not the record closed */
    user_known_deinit(&known);
}

/* The creation of a process that was killed: the record that it opened tells of it. */
static void test_a_creation_of_a_process_before(void **state)
{
    const struct user_wanted wanted = anna_wanted();
    const struct synapse_call call = {.kind = SYNAPSE_READ_RECORDS, .user = "@anna:school"};
    CLEANUP(records_freep) struct records *records = records_new();
    struct synapse_reply reply = {.records = records, .retry_after = -1};
    struct user_known known;

    (void)state;
    records_set(records, "@anna:school", (struct synapse_record){.open = true});
    user_known_init(&known);
    user_hears(&known, SYNAPSE_READ_USER, SYNAPSE_ABSENT, false, 10);
    assert_int_equal(user_next(&known, &wanted, &school_rules, 10).call.kind, SYNAPSE_READ_RECORDS);
    user_learn(&known, &(struct news){.call = &call,
                                      .reply = &reply,
                                      .rules = &school_rules,
                                      .others_succeeded = true,
                                      .sent = 20,
                                      .now = 20});
    assert_int_equal(user_next(&known, &wanted, &school_rules, 20).call.kind, SYNAPSE_CREATE_USER);
    user_hears(&known, SYNAPSE_CREATE_USER, SYNAPSE_OK, false,
               30); /* 200: the other was carried out meanwhile */
    assert_int_equal(user_next(&known, &wanted, &school_rules, 40).call.kind, SYNAPSE_CREATE_WELCOME_ROOM);
    user_known_deinit(&known);
}

/* It was frozen, and another instance may be at work on the same: what was answered meanwhile leads to
 * nothing. */
static void test_nothing_is_begun_while_out_of_touch(void **state)
{
    struct scene *scene = scene_begin(4, true);
    unsigned calls;

    (void)state;
    alarm(20);
    post_anna(scene, "Anna");
    stage_run_for(&scene->stage, 1);
    scene->stage.out_of_touch = true;
    calls = scene->stage.calls;
    stage_run_for(&scene->stage, MINUTE);
    assert_int_equal(scene->stage.calls, calls);
    assert_false(scene->stage.letters[0].ended);
    scene->stage.out_of_touch = false;
    assert_true(stage_run(&scene->stage, HOUR));
    alarm(0);
    scene_end(scene);
}

/* A stand-by took over, handled the first addUser (which brought no welcome) and closed the record; then it
   went, and we are the one again. */
static void test_a_record_that_another_instance_closed(void **state)
{
    struct scene *scene = scene_begin(4, true);
    struct world_user *bert = &scene->world.users[1];

    (void)state;
    alarm(20);
    stage_post(&scene->stage,
               "{'method': 'addRoom', 'room': {" MATHS "}, 'members': [{'id': '@bert:school'}]}");
    assert_true(stage_run(&scene->stage, HOUR));
    assert_true(bert->has_record && bert->record.open);
    bert->record.open = false;
    clock_pass(1);
    scene->stage.lease_since = instant_now();
    stage_post(&scene->stage, "{'method': 'addUser', 'user': {'id': '@bert:school'}, "
                              "'welcome': {'text': 'Hello'}, 'rooms': [{" MATHS "}]}");
    assert_true(stage_run(&scene->stage, HOUR));
    assert_int_equal(bert->greetings, 0);
    alarm(0);
    scene_end(scene);
}

/* The messages are gone before it was her turn again; a stand-by creates her, for a room; then it is our
 * turn. */
static void test_a_user_whom_another_instance_created(void **state)
{
    struct scene *scene = scene_begin(4, true);
    struct stage *stage = &scene->stage;
    struct world_user *anna = &scene->world.users[0];

    (void)state;
    alarm(20);
    scene_curse(scene, FATE_FAILED, "@anna:school", SYNAPSE_CREATE_USER);
    post_anna(scene, "Anna");
    while (scene->world.made[SYNAPSE_READ_RECORDS] == 0)
        stage_run_for(stage, 1);
    stage_run_for(stage, SECOND);
    stage->out_of_touch = true;
    engine_leave(stage->engine, TAKE(stage->letters[0].message));
    stage->letters[0].gone = true;
    stage->gone++;
    world_make_user(&scene->world, anna, "Anna", NULL);
    anna->ours = anna->has_record = anna->record.open = true;
    clock_pass(1);
    stage->lease_since = instant_now();
    scene_curse(scene, FATE_NORMAL, NULL, -1);
    stage_post(stage, "{'method': 'addUser', 'user': {'id': '@anna:school'}, 'welcome': {'text': 'Hello'}}");
    stage_run_for(stage, SECOND);
    stage->out_of_touch = false;
    assert_true(stage_run(stage, HOUR));
    assert_int_equal(anna->greetings, 1);
    alarm(0);
    scene_end(scene);
}

/* Something keeps failing with anna. What one message alone would do next for her is not what is done for
 * all. */
static void check_that_carl_is_joined(int failing)
{
    struct scene *scene = scene_begin(8, false);

    alarm(20);
    scene->stage.all_at_once = true;
    world_make_user(&scene->world, &scene->world.users[2], NULL, NULL);
    scene_curse(scene, FATE_FAILED, "@anna:school", failing);
    stage_post(&scene->stage, "{'method': 'addUser', 'user': {'id': '@anna:school', 'email': 'anna@home'}, "
                              "'rooms': [{" MATHS "}]}");
    stage_post(&scene->stage, "{'method': 'addRoom', 'room': {" MATHS "}, 'members': ["
                              "{'id': '@anna:school'}, {'id': '@bert:school'}]}");
    stage_post(&scene->stage,
               "{'method': 'addUser', 'user': {'id': '@anna:school'}, 'rooms': [{" MATHS "}]}");
    stage_post(&scene->stage,
               "{'method': 'addUser', 'user': {'id': '@carl:school'}, 'rooms': [{" MATHS "}]}");
    stage_run_for(&scene->stage, MINUTE);
    assert_false(scene->stage.letters[0].ended);
    assert_true(scene->stage.letters[3].ended);
    alarm(0);
    scene_curse(scene, FATE_NORMAL, NULL, -1);
    assert_true(stage_run(&scene->stage, HOUR));
    scene_end(scene);
}

static void test_a_room_is_made_without_whom_something_fails_with(void **state)
{
    (void)state;
    check_that_carl_is_joined(SYNAPSE_READ_EMAIL_OWNER);
    check_that_carl_is_joined(SYNAPSE_CREATE_USER);
}

/* More of them are not over sooner, and each has to be looked at. */
static void test_two_rooms_are_deleted_at_a_time(void **state)
{
    static const char *const rooms[][2] = {{"course", "1"}, {"course", "2"}, {"team", "1"}, {"news", "7"}};
    struct scene *scene = scene_begin(16, true);

    (void)state;
    alarm(20);
    for (size_t i = 0; i < 4; i++)
        stage_post(&scene->stage, "{'method': 'addRoom', 'room': {'type': '%s', 'id': '%s', 'name': 'N'}}",
                   rooms[i][0], rooms[i][1]);
    assert_true(stage_run(&scene->stage, HOUR));
    scene->world.removing = true;
    for (size_t i = 0; i < 4; i++)
        stage_post(&scene->stage, "{'method': 'removeRoom', 'room': {'type': '%s', 'id': '%s'}}", rooms[i][0],
                   rooms[i][1]);
    assert_true(stage_run(&scene->stage, HOUR));
    alarm(0);
    assert_int_equal(scene->world.made[SYNAPSE_DELETE_ROOM], 4);
    assert_int_equal(scene->world.deleting, 2);
    scene_end(scene);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_known_user_who_cannot_be_read),
        cmocka_unit_test(test_what_another_message_was_refused),
        cmocka_unit_test(test_who_is_deactivated_no_more),
        cmocka_unit_test(test_who_comes_back_is_not_taken_out_later),
        cmocka_unit_test(test_changes_alone_are_out_of_reach),
        cmocka_unit_test(test_a_witness_in_a_room_without_levels),
        cmocka_unit_test(test_a_creation_that_is_carried_out_late),
        cmocka_unit_test(test_a_creation_of_a_process_before),
        cmocka_unit_test(test_nothing_is_begun_while_out_of_touch),
        cmocka_unit_test(test_a_record_that_another_instance_closed),
        cmocka_unit_test(test_a_user_whom_another_instance_created),
        cmocka_unit_test(test_a_room_is_made_without_whom_something_fails_with),
        cmocka_unit_test(test_two_rooms_are_deleted_at_a_time),
    };

    log_configure(LOG_ERROR, LOG_LOGFMT);
    if (argc > 1)
        cmocka_set_test_filter(argv[1]);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
