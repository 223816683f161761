#include "synapse/call_table.h"
#include "synapse/changes_json.h"
#include "synapse/parse.h"
#include "synapse/state_json.h"

#include "base/memory.h"
#include "support/test.h"

#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Events, each with a comma before it: LIST takes the first one away by an entry that is none. */
#define EVENT(type, key, content)                                                                            \
    ",{\"type\":\"" type "\",\"state_key\":\"" key "\",\"sender\":\"@s:h\",\"content\":" content "}"
#define MEMBER(user, membership) EVENT("m.room.member", user, "{\"membership\":\"" membership "\"}")
#define TOPIC(text) EVENT("m.room.topic", "", "{\"topic\":\"" text "\"}")
#define LIST(events) "[0" events "]"
#define MESSAGE ",{\"type\":\"m.room.message\",\"sender\":\"@s:h\",\"content\":{\"body\":\"hi\"}}"
/* One room of rooms.join. */
#define ROOM(id, state, timeline)                                                                            \
    "\"" id "\":{\"state\":{\"events\":" LIST(state) "},\"timeline\":{\"events\":" LIST(timeline) "}}"
#define SYNC(joined, left)                                                                                   \
    "{\"next_batch\":\"s2\",\"rooms\":{\"join\":{" joined "},\"leave\":{" left "},\"invite\":{\"!i:h\":{}}}" \
    "}"

static struct changes *parse(const char *text)
{
    json_auto_t *reply = parse_object(text, strlen(text));

    assert_non_null(reply);
    return changes_from_json(reply);
}

/* What is told of the only room in it. */
static struct changes *parse_room(const char *text)
{
    struct changes *changes = parse(text);

    assert_non_null(changes);
    assert_int_equal(changes->room_count, 1);
    return changes;
}

/* The events of one room, whose members of state and timeline are given. */
#define EVENTS(state, timeline) parse_room(SYNC(ROOM("!r:h", state, timeline), ""))

/* ---- replies ---- */

static void tells_which_rooms_have_changed(void **state)
{
    CLEANUP(changes_freep)
    struct changes *changes =
        parse(SYNC(ROOM("!a:h", TOPIC("T"), MESSAGE) "," ROOM("!b:h", "", MESSAGE), "\"!c:h\":{}"));

    (void)state;
    assert_string_equal(changes->position, "s2");
    assert_int_equal(changes->room_count, 3);
    assert_string_equal(changes->rooms[0].room, "!a:h");
    assert_false(changes->rooms[0].left);
    assert_int_equal(state_events_count(changes->rooms[0].events), 1);
    assert_string_equal(changes->rooms[1].room, "!b:h");
    assert_false(changes->rooms[1].left);
    assert_null(changes->rooms[1].events);
    assert_string_equal(changes->rooms[2].room, "!c:h");
    assert_true(changes->rooms[2].left);
    assert_null(changes->rooms[2].events);
}

static void tells_the_position_alone(void **state)
{
    CLEANUP(changes_freep) struct changes *changes = parse("{\"next_batch\":\"s72_1\",\"device_lists\":{}}");

    (void)state;
    assert_string_equal(changes->position, "s72_1");
    assert_int_equal(changes->room_count, 0);
}

static void needs_a_position(void **state)
{
    static const char *const texts[] = {"{}", "{\"next_batch\":null}", "{\"next_batch\":\"\"}",
                                        "{\"next_batch\":7,\"rooms\":{\"join\":{}}}"};

    (void)state;
    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
        assert_null(parse(texts[i]));
    assert_null(changes_from_json(NULL));
}

/* Whatever is not as it should be is passed over. */
static void is_not_surprised(void **state)
{
    static const char *const texts[] = {
        "{\"next_batch\":\"s\",\"rooms\":[]}",
        "{\"next_batch\":\"s\",\"rooms\":{\"join\":[1],\"leave\":null}}",
        "{\"next_batch\":\"s\",\"rooms\":{\"join\":{\"!a:h\":7,\"!b:h\":{\"state\":[],\"timeline\":{}}}}}",
        "{\"next_batch\":\"s\",\"rooms\":{\"leave\":{\"!a:h\":7}}}",
        SYNC(ROOM("!a:h", ",{},{\"type\":\"m.room.name\"},{\"state_key\":\"\"},[]", ",null,7"), ""),
    };

    (void)state;
    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
        CLEANUP(changes_freep) struct changes *changes = parse(texts[i]);

        assert_non_null(changes);
        for (size_t k = 0; k < changes->room_count; k++)
            assert_null(changes->rooms[k].events);
    }
}

