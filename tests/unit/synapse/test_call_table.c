#include "fixture.h"

#include "support/evil.h"
#include "support/test.h"
#include "synapse/call_table.h"

/* What each kind of call sends, byte for byte, and what it makes of a plain reply. */

#define ROOM "/rooms/%21r%3Ah"
#define USER "%40a%2Fb%3Ah"
#define ALIAS "%23course_%C3%A4%3Ah"
#define WELCOME_DIGITS "092e09a3c2ce5a59e2efb6a9c0513f0f"

static const struct levels_user raised[] = {
    {.user = "@t:h", .level = 50}, {.user = "@sync:h", .level = 50}, {.user = "@s:h", .level = 0}};

static const char *const two_users[] = {"@a/b:h", "@c:h"};

static const struct {
    struct synapse_call call;
    const char *line, *body; /* of the request */
    const char *reply;
} calls[] = {
    {{.kind = SYNAPSE_READ_USER, .user = "@a/b:h"},
     "GET /_synapse/admin/v2/users/" USER,
     NULL,
     "{\"name\":\"@a/b:h\",\"displayname\":\"A\",\"admin\":false,\"deactivated\":true,\"locked\":true,"
     "\"threepids\":[{\"medium\":\"msisdn\"},{\"medium\":\"email\",\"address\":\"a@b\"}]}"},
    {{.kind = SYNAPSE_READ_EMAIL_OWNER, .email = "Anna+X@Example.Org"},
     "GET /_synapse/admin/v1/threepid/email/users/anna%2Bx%40example.org",
     NULL,
     "{\"user_id\":\"@a/b:h\"}"},
    {{.kind = SYNAPSE_CREATE_USER, .user = "@a/b:h"},
     "PUT /_synapse/admin/v2/users/" USER,
     "{}",
     "{\"name\":\"@u:h\"}"},
    {{.kind = SYNAPSE_CREATE_USER,
      .user = "@a/b:h",
      .name = "\u00c4 \"A\"",
      .email = "Anna@X",
      .password = "p\\w"},
     "PUT /_synapse/admin/v2/users/" USER,
     "{\"displayname\":\"\u00c4 \\\"A\\\"\",\"threepids\":[{\"medium\":\"email\",\"address\":\"Anna@X\"}],"
     "\"password\":\"p\\\\w\"}",
     "{\"name\":\"@u:h\"}"},
    {{.kind = SYNAPSE_SET_DISPLAY_NAME, .user = "@a/b:h", .name = "B", .email = "no", .password = "no"},
     "PUT /_synapse/admin/v2/users/" USER,
     "{\"displayname\":\"B\"}",
     "{\"name\":\"@u:h\"}"},
    {{.kind = SYNAPSE_ADD_EMAIL, .user = "@a/b:h", .name = "no", .email = "a@b", .password = "no"},
     "PUT /_synapse/admin/v2/users/" USER,
     "{\"threepids\":[{\"medium\":\"email\",\"address\":\"a@b\"}]}",
     "{\"name\":\"@u:h\"}"},
    {{.kind = SYNAPSE_REACTIVATE_USER, .user = "@a/b:h", .name = "no", .email = "no"},
     "PUT /_synapse/admin/v2/users/" USER,
     "{\"deactivated\":false}",
     "{\"name\":\"@u:h\"}"},
    {{.kind = SYNAPSE_REACTIVATE_USER, .user = "@a/b:h", .password = "pw"},
     "PUT /_synapse/admin/v2/users/" USER,
     "{\"deactivated\":false,\"password\":\"pw\"}",
     "{\"name\":\"@u:h\"}"},
    {{.kind = SYNAPSE_DEACTIVATE_USER, .user = "@a/b:h", .erase = true},
     "POST /_synapse/admin/v1/deactivate/" USER,
     "{\"erase\":true}",
     "{\"id_server_unbind_result\":\"success\"}"},
    {{.kind = SYNAPSE_DEACTIVATE_USER, .user = "@a/b:h"},
     "POST /_synapse/admin/v1/deactivate/" USER,
     "{\"erase\":false}",
     "{\"id_server_unbind_result\":\"success\"}"},
    {{.kind = SYNAPSE_READ_JOINED_ROOMS, .user = "@a/b:h"},
     "GET /_synapse/admin/v1/users/" USER "/joined_rooms",
     NULL,
     "{\"joined_rooms\":[],\"total\":0}"},
    {{.kind = SYNAPSE_READ_RECORDS},
     "GET /_synapse/admin/v1/users/" SELF "/accountdata",
     NULL,
     "{\"account_data\":{\"global\":{},\"rooms\":{}}}"},
    {{.kind = SYNAPSE_WRITE_RECORDS, .users = two_users, .user_count = 2, .record = {.open = true}},
     "PUT /_matrix/client/v3/user/" SELF
     "/account_data/io.github.synapse_sync.users.e6d151c05dcc1c3989b21eb98d97adc4",
     "{\"open\":true,\"email\":false,\"users\":[\"@a/b:h\",\"@c:h\"]}",
     "{}"},
    {{.kind = SYNAPSE_WRITE_RECORDS, .user = "@a/b:h", .record = {.open = true}},
     "PUT /_matrix/client/v3/user/" SELF "/account_data/io.github.synapse_sync.user.a%2Fb",
     "{\"open\":true,\"email\":false}",
     "{}"},
    {{.kind = SYNAPSE_WRITE_RECORDS, .user = "@a/b:h", .record = {true, true, true}},
     "PUT /_matrix/client/v3/user/" SELF "/account_data/io.github.synapse_sync.user.a%2Fb",
     "{\"open\":true,\"email\":true,\"set\":true}",
     "{}"},

    {{.kind = SYNAPSE_RESOLVE_ALIAS, .alias = "#course_\u00e4:h"},
     "GET /_matrix/client/v3/directory/room/" ALIAS,
     NULL,
     "{\"room_id\":\"!r:h\",\"servers\":[\"h\"]}"},
    {{.kind = SYNAPSE_DELETE_ALIAS, .alias = "#course_\u00e4:h"},
     "DELETE /_matrix/client/v3/directory/room/" ALIAS,
     NULL,
     "{}"},
    {{.kind = SYNAPSE_CREATE_ROOM,
      .alias = "#course_\u00e4:h:8448",
      .settings = {"N", "T", "invite", "forbidden", "#course_\u00e4:h:8448", "managed"},
      .levels = {.invite = 70, .kick = 71, .ban = 72, .events_default = 50},
      .raised = raised,
      .raised_count = 3},
     "POST /_matrix/client/v3/createRoom",
     "{\"room_alias_name\":\"course_\u00e4\",\"preset\":\"private_chat\","
     "\"visibility\":\"private\",\"room_version\":\"11\",\"creation_content\":{\"m.federate\":false,"
     "\"io.github.synapse_sync\":{\"alias\":\"#course_\u00e4:h:8448\"}},"
     "\"power_level_content_override\":{\"invite\":70,\"kick\":71,\"ban\":72,\"events_default\":50,"
     "\"events\":{\"m.room.avatar\":50,\"m.room.power_levels\":100,\"m.room.history_visibility\":100,"
     "\"m.room.server_acl\":100,\"m.room.encryption\":100,\"m.room.tombstone\":100,\"m.room.name\":50,"
     "\"m.room.join_rules\":100,\"m.room.guest_access\":100,\"m.room.canonical_alias\":100,"
     "\"m.room.sync\":100},\"users\":{\"@sync:h\":100,\"@t:h\":50}},"
     "\"initial_state\":[{\"type\":\"m.room.guest_access\",\"state_key\":\"\","
     "\"content\":{\"guest_access\":\"forbidden\"}},"
     "{\"type\":\"m.room.sync\",\"state_key\":\"\",\"content\":{\"mode\":\"managed\"}}],"
     "\"name\":\"N\",\"topic\":\"T\"}",
     "{\"room_id\":\"!r:h\"}"},
    {{.kind = SYNAPSE_READ_ROOM, .room = "!r:h"},
     "GET /_synapse/admin/v1" ROOM,
     NULL,
     "{\"room_id\":\"!r:h\",\"creator\":\"@sync:h\",\"canonical_alias\":null,\"joined_local_members\":3,"
     "\"state_events\":9}"},
    {{.kind = SYNAPSE_READ_STATE, .room = "!r:h"},
     "GET /_synapse/admin/v1" ROOM "/state",
     NULL,
     "{\"state\":[]}"},
    {{.kind = SYNAPSE_READ_CREATION, .room = "!r:h"},
     "GET /_synapse/admin/v1" ROOM "/state?type=m.room.create",
     NULL,
     "{\"state\":[]}"},
    {{.kind = SYNAPSE_READ_ALIASES, .room = "!r:h"},
     "GET /_matrix/client/v3" ROOM "/aliases",
     NULL,
     "{\"aliases\":[\"#a:h\"]}"},
    {{.kind = SYNAPSE_READ_LEVELS, .room = "!r:h"},
     "GET /_matrix/client/v3" ROOM "/state/m.room.power_levels/",
     NULL,
     "{\"kick\":70}"},
    {{.kind = SYNAPSE_WRITE_LEVELS, .room = "!r:h"},
     "PUT /_matrix/client/v3" ROOM "/state/m.room.power_levels/",
     "{\"kick\":70,\"x\":1.5}",
     "{\"event_id\":\"$e\"}"},
    {{.kind = SYNAPSE_WRITE_SETTING, .room = "!r:h", .setting = ROOM_NAME, .value = "N"},
     "PUT /_matrix/client/v3" ROOM "/state/m.room.name/",
     "{\"name\":\"N\"}",
     "{\"event_id\":\"$e\"}"},
    {{.kind = SYNAPSE_WRITE_SETTING, .room = "!r:h", .setting = ROOM_TOPIC, .value = ""},
     "PUT /_matrix/client/v3" ROOM "/state/m.room.topic/",
     "{\"topic\":\"\"}",
     "{\"event_id\":\"$e\"}"},
    {{.kind = SYNAPSE_WRITE_SETTING, .room = "!r:h", .setting = ROOM_JOIN_RULE, .value = "invite"},
     "PUT /_matrix/client/v3" ROOM "/state/m.room.join_rules/",
     "{\"join_rule\":\"invite\"}",
     "{\"event_id\":\"$e\"}"},
    {{.kind = SYNAPSE_WRITE_SETTING, .room = "!r:h", .setting = ROOM_GUEST_ACCESS, .value = "forbidden"},
     "PUT /_matrix/client/v3" ROOM "/state/m.room.guest_access/",
     "{\"guest_access\":\"forbidden\"}",
     "{\"event_id\":\"$e\"}"},
    {{.kind = SYNAPSE_WRITE_SETTING, .room = "!r:h", .setting = ROOM_CANONICAL_ALIAS, .value = "#a:h"},
     "PUT /_matrix/client/v3" ROOM "/state/m.room.canonical_alias/",
     "{\"alias\":\"#a:h\"}",
     "{\"event_id\":\"$e\"}"},
    {{.kind = SYNAPSE_WRITE_SETTING,
      .room = "!r:h",
      .setting = ROOM_CANONICAL_ALIAS,
      .value = "#a:h",
      .alt_aliases = "[\"#b:h\"]"},
     "PUT /_matrix/client/v3" ROOM "/state/m.room.canonical_alias/",
     "{\"alias\":\"#a:h\",\"alt_aliases\":[\"#b:h\"]}",
     "{\"event_id\":\"$e\"}"},
    {{.kind = SYNAPSE_WRITE_SETTING, .room = "!r:h", .setting = ROOM_MARKER, .value = "managed"},
     "PUT /_matrix/client/v3" ROOM "/state/m.room.sync/",
     "{\"mode\":\"managed\"}",
     "{\"event_id\":\"$e\"}"},
    {{.kind = SYNAPSE_JOIN_USER, .room = "!r:h", .user = "@a/b:h"},
     "POST /_synapse/admin/v1/join/%21r%3Ah",
     "{\"user_id\":\"@a/b:h\"}",
     "{\"room_id\":\"!r:h\"}"},
    {{.kind = SYNAPSE_REGAIN_ROOM, .room = "!r:h"},
     "POST /_synapse/admin/v1" ROOM "/make_room_admin",
     "{\"user_id\":\"@sync:h\"}",
     "{}"},
    {{.kind = SYNAPSE_ENTER_ROOM, .room = "!r:h"},
     "POST /_matrix/client/v3/join/%21r%3Ah",
     "{}",
     "{\"room_id\":\"!r:h\"}"},
    {{.kind = SYNAPSE_DELETE_ROOM, .room = "!r:h"},
     "DELETE /_synapse/admin/v2" ROOM,
     "{\"purge\":true,\"block\":false}",
     "{\"delete_id\":\"d\"}"},
    {{.kind = SYNAPSE_READ_DELETION, .room = "!r:h"},
     "GET /_synapse/admin/v2" ROOM "/delete_status",
     NULL,
     "{\"results\":[{\"status\":\"failed\"},{\"status\":\"complete\"}]}"},

    {{.kind = SYNAPSE_CREATE_WELCOME_ROOM, .user = "@a/b:h"},
     "POST /_matrix/client/v3/createRoom",
     "{\"room_alias_name\":\"sync_a/b\",\"preset\":\"private_chat\",\"visibility\":\"private\","
     "\"room_version\":\"11\",\"is_direct\":true,\"invite\":[\"@a/b:h\"],"
     "\"creation_content\":{\"m.federate\":false,\"io.github.synapse_sync\":{\"welcome\":\"@a/b:h\"}}}",
     "{\"room_id\":\"!r:h\"}"},
    {{.kind = SYNAPSE_INVITE_USER, .room = "!r:h", .user = "@a/b:h"},
     "PUT /_matrix/client/v3" ROOM "/state/m.room.member/%40a%2Fb%3Ah",
     "{\"membership\":\"invite\",\"is_direct\":true}",
     "{\"event_id\":\"$e\"}"},
    {{.kind = SYNAPSE_READ_WELCOME, .room = "!r:h"},
     "GET /_matrix/client/v3" ROOM "/messages?dir=b&limit=1&filter=%7B%22types%22%3A%5B%22m.room.message%22%"
     "5D%2C%22senders%22%3A%5B%22" SELF "%22%5D%7D",
     NULL,
     "{\"chunk\":[]}"},
    {{.kind = SYNAPSE_SEND_WELCOME, .room = "!r:h", .user = "@a/b:h", .welcome = "<b>Hi</b><br>you"},
     "PUT /_matrix/client/v3" ROOM "/send/m.room.message/welcome-" WELCOME_DIGITS,
     "{\"msgtype\":\"m.text\",\"body\":\"Hi\\nyou\",\"format\":\"org.matrix.custom.html\","
     "\"formatted_body\":\"<b>Hi</b><br>you\"}",
     "{\"event_id\":\"$e\"}"},

    {{.kind = SYNAPSE_READ_POSITION},
     "GET "
     "/_matrix/client/v3/sync?timeout=0&set_presence=offline&filter=%7B%22room%22%3A%7B%22rooms%22%3A%5B%5D%"
     "7D%2C%22presence%22%3A%7B%22types%22%3A%5B%5D%7D%2C%22account_data%22%3A%7B%22types%22%3A%5B%5D%7D%7D",
     NULL,
     "{\"next_batch\":\"s1\"}"},
    {{.kind = SYNAPSE_READ_CHANGES, .position = "s1_2&", .attempt = 3, .asker = 7},
     "GET /_matrix/client/v3/sync?since=s1_2%26&timeout=3&set_presence=offline&filter=%7B%22room%22%3A%7B%22"
     "state%22%3A%7B%22types%22%3A%5B%22m.room.create%22%2C%22m.room.member%22%2C%22m.room.power_levels%22%"
     "2C%22"
     "m.room.name%22%2C%22m.room.topic%22%2C%22m.room.join_rules%22%2C%22m.room.guest_access%22%2C%22m.room."
     "canonical_alias%22%2C%22m.room.sync%22%5D%2C%22lazy_load_members%22%3Afalse%7D%2C%22timeline%22%3A%7B%"
     "22"
     "limit%22%3A50%7D%2C%22ephemeral%22%3A%7B%22types%22%3A%5B%5D%7D%2C%22account_data%22%3A%7B%22types%22%"
     "3A%"
     "5B%22io.github.synapse_sync.mark%22%5D%7D%7D%2C%22presence%22%3A%7B%22types%22%3A%5B%5D%7D%2C%"
     "22account_data%22%3A%7B%22types%22%3A%5B%"
     "5D%2C%22not_types%22%3A%5B%227%22%5D%7D%7D",
     NULL,
     "{\"next_batch\":\"s2\",\"rooms\":{\"leave\":{\"!r:h\":{}}}}"},
    {{.kind = SYNAPSE_READ_JOINED},
     "GET /_matrix/client/v3/joined_rooms",
     NULL,
     "{\"joined_rooms\":[\"!r:h\"]}"},
    {{.kind = SYNAPSE_MARK_ROOM, .room = "!r:h", .attempt = 12},
     "PUT /_matrix/client/v3/user/" SELF ROOM "/account_data/io.github.synapse_sync.mark",
     "{\"number\":12}",
     "{}"},
    {{.kind = SYNAPSE_LIST_ROOMS, .position = "0"},
     "GET /_synapse/admin/v1/rooms?from=0&limit=500",
     NULL,
     "{\"rooms\":[]}"},
    {{.kind = SYNAPSE_LIST_USERS, .position = "a b"},
     "GET /_synapse/admin/v2/users?from=a%20b&limit=500&guests=false&deactivated=false",
     NULL,
     "{\"users\":[]}"},
};
enum { CALLS = sizeof(calls) / sizeof(calls[0]), OPENING = 3 };

