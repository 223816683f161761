/* Records: read once, written together, never believed when somebody else may have written them. */

#include "engine/ledger.h"
#include "engine/simulation/scene.h"
#include "support/test.h"

#include <stdlib.h>
#include <string.h>

/* ---- by itself ---- */

enum { MOST_FLIGHTS = 300 };

struct desk {
    struct ledger ledger;
    struct flight *flights[MOST_FLIGHTS];
    char users[MOST_FLIGHTS][16];
    size_t count;
    instant lease;
};

static void desk_begin(struct desk *desk)
{
    clock_start(1);
    *desk = (struct desk){.count = 0, .lease = INSTANT_PAST};
    ledger_init(&desk->ledger);
}

static void desk_end(struct desk *desk)
{
    for (size_t i = 0; i < desk->count; i++)
        flight_free(desk->flights[i]);
    ledger_deinit(&desk->ledger);
}

/* Another user wants it. */
static struct flight *come(struct desk *desk, enum synapse_kind kind, struct synapse_record record)
{
    char *user = desk->users[desk->count];
    struct synapse_call call = {.kind = kind, .user = user, .record = record};
    struct flight *flight;

    (void)snprintf(user, sizeof(desk->users[0]), "@u%zu:s", desk->count);
    flight = desk->flights[desk->count++] = flight_new(&call, NULL);
    ledger_add(&desk->ledger, flight, instant_now());
    return flight;
}

static const struct synapse_record OPEN = {.open = true}, CLOSED = {.open = false},
                                   OPEN_WITH_EMAIL = {.open = true, .email = true},
                                   SET = {.open = true, .email = true, .set = true};

/* What is sent now, if anything. */
static bool next(struct desk *desk, bool quiet, struct synapse_call *ret_call)
{
    instant at;

    return ledger_next(&desk->ledger, quiet, instant_now(), ret_call, &at);
}

/* The reply; how many were served. */
static size_t answer_with(struct desk *desk, enum synapse_outcome outcome, struct records *records)
{
    enum synapse_kind kind = desk->ledger.served->call.kind;
    struct synapse_reply reply = {.outcome = outcome, .records = records};
    size_t served = 0;

    ledger_answered(&desk->ledger, kind, &reply, desk->lease);
    while (ledger_release(&desk->ledger))
        served++;
    synapse_reply_deinit(&reply);
    return served;
}

static void test_writers_wait_for_each_other_but_not_for_long(void **state)
{
    struct desk desk;
    struct synapse_call call;
    instant at;

    (void)state;
    desk_begin(&desk);
    (void)come(&desk, SYNAPSE_WRITE_RECORDS, OPEN);
    assert_false(ledger_next(&desk.ledger, false, instant_now(), &call, &at));
    assert_in_range(at - instant_now(), 1, 100);
    clock_pass(10);
    (void)come(&desk, SYNAPSE_WRITE_RECORDS, OPEN);
    assert_false(next(&desk, false, &call));
    assert_true(ledger_next(&desk.ledger, false, at, &call, &at));
    assert_null(call.user);
    assert_int_equal(call.user_count, 2);
    assert_string_equal(call.users[0], "@u0:s");
    assert_string_equal(call.users[1], "@u1:s");
    assert_true(call.record.open);
    desk_end(&desk);
}

static void test_one_alone_has_a_document_of_its_own(void **state)
{
    struct desk desk;
    struct synapse_call call;

    (void)state;
    desk_begin(&desk);
    (void)come(&desk, SYNAPSE_WRITE_RECORDS, OPEN_WITH_EMAIL);
    assert_true(next(&desk, true, &call)); /* at once, for it is quiet */
    assert_string_equal(call.user, "@u0:s");
    assert_int_equal(call.user_count, 0);
    assert_true(call.record.email);
    desk_end(&desk);
}