static void knows_the_joined_rooms(void **state)
{
    static const char text[] = "{\"joined_rooms\":[\"!a:h\",7,null,\"!b:h\"]}";
    json_auto_t *reply = parse_object(text, strlen(text));
    CLEANUP(joined_rooms_freep) struct joined_rooms *joined = joined_rooms_from_json(reply);

    (void)state;
    assert_non_null(joined);
    assert_true(joined_rooms_has(joined, "!a:h"));
    assert_true(joined_rooms_has(joined, "!b:h"));
    assert_false(joined_rooms_has(joined, "!c:h"));
    assert_false(joined_rooms_has(joined, ""));
}

/* ---- events ---- */

/* Of each kind and state_key the newest; what is no state, or no part of a room's, is left out. */
static void keeps_the_newest_of_each(void **state)
{
    CLEANUP(changes_freep)
    struct changes *changes =
        EVENTS(TOPIC("old") MEMBER("@a:h", "invite") EVENT("m.room.avatar", "", "{}") MEMBER("@b:h", "join"),
               MESSAGE MEMBER("@a:h", "join") TOPIC("new") MEMBER("@a:h", "leave") MESSAGE);
    CLEANUP(room_state_freep) struct room_state *room = room_state_new();

    (void)state;
    assert_int_equal(state_events_count(changes->rooms[0].events), 3);
    room_state_apply(room, changes->rooms[0].events);
    assert_string_equal(room->settings[ROOM_TOPIC], "new");
    assert_int_equal(room_state_membership(room, "@a:h"), MEMBERSHIP_LEAVE);
    assert_int_equal(room_state_membership(room, "@b:h"), MEMBERSHIP_JOIN);
    assert_int_equal(room->joined, 1);
}

static void tells_of_members(void **state)
{
    CLEANUP(changes_freep)
    struct changes *changes =
        EVENTS(EVENT("m.room.member", "@a:h", "{\"membership\":\"join\",\"displayname\":\"Ada\"}") TOPIC("T"),
               EVENT("m.room.member", "@b:h", "{\"membership\":\"ban\",\"displayname\":7}"));
    const struct state_events *events = changes->rooms[0].events;
    struct member_event member;

    (void)state;
    assert_int_equal(state_events_count(events), 3);
    assert_true(state_events_member(events, 0, &member));
    assert_string_equal(member.user, "@a:h");
    assert_string_equal(member.name, "Ada");
    assert_int_equal(member.membership, MEMBERSHIP_JOIN);
    assert_false(state_events_member(events, 1, &member));
    assert_true(state_events_member(events, 2, &member));
    assert_string_equal(member.user, "@b:h");
    assert_null(member.name);
    assert_int_equal(member.membership, MEMBERSHIP_BAN);
    assert_false(state_events_member(events, 3, &member));
    assert_int_equal(state_events_count(NULL), 0);
    assert_false(state_events_member(NULL, 0, &member));
}

/* ---- and states ---- */

