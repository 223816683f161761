/*
 * What is assumed of users and rooms, one write and one read at a time. (Against a simulated homeserver:
 * test_assumed.c.)
 */
#include "base/memory.h"
#include "engine/assumed_reads.h"
#include "support/test.h"

#include <string.h>

#define ADA "@ada:h"
#define EVE "@eve:h"

struct fixture {
    struct assumed_world world;
    struct synapse_reply reply; /* to the last read */
};

static int set_up(void **state)
{
    struct fixture *fixture = NEW(struct fixture);

    fixture->world.rules = (struct engine_rules){.server_name = "h", .sync_user = "@sync:h"};
    *state = fixture;
    return 0;
}

static int tear_down(void **state)
{
    struct fixture *fixture = *state;

    synapse_reply_deinit(&fixture->reply);
    assumed_world_deinit(&fixture->world);
    free(fixture);
    return 0;
}

/* Whether it is said that nobody was there before. */
static bool write_call(struct fixture *fixture, struct synapse_call call)
{
    struct synapse_reply reply = {.retry_after = -1};
    bool created;

    assumed_write(&fixture->world, &call, &reply);
    created = reply.created;
    synapse_reply_deinit(&reply);
    return created;
}

/* Whether what is assumed is an answer by itself. */
static bool answers(struct fixture *fixture, struct synapse_call call)
{
    synapse_reply_deinit(&fixture->reply);
    return assumed_read(&fixture->world, &call, &fixture->reply);
}

/* The homeserver has the user, with a name and an address. */
static void hear_of(struct fixture *fixture, const char *user)
{
    struct synapse_call call = {.kind = SYNAPSE_READ_USER, .user = user};

    synapse_reply_deinit(&fixture->reply);
    fixture->reply =
        (struct synapse_reply){.user = {.name = text_copy("Ada"), .has_email = true}, .retry_after = -1};
    assumed_amend(&fixture->world, &call, &fixture->reply);
}

static void test_the_owner_of_an_address_is_who_was_given_it(void **state)
{
    struct fixture *fixture = *state;

    assert_true(write_call(fixture, (struct synapse_call){.kind = SYNAPSE_CREATE_USER, .user = EVE}));
    assert_true(write_call(
        fixture,
        (struct synapse_call){.kind = SYNAPSE_CREATE_USER, .user = ADA, .email = "ada@example.org"}));
    assert_true(answers(
        fixture,
        (struct synapse_call){.kind = SYNAPSE_READ_EMAIL_OWNER, .user = EVE, .email = "ADA@Example.org"}));
    assert_string_equal(fixture->reply.text, ADA);
    assert_false(answers(
        fixture,
        (struct synapse_call){.kind = SYNAPSE_READ_EMAIL_OWNER, .user = EVE, .email = "eve@example.org"}));
    (void)write_call(fixture, (struct synapse_call){.kind = SYNAPSE_DEACTIVATE_USER, .user = ADA});
    assert_false(answers(
        fixture,
        (struct synapse_call){.kind = SYNAPSE_READ_EMAIL_OWNER, .user = EVE, .email = "ada@example.org"}));
}

static void test_who_is_deactivated_has_no_address_and_keeps_the_name_unless_erased(void **state)
{
    struct fixture *fixture = *state;

    hear_of(fixture, ADA);
    assert_true(!fixture->reply.user.deactivated && fixture->reply.user.has_email);
    (void)write_call(fixture, (struct synapse_call){.kind = SYNAPSE_DEACTIVATE_USER, .user = ADA});
    hear_of(fixture, ADA);
    assert_true(fixture->reply.user.deactivated && !fixture->reply.user.has_email);
    assert_string_equal(fixture->reply.user.name, "Ada");
    (void)write_call(fixture,
                     (struct synapse_call){.kind = SYNAPSE_DEACTIVATE_USER, .user = ADA, .erase = true});
    hear_of(fixture, ADA);
    assert_null(fixture->reply.user.name);
    hear_of(fixture, EVE);
    assert_true(!fixture->reply.user.deactivated && fixture->reply.user.has_email);
    assert_string_equal(fixture->reply.user.name, "Ada");
}

