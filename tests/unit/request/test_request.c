/*
 * The message bodies of tests/data/requests/, each with what must come out of it next to it, and properties
 * that hold for all messages.
 */

#include "base/buffer.h"
#include "base/memory.h"
#include "request/request.h"
#include "support/test.h"

#include <dirent.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { LARGEST_BODY = 1 << 20 };

static const struct request_rules rules = {
    .server_name = "example.org", .sync_user = "@sync:example.org", .largest_body = LARGEST_BODY};

#define BODY "{\"method\": \"removeUser\", \"user\": {\"id\": \"@a:example.org\"}}"

/* Everything an addUser and an addRoom can hold. Texts that may be anything hold the canary. */
#define CANARY "canary"
static const char full_user[] =
    "{\"method\": \"addUser\", \"welcome\": {\"text\": \"<b>canary</b> &amp; \\\\n\"},"
    " \"user\": {\"id\": \"@canary:example.org\", \"name\": \"canary \\u00e4\", \"email\": \"canary@b.c\","
    " \"password\": \"canary\"},"
    " \"rooms\": [{\"type\": \"canary\", \"id\": \"canary\", \"name\": \"canary\", \"description\": "
    "\"canary\","
    " \"bidirectional\": true, \"is_moderator\": true}, {\"id\": \"canary2\", \"canary\": [1, 2.5, null]}]}";
static const char full_room[] =
    "{\"method\": \"addRoom\", \"room\": {\"type\": \"canary\", \"id\": \"canary\", \"name\": \"canary\","
    " \"description\": \"canary\", \"bidirectional\": true},"
    " \"members\": [{\"id\": \"@canary:example.org\", \"name\": \"canary\", \"is_moderator\": true},"
    " {\"id\": \"@canary2:example.org\"}]}";

/* ---- a request as text ---- */

static void dump_field(struct buffer *out, const char *name, const char *text)
{
    if (!text)
        return;
    (void)buffer_append_format(out, "%s: ", name);
    for (; *text; text++)
        (void)buffer_append(out, *text == '\n' ? "↵" : text, *text == '\n' ? strlen("↵") : 1);
    (void)buffer_append_char(out, '\n');
}

static void dump_flag(struct buffer *out, const char *name, bool flag)
{
    if (flag)
        (void)buffer_append_format(out, "%s\n", name);
}

static void dump_user(struct buffer *out, const char *what, const struct request_user *user)
{
    dump_field(out, what, user->id);
    dump_field(out, "  name", user->name);
    dump_field(out, "  email", user->email);
    dump_field(out, "  password", user->password);
    dump_flag(out, "  is_moderator", user->is_moderator);
}

static void dump_room(struct buffer *out, const struct request_room *room)
{
    dump_field(out, "room", room->alias);
    dump_field(out, "  name", room->name);
    dump_field(out, "  description", room->description);
    dump_flag(out, "  bidirectional", room->bidirectional);
    dump_flag(out, "  is_moderator", room->is_moderator);
}

static void dump_request(struct buffer *out, const struct request *request)
{
    dump_field(out, "method", request_method_name(request->method));
    dump_field(out, "welcome", request->welcome);
    dump_user(out, "user", &request->user);
    for (size_t i = 0; i < request->room_count; i++)
        dump_room(out, &request->rooms[i]);
    for (size_t i = 0; i < request->member_count; i++)
        dump_user(out, "member", &request->members[i]);
}

/* What comes out of a body: the request, or "code: detail". The caller frees it. */
static char *outcome_of(const char *bytes, size_t size)
{
    struct request_complaint complaint = {0};
    CLEANUP(request_freep) struct request *request = NULL;
    struct buffer out;
    /* A copy of its very size, so that the sanitizers see a look behind its end. */
    char *copy = memory_new(size, 1);

    memcpy(copy, bytes, size);
    request = request_parse(copy, size, &rules, &complaint);
    free(copy);
    buffer_init(&out, LARGEST_BODY);
    if (request)
        dump_request(&out, request);
    else
        (void)buffer_append_format(&out, "%s: %s\n", request_code_name(complaint.code),
                                   complaint.detail.text);
    return buffer_take(&out);
}

static void expect(const char *bytes, size_t size, const char *expected)
{
    CLEANUP(freep) char *outcome = outcome_of(bytes, size);

    assert_string_equal(outcome, expected);
}

static void expect_text(const char *text, const char *expected)
{
    expect(text, strlen(text), expected);
}

/* ---- the files ---- */