/* One event a line, with what else it might say. */
/* clang-format off */
static const struct {
    const char *event, *other;
} pairs[] = {
    {EVENT("m.room.create", "", "{\"room_version\":\"11\"}"), EVENT("m.room.create", "", "{\"room_version\":\"12\"}")},
    {EVENT("m.room.create", "", "{\"room_version\":\"12\",\"additional_creators\":[\"@a:h\"]}"),
     EVENT("m.room.create", "", "{\"room_version\":\"12\",\"additional_creators\":[\"@b:h\"]}")},
    {EVENT("m.room.create", "", "{\"room_version\":\"12\",\"additional_creators\":[\"@a:h\"]}"),
     EVENT("m.room.create", "", "{\"room_version\":\"12\"}")},
    {EVENT("m.room.power_levels", "", "{\"users\":{\"@a:h\":50},\"kick\":1}"),
     EVENT("m.room.power_levels", "", "{\"users\":{\"@a:h\":51},\"kick\":1}")},
    {EVENT("m.room.create", "", "{}"),
     ",{\"type\":\"m.room.create\",\"state_key\":\"\",\"sender\":\"@t:h\",\"content\":{}}"},
    {EVENT("m.room.power_levels", "", "{}"), EVENT("m.room.power_levels", "", "null")},
    {EVENT("m.room.sync", "", "{\"mode\":\"managed\"}"), EVENT("m.room.sync", "", "{}")},
    {EVENT("m.room.name", "", "{\"name\":\"A\"}"), EVENT("m.room.name", "", "{\"name\":\"B\"}")},
    {EVENT("m.room.topic", "", "{\"topic\":\"A\"}"), EVENT("m.room.topic", "", "{}")},
    {EVENT("m.room.join_rules", "", "{\"join_rule\":\"invite\"}"), EVENT("m.room.join_rules", "", "{\"join_rule\":\"public\"}")},
    {EVENT("m.room.guest_access", "", "{\"guest_access\":\"can_join\"}"), EVENT("m.room.guest_access", "", "{}")},
    {EVENT("m.room.canonical_alias", "", "{\"alias\":\"#a:h\"}"), EVENT("m.room.canonical_alias", "", "{}")},
    {EVENT("m.room.canonical_alias", "", "{\"alias\":\"#a:h\",\"alt_aliases\":[\"#b:h\"]}"),
     EVENT("m.room.canonical_alias", "", "{\"alias\":\"#a:h\",\"alt_aliases\":[\"#c:h\"]}")},
    {MEMBER("@a:h", "join"), MEMBER("@a:h", "invite")},
    {MEMBER("@a:h", "leave"), MEMBER("@a:h", "ban")},
};
/* clang-format on */

/* The only room of a reply whose only event is this. */
static struct changes *changes_of(const char *event)
{
    CLEANUP(freep)
    char *text = text_format(
        "{\"next_batch\":\"s\",\"rooms\":{\"join\":{\"!r:h\":{\"state\":{\"events\":[0%s]}}}}}", event);

    return parse_room(text);
}

/* A state agrees with an event exactly if it is the same with it: after the event, but not after another. */
static void agrees_with_what_it_has(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(pairs) / sizeof(pairs[0]); i++) {
        CLEANUP(changes_freep) struct changes *one = changes_of(pairs[i].event);
        CLEANUP(changes_freep) struct changes *other = changes_of(pairs[i].other);
        CLEANUP(room_state_freep) struct room_state *with_one = room_state_new();
        CLEANUP(room_state_freep) struct room_state *with_other = room_state_new();
        CLEANUP(room_state_freep) struct room_state *empty = room_state_new();

        room_state_apply(with_one, one->rooms[0].events);
        room_state_apply(with_other, other->rooms[0].events);
        if (!room_state_agrees(with_one, one->rooms[0].events) ||
            room_state_agrees(with_one, other->rooms[0].events) ||
            room_state_agrees(with_other, one->rooms[0].events) ||
            room_state_agrees(empty, one->rooms[0].events))
            fail_msg("%s", pairs[i].event);
    }
}

/* One event that it does not have is enough; where there is none, there is nothing to disagree with. */
static void agrees_with_all_or_not(void **state)
{
    CLEANUP(changes_freep) struct changes *changes = EVENTS(TOPIC("T") MEMBER("@a:h", "join"), "");
    CLEANUP(changes_freep)
    struct changes *more = EVENTS(TOPIC("T") MEMBER("@a:h", "join") MEMBER("@b:h", "join"), "");
    CLEANUP(room_state_freep) struct room_state *room = room_state_new();

    (void)state;
    assert_true(room_state_agrees(room, NULL));
    room_state_apply(room, NULL);
    room_state_apply(room, changes->rooms[0].events);
    assert_true(room_state_agrees(room, changes->rooms[0].events));
    assert_false(room_state_agrees(room, more->rooms[0].events));
    room_state_set_membership(room, "@b:h", MEMBERSHIP_JOIN);
    assert_true(room_state_agrees(room, more->rooms[0].events));
}

/* An event with a state_key that means nothing, and the time of an event, are no difference. */
static void does_not_mind_what_it_does_not_keep(void **state)
{
    CLEANUP(changes_freep)
    struct changes *changes =
        EVENTS(EVENT("m.room.name", "k", "{\"name\":\"N\"}"),
               ",{\"type\":\"m.room.topic\",\"state_key\":\"\",\"content\":{},\"origin_server_ts\":9}");
    CLEANUP(room_state_freep) struct room_state *room = room_state_new();

    (void)state;
    assert_int_equal(state_events_count(changes->rooms[0].events), 2);
    assert_true(room_state_agrees(room, changes->rooms[0].events));
    room_state_apply(room, changes->rooms[0].events);
    assert_null(room->settings[ROOM_NAME]);
    assert_int_equal(room->changed_at, 9);
}

