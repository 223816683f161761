#include "synapse/levels.h"

#include "base/cleanup.h"
#include "base/memory.h"
#include "support/test.h"

#include <stdlib.h>
#include <string.h>

enum { ROUNDS = 20000 };

static const struct levels_wanted wanted = {.invite = 70, .kick = 70, .ban = 70, .events_default = 50};

static struct levels *parse(const char *text)
{
    struct levels *levels = levels_parse(text, strlen(text));

    assert_non_null(levels);
    return levels;
}

static void assert_prints(const struct levels *levels, const char *expected)
{
    CLEANUP(freep) char *text = levels_print(levels);
    json_t *actual = json_loads(text, 0, NULL), *json = json_loads(expected, 0, NULL);

    assert_non_null(json);
    if (!json_equal(actual, json))
        fail_msg("%s\n is not\n%s", text, expected);
    json_decref(actual);
    json_decref(json);
}

static void reads_levels_of_all_sorts(void **state)
{
    static const struct {
        const char *value;
        int64_t level;
    } cases[] = {
        {"50", 50},
        {"-1", -1},
        {"\"50\"", 50},
        {"\" 50 \"", 50},
        {"\"+50\"", 50},
        {"\"-7\"", -7},
        {"\"007\"", 7},
        {"49.9", 49},
        {"1e300", 1LL << 53},
        {"-1e300", -(1LL << 53)},
        {"9007199254740991", 9007199254740991},
        {"null", 3},
        {"true", 3},
        {"[]", 3},
        {"{}", 3},
        {"\"\"", 3},
        {"\"abc\"", 3},
        {"\"5 0\"", 3},
        {"\"0x10\"", 3},
        {"\"5.5\"", 3},
        {"\"99999999999999999999\"", 3},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        CLEANUP(freep)
        char *text = text_format("{\"users\":{\"@a:h\":%s},\"users_default\":3}", cases[i].value);
        CLEANUP(levels_freep) struct levels *levels = parse(text);

        assert_int_equal(levels_of(levels, "@a:h"), cases[i].level);
    }
}

static void falls_back_on_defaults(void **state)
{
    CLEANUP(levels_freep) struct levels *empty = parse("{}");
    CLEANUP(levels_freep)
    struct levels *odd = parse("{\"users\":[1],\"users_default\":\"x\",\"invite\":null}");
    static const struct levels_wanted defaults = {.invite = 0, .kick = 50, .ban = 50, .events_default = 0};

    (void)state;
    assert_int_equal(levels_of(empty, "@a:h"), 0);
    assert_int_equal(levels_of(odd, "@a:h"), 0);
    assert_true(levels_match(empty, &defaults));
    assert_true(levels_match(odd, &defaults));
    assert_false(levels_match(empty, &wanted));
}

static void refuses_what_is_no_object(void **state)
{
    static const char *const texts[] = {"", "[]", "1", "null", "{"};

    (void)state;
    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
        assert_null(levels_parse(texts[i], strlen(texts[i])));
}

/* Each of the four is looked at and set by itself; all else is left alone. */
static void sets_what_differs(void **state)
{
    static const char *const keys[] = {"invite", "kick", "ban", "events_default"};

    (void)state;
    for (size_t i = 0; i < 4; i++) {
        CLEANUP(levels_freep)
        struct levels *levels = parse(
            "{\"invite\":\"70\",\"kick\":70,\"ban\":70,\"events_default\":50,\"x\":{\"y\":[1.5,null]}}");
        CLEANUP(levels_freep) struct levels *other = NULL;
        CLEANUP(freep) char *changed = NULL;
        json_t *json;

        assert_true(levels_match(levels, &wanted));
        levels_set(levels, &wanted);
        assert_prints(levels, "{\"invite\":\"70\",\"kick\":70,\"ban\":70,\"events_default\":50,"
                              "\"x\":{\"y\":[1.5,null]}}");
        changed = levels_print(levels);
        json = json_loads(changed, 0, NULL);
        (void)json_object_set_new(json, keys[i], json_integer(1));
        other = levels_from_json(json);
        json_decref(json);
        assert_false(levels_match(other, &wanted));
        levels_set(other, &wanted);
        assert_true(levels_match(other, &wanted));
    }
}

static void raises_one_user(void **state)
{
    CLEANUP(levels_freep) struct levels *levels = parse("{\"users\":{\"@a:h\":10,\"@b:h\":\"100\"},\"z\":1}");

    (void)state;
    levels_raise(levels, &(struct levels_user){.user = "@a:h", .level = 50});
    levels_raise(levels, &(struct levels_user){.user = "@b:h", .level = 50});
    levels_raise(levels, &(struct levels_user){.user = "@c:h", .level = 0});
    assert_prints(levels, "{\"users\":{\"@a:h\":50,\"@b:h\":\"100\"},\"z\":1}");
}

static void makes_room_for_users(void **state)
{
    CLEANUP(levels_freep) struct levels *levels = parse("{\"users\":7}");

    (void)state;
    levels_raise(levels, &(struct levels_user){.user = "@a:h", .level = 50});
    assert_prints(levels, "{\"users\":{\"@a:h\":50}}");
}

/* A user of whom nothing is said has the default, which may be higher than what is asked for. */
static void does_not_lower_from_the_default(void **state)
{
    CLEANUP(levels_freep) struct levels *levels = parse("{\"users_default\":60}");

    (void)state;
    levels_raise(levels, &(struct levels_user){.user = "@a:h", .level = 50});
    assert_prints(levels, "{\"users_default\":60}");
}

