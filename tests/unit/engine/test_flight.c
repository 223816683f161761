#include "engine/flight.h"
#include "support/test.h"

#include <string.h>

static char lent[] = "lent";

static struct synapse_call call_of_lent_texts(void)
{
    struct synapse_call call = {.kind = SYNAPSE_CREATE_ROOM,
                                .user = lent,
                                .room = lent,
                                .alias = lent,
                                .name = lent,
                                .email = lent,
                                .value = lent,
                                .alt_aliases = lent,
                                .password = lent,
                                .welcome = lent,
                                .position = lent};

    for (int i = 0; i < ROOM_SETTINGS; i++)
        call.settings[i] = lent;
    return call;
}

/* No pointer of the call that was given is left in the flight, so that none can dangle. */
static void owns_its_texts(void **state)
{
    const struct synapse_call call = call_of_lent_texts();
    CLEANUP(flight_freep) struct flight *flight = flight_new(&call, NULL);
    const char *pointers[sizeof(call) / sizeof(char *)];

    (void)state;
    assert_ptr_equal(flight->call.password, lent);
    flight_forget_borrowed(flight);
    memcpy(pointers, &flight->call, sizeof(pointers));
    for (size_t i = 0; i < sizeof(pointers) / sizeof(pointers[0]); i++)
        assert_ptr_not_equal(pointers[i], lent);
    assert_string_equal(flight->call.user, lent);
    assert_string_equal(flight->call.alt_aliases, lent);
    assert_string_equal(flight->call.settings[ROOM_MARKER], lent);
    assert_null(flight->call.password);
    assert_null(flight->call.position);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(owns_its_texts)};

    return cmocka_run_group_tests(tests, NULL, NULL);
}
