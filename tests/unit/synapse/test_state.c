#include "synapse/state.h"

#include "base/buffer.h"
#include "base/memory.h"
#include "support/test.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static struct room_state *parse(const char *text)
{
    struct room_state *state = room_state_parse(text, strlen(text));

    assert_non_null(state);
    return state;
}

/* Events of a state, each with a comma before it: STATE takes the first one away by an entry that is none. */
#define EVENT(type, key, content, rest)                                                                      \
    ",{\"type\":\"" type "\",\"state_key\":\"" key "\",\"sender\":\"@sync:h\",\"content\":" content rest "}"
#define STATE(events) "{\"state\":[0" events "]}"
#define MEMBER(user, membership) EVENT("m.room.member", user, "{\"membership\":\"" membership "\"}", "")

/* One event a line. */
/* clang-format off */
static const char whole_room[] = STATE(
    EVENT("m.room.create", "", "{\"room_version\":\"11\",\"creator\":\"@old:h\",\"io.github.synapse_sync\":{\"alias\":\"#a:h\"},\"io.github.synapse_sync.attempt\":\"12ab\"}", ",\"origin_server_ts\":5")
    EVENT("m.room.name", "", "{\"name\":\"N\"}", ",\"origin_server_ts\":9007199254740991")
    EVENT("m.room.topic", "", "{\"topic\":\"T\"}", ",\"origin_server_ts\":7")
    EVENT("m.room.join_rules", "", "{\"join_rule\":\"invite\"}", "")
    EVENT("m.room.guest_access", "", "{\"guest_access\":\"forbidden\"}", "")
    EVENT("m.room.canonical_alias", "", "{\"alias\":\"#a:h\",\"alt_aliases\":[\"#b:h\"]}", "")
    EVENT("m.room.sync", "", "{\"mode\":\"managed\"}", "")
    EVENT("m.room.power_levels", "", "{\"users\":{\"@a:h\":50}}", "")
    MEMBER("@a:h", "join") MEMBER("@b:h", "ban") MEMBER("@c:h", "invite")
    MEMBER("@d:h", "leave") MEMBER("@e:h", "knock") MEMBER("@f:h", "?"));

static const char meaningless_events[] = STATE(
    ",1,null,[],\"x\",{},{\"type\":\"m.room.name\"}"
    EVENT("m.room.name", "k", "{\"name\":\"N\"}", "")
    EVENT("m.room.create", "k", "{\"room_version\":\"12\"}", "")
    EVENT("m.room.sync", "k", "{\"mode\":\"managed\"}", "")
    EVENT("m.room.power_levels", "k", "{}", "")
    EVENT("m.room.topic", "", "{\"topic\":1}", "")
    EVENT("m.room.guest_access", "", "null", "")
    EVENT("m.room.sync", "", "{\"mode\":\"other\"}", "")
    EVENT("m.room.power_levels", "", "[]", "")
    ",{\"type\":\"m.room.member\",\"sender\":\"@s:h\",\"user_id\":\"@u:h\",\"content\":{\"membership\":\"join\"}}"
    EVENT("m.room.member", "@a:h", "{\"membership\":\"join\",\"x\\u0000\":\"\\u0000\"}", ""));
/* clang-format on */

static void reads_a_room(void **unused)
{
    CLEANUP(room_state_freep) struct room_state *state = parse(whole_room);

    (void)unused;
    assert_string_equal(state->creator, "@sync:h");
    assert_string_equal(state->version, "11");
    assert_string_equal(state->made_for_alias, "#a:h");
    assert_string_equal(state->mark, "12ab");
    assert_false(state->creators_reign);
    assert_string_equal(state->settings[ROOM_NAME], "N");
    assert_string_equal(state->settings[ROOM_TOPIC], "T");
    assert_string_equal(state->settings[ROOM_JOIN_RULE], "invite");
    assert_string_equal(state->settings[ROOM_GUEST_ACCESS], "forbidden");
    assert_string_equal(state->settings[ROOM_CANONICAL_ALIAS], "#a:h");
    assert_string_equal(state->alt_aliases, "[\"#b:h\"]");
    assert_string_equal(state->settings[ROOM_MARKER], "managed");
    assert_int_equal(levels_of(state->levels, "@a:h"), 50);
    assert_int_equal(state->changed_at, 9007199254740991);
    assert_int_equal(state->joined, 1);
    assert_int_equal(room_state_membership(state, "@a:h"), MEMBERSHIP_JOIN);
    assert_int_equal(room_state_membership(state, "@b:h"), MEMBERSHIP_BAN);
    assert_int_equal(room_state_membership(state, "@c:h"), MEMBERSHIP_INVITE);
    assert_int_equal(room_state_membership(state, "@d:h"), MEMBERSHIP_LEAVE);
    assert_int_equal(room_state_membership(state, "@e:h"), MEMBERSHIP_KNOCK);
    assert_int_equal(room_state_membership(state, "@f:h"), MEMBERSHIP_NONE);
    assert_int_equal(room_state_membership(state, "@sync:h"), MEMBERSHIP_NONE);
}