static void test_an_account_that_was_made_is_called_as_the_user(void **state)
{
    struct fixture *fixture = *state;

    assert_false(answers(fixture, (struct synapse_call){.kind = SYNAPSE_READ_ACCOUNT, .user = ADA}));
    assert_true(write_call(fixture, (struct synapse_call){.kind = SYNAPSE_CREATE_ACCOUNT, .user = ADA}));
    assert_true(answers(fixture, (struct synapse_call){.kind = SYNAPSE_READ_ACCOUNT, .user = ADA}));
    assert_string_equal(fixture->reply.user.name, "ada");
    assert_non_null(fixture->reply.text);
    assert_false(fixture->reply.user.deactivated);
    assert_false(answers(fixture, (struct synapse_call){.kind = SYNAPSE_READ_ACCOUNT, .user = EVE}));
}

static void test_the_aliases_of_a_room_that_was_made_are_those_that_lead_to_it(void **state)
{
    struct fixture *fixture = *state;

    (void)write_call(fixture, (struct synapse_call){.kind = SYNAPSE_CREATE_ROOM, .alias = "#a:h"});
    (void)write_call(fixture, (struct synapse_call){.kind = SYNAPSE_CREATE_ROOM, .alias = "#b:h"});
    assert_true(answers(fixture, (struct synapse_call){.kind = SYNAPSE_READ_ALIASES, .room = "!assumed-2"}));
    assert_string_equal(fixture->reply.aliases[0], "#b:h");
    assert_null(fixture->reply.aliases[1]);
    assert_false(answers(fixture, (struct synapse_call){.kind = SYNAPSE_READ_ALIASES, .room = "!real:h"}));
    (void)write_call(fixture, (struct synapse_call){.kind = SYNAPSE_DELETE_ALIAS, .alias = "#b:h"});
    assert_true(answers(fixture, (struct synapse_call){.kind = SYNAPSE_READ_ALIASES, .room = "!assumed-2"}));
    assert_null(fixture->reply.aliases[0]);
}

/* Bans stay, and who was in no room does not get into one. */
static void test_who_is_deactivated_has_left_all_rooms(void **state)
{
    struct fixture *fixture = *state;
    const struct synapse_call call = {.kind = SYNAPSE_READ_STATE, .room = "!real:h"};
    struct room_state *room = room_state_new();

    room_state_set_membership(room, ADA, MEMBERSHIP_JOIN);
    room_state_set_membership(room, "@bob:h", MEMBERSHIP_BAN);
    room_state_set_membership(room, EVE, MEMBERSHIP_JOIN);
    fixture->reply = (struct synapse_reply){.state = room, .retry_after = -1};
    (void)write_call(fixture, (struct synapse_call){.kind = SYNAPSE_DEACTIVATE_USER, .user = ADA});
    (void)write_call(fixture, (struct synapse_call){.kind = SYNAPSE_DEACTIVATE_USER, .user = "@bob:h"});
    (void)write_call(fixture, (struct synapse_call){.kind = SYNAPSE_DEACTIVATE_USER, .user = "@cyd:h"});
    (void)write_call(fixture,
                     (struct synapse_call){.kind = SYNAPSE_SET_DISPLAY_NAME, .user = EVE, .name = "Eve"});
    assumed_amend(&fixture->world, &call, &fixture->reply);
    assert_int_equal(room_state_membership(room, ADA), MEMBERSHIP_LEAVE);
    assert_int_equal(room_state_membership(room, "@bob:h"), MEMBERSHIP_BAN);
    assert_int_equal(room_state_membership(room, "@cyd:h"), MEMBERSHIP_NONE);
    assert_int_equal(room_state_membership(room, EVE), MEMBERSHIP_JOIN);
}