static void sends_every_kind_of_call(void **state)
{
    static const struct server_step opening[OPENING] = {OPEN_SESSION};
    static const char levels_json[] = "{\"kick\":70,\"x\":1.5}";
    CLEANUP(levels_freep) struct levels *levels = levels_parse(levels_json, sizeof(levels_json) - 1);
    struct server_step steps[OPENING + CALLS] = {0};
    struct synapse_config config = given_token();
    char events[CALLS + 2] = "+";
    struct client client;

    (void)state;
    memcpy(steps, opening, sizeof(opening));
    for (size_t i = 0; i < CALLS; i++)
        steps[OPENING + i] = (struct server_step){.line = calls[i].line,
                                                  .bearer = "syt_given",
                                                  .body = calls[i].body,
                                                  .status = 200,
                                                  .reply = calls[i].reply};
    client_begin(&client, HTTP_SERVER_START(steps), &config);
    client_await(&client, events);
    for (size_t i = 0; i < CALLS; i++) {
        struct synapse_call call = calls[i].call;

        if (call.kind == SYNAPSE_WRITE_LEVELS)
            call.content = levels;
        events[i + 1] = '0';
        client_send(&client, '0', &call);
        client_await(&client, events);
        if (client.replies[0].outcome != SYNAPSE_OK)
            fail_msg("%s", client.replies[0].problem.text);
    }
    client_end(&client);
}