static char *file_text(const char *path, size_t *ret_size)
{
    char *text = memory_new(65536, 1);
    FILE *file = fopen(path, "rb");

    if (!file)
        fail_msg("%s cannot be read", path);
    *ret_size = fread(text, 1, 65535, file);
    (void)fclose(file);
    return text;
}

/* Whether the file is as it should be; tells where not. */
static bool check_file(const char *folder, const char *name)
{
    CLEANUP(freep) char *path = text_format("%s/requests/%s/%s", TEST_DATA_DIR, folder, name);
    CLEANUP(freep) char *expected_path = text_format("%.*s.txt", (int)(strlen(path) - strlen(".json")), path);
    size_t size, expected_size;
    CLEANUP(freep) char *body = file_text(path, &size);
    CLEANUP(freep) char *expected = file_text(expected_path, &expected_size);
    CLEANUP(freep) char *outcome = outcome_of(body, size);

    if (strcmp(outcome, expected) == 0)
        return true;
    print_error("%s/%s\n--- expected\n%s--- got\n%s", folder, name, expected, outcome);
    return false;
}

static void check_folder(const char *folder, int at_least)
{
    CLEANUP(freep) char *path = text_format("%s/requests/%s", TEST_DATA_DIR, folder);
    DIR *directory = opendir(path);
    int count = 0, wrong = 0;

    assert_non_null(directory);
    for (struct dirent *entry = readdir(directory); entry; entry = readdir(directory)) {
        const char *ending = strrchr(entry->d_name, '.');

        if (!ending || strcmp(ending, ".json") != 0)
            continue;
        if (!check_file(folder, entry->d_name))
            wrong++;
        count++;
    }
    (void)closedir(directory);
    assert_int_equal(wrong, 0);
    assert_true(count >= at_least);
}

static void good_messages(void **state)
{
    (void)state;
    check_folder("good", 20);
}

static void bad_messages(void **state)
{
    (void)state;
    check_folder("bad", 80);
}

/* ---- bytes that no text file should hold ---- */