/* One document says the same of all. */
static void test_different_records_are_written_apart(void **state)
{
    const struct synapse_record records[] = {OPEN, CLOSED, OPEN, OPEN_WITH_EMAIL, CLOSED, OPEN, SET};
    const size_t counts[] = {3, 2, 1, 1};
    struct desk desk;
    struct synapse_call call;

    (void)state;
    desk_begin(&desk);
    for (size_t i = 0; i < sizeof(records) / sizeof(records[0]); i++)
        (void)come(&desk, SYNAPSE_WRITE_RECORDS, records[i]);
    for (size_t i = 0; i < sizeof(counts) / sizeof(counts[0]); i++) {
        assert_true(next(&desk, true, &call));
        assert_int_equal(call.record.open, i != 1);
        assert_int_equal(call.record.set, i == 3);
        assert_int_equal(answer_with(&desk, SYNAPSE_OK, NULL), counts[i]);
    }
    assert_false(next(&desk, true, &call));
    desk_end(&desk);
}

static void test_a_request_has_its_bounds(void **state)
{
    struct desk desk;
    struct synapse_call call;

    (void)state;
    desk_begin(&desk);
    for (size_t i = 0; i < LEDGER_MOST + 20; i++)
        (void)come(&desk, SYNAPSE_WRITE_RECORDS, OPEN);
    assert_true(next(&desk, false, &call)); /* it is full */
    assert_int_equal(call.user_count, LEDGER_MOST);
    assert_false(next(&desk, true, &call)); /* one at a time */
    assert_int_equal(answer_with(&desk, SYNAPSE_OK, NULL), LEDGER_MOST);
    assert_true(next(&desk, true, &call));
    assert_int_equal(call.user_count, 20);
    desk_end(&desk);
}

static void test_who_asks_while_all_is_read_is_served_too(void **state)
{
    struct desk desk;
    struct synapse_call call;

    (void)state;
    desk_begin(&desk);
    (void)come(&desk, SYNAPSE_WRITE_RECORDS, OPEN);
    (void)come(&desk, SYNAPSE_READ_RECORDS, CLOSED);
    assert_true(next(&desk, true, &call));
    assert_int_equal(call.kind, SYNAPSE_READ_RECORDS); /* readers first, for nobody can go on without */
    (void)come(&desk, SYNAPSE_READ_RECORDS, CLOSED);
    assert_false(next(&desk, true, &call));
    assert_int_equal(answer_with(&desk, SYNAPSE_OK, records_new()), 2);
    assert_true(next(&desk, true, &call));
    assert_int_equal(call.kind, SYNAPSE_WRITE_RECORDS);
    desk_end(&desk);
}

/* A homeserver that refuses to write of that user. Returns how many requests it took until nobody waits, and
   how many of those who were served were refused. */
static unsigned write_all_but(struct desk *desk, const char *refused, unsigned *ret_refused)
{
    struct synapse_call call;
    unsigned requests = 0;

    *ret_refused = 0;
    for (; next(desk, true, &call); requests++) {
        bool is_in = text_equal(call.user, refused);

        for (size_t i = 0; i < call.user_count; i++)
            is_in = is_in || text_equal(call.users[i], refused);
        if (is_in)
            *ret_refused += (unsigned)answer_with(desk, SYNAPSE_REFUSED, NULL);
        else
            (void)answer_with(desk, SYNAPSE_OK, NULL);
        assert_true(requests < MOST_FLIGHTS);
    }
    return requests;
}

/* What is refused of many concerns only the one because of whom it is refused. */
static void test_who_is_refused_is_refused_alone(void **state)
{
    static const char *const refused[] = {"@u0:s", "@u1:s", "@u50:s", "@u99:s", "@u119:s"};

    (void)state;
    for (size_t i = 0; i < sizeof(refused) / sizeof(refused[0]); i++) {
        struct desk desk;
        unsigned count;

        desk_begin(&desk);
        (void)come(&desk, SYNAPSE_READ_RECORDS, CLOSED);
        (void)write_all_but(&desk, NULL, &count);
        for (size_t n = 1; n < 120; n++)
            (void)come(&desk, SYNAPSE_WRITE_RECORDS, n % 10 == 0 ? OPEN_WITH_EMAIL : OPEN);
        desk.flights[0]->call.kind = SYNAPSE_WRITE_RECORDS;
        desk.flights[0]->call.record = OPEN;
        ledger_add(&desk.ledger, desk.flights[0], instant_now());
        assert_true(write_all_but(&desk, refused[i], &count) < 25);
        assert_int_equal(count, 1);
        assert_null(desk.ledger.writers);
        assert_int_equal(desk.ledger.writer_count, 0);
        desk_end(&desk);
    }
}