/* The levels that a state has from an event are its own: the event stays what it is. */
static void owns_its_levels(void **state)
{
    CLEANUP(changes_freep)
    struct changes *changes = EVENTS(EVENT("m.room.power_levels", "", "{\"users\":{\"@a:h\":10}}"), "");
    CLEANUP(room_state_freep) struct room_state *room = room_state_new();

    (void)state;
    room_state_apply(room, changes->rooms[0].events);
    levels_raise(room->levels, &(struct levels_user){.user = "@a:h", .level = 50});
    assert_false(room_state_agrees(room, changes->rooms[0].events));
    room_state_apply(room, changes->rooms[0].events);
    assert_int_equal(levels_of(room->levels, "@a:h"), 10);
}

/* ---- what is asked for ---- */

/* The text with its percent-encodings undone. */
static char *decoded(const char *text)
{
    char *plain = text_copy(text), *end = plain;

    for (; *text; text++)
        if (*text == '%') {
            const char digits[] = {text[1], text[2], '\0'};

            *end++ = (char)strtol(digits, NULL, 16);
            text += 2;
        } else {
            *end++ = *text;
        }
    *end = '\0';
    return plain;
}

/* The filter of a call of the kind. */
static json_t *filter_of(enum synapse_kind kind)
{
    const struct synapse_call call = {.kind = kind, .position = "s1"};
    CLEANUP(freep) char *path = call_path(&call, &(struct call_terms){.sync_user = "@s:h"});
    CLEANUP(freep) char *filter = decoded(strstr(path, "&filter=") + strlen("&filter="));
    json_t *object = parse_object(filter, strlen(filter));

    assert_non_null(object);
    return object;
}

/* Exactly the types that a state is read from; and the timeline is not filtered, see call_table.c. */
static void asks_for_what_it_reads(void **state)
{
    json_auto_t *filter = filter_of(SYNAPSE_READ_CHANGES);
    const json_t *room = json_object_get(filter, "room");
    const json_t *types = json_object_get(json_object_get(room, "state"), "types");
    json_auto_t *timeline = json_pack("{s:i}", "limit", 50);

    (void)state;
    assert_int_equal(json_array_size(types), 9);
    for (size_t i = 0; i < json_array_size(types); i++) {
        assert_true(room_state_reads(json_string_value(json_array_get(types, i))));
        for (size_t k = 0; k < i; k++)
            assert_false(json_equal(json_array_get(types, i), json_array_get(types, k)));
    }
    assert_true(json_equal(json_object_get(room, "timeline"), timeline));
    assert_false(room_state_reads("m.room.avatar") || room_state_reads("") || room_state_reads(NULL));
}

static void asks_for_no_room_of_the_present(void **state)
{
    json_auto_t *filter = filter_of(SYNAPSE_READ_POSITION);
    const json_t *rooms = json_object_get(json_object_get(filter, "room"), "rooms");

    (void)state;
    assert_true(json_is_array(rooms));
    assert_int_equal(json_array_size(rooms), 0);
}

/* ---- memory ---- */

/* What the block takes with the allocator of glibc, whose word before it does not count as usable. */
static size_t block(void *memory)
{
    return memory ? malloc_usable_size(memory) + sizeof(size_t) : 0;
}

/* Blocks of jansson that are allocated. */
static size_t json_weight;

static void *json_get(size_t size)
{
    void *memory = malloc(size);

    json_weight += block(memory);
    return memory;
}

static void json_give_back(void *memory)
{
    json_weight -= block(memory);
    free(memory);
}

/* With so many members, of whom one in twenty has a level. */
static struct room_state *make_state(size_t members)
{
    json_t *users = json_object();
    json_t *reply;
    struct room_state *state;
    char id[64];