static void raw_bytes(void **state)
{
    static const struct {
        const char *bytes;
        size_t size;
        const char *expected;
    } cases[] = {
#define CASE(bytes, expected) {bytes, sizeof(bytes) - 1, expected "\n"}
        CASE("\xef\xbb\xbf" BODY, "invalid-json: line 1, column 1 (byte 3): syntax error"),
        CASE(BODY "\0", "invalid-json: line 1, column 59 (byte 59): something follows the JSON value"),
        CASE("{\"method\": \"removeUser\", \"user\": {\"id\": \"@a:example.org\"}, \"stray\": 1\0}",
             "invalid-json: NUL byte"),
        CASE("\0" BODY, "invalid-json: line 1, column 1 (byte 1): ends too early"),
        CASE("{\"method\": \"add\0User\"}", "invalid-json: line 1, column 15 (byte 15): syntax error"),
        CASE("{\"method\": \"\xff\"}", "invalid-json: line 1, column 12 (byte 12): not valid UTF-8"),
        CASE("{\"method\": \"\xc0\xaf\"}", "invalid-json: line 1, column 12 (byte 12): not valid UTF-8"),
        CASE("{\"method\": \"\xed\xa0\x80\"}", "invalid-json: line 1, column 12 (byte 12): not valid UTF-8"),
        CASE("{\"method\": \"\xe2\x82", "invalid-json: line 1, column 12 (byte 12): not valid UTF-8"),
        CASE("", "invalid-json: line 1, column 0 (byte 0): ends too early"),
        CASE(" \t\r\n" BODY "\r\n ", "method: removeUser\nuser: @a:example.org"),
#undef CASE
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
        expect(cases[i].bytes, cases[i].size, cases[i].expected);
}

static void no_bytes_at_all(void **state)
{
    struct request_complaint complaint;

    (void)state;
    assert_null(request_parse(NULL, 0, &rules, &complaint));
    assert_int_equal(complaint.code, REQUEST_INVALID_JSON);
    assert_string_equal(complaint.detail.text, "line 1, column 0 (byte 0): ends too early");
}

/* ---- bounds ---- */

static void size_is_bounded(void **state)
{
    struct request_rules small = rules;
    struct request_complaint complaint = {0};
    struct request *request;

    (void)state;
    small.largest_body = strlen(BODY);
    request = request_parse(BODY, strlen(BODY), &small, &complaint);
    assert_non_null(request);
    request_free(request);
    small.largest_body--;
    assert_null(request_parse(BODY, strlen(BODY), &small, &complaint));
    assert_int_equal(complaint.code, REQUEST_TOO_LARGE);
    assert_string_equal(complaint.detail.text, "58 bytes: more than 57");
}

/* A body of brackets only: no recursion may follow it down. */
static void depth_is_bounded(void **state)
{
    char *deep = memory_new(LARGEST_BODY, 1);

    (void)state;
    memset(deep, '[', LARGEST_BODY);
    expect(deep, LARGEST_BODY, "invalid-json: nested deeper than 16 levels\n");
    free(deep);
}

/* As many rooms and members as fit, all the same and all different: the time does not grow by squares. */
static void many_entries(void **state)
{
    struct buffer body;
    struct request_complaint complaint;
    struct request *request;

    (void)state;
    for (int different = 0; different < 2; different++) {
        buffer_init(&body, LARGEST_BODY);
        (void)buffer_append_text(&body, "{\"method\":\"addRoom\",\"room\":{\"id\":\"1\"},\"members\":[");
        for (int i = 0; i < 30000; i++)
            (void)buffer_append_format(&body, "%s{\"id\":\"@%d:example.org\"}", i > 0 ? "," : "",
                                       different * i);
        (void)buffer_append_text(&body, "]}");
        assert_false(body.overflowed);
        request = request_parse(body.bytes, body.size, &rules, &complaint);
        assert_non_null(request);
        assert_int_equal(request->member_count, different ? 30000 : 1);
        request_free(request);
        buffer_deinit(&body);
    }
}

/* ---- properties ---- */

/* No beginning of a message is a message, and none does harm. */
static void every_prefix_is_refused(void **state)
{
    static const char *const messages[] = {full_user, full_room};

    (void)state;
    for (size_t i = 0; i < sizeof(messages) / sizeof(messages[0]); i++) {
        for (size_t size = 0; size < strlen(messages[i]); size++) {
            CLEANUP(freep) char *outcome = outcome_of(messages[i], size);

            assert_memory_equal(outcome, "invalid-json: ", strlen("invalid-json: "));
            assert_null(strstr(outcome, CANARY));
        }
    }
}

/* What the log can say of a message that is complained of. */
static void test_what_could_be_read_is_told(void **state)
{
    static const struct {
        const char *body, *method, *user, *room;
    } cases[] = {
        {"[", NULL, "", ""},
        {"{\"method\": \"dance\", \"user\": {\"id\": \"@a:s\"}}", NULL, "", ""},
        {"{\"method\": \"ADDUSER\", \"user\": {\"id\": \"@a:else\"}}", "addUser", "@a:else", ""},
        {"{\"method\": \"addUser\", \"user\": {\"id\": \"@my secret:s\"}}", "addUser", "", ""},
        {"{\"method\": \"addUser\", \"user\": {\"id\": \"my:secret\"}}", "addUser", "", ""},
        {"{\"method\": \"addUser\", \"user\": {\"id\": \"@secret\"}}", "addUser", "", ""},
        {"{\"method\": \"addUser\", \"user\": {\"id\": 7}}", "addUser", "", ""},
        {"{\"method\": \"removeUser\", \"user\": \"@a:s\"}", "removeUser", "", ""},
        {"{\"method\": \"removeUser\"}", "removeUser", "", ""},
        {"{\"method\": \"addRoom\", \"room\": {\"type\": \"course\", \"id\": \"7b\"}, \"members\": 1}",
         "addRoom", "", "#course_7b:server.org"},
        {"{\"method\": \"removeRoom\", \"room\": {\"type\": \"course\"}}", "removeRoom", "", ""},
    };
    const struct request_rules here = {
        .server_name = "server.org", .sync_user = "@sync:server.org", .largest_body = 1024};

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct request_complaint complaint;

        assert_null(request_parse(cases[i].body, strlen(cases[i].body), &here, &complaint));
        if (cases[i].method)
            assert_string_equal(complaint.method, cases[i].method);
        else
            assert_null(complaint.method);
        assert_string_equal(complaint.user, cases[i].user);
        assert_string_equal(complaint.room, cases[i].room);
    }
}

/* Each byte of a message replaced by each other byte: nothing breaks, no complaint quotes the message. */
static void every_damage_is_survived(void **state)
{
    char message[sizeof(full_user)];

    (void)state;
    memcpy(message, full_user, sizeof(message));
    for (size_t i = 0; i + 1 < sizeof(message); i++) {
        for (int byte = 0; byte < 256; byte += 1 + byte % 3) {
            struct request_complaint complaint = {0};
            struct request *request;

            message[i] = (char)byte;
            request = request_parse(message, strlen(full_user), &rules, &complaint);
            if (!request)
                assert_null(strstr(complaint.detail.text, CANARY));
            request_free(request);
        }
        message[i] = full_user[i];
    }
}

