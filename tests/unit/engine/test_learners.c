#include "engine/room_learn.h"
#include "engine/user_learn.h"
#include "support/test.h"
#include "synapse/call_table.h"

/* Calls that are about no user and no room: who makes them learns from them. */
static bool is_errand(enum synapse_kind kind)
{
    return kind == SYNAPSE_READ_POSITION || kind == SYNAPSE_READ_CHANGES || kind == SYNAPSE_READ_JOINED ||
           kind == SYNAPSE_MARK_ROOM || kind == SYNAPSE_LIST_ROOMS || kind == SYNAPSE_LIST_USERS;
}

/* A kind that is forgotten in a table is a row of zeros there, which no compiler sees. */
static void learns_from_every_kind_of_call(void **state)
{
    (void)state;
    for (int i = 0; i < SYNAPSE_KINDS; i++) {
        enum synapse_kind kind = (enum synapse_kind)i;

        assert_non_null(call_form(kind)->name);
        assert_non_null(call_form(kind)->path);
        if (is_errand(kind) == (room_learns(kind) || user_learns(kind)))
            fail_msg("%s: expected one learner", call_form(kind)->name);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(learns_from_every_kind_of_call)};

    return cmocka_run_group_tests(tests, NULL, NULL);
}