static void knows_every_kind(void **state)
{
    (void)state;
    for (unsigned kind = 0; kind < SYNAPSE_KINDS; kind++) {
        const char *method = NULL;

        if (call_is_of_mas(kind))
            continue; /* see test_mas.c */
        for (size_t i = 0; i < CALLS; i++)
            if (calls[i].call.kind == kind)
                method = calls[i].line;
        assert_non_null(method);
        assert_int_equal(synapse_kind_writes(kind), strncmp(method, "GET ", 4) != 0);
        assert_int_equal(call_needs_admin(kind), strstr(method, "/_synapse/admin/") != NULL);
        for (unsigned other = 0; other < kind; other++)
            assert_string_not_equal(synapse_kind_name(kind), synapse_kind_name(other));
    }
}

/* Of a call in which this is in every text. */
static char *path_of(enum synapse_kind kind, const char *text)
{
    CLEANUP(freep) char *user = text_format("@%s:h", text), *alias = text_format("#%s:h", text);
    const struct synapse_call call = {.kind = kind,
                                      .user = user,
                                      .account = text,
                                      .room = text,
                                      .alias = alias,
                                      .email = text,
                                      .position = text};

    /* The name of the sync user is a setting, which is text. */
    return call_path(
        &call, &(struct call_terms){.sync_user = is_text(text) ? user : "@sync:h", .room_version = "11"});
}