/* Whether a field is one that some table names, by its place; all others are ignored. */
static const char *expected_type(const char *place)
{
    static const struct {
        const char *place, *type;
    } fields[] = {
        {"method", "string"},
        {"welcome", "object"},
        {"welcome.text", "string"},
        {"user", "object"},
        {"user.id", "string"},
        {"user.name", "string"},
        {"user.email", "string"},
        {"user.password", "string"},
        {"rooms", "array"},
        {"rooms[0]", "object"},
        {"rooms[0].type", "string"},
        {"rooms[0].id", "string"},
        {"rooms[0].name", "string"},
        {"rooms[0].description", "string"},
        {"rooms[0].bidirectional", "boolean"},
        {"rooms[0].is_moderator", "boolean"},
        {"rooms[1]", "object"},
        {"rooms[1].id", "string"},
        {"room", "object"},
        {"room.type", "string"},
        {"room.id", "string"},
        {"room.name", "string"},
        {"room.description", "string"},
        {"room.bidirectional", "boolean"},
        {"members", "array"},
        {"members[0]", "object"},
        {"members[0].id", "string"},
        {"members[0].name", "string"},
        {"members[0].is_moderator", "boolean"},
        {"members[1]", "object"},
        {"members[1].id", "string"},
    };

    for (size_t i = 0; i < sizeof(fields) / sizeof(fields[0]); i++)
        if (strcmp(fields[i].place, place) == 0)
            return fields[i].type;
    return NULL;
}

static const struct {
    const char *json, *type;
} samples[] = {
    {"{\"canary\": \"canary\"}", "object"},
    {"[\"canary\"]", "array"},
    {"\"canary\"", "string"},
    {"17", "number"},
    {"-2.5e3", "number"},
    {"true", "boolean"},
    {"false", "boolean"},
};

static int fields_tried;

static void try_value(const json_t *root, const char *place, const char *type)
{
    CLEANUP(freep) char *body = json_dumps(root, 0);
    CLEANUP(freep) char *outcome = outcome_of(body, strlen(body));
    const char *expected = expected_type(place);
    CLEANUP(freep)
    char *complaint =
        text_format("invalid-message: %s: expected %s, got %s\n", place, expected ? expected : "", type);

    if (!expected) {
        assert_memory_equal(outcome, "method: ", strlen("method: "));
    } else if (strcmp(expected, type) != 0) {
        assert_string_equal(outcome, complaint);
        fields_tried++;
    }
    if (strncmp(outcome, "method: ", strlen("method: ")) != 0)
        assert_null(strstr(outcome, CANARY));
}

static void try_wrong_values(const json_t *root, json_t *container, const char *place);

/* Puts each sample into a field or an entry, the old value back, and goes on inside of that. */
static void try_wrong_values_at(const json_t *root, json_t *container, const char *key, size_t index,
                                const char *place)
{
    json_t *old = key ? json_object_get(container, key) : json_array_get(container, index);

    json_incref(old);
    for (size_t i = 0; i < sizeof(samples) / sizeof(samples[0]); i++) {
        json_t *sample = json_loads(samples[i].json, JSON_DECODE_ANY, NULL);

        assert_int_equal(key ? json_object_set_new(container, key, sample)
                             : json_array_set_new(container, index, sample),
                         0);
        try_value(root, place, samples[i].type);
    }
    assert_int_equal(
        key ? json_object_set_new(container, key, old) : json_array_set_new(container, index, old), 0);
    try_wrong_values(root, old, place);
}

static void try_wrong_values(const json_t *root, json_t *container, const char *place)
{
    json_t *value;
    const char *key;
    void *next;
    size_t index;

    json_object_foreach_safe(container, next, key, value)
    {
        CLEANUP(freep) char *inner = text_format("%s%s%s", place, *place ? "." : "", key);

        try_wrong_values_at(root, container, key, 0, inner);
    }
    json_array_foreach(container, index, value)
    {
        CLEANUP(freep) char *inner = text_format("%s[%zu]", place, index);

        try_wrong_values_at(root, container, NULL, index, inner);
    }
}

static void every_wrong_type_names_its_place(void **state)
{
    static const char *const messages[] = {full_user, full_room};

    (void)state;
    fields_tried = 0;
    for (size_t i = 0; i < sizeof(messages) / sizeof(messages[0]); i++) {
        json_t *root = json_loads(messages[i], 0, NULL);

        assert_non_null(root);
        try_wrong_values(root, root, "");
        json_decref(root);
    }
    assert_true(fields_tried > 150);
}