/* While they wait again they may be withdrawn, as before. */
static void test_who_waits_again_may_go(void **state)
{
    struct desk desk;
    struct synapse_call call;

    (void)state;
    desk_begin(&desk);
    for (size_t i = 0; i < 4; i++)
        (void)come(&desk, SYNAPSE_WRITE_RECORDS, OPEN);
    assert_true(next(&desk, true, &call));
    assert_int_equal(answer_with(&desk, SYNAPSE_REFUSED, NULL), 0);
    assert_true(ledger_withdraw(&desk.ledger, desk.flights[0]));
    assert_true(next(&desk, false, &call)); /* at once */
    assert_int_equal(call.user_count, 2);
    assert_string_equal(call.users[0], "@u1:s");
    assert_int_equal(answer_with(&desk, SYNAPSE_OK, NULL), 2);
    assert_true(next(&desk, true, &call));
    assert_string_equal(call.user, "@u3:s");
    desk_end(&desk);
}

/* What is known follows what is written; what is not answered is not known. */
static void test_what_is_known(void **state)
{
    static const struct {
        enum synapse_outcome outcome;
        bool known, open; /* after a user's record was opened with that outcome */
    } cases[] = {{SYNAPSE_OK, true, true},       {SYNAPSE_REFUSED, true, false},
                 {SYNAPSE_LIMITED, true, false}, {SYNAPSE_SHUT_OUT, true, false},
                 {SYNAPSE_ABSENT, false, false}, {SYNAPSE_TAKEN, false, false},
                 {SYNAPSE_FAILED, false, false}, {SYNAPSE_UNREACHABLE, false, false}};

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct desk desk;
        struct synapse_call call;
        instant begun;

        desk_begin(&desk);
        begun = instant_now();
        assert_null(ledger_known(&desk.ledger, begun));
        (void)come(&desk, SYNAPSE_READ_RECORDS, CLOSED);
        assert_true(next(&desk, true, &call));
        (void)answer_with(&desk, SYNAPSE_OK, records_new());
        assert_non_null(ledger_known(&desk.ledger, begun));
        (void)come(&desk, SYNAPSE_WRITE_RECORDS, OPEN);
        assert_true(next(&desk, true, &call));
        (void)answer_with(&desk, cases[i].outcome, NULL);
        assert_int_equal(ledger_known(&desk.ledger, begun) != NULL, cases[i].known);
        if (cases[i].known)
            assert_int_equal(records_get(ledger_known(&desk.ledger, begun), "@u1:s").open, cases[i].open);
        assert_null(ledger_known(&desk.ledger, instant_now() + 1)); /* of before */
        desk_end(&desk);
    }
}

static void test_who_is_not_served_yet_can_be_withdrawn(void **state)
{
    struct desk desk;
    struct synapse_call call;
    struct flight *first, *second;

    (void)state;
    desk_begin(&desk);
    first = come(&desk, SYNAPSE_WRITE_RECORDS, OPEN);
    second = come(&desk, SYNAPSE_WRITE_RECORDS, OPEN);
    assert_true(ledger_withdraw(&desk.ledger, first));
    assert_false(ledger_withdraw(&desk.ledger, first));
    assert_true(next(&desk, true, &call));
    assert_string_equal(call.user, "@u1:s");
    assert_false(ledger_withdraw(&desk.ledger, second));
    assert_int_equal(answer_with(&desk, SYNAPSE_OK, NULL), 1);
    desk_end(&desk);
}

/* What was opened a moment ago is not known yet where it is read; and later somebody else may have closed it.
 */
