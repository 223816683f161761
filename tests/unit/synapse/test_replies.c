#include "base/memory.h"
#include "support/test.h"
#include "synapse/call_table.h"
#include "synapse/parse.h"

#include <stdlib.h>
#include <string.h>

/* Reads the text as the body of a 2xx reply to a call of the kind; the caller deinits the reply. */
static bool read(enum synapse_kind kind, const char *text, struct synapse_reply *reply)
{
    json_t *body = parse_object(text, strlen(text));
    bool understood = call_form(kind)->read(body, reply);

    json_decref(body);
    return understood;
}

static void reads_a_user(void **state)
{
    struct synapse_reply reply = {0};

    (void)state;
    assert_true(read(SYNAPSE_READ_USER,
                     "{\"displayname\":\"A\",\"admin\":true,\"deactivated\":false,\"locked\":true,"
                     "\"threepids\":[7,{},{\"medium\":\"email\"}],\"appservice_id\":null}",
                     &reply));
    assert_string_equal(reply.user.name, "A");
    assert_true(reply.user.admin && reply.user.locked && reply.user.has_email);
    assert_false(reply.user.deactivated || reply.user.of_service);
    synapse_reply_deinit(&reply);
    assert_true(read(SYNAPSE_READ_USER,
                     "{\"admin\":false,\"deactivated\":false,\"appservice_id\":\"telegram\"}", &reply));
    assert_true(reply.user.of_service);
    synapse_reply_deinit(&reply);
    assert_true(read(SYNAPSE_READ_USER, "{\"displayname\":null,\"admin\":0,\"deactivated\":1}", &reply));
    assert_null(reply.user.name);
    assert_false(reply.user.admin || reply.user.locked || reply.user.has_email);
    assert_true(reply.user.deactivated);
    synapse_reply_deinit(&reply);
}

/* A user who was made is told like one who is read, but nothing has to be said but who it is. */
static void reads_who_was_made(void **state)
{
    struct synapse_reply reply = {0};

    (void)state;
    assert_true(read(SYNAPSE_CREATE_USER,
                     "{\"name\":\"@a:h\",\"displayname\":\"A\",\"admin\":true,\"deactivated\":true,"
                     "\"threepids\":[{\"medium\":\"email\"}]}",
                     &reply));
    assert_string_equal(reply.user.name, "A");
    assert_true(reply.user.admin && reply.user.deactivated && reply.user.has_email);
    synapse_reply_deinit(&reply);
    assert_true(read(SYNAPSE_CREATE_USER, "{\"name\":\"@a:h\"}", &reply));
    assert_null(reply.user.name);
    assert_false(reply.user.admin || reply.user.deactivated || reply.user.has_email);
    assert_true(read(SYNAPSE_CREATE_USER, "{\"name\":\"@a:h\",\"appservice_id\":\"irc\"}", &reply));
    assert_true(reply.user.of_service);
    assert_false(
        read(SYNAPSE_CREATE_USER, "{\"displayname\":\"A\",\"admin\":false,\"deactivated\":false}", &reply));
}

static void counts_joined_rooms(void **state)
{
    struct synapse_reply reply = {0};

    (void)state;
    assert_true(read(SYNAPSE_READ_JOINED_ROOMS, "{\"joined_rooms\":[\"!a:h\",\"!b:h\"]}", &reply));
    assert_int_equal(reply.joined_rooms, 2);
    assert_false(read(SYNAPSE_READ_JOINED_ROOMS, "{}", &reply));
}

