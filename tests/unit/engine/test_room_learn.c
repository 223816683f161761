/* What replies tell of a room. Deletions that come to nothing are begun again, but after pauses that grow,
   and until the alias is free. */
#include "base/memory.h"
#include "engine/room.h"
#include "engine/room_learn.h"
#include "support/test.h"

static const struct engine_rules rules = {.server_name = "h", .sync_user = "@sync:h"};
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

static void delete_in_vain(struct room_known *known, enum synapse_outcome outcome, instant now)
{
    struct action action = room_next(known, &removed, &rules, now);

    assert_int_equal(action.kind, ACTION_CALL);
    assert_int_equal(action.call.kind, SYNAPSE_DELETE_ROOM);
    hear(known, SYNAPSE_DELETE_ROOM, (struct synapse_reply){.outcome = SYNAPSE_OK}, now);
    hear(known, SYNAPSE_READ_DELETION,
         (struct synapse_reply){.outcome = outcome, .deletion = DELETION_FAILED}, now);
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
            delete_in_vain(&known, outcomes[i], now);
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
    delete_in_vain(&known, SYNAPSE_OK, 1000);
    hear(&known, SYNAPSE_RESOLVE_ALIAS, (struct synapse_reply){.outcome = SYNAPSE_ABSENT}, 1000);
    assert_int_equal(room_next(&known, &removed, &rules, 1000).kind, ACTION_NONE);
    find_room(&known, 1001); /* somebody made it again: that one is deleted without delay */
    assert_int_equal(room_next(&known, &removed, &rules, 1001).kind, ACTION_CALL);
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

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_deletion_that_fails_is_not_repeated_at_once),
        cmocka_unit_test(test_a_room_is_there_from_the_end_of_its_making),
        cmocka_unit_test(test_once_the_alias_is_free_all_is_well),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