static void test_what_was_just_written_holds_against_what_is_read(void **state)
{
    struct desk desk;
    struct synapse_call call;

    (void)state;
    desk_begin(&desk);
    (void)come(&desk, SYNAPSE_WRITE_RECORDS, OPEN_WITH_EMAIL);
    assert_true(next(&desk, true, &call));
    (void)answer_with(&desk, SYNAPSE_OK, NULL);
    for (int later = 0; later < 2; later++) {
        clock_pass(9000);
        (void)come(&desk, SYNAPSE_READ_RECORDS, CLOSED);
        assert_true(next(&desk, true, &call));
        (void)answer_with(&desk, SYNAPSE_OK, records_new());
        assert_int_equal(records_get(desk.ledger.records, "@u0:s").open, later == 0);
        assert_int_equal(records_get(desk.ledger.records, "@u0:s").email, later == 0);
    }
    desk_end(&desk);
}

/* ---- in the engine ---- */

static void post_members(struct scene *scene, unsigned room, unsigned first, unsigned count)
{
    struct buffer members;
    CLEANUP(freep) char *text = NULL;

    buffer_init(&members, 1 << 16);
    for (unsigned i = first; i < first + count; i++)
        (void)buffer_append_format(&members, "%s{'id': '@pupil_%u:school'}", i > first ? ", " : "", i);
    text = buffer_take(&members);
    stage_post(&scene->stage,
               "{'method': 'addRoom', 'room': {'id': '%u', 'type': 'course', 'name': 'R'}, 'members': [%s]}",
               room, text);
}

/* One reading and a few writes for all of a room's new members; later ones need no reading any more. */
static void test_members_are_recorded_together(void **state)
{
    enum { COUNT = 50 };
    struct scene *scene = scene_begin(8, false);
    const unsigned *made = scene->world.made;

    (void)state;
    world_add_crowd(&scene->world, COUNT + COUNT / 2);
    post_members(scene, 1, 0, COUNT);
    assert_true(stage_run(&scene->stage, HOUR));
    assert_int_equal(made[SYNAPSE_CREATE_USER], COUNT);
    assert_int_equal(made[SYNAPSE_READ_RECORDS], 1);
    assert_in_range(made[SYNAPSE_WRITE_RECORDS], 1, COUNT / 6);
    post_members(scene, 2, COUNT / 2, COUNT);
    assert_true(stage_run(&scene->stage, HOUR));
    assert_int_equal(made[SYNAPSE_READ_RECORDS], 1);
    for (unsigned i = 0; i < COUNT + COUNT / 2; i++)
        assert_true(scene->world.users[WORLD_USUAL + i].record.open);
    scene_end(scene);
}

/* Whose record was opened together with others' is greeted later, by whatever process. */
static void test_members_are_greeted_later(void **state)
{
    enum { COUNT = 20 };
    struct scene *scene = scene_begin(8, false);

    (void)state;
    world_add_crowd(&scene->world, COUNT);
    post_members(scene, 1, 0, COUNT);
    assert_true(stage_run(&scene->stage, HOUR));
    stage_restart(&scene->stage);
    scene->stage.all_at_once = true;
    for (unsigned i = 0; i < COUNT; i++)
        stage_post(&scene->stage,
                   "{'method': 'addUser', 'user': {'id': '@pupil_%u:school'}, 'welcome': {'text': 'Hello'}}",
                   i);
    assert_true(stage_run(&scene->stage, HOUR));
    assert_int_equal(scene->world.made[SYNAPSE_READ_RECORDS], 2);
    for (unsigned i = 0; i < COUNT; i++) {
        assert_int_equal(scene->world.users[WORLD_USUAL + i].greetings, 1);
        assert_false(scene->world.users[WORLD_USUAL + i].record.open);
    }
    scene_end(scene);
}

/* Another program may work on the same homeserver: about who is there, what was read before does not count.
 */
static void test_a_member_whom_another_program_created(void **state)
{
    struct scene *scene = scene_begin(8, false);
    struct world_user *pupil = &scene->world.users[WORLD_USUAL + 10];

    (void)state;
    world_add_crowd(&scene->world, 11);
    post_members(scene, 1, 0, 10);
    assert_true(stage_run(&scene->stage, HOUR));
    clock_pass(1);
    world_make_user(&scene->world, pupil, NULL, NULL);
    pupil->ours = pupil->has_record = pupil->record.open = true;
    stage_post(&scene->stage,
               "{'method': 'addUser', 'user': {'id': '@pupil_10:school'}, 'welcome': {'text': 'Hello'}}");
    assert_true(stage_run(&scene->stage, HOUR));
    assert_int_equal(pupil->greetings, 1);
    scene_end(scene);
}