static void reads_lists(void **state)
{
    struct synapse_reply rooms = {0}, users = {0};

    (void)state;
    assert_true(read(
        SYNAPSE_LIST_ROOMS,
        "{\"rooms\":[{\"room_id\":\"!a:h\",\"creator\":\"@s:h\",\"name\":null,\"canonical_alias\":\"#a:h\","
        "\"joined_local_members\":2,\"state_events\":9},7,{}],\"next_batch\":500,\"total_rooms\":501}",
        &rooms));
    assert_int_equal(rooms.listing->room_count, 1);
    assert_string_equal(rooms.listing->rooms[0].creator, "@s:h");
    assert_string_equal(rooms.listing->rooms[0].alias, "#a:h");
    assert_null(rooms.listing->rooms[0].name);
    assert_int_equal(rooms.listing->rooms[0].members, 2);
    assert_string_equal(rooms.listing->next, "500");
    assert_int_equal(rooms.listing->total, 501);
    assert_true(read(SYNAPSE_LIST_USERS,
                     "{\"users\":[{\"name\":\"@a:h\",\"displayname\":\"A\",\"creation_ts\":12}],\"total\":1}",
                     &users));
    assert_int_equal(users.listing->user_count, 1);
    assert_string_equal(users.listing->users[0].name, "A");
    assert_int_equal(users.listing->users[0].created_at, 12);
    assert_null(users.listing->next);
    synapse_reply_deinit(&rooms);
    synapse_reply_deinit(&users);
}

#define OF_ONE(localpart, open, email)                                                                       \
    "\"io.github.synapse_sync.user." localpart "\":{\"open\":" open ",\"email\":" email "}"
#define OF_MANY(name, open, users)                                                                           \
    "\"io.github.synapse_sync.users." name "\":{\"open\":" open ",\"email\":false,\"users\":[" users "]}"
#define ACCOUNT_DATA(documents) "{\"account_data\":{\"global\":{" documents "},\"rooms\":{}}}"

/* Who is owed something, as the documents say it together, in whatever order. */
static void reads_records(void **state)
{
    static const struct {
        const char *reply;
        bool open, email; /* of @a:h */
    } cases[] = {
        {ACCOUNT_DATA(""), false, false},
        {ACCOUNT_DATA(OF_ONE("a", "true", "false")), true, false},
        {ACCOUNT_DATA(OF_ONE("a", "true", "true")), true, true},
        {ACCOUNT_DATA(OF_ONE("a", "false", "true")), false, false},
        {ACCOUNT_DATA(OF_ONE("ab", "true", "true")), false, false},
        {ACCOUNT_DATA("\"io.github.synapse_sync.user.a\":{}"), false, false},
        {ACCOUNT_DATA("\"io.github.synapse_sync.user.a\":[]"), false, false},
        {ACCOUNT_DATA("\"a\":{\"open\":true},\"m.direct\":{}"), false, false},
        {ACCOUNT_DATA(OF_MANY("1", "true", "\"@b:h\",\"@a:h\"")), true, false},
        {ACCOUNT_DATA(OF_MANY("1", "true", "1,null,\"\",\"a\",\"@b:h\"")), false, false},
        {ACCOUNT_DATA("\"io.github.synapse_sync.users.1\":{\"open\":true,\"users\":\"@a:h\"}"), false, false},
        {ACCOUNT_DATA(OF_MANY("1", "true", "\"@a:h\"") "," OF_ONE("a", "false", "false")), false, false},
        {ACCOUNT_DATA(OF_ONE("a", "false", "false") "," OF_MANY("1", "true", "\"@a:h\"")), false, false},
        {ACCOUNT_DATA(OF_MANY("1", "false", "\"@a:h\"") "," OF_MANY("2", "true", "\"@a:h\"")), false, false},
        {ACCOUNT_DATA(OF_ONE("a", "true", "true") "," OF_MANY("1", "true", "\"@a:h\"")), true, true},
        {ACCOUNT_DATA(OF_MANY("1", "true", "\"@a:h\"") "," OF_ONE("a", "true", "true")), true, true},
        {ACCOUNT_DATA(OF_MANY("1", "false", "\"@b:h\"") "," OF_MANY("2", "true", "\"@a:h\"")), true, false},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct synapse_reply reply = {0};
        struct synapse_record record;

        assert_true(read(SYNAPSE_READ_RECORDS, cases[i].reply, &reply));
        record = records_get(reply.records, "@a:h");
        if (record.open != cases[i].open || record.email != cases[i].email)
            fail_msg("%s", cases[i].reply);
        synapse_reply_deinit(&reply);
    }
}