    for (size_t i = 0; i < members / 20; i++) {
        (void)snprintf(id, sizeof(id), "@teacher%zu:matrix.example.school", i);
        (void)json_object_set_new(users, id, json_integer(50));
    }
    reply =
        json_pack("{s:[{s:s,s:s,s:s,s:{s:s}},{s:s,s:s,s:{s:s}},{s:s,s:s,s:{s:i,s:[s,s],s:s,s:o}}]}", "state",
                  "type", "m.room.create", "state_key", "", "sender", "@sync:matrix.example.school",
                  "content", "room_version", "11", "type", "m.room.topic", "state_key", "", "content",
                  "topic", "A course of mathematics, in room 12 on Mondays", "type", "m.room.power_levels",
                  "state_key", "", "content", "kick", 70, "x", "a", "b", "y", "z", "users", users);
    assert_non_null(reply);
    state = room_state_from_json(reply);
    json_decref(reply);
    for (size_t i = 0; i < members; i++) {
        (void)snprintf(id, sizeof(id), "@pupil%zu:matrix.example.school", i);
        room_state_set_membership(state, id, MEMBERSHIP_JOIN);
    }
    return state;
}

/* That of a sanitizer gives as much as was asked for, and weighs otherwise. */
static bool has_allocator_of_its_own(void)
{
    CLEANUP(freep) char *probe = text_copy("");

    return malloc_usable_size(probe) == 1;
}

/* What a state says that it takes is what malloc has given for it, but for a tenth. */
static void knows_its_weight(void **unused)
{
    static const size_t sizes[] = {0, 1, 5, 20, 30, 100, 160, 180, 1000, 3000};

    (void)unused;
    if (has_allocator_of_its_own())
        skip();
    json_set_alloc_funcs(json_get, json_give_back);
    for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
        CLEANUP(room_state_freep) struct room_state *state = make_state(sizes[i]);
        size_t taken = block(state) + block(state->creator) + block(state->version) +
                       block(state->settings[ROOM_TOPIC]) + block(state->settings[ROOM_MARKER]) +
                       block(state->levels) + block(state->members) + json_weight;
        size_t weight = room_state_weight(state);

        if ((double)weight < 0.9 * (double)taken || (double)weight > 1.1 * (double)taken)
            fail_msg("%zu members: %zu bytes, said to be %zu", sizes[i], taken, weight);
    }
    assert_int_equal(json_weight, 0);
    json_set_alloc_funcs(malloc, free);
}

/* ---- what is large ---- */

/* The event with 60 kB of other people's content, as it comes out of the sieve. */
static char *kept_of(const char *type, const char *key, const char *content)
{
    struct synapse_reply reply = {0};
    struct buffer event, rest;

    buffer_init(&event, SIZE_MAX);
    buffer_init(&rest, SIZE_MAX);
    (void)buffer_append_format(
        &event,
        "{\"type\":\"%s\",\"state_key\":\"%s\",\"sender\":\"@s:h\",\"origin_server_ts\":7,"
        "\"unsigned\":{\"age\":1},\"content\":{%s,\"x\":[0",
        type, key, content);
    while (event.size < 60000)
        (void)buffer_append_text(&event, ",{}");
    (void)buffer_append_text(&event, "]}}");
    assert_true(call_form(SYNAPSE_READ_CHANGES)->take(&reply, event.bytes, event.size, &rest));
    buffer_deinit(&event);
    return buffer_take(&rest);
}

static void cuts_a_large_event_down(void **state)
{
    CLEANUP(freep)
    char *member = kept_of("m.room.member", "@a:h", "\"membership\":\"join\",\"displayname\":\"A\"");
    CLEANUP(freep) char *other = kept_of("m.room.member.junk", "", "\"membership\":\"join\"");
    CLEANUP(freep) char *levels = kept_of("m.room.power_levels", "", "\"users\":{}");
    CLEANUP(freep) char *no_levels = kept_of("m.room.power_levels", "x", "\"users\":{}");

    (void)state;
    assert_string_equal(member,
                        "{\"type\":\"m.room.member\",\"state_key\":\"@a:h\",\"sender\":\"@s:h\","
                        "\"origin_server_ts\":7,\"content\":{\"membership\":\"join\",\"displayname\":\"A\"},"
                        "\"unsigned\":{\"age\":1}}");
    assert_string_equal(other, "{\"type\":\"m.room.member.junk\",\"state_key\":\"\",\"sender\":\"@s:h\","
                               "\"origin_server_ts\":7,\"unsigned\":{\"age\":1}}");
    assert_true(strlen(levels) > 50000); /* it must be known whole to be written again */
    assert_true(strlen(no_levels) < 200);
}

/* What comes out of the sieve of a small event. */
static char *kept_of_small(const char *event)
{
    struct synapse_reply reply = {0};
    struct buffer rest;

    buffer_init(&rest, SIZE_MAX);
    assert_true(call_form(SYNAPSE_READ_CHANGES)->take(&reply, event, strlen(event), &rest));
    return buffer_take(&rest);
}