/* Its account data cannot be missing where the sync user is there: something else has answered. */
static void test_an_answer_that_is_none(void **state)
{
    struct desk desk;
    struct synapse_call call;
    struct synapse_reply reply = {.outcome = SYNAPSE_ABSENT};

    (void)state;
    desk_begin(&desk);
    (void)come(&desk, SYNAPSE_READ_RECORDS, CLOSED);
    assert_true(next(&desk, true, &call));
    ledger_answered(&desk.ledger, call.kind, &reply, INSTANT_PAST);
    assert_int_equal(reply.outcome, SYNAPSE_FAILED);
    desk_end(&desk);
}

/* A connection later, another process may have written records in between. */
static void test_records_are_read_again_after_a_connection(void **state)
{
    struct scene *scene = scene_begin(8, false);

    (void)state;
    world_add_crowd(&scene->world, 20);
    post_members(scene, 1, 0, 10);
    assert_true(stage_run(&scene->stage, HOUR));
    clock_pass(1);
    scene->stage.lease_since = instant_now();
    post_members(scene, 1, 10, 10);
    assert_true(stage_run(&scene->stage, HOUR));
    assert_int_equal(scene->world.made[SYNAPSE_READ_RECORDS], 2);
    scene_end(scene);
}

static unsigned writes_of(const struct scene *scene)
{
    unsigned writes = scene->world.made[SYNAPSE_WRITE_RECORDS];

    for (size_t i = 0; i < scene->stage.transit_count; i++)
        writes += scene->stage.transits[i].call.kind == SYNAPSE_WRITE_RECORDS &&
                  !scene->stage.transits[i].carried_out;
    return writes;
}

/* The messages are gone before a write was sent: it may be another's turn now. */
static void test_nothing_is_written_for_who_has_left(void **state)
{
    (void)state;
    for (int64_t later = 1; later < 1000; later += 5) {
        struct scene *scene = scene_begin(8, false);
        struct stage *stage = &scene->stage;
        unsigned writes;

        world_add_crowd(&scene->world, 20);
        post_members(scene, 1, 0, 20);
        while (stage->calls == 0)
            stage_run_for(stage, 1);
        stage_run_for(stage, later);
        writes = writes_of(scene);
        if (!stage->letters[0].gone) {
            engine_leave(stage->engine, TAKE(stage->letters[0].message));
            stage->letters[0].gone = true;
            stage->gone++;
        }
        stage_post(stage, "{'method': 'addUser', 'user': {'id': '@anna:school'}, 'rooms': [{" MATHS "}]}");
        assert_true(stage_run(stage, HOUR));
        assert_int_equal(scene->world.made[SYNAPSE_WRITE_RECORDS], writes);
        scene_end(scene);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_writers_wait_for_each_other_but_not_for_long),
        cmocka_unit_test(test_one_alone_has_a_document_of_its_own),
        cmocka_unit_test(test_different_records_are_written_apart),
        cmocka_unit_test(test_a_request_has_its_bounds),
        cmocka_unit_test(test_who_asks_while_all_is_read_is_served_too),
        cmocka_unit_test(test_who_is_refused_is_refused_alone),
        cmocka_unit_test(test_who_waits_again_may_go),
        cmocka_unit_test(test_what_is_known),
        cmocka_unit_test(test_what_was_just_written_holds_against_what_is_read),
        cmocka_unit_test(test_who_is_not_served_yet_can_be_withdrawn),
        cmocka_unit_test(test_members_are_recorded_together),
        cmocka_unit_test(test_members_are_greeted_later),
        cmocka_unit_test(test_a_member_whom_another_program_created),
        cmocka_unit_test(test_an_answer_that_is_none),
        cmocka_unit_test(test_records_are_read_again_after_a_connection),
        cmocka_unit_test(test_nothing_is_written_for_who_has_left),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