/* The method in every mix of upper and lower case. */
static void method_in_any_case(void **state)
{
    static const char name[] = "removeroom";

    (void)state;
    for (unsigned mask = 0; mask < 1u << (sizeof(name) - 1); mask++) {
        char message[] = "{\"method\": \"removeroom\", \"room\": {\"id\": \"1\"}}";
        char *method = strstr(message, name);

        for (size_t i = 0; i < sizeof(name) - 1; i++)
            if (mask & 1u << i)
                method[i] = (char)(method[i] - 'a' + 'A');
        expect_text(message, "method: removeRoom\nroom: #room_1:example.org\n  description: \n");
    }
}

static void names(void **state)
{
    static const struct {
        enum request_code code;
        const char *name;
    } codes[] = {
        {REQUEST_INVALID_JSON, "invalid-json"},
        {REQUEST_INVALID_MESSAGE, "invalid-message"},
        {REQUEST_UNKNOWN_METHOD, "unknown-method"},
        {REQUEST_FOREIGN_SERVER, "foreign-server"},
        {REQUEST_TOO_LARGE, "too-large"},
        {REQUEST_PROTECTED_USER, "protected-user"},
        {REQUEST_ALIAS_CONFLICT, "alias-conflict"},
        {REQUEST_REMOVAL_BRAKE, "removal-brake"},
        {REQUEST_HOMESERVER_REJECTED, "homeserver-rejected"},
        {REQUEST_HOMESERVER_FAILING, "homeserver-failing"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(codes) / sizeof(codes[0]); i++)
        assert_string_equal(request_code_name(codes[i].code), codes[i].name);
    assert_string_equal(request_method_name(REQUEST_ADD_USER), "addUser");
    assert_string_equal(request_method_name(REQUEST_REMOVE_USER), "removeUser");
    assert_string_equal(request_method_name(REQUEST_ADD_ROOM), "addRoom");
    assert_string_equal(request_method_name(REQUEST_REMOVE_ROOM), "removeRoom");
}

/* ---- what takes memory ---- */

/* A removeUser with so many values in a field that nobody reads; it has five of its own. */
static char *with_values(size_t count)
{
    struct buffer body;

    buffer_init(&body, LARGEST_BODY);
    (void)buffer_append_text(&body,
                             "{\"method\": \"removeUser\", \"user\": {\"id\": \"@a:example.org\"}, \"x\": [");
    for (size_t i = 5; i < count; i++)
        (void)buffer_append_text(&body, i == 5 ? "{}" : ",{}");
    (void)buffer_append_text(&body, "]}");
    assert_false(body.overflowed);
    return buffer_take(&body);
}

static void bounds_the_number_of_values(void **state)
{
    enum { MOST = LARGEST_BODY / 5 };
    CLEANUP(freep) char *most = with_values(MOST), *more = with_values(MOST + 1);

    (void)state;
    expect_text(most, "method: removeUser\nuser: @a:example.org\n");
    expect_text(more, "too-large: more than 209715 JSON values\n");
}

/* No member has fewer bytes, so whatever is said of members in a body that is not too large is read. */
static void bounds_no_list_of_members(void **state)
{
    struct buffer body;
    CLEANUP(freep) char *outcome = NULL;

    (void)state;
    buffer_init(&body, LARGEST_BODY);
    (void)buffer_append_text(
        &body, "{\"method\":\"addRoom\",\"room\":{\"id\":\"a\"},\"members\":[{\"id\":\"@a:example.org\"}");
    while (body.size + 40 < LARGEST_BODY)
        (void)buffer_append_text(&body, ",{\"id\":\"@:example.org\"}");
    (void)buffer_append_text(&body, "]}");
    outcome = outcome_of(body.bytes, body.size);
    assert_non_null(strstr(outcome, "invalid-message: members[1].id")); /* and not too large */
    buffer_deinit(&body);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_what_could_be_read_is_told),
        cmocka_unit_test(good_messages),
        cmocka_unit_test(bad_messages),
        cmocka_unit_test(raw_bytes),
        cmocka_unit_test(no_bytes_at_all),
        cmocka_unit_test(size_is_bounded),
        cmocka_unit_test(depth_is_bounded),
        cmocka_unit_test(many_entries),
        cmocka_unit_test(every_prefix_is_refused),
        cmocka_unit_test(every_damage_is_survived),
        cmocka_unit_test(every_wrong_type_names_its_place),
        cmocka_unit_test(method_in_any_case),
        cmocka_unit_test(names),
        cmocka_unit_test(bounds_the_number_of_values),
        cmocka_unit_test(bounds_no_list_of_members),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