/* Whatever an id is, the path has the segments, the query and the parameters that the template has. */
static void no_id_leaves_its_segment(void **state)
{
    (void)state;
    for (unsigned kind = 0; kind < SYNAPSE_KINDS; kind++) {
        CLEANUP(freep) char *plain = path_of(kind, "plain");

        for (size_t i = 0; i < evil_count(); i++) {
            CLEANUP(freep) char *path = path_of(kind, evil_text(i));

            for (const char *parts = "/?&=#"; *parts; parts++)
                assert_int_equal(count_of(path, (char[]){*parts, '\0'}),
                                 count_of(plain, (char[]){*parts, '\0'}));
            for (const char *byte = path; *byte; byte++)
                assert_in_range(*byte, '!', '~');
        }
    }
}

/* Removals take their time, and it is of no use to wait long for some things; all else gets what http gives.
 */
static void knows_what_takes_long(void **state)
{
    static const int64_t limits[SYNAPSE_KINDS] = {
        [SYNAPSE_DELETE_ROOM] = 120000,      [SYNAPSE_DEACTIVATE_USER] = 120000,
        [SYNAPSE_SET_DISPLAY_NAME] = 120000, [SYNAPSE_READ_POSITION] = 20000,
        [SYNAPSE_READ_RECORDS] = 20000,      [SYNAPSE_WRITE_RECORDS] = 20000,
    };

    (void)state;
    for (unsigned kind = 0; kind < SYNAPSE_KINDS; kind++)
        assert_int_equal(call_form(kind)->limit, call_is_of_mas(kind) ? 30000 : limits[kind]);
}