static void passes_over_what_people_write(void **state)
{
    CLEANUP(freep) char *kept = kept_of_small("{\"type\":\"m.room.message\",\"content\":{}}");

    (void)state;
    assert_true(!kept || !*kept);
}

/* Unread, so it is more than what is needed, and never less. */
static void keeps_a_small_event_as_it_is(void **state)
{
    static const char *const events[] = {
        "{\"type\":\"m.room.topic\",\"state_key\":\"\",\"content\":{\"topic\":\"T\"},\"x\":1}",
        "{\"type\":\"m.room.redaction\",\"redacts\":\"$e\"}",
        "{\"type\":\"m.room.t\\u006fpic\",\"state\\u005fkey\":\"\",\"content\":{}}",
        "{\"type\":\"m.room.message\",\"content\":{\"body\":\"a\\nb\"}}",
    };

    (void)state;
    for (size_t i = 0; i < sizeof(events) / sizeof(events[0]); i++) {
        CLEANUP(freep) char *kept = kept_of_small(events[i]);

        assert_string_equal(kept, events[i]);
    }
}

/* So that a flood of small events does not become large JSON. */
static void cuts_small_events_down_where_there_is_much(void **state)
{
    static const char event[] = "{\"type\":\"m.room.name\",\"state_key\":\"\",\"x\":[1],\"content\":{}}";
    enum { MUCH = 70000 };
    struct synapse_reply reply = {0};
    struct buffer rest;

    (void)state;
    buffer_init(&rest, SIZE_MAX);
    for (size_t i = 0; i < MUCH; i++)
        (void)buffer_append_char(&rest, '[');
    assert_true(call_form(SYNAPSE_READ_CHANGES)->take(&reply, event, strlen(event), &rest));
    assert_string_equal(buffer_text(&rest) + MUCH,
                        "{\"type\":\"m.room.name\",\"state_key\":\"\",\"content\":{}}");
    buffer_deinit(&rest);
}

/* Nobody can be told by it what changed: not in a room, and what was sent to a device is nobody's. */
static void doubts_what_it_cannot_read(void **state)
{
    enum { DEEP = 3000 };
    struct synapse_reply reply = {0};
    struct buffer rest, deep;

    (void)state;
    buffer_init(&deep, SIZE_MAX);
    for (size_t i = 0; i < DEEP; i++)
        (void)buffer_append_text(&deep, "{\"a\":");
    (void)buffer_append_text(&deep, "1");
    for (size_t i = 0; i < DEEP; i++)
        (void)buffer_append_text(&deep, "}");
    buffer_init(&rest, SIZE_MAX);
    (void)buffer_append_text(&rest, "[");
    assert_true(call_form(SYNAPSE_READ_CHANGES)->take(&reply, deep.bytes, deep.size, &rest));
    assert_true(call_form(SYNAPSE_READ_CHANGES)->take(&reply, "", 0, &rest));
    assert_string_equal(buffer_text(&rest),
                        "[{\"type\":\"m.room.redaction\"},{\"type\":\"m.room.redaction\"}");
    buffer_deinit(&rest);
    buffer_deinit(&deep);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(tells_which_rooms_have_changed),
        cmocka_unit_test(tells_the_position_alone),
        cmocka_unit_test(needs_a_position),
        cmocka_unit_test(is_not_surprised),
        cmocka_unit_test(knows_the_joined_rooms),
        cmocka_unit_test(keeps_the_newest_of_each),
        cmocka_unit_test(tells_of_members),
        cmocka_unit_test(agrees_with_what_it_has),
        cmocka_unit_test(agrees_with_all_or_not),
        cmocka_unit_test(does_not_mind_what_it_does_not_keep),
        cmocka_unit_test(owns_its_levels),
        cmocka_unit_test(asks_for_what_it_reads),
        cmocka_unit_test(asks_for_no_room_of_the_present),
        cmocka_unit_test(knows_its_weight),
        cmocka_unit_test(cuts_a_large_event_down),
        cmocka_unit_test(passes_over_what_people_write),
        cmocka_unit_test(keeps_a_small_event_as_it_is),
        cmocka_unit_test(cuts_small_events_down_where_there_is_much),
        cmocka_unit_test(doubts_what_it_cannot_read),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