/* That the address and the password were set counts once any document says so. */
static void reads_what_was_set(void **state)
{
    static const char set[] = "\"io.github.synapse_sync.user.a\":{\"open\":true,\"email\":true,\"set\":true}";
    static const char of_others[] = OF_MANY("1", "true", "\"@b:h\",\"@a:h\"");

    (void)state;
    for (int first = 0; first < 2; first++) {
        CLEANUP(freep)
        char *body = text_format(ACCOUNT_DATA("%s,%s"), first ? set : of_others, first ? of_others : set);
        struct synapse_reply reply = {0};

        assert_true(read(SYNAPSE_READ_RECORDS, body, &reply));
        assert_true(records_get(reply.records, "@a:h").set);
        assert_false(records_get(reply.records, "@b:h").set);
        synapse_reply_deinit(&reply);
    }
}

static void needs_account_data(void **state)
{
    static const char *const replies[] = {"{}", "[]", "{\"account_data\":{}}",
                                          "{\"account_data\":{\"global\":[]}}"};
    struct synapse_reply reply = {0};

    (void)state;
    for (size_t i = 0; i < sizeof(replies) / sizeof(replies[0]); i++)
        assert_false(read(SYNAPSE_READ_RECORDS, replies[i], &reply));
    assert_null(reply.records);
}

static void reads_a_room(void **state)
{
    struct synapse_reply reply = {0};

    (void)state;
    assert_true(read(SYNAPSE_READ_ROOM,
                     "{\"creator\":\"@s:h\",\"canonical_alias\":\"#a:h\",\"joined_local_members\":2,"
                     "\"state_events\":11}",
                     &reply));
    assert_string_equal(reply.room.creator, "@s:h");
    assert_string_equal(reply.room.canonical_alias, "#a:h");
    synapse_reply_deinit(&reply);
    assert_null(reply.room.creator);
}

/* As Synapse 1.160 tells of a room whose making was cut before its first event. */
static void reads_a_room_without_events(void **state)
{
    struct synapse_reply reply = {0};

    (void)state;
    assert_true(read(SYNAPSE_READ_ROOM,
                     "{\"creator\":\"@s:h\",\"canonical_alias\":null,\"joined_local_members\":null,"
                     "\"state_events\":null}",
                     &reply));
    assert_string_equal(reply.room.creator, "@s:h");
    synapse_reply_deinit(&reply);
}

/* The newest is the last one. */
static void reads_a_deletion(void **state)
{
    static const struct {
        const char *text;
        int deletion;
    } cases[] = {
        {"{\"results\":[{\"status\":\"complete\"}]}", DELETION_COMPLETE},
        {"{\"results\":[{\"status\":\"complete\"},{\"status\":\"active\"}]}", DELETION_UNDER_WAY},
        {"{\"results\":[{\"status\":\"active\"},{\"status\":\"failed\"}]}", DELETION_FAILED},
        {"{\"results\":[{\"status\":\"failed\"},{\"status\":\"scheduled\"}]}", DELETION_UNDER_WAY},
        {"{\"results\":[{\"status\":\"purging\"}]}", DELETION_UNDER_WAY},
        {"{\"results\":[{\"status\":\"shutting_down\"}]}", DELETION_UNDER_WAY},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct synapse_reply reply = {.deletion = DELETION_FAILED};

        assert_true(read(SYNAPSE_READ_DELETION, cases[i].text, &reply));
        assert_int_equal(reply.deletion, cases[i].deletion);
    }
}

static void reads_whether_someone_was_greeted(void **state)
{
    struct synapse_reply reply = {0};

    (void)state;
    assert_true(read(SYNAPSE_READ_WELCOME, "{\"chunk\":[]}", &reply));
    assert_false(reply.greeted);
    assert_true(read(SYNAPSE_READ_WELCOME, "{\"chunk\":[{\"type\":\"m.room.member\"},1]}", &reply));
    assert_false(reply.greeted);
    assert_true(read(SYNAPSE_READ_WELCOME, "{\"chunk\":[{\"type\":\"m.room.message\"}]}", &reply));
    assert_true(reply.greeted);
}

static void reads_levels(void **state)
{
    struct synapse_reply reply = {0};

    (void)state;
    assert_true(read(SYNAPSE_READ_LEVELS, "{\"users\":{\"@a:h\":7}}", &reply));
    assert_int_equal(levels_of(reply.levels, "@a:h"), 7);
    synapse_reply_deinit(&reply);
    assert_null(reply.levels);
}