/* The member is the state_key; a setting with a state_key is none; what is malformed is passed over. */
static void passes_over_what_means_nothing(void **unused)
{
    CLEANUP(room_state_freep) struct room_state *state = parse(meaningless_events);

    (void)unused;
    assert_null(state->creator);
    assert_false(state->creators_reign);
    assert_null(state->settings[ROOM_NAME]);
    assert_null(state->settings[ROOM_TOPIC]);
    assert_null(state->settings[ROOM_GUEST_ACCESS]);
    assert_false(text_equal(state->settings[ROOM_MARKER], "managed"));
    assert_null(state->levels);
    assert_int_equal(state->joined, 1);
    assert_int_equal(room_state_membership(state, "@a:h"), MEMBERSHIP_JOIN);
}

static void refuses_what_is_no_state(void **unused)
{
    static const char *const texts[] = {"", "{}", "[]", "{\"state\":{}}", "{\"state\":[", "{\"state\":null}"};

    (void)unused;
    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
        assert_null(room_state_parse(texts[i], strlen(texts[i])));
}

static void reads_a_dead_room(void **unused)
{
    CLEANUP(room_state_freep) struct room_state *state = parse("{\"state\":[]}");

    (void)unused;
    assert_null(state->creator);
    assert_int_equal(state->joined, 0);
    assert_int_equal(state->changed_at, 0);
}

/* The number of joined members is right after any changes. */
static void counts_the_joined(void **unused)
{
    enum { MEMBERS = 40, CHANGES = 5000 };
    CLEANUP(room_state_freep) struct room_state *state = room_state_new();
    enum membership memberships[MEMBERS] = {0};

    (void)unused;
    srand(3);
    for (int change = 0; change < CHANGES; change++) {
        size_t joined = 0, who = (size_t)(rand() % MEMBERS);
        char user[16];

        memberships[who] = (enum membership)(rand() % (MEMBERSHIP_KNOCK + 1));
        (void)snprintf(user, sizeof(user), "@%zu:h", who);
        room_state_set_membership(state, user, memberships[who]);
        assert_int_equal(room_state_membership(state, user), memberships[who]);
        for (size_t i = 0; i < MEMBERS; i++)
            joined += memberships[i] == MEMBERSHIP_JOIN;
        assert_int_equal(state->joined, joined);
    }
}

#define CREATED_IN(version)                                                                                  \
    STATE(EVENT("m.room.create", "",                                                                         \
                "{\"room_version\":\"" version "\",\"additional_creators\":[\"@a:h\",1,\"@b:h\"]}", ""))

static void creators_reign_from_version_12_on(void **unused)
{
    CLEANUP(room_state_freep) struct room_state *twelve = parse(CREATED_IN("12"));
    CLEANUP(room_state_freep) struct room_state *eleven = parse(CREATED_IN("11"));

    (void)unused;
    assert_true(room_state_reigns(twelve, "@sync:h"));
    assert_true(room_state_reigns(twelve, "@a:h"));
    assert_true(room_state_reigns(twelve, "@b:h"));
    assert_false(room_state_reigns(twelve, "@c:h"));
    assert_false(room_state_reigns(eleven, "@sync:h"));
    assert_false(room_state_reigns(eleven, "@a:h"));
}

static void knows_room_versions(void **unused)
{
    static const char *const old[] = {"",
                                      "1",
                                      "2",
                                      "3",
                                      "4",
                                      "5",
                                      "6",
                                      "7",
                                      "8",
                                      "9",
                                      "10",
                                      "11",
                                      "org.matrix.msc3757.10",
                                      "org.matrix.msc3757.11",
                                      "org.example.twelve"};
    static const char *const new[] = {"12", "13", "100", "org.matrix.hydra.11", "org.matrix.msc4242.12"};

    (void)unused;
    assert_false(room_version_creators_reign(NULL));
    for (size_t i = 0; i < sizeof(old) / sizeof(old[0]); i++)
        assert_false(room_version_creators_reign(old[i]));
    for (size_t i = 0; i < sizeof(new) / sizeof(new[0]); i++)
        assert_true(room_version_creators_reign(new[i]));
}

/* ---- how large it may be ---- */

/* A state whose only event is one of a member with so many bytes of other people's content. */
static struct room_state *parse_member_with(size_t size)
{
    struct room_state *state;
    struct buffer text;