/* By which a room is known that was made by the attempt; and a welcome room without its invitation. */
static void marks_rooms(void **state)
{
    const struct call_terms terms = {.sync_user = "@sync:h", .room_version = "11"};
    const struct synapse_call room = {
        .kind = SYNAPSE_CREATE_ROOM, .alias = "#a:h", .name = "N", .mark = "0123"};
    const struct synapse_call welcome = {
        .kind = SYNAPSE_CREATE_WELCOME_ROOM, .user = "@a:h", .mark = "4567", .bare = true};
    char *body = call_form(SYNAPSE_CREATE_ROOM)->body(&room, &terms);

    (void)state;
    assert_non_null(strstr(
        body, "\"io.github.synapse_sync\":{\"alias\":\"#a:h\"},\"io.github.synapse_sync.attempt\":\"0123\""));
    free(body);
    body = call_form(SYNAPSE_CREATE_WELCOME_ROOM)->body(&welcome, &terms);
    assert_non_null(strstr(
        body,
        "\"io.github.synapse_sync\":{\"welcome\":\"@a:h\"},\"io.github.synapse_sync.attempt\":\"4567\""));
    assert_null(strstr(body, "\"invite\""));
    free(body);
}

/* Where creators reign, they are not among the users. */
static void makes_rooms_of_version_12(void **state)
{
    const struct call_terms terms = {.sync_user = "@sync:h", .room_version = "12", .creators_reign = true};
    const struct synapse_call call = {.kind = SYNAPSE_CREATE_ROOM,
                                      .alias = "#a:h",
                                      .settings = {[ROOM_NAME] = "N", [ROOM_TOPIC] = ""},
                                      .raised = raised,
                                      .raised_count = 3};
    char *body = call_form(SYNAPSE_CREATE_ROOM)->body(&call, &terms);

    (void)state;
    assert_non_null(strstr(body, "\"users\":{\"@t:h\":50}"));
    assert_non_null(strstr(body, "\"m.room.tombstone\":150"));
    assert_non_null(strstr(body, "\"room_version\":\"12\""));
    assert_null(strstr(body, "\"topic\""));
    free(body);
}

/* Fits an alias whatever the user, and is another for another user. */
static void names_welcome_rooms(void **state)
{
    char *names[256];

    (void)state;
    for (size_t length = 4; length < 256; length++) {
        char user[256] = "@";

        memset(user + 1, 'a', length - 3);
        memcpy(user + length - 2, ":h", 3);
        names[length] = synapse_welcome_alias(user);
        assert_true(strlen(names[length]) <= 255);
        assert_int_equal(strncmp(names[length], "#sync_", 6), 0);
        assert_string_equal(names[length] + strlen(names[length]) - 2, ":h");
        if (length + 5 <= 255)
            assert_int_equal(strncmp(names[length] + 6, user + 1, length - 1), 0);
        for (size_t i = 4; i < length; i++)
            assert_string_not_equal(names[i], names[length]);
    }
    for (size_t length = 4; length < 256; length++)
        free(names[length]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sends_every_kind_of_call),  cmocka_unit_test(knows_every_kind),
        cmocka_unit_test(knows_what_takes_long),     cmocka_unit_test(no_id_leaves_its_segment),
        cmocka_unit_test(makes_rooms_of_version_12), cmocka_unit_test(marks_rooms),
        cmocka_unit_test(names_welcome_rooms),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