static void test_an_account_is_as_active_as_it_was_made(void **state)
{
    struct fixture *fixture = *state;
    const struct synapse_call read = {.kind = SYNAPSE_READ_ACCOUNT, .user = ADA};

    (void)write_call(fixture, (struct synapse_call){.kind = SYNAPSE_DEACTIVATE_ACCOUNT, .user = ADA});
    assert_false(answers(fixture, read));
    assumed_amend(&fixture->world, &read, &fixture->reply);
    assert_true(fixture->reply.user.deactivated);
    (void)write_call(fixture, (struct synapse_call){.kind = SYNAPSE_REACTIVATE_ACCOUNT, .user = ADA});
    assumed_amend(&fixture->world, &read, &fixture->reply);
    assert_false(fixture->reply.user.deactivated);
}

/* At MAS it is known by the account. */
static void test_the_owner_of_an_address_at_mas_is_an_account(void **state)
{
    struct fixture *fixture = *state;
    const struct synapse_call read = {
        .kind = SYNAPSE_READ_ADDRESS_OWNER, .user = EVE, .email = "ADA@example.org"};

    (void)write_call(fixture, (struct synapse_call){.kind = SYNAPSE_CREATE_ACCOUNT, .user = EVE});
    assert_false(answers(fixture, read));
    (void)write_call(fixture, (struct synapse_call){.kind = SYNAPSE_ADD_ADDRESS,
                                                    .user = ADA,
                                                    .account = "01ADA",
                                                    .email = "ada@example.org"});
    assert_true(answers(fixture, read));
    assert_string_equal(fixture->reply.text, "01ADA");
}

/* Those of others are as they are. */
static void test_records_are_as_they_were_written(void **state)
{
    struct fixture *fixture = *state;
    const char *const both[] = {ADA, "@bob:h"};
    const struct synapse_call read = {.kind = SYNAPSE_READ_RECORDS, .user = ADA};
    struct records *records = records_new();

    records_set(records, ADA, (struct synapse_record){.open = true});
    records_set(records, EVE, (struct synapse_record){.open = true});
    (void)write_call(fixture, (struct synapse_call){.kind = SYNAPSE_CREATE_USER, .user = EVE});
    (void)write_call(fixture, (struct synapse_call){.kind = SYNAPSE_WRITE_RECORDS,
                                                    .users = both,
                                                    .user_count = 2,
                                                    .record = {.open = true}});
    (void)write_call(fixture, (struct synapse_call){.kind = SYNAPSE_WRITE_RECORDS, .user = ADA});
    fixture->reply = (struct synapse_reply){.records = records, .retry_after = -1};
    assumed_amend(&fixture->world, &read, &fixture->reply);
    assert_false(records_get(records, ADA).open);
    assert_true(records_get(records, "@bob:h").open);
    assert_true(records_get(records, EVE).open);
}

#define ROOM "!real:h"
#define LEVELS "{\"users\":{\"@bob:h\":100}}"

/* Synapse invites it, and gives it the power of the room. */
static void test_the_sync_user_gets_its_power_and_comes_in(void **state)
{
    struct fixture *fixture = *state;
    const struct synapse_call call = {.kind = SYNAPSE_READ_STATE, .room = ROOM};
    struct room_state *room = room_state_new();

    room->levels = levels_parse(LEVELS, strlen(LEVELS));
    fixture->reply = (struct synapse_reply){.state = room, .retry_after = -1};
    (void)write_call(fixture, (struct synapse_call){.kind = SYNAPSE_REGAIN_ROOM, .room = ROOM});
    assumed_amend(&fixture->world, &call, &fixture->reply);
    assert_int_equal(room_state_membership(room, "@sync:h"), MEMBERSHIP_INVITE);
    assert_int_equal(levels_of(room->levels, "@sync:h"), 100);
    (void)write_call(fixture, (struct synapse_call){.kind = SYNAPSE_ENTER_ROOM, .room = ROOM});
    assumed_amend(&fixture->world, &call, &fixture->reply);
    assert_int_equal(room_state_membership(room, "@sync:h"), MEMBERSHIP_JOIN);
    assumed_amend(&fixture->world, &call, &fixture->reply);
    assert_int_equal(room_state_membership(room, "@sync:h"), MEMBERSHIP_JOIN);
}