/* Whatever is done in whatever order: nobody's level sinks, the one who was to be raised is high enough, and
   what is none of our business stays. */
static void never_lowers(void **state)
{
    static const char *const values[] = {"0", "25", "50", "\"75\"", "100", "-5", "60.5", "null", "\"x\""};
    static const char *const users[] = {"@a:h", "@b:h", "@c:h", "@d:h"};

    (void)state;
    srand(7);
    for (int round = 0; round < ROUNDS; round++) {
        CLEANUP(freep)
        char *text = text_format("{\"users\":{\"@a:h\":%s,\"@b:h\":%s},\"users_default\":%s,\"kick\":%s,"
                                 "\"notifications\":{\"room\":%d}}",
                                 values[rand() % 9], values[rand() % 9], values[rand() % 9],
                                 values[rand() % 9], round);
        CLEANUP(levels_freep) struct levels *levels = parse(text);
        struct levels_user user = {.user = users[rand() % 4], .level = rand() % 120 - 10};
        CLEANUP(freep) char *after = NULL;
        int64_t before[4];
        json_t *json;

        for (size_t i = 0; i < 4; i++)
            before[i] = levels_of(levels, users[i]);
        if (rand() % 2)
            levels_set(levels, &wanted);
        levels_raise(levels, &user);
        for (size_t i = 0; i < 4; i++) {
            int64_t now = levels_of(levels, users[i]);

            assert_true(now >= before[i]);
            assert_true(now == before[i] || strcmp(users[i], user.user) == 0);
        }
        assert_true(levels_of(levels, user.user) >= user.level);
        after = levels_print(levels);
        json = json_loads(after, 0, NULL);
        assert_int_equal(json_integer_value(json_object_get(json_object_get(json, "notifications"), "room")),
                         round);
        json_decref(json);
    }
}

static const struct levels_user users[] = {{.user = "@a:h", .level = 50},
                                           {.user = "@b:h", .level = 0},
                                           {.user = "@sync:h", .level = 50},
                                           {.user = "@a:h", .level = 0},
                                           {.user = "@c:h", .level = 20}};

#define EVENTS(tombstone)                                                                                    \
    "\"events\":{\"m.room.name\":50,\"m.room.avatar\":50,\"m.room.power_levels\":100,"                       \
    "\"m.room.history_visibility\":100,\"m.room.server_acl\":100,\"m.room.encryption\":100,"                 \
    "\"m.room.tombstone\":" tombstone ",\"m.room.canonical_alias\":100,\"m.room.join_rules\":100,"           \
    "\"m.room.guest_access\":100,\"m.room.sync\":100}"

static void overrides_what_a_new_room_has(void **state)
{
    static const struct {
        bool creators_reign;
        const char *expected;
    } cases[] = {
        {false, "{\"invite\":70,\"kick\":70,\"ban\":70,\"events_default\":50," EVENTS(
                    "100") ",\"users\":{\"@sync:h\":100,\"@a:h\":50,\"@c:h\":20}}"},
        {true, "{\"invite\":70,\"kick\":70,\"ban\":70,\"events_default\":50," EVENTS(
                   "150") ",\"users\":{\"@a:h\":50,\"@c:h\":20}}"},
    };

    (void)state;
    for (size_t i = 0; i < 2; i++) {
        json_t *json = levels_override(&wanted, users, 5, "@sync:h", cases[i].creators_reign);
        CLEANUP(levels_freep) struct levels *levels = levels_from_json(json);

        json_decref(json);
        assert_prints(levels, cases[i].expected);
        assert_true(levels_match(levels, &wanted));
    }
}

static void knows_the_levels_of_a_new_room(void **state)
{
    CLEANUP(levels_freep) struct levels *levels = levels_new(&wanted, users, 5);

    (void)state;
    assert_true(levels_match(levels, &wanted));
    assert_int_equal(levels_of(levels, "@a:h"), 50);
    assert_int_equal(levels_of(levels, "@b:h"), 0);
    assert_int_equal(levels_of(levels, "@c:h"), 20);
}

/* A number takes a block of its own; true, false and null are there once for all. */
static void weighs_what_it_is_made_of(void **state)
{
    CLEANUP(levels_freep) struct levels *number = parse("{\"a\":1}");
    CLEANUP(levels_freep) struct levels *constant = parse("{\"a\":null}");
    CLEANUP(levels_freep) struct levels *text = parse("{\"a\":\"1\"}");

    (void)state;
    assert_true(levels_weight(constant) > 0);
    assert_true(levels_weight(number) > levels_weight(constant));
    assert_true(levels_weight(text) > levels_weight(number));
    assert_int_equal(levels_weight(NULL), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads_levels_of_all_sorts),
        cmocka_unit_test(falls_back_on_defaults),
        cmocka_unit_test(refuses_what_is_no_object),
        cmocka_unit_test(sets_what_differs),
        cmocka_unit_test(raises_one_user),
        cmocka_unit_test(makes_room_for_users),
        cmocka_unit_test(does_not_lower_from_the_default),
        cmocka_unit_test(never_lowers),
        cmocka_unit_test(overrides_what_a_new_room_has),
        cmocka_unit_test(knows_the_levels_of_a_new_room),
        cmocka_unit_test(weighs_what_it_is_made_of),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