    buffer_init(&text, SIZE_MAX);
    (void)buffer_append_text(&text,
                             "{\"state\":[{\"type\":\"m.room.member\",\"state_key\":\"@a:h\",\"content\":"
                             "{\"membership\":\"join\",\"x\":[{}");
    while (text.size < size)
        (void)buffer_append_text(&text, ",{}");
    (void)buffer_append_text(&text, "]}}]}");
    state = room_state_parse(text.bytes, text.size);
    buffer_deinit(&text);
    return state;
}

static void reads_what_a_member_has_stuffed(void **unused)
{
    CLEANUP(room_state_freep) struct room_state *state = parse_member_with(65000);

    (void)unused;
    assert_non_null(state);
    assert_int_equal(room_state_membership(state, "@a:h"), MEMBERSHIP_JOIN);
    assert_null(parse_member_with(600000)); /* no event is as large */
}

/* Were all of them parsed at once, it would take a gigabyte. */
static void reads_any_number_of_stuffed_events(void **unused)
{
    const unsigned events = test_share(200);
    CLEANUP(room_state_freep) struct room_state *state = NULL;
    struct buffer text;

    (void)unused;
    buffer_init(&text, SIZE_MAX);
    (void)buffer_append_text(&text, "{\"state\":[");
    for (size_t i = 0; i < events; i++) {
        size_t end = text.size + 60000;

        (void)buffer_append_format(
            &text, "{\"type\":\"junk\",\"state_key\":\"%zu\",\"sender\":\"@a:h\",\"content\":{\"x\":[{}", i);
        while (text.size < end)
            (void)buffer_append_text(&text, ",{}");
        (void)buffer_append_text(&text, "]}},");
    }
    (void)buffer_append_text(&text,
                             "{\"type\":\"m.room.name\",\"state_key\":\"\",\"content\":{\"name\":\"N\"}}]}");
    state = room_state_parse(text.bytes, text.size);
    assert_non_null(state);
    assert_string_equal(state->settings[ROOM_NAME], "N");
    buffer_deinit(&text);
}

static void reads_a_large_room(void **unused)
{
    const unsigned members = test_share(50000);
    CLEANUP(room_state_freep) struct room_state *state = NULL;
    CLEANUP(freep) char *last = text_format("@u%u:h", members - 1);
    struct buffer text;

    (void)unused;
    buffer_init(&text, SIZE_MAX);
    (void)buffer_append_text(&text, "{\"state\":[{}");
    for (size_t i = 0; i < members; i++)
        (void)buffer_append_format(
            &text,
            ",{\"type\":\"m.room.member\",\"state_key\":\"@u%zu:h\",\"sender\":\"@a:h\","
            "\"content\":{\"membership\":\"join\",\"displayname\":\"User %zu\"}}",
            i, i);
    (void)buffer_append_text(&text, "]}");
    state = room_state_parse(text.bytes, text.size);
    assert_non_null(state);
    assert_int_equal(state->joined, members);
    assert_int_equal(room_state_membership(state, last), MEMBERSHIP_JOIN);
    buffer_deinit(&text);
}

/* What is longer than anything that is wanted is kept as far as it matters: it is another. */
static void keeps_the_beginning_of_a_long_text(void **unused)
{
    enum { KEPT = 8192 };

    (void)unused;
    for (size_t length = KEPT - 2; length < KEPT + 4; length++) {
        CLEANUP(room_state_freep) struct room_state *state = NULL;
        CLEANUP(freep) char *name = memory_new(length + 1, 1), *text = NULL;

        memset(name, 'x', length);
        memcpy(name + KEPT - 2, "\xe2\x82\xac", length > KEPT ? 3 : 0); /* a character across the end */
        text = text_format(
            "{\"state\":[{\"type\":\"m.room.name\",\"state_key\":\"\",\"content\":{\"name\":\"%s\"}}]}",
            name);
        state = parse(text);
        assert_int_equal(strlen(state->settings[ROOM_NAME]), length > KEPT ? KEPT - 2 : length);
        assert_int_equal(strncmp(state->settings[ROOM_NAME], name, strlen(state->settings[ROOM_NAME])), 0);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads_a_room),
        cmocka_unit_test(passes_over_what_means_nothing),
        cmocka_unit_test(refuses_what_is_no_state),
        cmocka_unit_test(reads_a_dead_room),
        cmocka_unit_test(counts_the_joined),
        cmocka_unit_test(creators_reign_from_version_12_on),
        cmocka_unit_test(knows_room_versions),
        cmocka_unit_test(reads_what_a_member_has_stuffed),
        cmocka_unit_test(reads_any_number_of_stuffed_events),
        cmocka_unit_test(reads_a_large_room),
        cmocka_unit_test(keeps_the_beginning_of_a_long_text),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