/* Where it is only assumed to be, the homeserver lets it read the state, but not the levels. */
static void test_levels_of_a_room_that_it_came_into_are_read_with_its_state(void **state)
{
    struct fixture *fixture = *state;
    const struct synapse_call call = {.kind = SYNAPSE_READ_LEVELS, .room = ROOM};
    struct room_state *room = room_state_new();

    assert_int_equal(assumed_question(&fixture->world, &call), SYNAPSE_READ_LEVELS);
    (void)write_call(fixture, (struct synapse_call){.kind = SYNAPSE_REGAIN_ROOM, .room = ROOM});
    assert_int_equal(assumed_question(&fixture->world, &call), SYNAPSE_READ_LEVELS);
    (void)write_call(fixture, (struct synapse_call){.kind = SYNAPSE_ENTER_ROOM, .room = ROOM});
    assert_int_equal(assumed_question(&fixture->world, &call), SYNAPSE_READ_STATE);
    room->levels = levels_parse(LEVELS, strlen(LEVELS));
    fixture->reply = (struct synapse_reply){.state = room, .retry_after = -1};
    assumed_amend(&fixture->world, &call, &fixture->reply);
    assert_int_equal(levels_of(fixture->reply.levels, "@sync:h"), 100);
    assert_int_equal(levels_of(fixture->reply.levels, "@bob:h"), 100);
}

static void test_a_room_that_was_deleted_is_gone(void **state)
{
    static const enum synapse_kind reads[] = {SYNAPSE_READ_ROOM, SYNAPSE_READ_STATE, SYNAPSE_READ_CREATION,
                                              SYNAPSE_READ_LEVELS};
    struct fixture *fixture = *state;

    for (size_t i = 0; i < sizeof(reads) / sizeof(reads[0]); i++)
        assert_false(answers(fixture, (struct synapse_call){.kind = reads[i], .room = ROOM}));
    assert_false(answers(fixture, (struct synapse_call){.kind = SYNAPSE_READ_DELETION, .room = ROOM}));
    (void)write_call(fixture, (struct synapse_call){.kind = SYNAPSE_DELETE_ROOM, .room = ROOM});
    for (size_t i = 0; i < sizeof(reads) / sizeof(reads[0]); i++) {
        assert_true(answers(fixture, (struct synapse_call){.kind = reads[i], .room = ROOM}));
        assert_int_equal(fixture->reply.outcome, SYNAPSE_ABSENT);
    }
    assert_true(answers(fixture, (struct synapse_call){.kind = SYNAPSE_READ_DELETION, .room = ROOM}));
    assert_int_equal(fixture->reply.outcome, SYNAPSE_OK);
    assert_int_equal(fixture->reply.deletion, DELETION_COMPLETE);
}

static void test_who_is_invited_is_invited(void **state)
{
    struct fixture *fixture = *state;
    const struct synapse_call call = {.kind = SYNAPSE_READ_STATE, .room = ROOM};

    fixture->reply = (struct synapse_reply){.state = room_state_new(), .retry_after = -1};
    (void)write_call(fixture, (struct synapse_call){.kind = SYNAPSE_INVITE_USER, .room = ROOM, .user = ADA});
    assumed_amend(&fixture->world, &call, &fixture->reply);
    assert_int_equal(room_state_membership(fixture->reply.state, ADA), MEMBERSHIP_INVITE);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_the_owner_of_an_address_is_who_was_given_it, set_up, tear_down),
        cmocka_unit_test_setup_teardown(
            test_who_is_deactivated_has_no_address_and_keeps_the_name_unless_erased, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_an_account_that_was_made_is_called_as_the_user, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(test_the_aliases_of_a_room_that_was_made_are_those_that_lead_to_it,
                                        set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_who_is_deactivated_has_left_all_rooms, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_an_account_is_as_active_as_it_was_made, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_the_owner_of_an_address_at_mas_is_an_account, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_records_are_as_they_were_written, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_the_sync_user_gets_its_power_and_comes_in, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_levels_of_a_room_that_it_came_into_are_read_with_its_state,
                                        set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_a_room_that_was_deleted_is_gone, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_who_is_invited_is_invited, set_up, tear_down),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
