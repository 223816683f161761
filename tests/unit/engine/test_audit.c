#include "base/memory.h"
#include "engine/audit.h"
#include "support/test.h"

#include <stdlib.h>
#include <string.h>

static const struct engine_rules rules = {.server_name = "h", .sync_user = "@sync:h"};

enum { NOW = 1000000 };

#define EVENT(type, key, content)                                                                            \
    "{\"type\":\"" type "\",\"state_key\":\"" key "\",\"sender\":\"@sync:h\",\"origin_server_ts\":1000,"     \
    "\"content\":" content "}"
#define CREATE EVENT("m.room.create", "", "{\"room_version\":\"11\"}")
#define CREATE_FOR(purpose)                                                                                  \
    EVENT("m.room.create", "", "{\"room_version\":\"11\",\"io.github.synapse_sync\":{" purpose "}}")
#define LEVELS EVENT("m.room.power_levels", "", "{\"users\":{\"@sync:h\":100}}")
#define ALIAS(alias) EVENT("m.room.canonical_alias", "", "{\"alias\":\"" alias "\"}")
#define JOINED(user) EVENT("m.room.member", user, "{\"membership\":\"join\"}")
#define STATE(events) "{\"state\":[" events "]}"

static struct audit judge(const char *state, const struct listed_room *listed, const char **ret_alias)
{
    CLEANUP(room_state_freep)
    struct room_state *parsed = state ? room_state_parse(state, strlen(state)) : NULL;
    struct audit audit = audit_room(listed, parsed, &rules, NOW);

    assert_true(!state || parsed);
    *ret_alias = audit.alias ? "some" : NULL;
    audit.alias = NULL; /* of the state, which is gone */
    return audit;
}

static void test_what_is_said_of_a_room(void **state)
{
    static const struct {
        const char *state;
        struct audit expected;
        bool has_alias;
    } cases[] = {
        {STATE(CREATE "," LEVELS "," ALIAS("#course_7:h") "," JOINED("@sync:h")),
         {.purpose = AUDIT_MANAGED},
         true},
        {STATE(CREATE "," LEVELS "," ALIAS("#sync_a:h") "," JOINED("@sync:h")),
         {.purpose = AUDIT_WELCOME},
         true},
        {STATE(CREATE "," LEVELS "," ALIAS("#staff:h") "," JOINED("@sync:h")),
         {.purpose = AUDIT_OTHER},
         true},
        {STATE(CREATE "," LEVELS
                      "," EVENT("m.room.sync", "", "{\"mode\":\"managed\"}") "," JOINED("@sync:h")),
         {.purpose = AUDIT_MANAGED},
         false},
        {STATE(CREATE "," LEVELS "," ALIAS("#course_7:h") "," JOINED("@a:h")),
         {.purpose = AUDIT_MANAGED, .left = true},
         true},
        {STATE(CREATE "," LEVELS "," ALIAS("#course_7:h")), {.purpose = AUDIT_MANAGED, .dead = true}, true},
        {STATE(CREATE "," EVENT("m.room.power_levels", "",
                                "{\"users\":{\"@sync:h\":99}}") "," ALIAS("#c_7:h") "," JOINED("@sync:h")),
         {.purpose = AUDIT_MANAGED, .powerless = true},
         true},
        {STATE(CREATE "," EVENT("m.room.power_levels", "",
                                "{\"users\":{\"@sync:h\":99}}") "," ALIAS("#c_7:h") "," JOINED("@a:h")),
         {.purpose = AUDIT_MANAGED, .left = true},
         true},
        {STATE(CREATE_FOR("\"alias\":\"#c_7:h\"") "," LEVELS "," JOINED("@sync:h")),
         {.purpose = AUDIT_MANAGED},
         true},
        {STATE(CREATE_FOR("\"welcome\":\"@a:h\"") "," LEVELS "," ALIAS("#c_7:h") "," JOINED("@sync:h")),
         {.purpose = AUDIT_WELCOME},
         true},
        {STATE(CREATE "," JOINED("@a:h")), {.purpose = AUDIT_OTHER, .half_made = true}, false},
        {STATE(CREATE "," JOINED("@sync:h")), {.purpose = AUDIT_OTHER, .half_made = true}, false},
    };
    const struct listed_room listed = {.members = 1, .state_events = 9};
    const char *alias;

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct audit audit = judge(cases[i].state, &listed, &alias);

        assert_int_equal(audit.purpose, cases[i].expected.purpose);
        assert_int_equal(audit.dead, cases[i].expected.dead);
        assert_int_equal(audit.half_made, cases[i].expected.half_made);
        assert_int_equal(audit.left, cases[i].expected.left);
        assert_int_equal(audit.powerless, cases[i].expected.powerless);
        assert_int_equal(alias != NULL, cases[i].has_alias);
    }
}

/* Whatever alias it was given since. */
static void test_the_alias_is_the_one_it_was_made_for(void **state)
{
    static const char made[] =
        STATE(CREATE_FOR("\"alias\":\"#c_7:h\"") "," LEVELS "," ALIAS("#staff:h") "," JOINED("@sync:h"));
    CLEANUP(room_state_freep) struct room_state *parsed = room_state_parse(made, strlen(made));
    const struct listed_room listed = {.members = 1, .state_events = 9};
    struct audit audit = audit_room(&listed, parsed, &rules, NOW);

    (void)state;
    assert_int_equal(audit.purpose, AUDIT_MANAGED);
    assert_string_equal(audit.alias, "#c_7:h");
}

/* It may be being made just now. */
static void test_a_young_room_is_not_half_made(void **state)
{
    static const char young[] = STATE(EVENT("m.room.create", "", "{\"room_version\":\"11\"}"));
    CLEANUP(room_state_freep) struct room_state *parsed = room_state_parse(young, strlen(young));
    const struct listed_room listed = {.members = 0, .state_events = 1};

    (void)state;
    assert_false(audit_room(&listed, parsed, &rules, 2000).half_made);
    assert_true(audit_room(&listed, parsed, &rules, NOW).half_made);
    assert_false(audit_room(&listed, parsed, &rules, NOW).dead);
}

static void test_of_what_is_left_of_a_room(void **state)
{
    char alias[] = "#course_7:h";
    const struct listed_room dead = {.alias = alias, .state_events = 9}, unmade = {.state_events = 0},
                             there = {.members = 2, .state_events = 9},
                             hidden = {.members = 2, .state_events = 0};
    const char *ignored;
    struct audit audit = judge(NULL, &dead, &ignored);

    (void)state;
    assert_true(audit.dead && !audit.half_made && audit.purpose == AUDIT_MANAGED);
    audit = judge(STATE(""), &unmade, &ignored);
    assert_true(!audit.dead && audit.half_made && audit.purpose == AUDIT_OTHER);
    audit = judge(NULL, &there, &ignored);
    assert_true(!audit.dead && !audit.half_made);
    audit = judge(NULL, &hidden, &ignored);
    assert_true(!audit.dead && !audit.half_made);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_what_is_said_of_a_room),
                                       cmocka_unit_test(test_the_alias_is_the_one_it_was_made_for),
                                       cmocka_unit_test(test_a_young_room_is_not_half_made),
                                       cmocka_unit_test(test_of_what_is_left_of_a_room)};

    return cmocka_run_group_tests(tests, NULL, NULL);
}