/* A reply that lacks what matters is no reply: better a failure than a wrong guess. */
static void refuses_what_it_cannot_rely_on(void **state)
{
    static const struct {
        enum synapse_kind kind;
        const char *text;
    } cases[] = {
        {SYNAPSE_READ_USER, "{}"},
        {SYNAPSE_READ_USER, "{\"admin\":false}"},
        {SYNAPSE_READ_USER, "{\"deactivated\":false}"},
        {SYNAPSE_READ_USER, "{\"admin\":null,\"deactivated\":false}"},
        {SYNAPSE_READ_USER, "{\"admin\":false,\"deactivated\":\"no\"}"},
        {SYNAPSE_READ_EMAIL_OWNER, "{}"},
        {SYNAPSE_READ_EMAIL_OWNER, "{\"user_id\":\"a\"}"},
        {SYNAPSE_RESOLVE_ALIAS, "{}"},
        {SYNAPSE_RESOLVE_ALIAS, "{\"room_id\":\"\"}"},
        {SYNAPSE_RESOLVE_ALIAS, "{\"room_id\":7}"},
        {SYNAPSE_CREATE_ROOM, "{\"room_id\":null}"},
        {SYNAPSE_CREATE_WELCOME_ROOM, "{\"room_id\":\"#a:h\"}"},
        {SYNAPSE_READ_ROOM, "{\"joined_local_members\":1}"},
        {SYNAPSE_READ_ROOM, "{\"state_events\":1}"},
        {SYNAPSE_READ_ROOM, "{\"joined_local_members\":\"0\",\"state_events\":1}"},
        {SYNAPSE_READ_STATE, "{}"},
        {SYNAPSE_READ_STATE, "{\"state\":{}}"},
        {SYNAPSE_READ_DELETION, "{}"},
        {SYNAPSE_READ_DELETION, "{\"results\":[]}"},
        {SYNAPSE_READ_DELETION, "{\"results\":[{\"status\":\"complete\"},{}]}"},
        {SYNAPSE_CREATE_USER, "{}"},
        {SYNAPSE_READ_POSITION, "{}"},
        {SYNAPSE_READ_CHANGES, "{\"rooms\":{}}"},
        {SYNAPSE_READ_JOINED, "{}"},
        {SYNAPSE_READ_JOINED, "{\"joined_rooms\":{}}"},
        {SYNAPSE_LIST_ROOMS, "{\"users\":[]}"},
        {SYNAPSE_LIST_USERS, "{\"rooms\":[]}"},
        {SYNAPSE_READ_WELCOME, "{}"},
        {SYNAPSE_READ_WELCOME, "{\"chunk\":{}}"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct synapse_reply reply = {0};

        if (read(cases[i].kind, cases[i].text, &reply))
            fail_msg("%s: %s", synapse_kind_name(cases[i].kind), cases[i].text);
        synapse_reply_deinit(&reply);
    }
}

/* No reader minds that there is no object at all. */
static void refuses_what_is_no_object(void **state)
{
    static const char *const texts[] = {"", "[]", "null", "<html>", "{\"a\":"};

    (void)state;
    for (unsigned kind = 0; kind < SYNAPSE_KINDS; kind++)
        for (size_t i = 0; call_form(kind)->read && i < sizeof(texts) / sizeof(texts[0]); i++) {
            struct synapse_reply reply = {0};

            assert_false(read(kind, texts[i], &reply));
        }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads_a_user),
        cmocka_unit_test(reads_lists),
        cmocka_unit_test(reads_who_was_made),
        cmocka_unit_test(counts_joined_rooms),
        cmocka_unit_test(reads_records),
        cmocka_unit_test(reads_what_was_set),
        cmocka_unit_test(needs_account_data),
        cmocka_unit_test(reads_a_room),
        cmocka_unit_test(reads_a_room_without_events),
        cmocka_unit_test(reads_a_deletion),
        cmocka_unit_test(reads_whether_someone_was_greeted),
        cmocka_unit_test(reads_levels),
        cmocka_unit_test(refuses_what_it_cannot_rely_on),
        cmocka_unit_test(refuses_what_is_no_object),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
