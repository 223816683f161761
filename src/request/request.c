/*
 * One message in, one typed request or one complaint out.
 *
 * Two tables hold what a message looks like: `forms` says which parts belong to which method, and the tables
 * of fields say what is in a part. A part that is not of the method is ignored like any other unknown field.
 * The first complaint ends it all; parts are read in the order of struct form, so what is complained of does
 * not depend on the order within the JSON object. Only when nothing is wrong with the message as such is it
 * asked whether it is about the sync user.
 */
#include "request/request.h"
#include "request/trim.h"

#include "base/memory.h"
#include "request/complaint.h"
#include "request/decode.h"
#include "request/fields.h"
#include "request/identifier.h"
#include "request/merge.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <unistr.h>

/* All fields that there are, as they stand in the message; the texts belong to the JSON value. */
struct values {
    const char *method;
    const char *text;
    const char *id;
    const char *type;
    const char *name;
    const char *email;
    const char *password;
    const char *description;
    bool bidirectional;
    bool is_moderator;
};

#define REQUIRED_TEXT(member) FIELD_REQUIRED_TEXT(struct values, member)
#define OPTIONAL_TEXT(member) FIELD_OPTIONAL_TEXT(struct values, member)
#define OPTIONAL_BOOLEAN(member) FIELD_OPTIONAL_BOOLEAN(struct values, member)

static const struct field message_fields[] = {REQUIRED_TEXT(method), {0}};
static const struct field welcome_fields[] = {OPTIONAL_TEXT(text), {0}};
static const struct field user_fields[] = {
    REQUIRED_TEXT(id), OPTIONAL_TEXT(name), OPTIONAL_TEXT(email), OPTIONAL_TEXT(password), {0}};
static const struct field user_id_fields[] = {REQUIRED_TEXT(id), {0}};
static const struct field member_fields[] = {
    REQUIRED_TEXT(id), OPTIONAL_TEXT(name), OPTIONAL_BOOLEAN(is_moderator), {0}};
static const struct field users_room_fields[] = {OPTIONAL_TEXT(type),
                                                 REQUIRED_TEXT(id),
                                                 OPTIONAL_TEXT(name),
                                                 OPTIONAL_TEXT(description),
                                                 OPTIONAL_BOOLEAN(bidirectional),
                                                 OPTIONAL_BOOLEAN(is_moderator),
                                                 {0}};
static const struct field room_fields[] = {OPTIONAL_TEXT(type),
                                           REQUIRED_TEXT(id),
                                           OPTIONAL_TEXT(name),
                                           OPTIONAL_TEXT(description),
                                           OPTIONAL_BOOLEAN(bidirectional),
                                           {0}};
static const struct field room_id_fields[] = {OPTIONAL_TEXT(type), REQUIRED_TEXT(id), {0}};

/* The parts of a method's message; NULL: not one of its parts. */
struct form {
    const char *method;
    const struct field *welcome;
    const struct field *user;
    const struct field *room;
    const struct field *rooms;
    const struct field *members;
};

static const struct form forms[] = {
    [REQUEST_ADD_USER] = {.method = "addUser",
                          .welcome = welcome_fields,
                          .user = user_fields,
                          .rooms = users_room_fields},
    [REQUEST_REMOVE_USER] = {.method = "removeUser", .user = user_id_fields},
    [REQUEST_ADD_ROOM] = {.method = "addRoom", .room = room_fields, .members = member_fields},
    [REQUEST_REMOVE_ROOM] = {.method = "removeRoom", .room = room_id_fields},
};

enum { METHODS = sizeof(forms) / sizeof(forms[0]) };

/* What all readers of parts need. */
struct reader {
    const json_t *root;
    const struct request_rules *rules;
    struct request *request;
    struct request_complaint *complaint;
};

const char *request_method_name(enum request_method method)
{
    return forms[method].method;
}

/* ---- what is in the parts ---- */

/* Synapse: handlers/profile.py, MAX_DISPLAYNAME_LEN, in characters. It is not asked when a user is made. */
enum { LONGEST_USER_NAME = 256 };
/* Bytes. The event that holds it must not be larger than 64 KiB, and nobody reads so much. */
enum { LONGEST_ROOM_TEXT = 4096 };

static bool check_room_text(const struct reader *reader, const char *text, const char *place,
                            const char *field)
{
    return !text || strlen(text) <= LONGEST_ROOM_TEXT ||
           complaint_set(reader->complaint, REQUEST_INVALID_MESSAGE, "%s.%s: longer than %d bytes", place,
                         field, LONGEST_ROOM_TEXT);
}

static bool take_user(const struct reader *reader, const struct values *values, const char *place,
                      struct request_user *ret_user)
{
    CLEANUP(freep) char *name = NULL;

    if (!identifier_check_user(values->id, reader->rules->server_name, place, reader->complaint))
        return false;
    if (values->email && !identifier_is_email(values->email))
        return complaint_set(reader->complaint, REQUEST_INVALID_MESSAGE, "%s.email: not an e-mail address",
                             place);
    name = trim(values->name);
    if (name && u8_mbsnlen((const uint8_t *)name, strlen(name)) > LONGEST_USER_NAME)
        return complaint_set(reader->complaint, REQUEST_INVALID_MESSAGE, "%s.name: longer than %d characters",
                             place, LONGEST_USER_NAME);
    *ret_user = (struct request_user){.id = text_copy(values->id),
                                      .name = TAKE(name),
                                      .email = text_copy(values->email),
                                      .password = text_copy(values->password),
                                      .is_moderator = values->is_moderator};
    return true;
}

static bool take_room(const struct reader *reader, const struct values *values, const char *place,
                      struct request_room *ret_room)
{
    char *alias;

    if (!check_room_text(reader, values->name, place, "name") ||
        !check_room_text(reader, values->description, place, "description"))
        return false;
    alias =
        identifier_make_alias(values->type, values->id, reader->rules->server_name, place, reader->complaint);
    if (!alias)
        return false;
    *ret_room =
        (struct request_room){.alias = alias,
                              .name = text_copy(values->name),
                              .description = text_copy(values->description ? values->description : ""),
                              .bidirectional = values->bidirectional,
                              .is_moderator = values->is_moderator};
    return true;
}

/* ---- the parts ---- */

/* A part that has to be there. */
static bool read_object(const struct reader *reader, const char *name, const struct field *fields,
                        struct values *ret_values)
{
    const json_t *object;

    if (!fields_find_object(reader->root, name, &object, reader->complaint))
        return false;
    if (!object)
        return complaint_set(reader->complaint, REQUEST_INVALID_MESSAGE, "%s: missing", name);
    return fields_read(object, name, fields, ret_values, reader->complaint);
}

static bool read_entry(const struct reader *reader, const json_t *array, size_t index, const char *place,
                       const struct field *fields, struct values *ret_values)
{
    const json_t *entry = json_array_get(array, index);

    return fields_expect_object(entry, place, reader->complaint) &&
           fields_read(entry, place, fields, ret_values, reader->complaint);
}

/* Producers' settings hold newlines as the two characters \ and n. NULL: nothing is said. */
static char *with_newlines(const char *text)
{
    char *copy = text && *text ? text_copy(text) : NULL, *to = copy;

    for (const char *from = copy; from && *from; from++) {
        *to = *from;
        if (from[0] == '\\' && from[1] == 'n') {
            *to = '\n';
            from++;
        }
        to++;
    }
    if (to)
        *to = '\0';
    return copy;
}

static bool read_welcome(const struct reader *reader, const struct field *fields)
{
    struct values values = {0};
    const json_t *object;

    if (!fields_find_object(reader->root, "welcome", &object, reader->complaint))
        return false;
    if (object && !fields_read(object, "welcome", fields, &values, reader->complaint))
        return false;
    reader->request->welcome = with_newlines(values.text);
    return true;
}

static bool read_user(const struct reader *reader, const struct field *fields)
{
    struct values values = {0};

    return read_object(reader, "user", fields, &values) &&
           take_user(reader, &values, "user", &reader->request->user);
}

static bool read_room(const struct reader *reader, const struct field *fields)
{
    struct request *request = reader->request;
    struct values values = {0};

    request->rooms = NEW(struct request_room);
    if (!read_object(reader, "room", fields, &values) || !take_room(reader, &values, "room", request->rooms))
        return false;
    request->room_count = 1;
    return true;
}

static bool read_rooms(const struct reader *reader, const struct field *fields)
{
    struct request *request = reader->request;
    char place[FIELDS_PLACE_SIZE];
    const json_t *array;

    if (!fields_find_array(reader->root, "rooms", &array, reader->complaint))
        return false;
    request->rooms = memory_new(json_array_size(array), sizeof(struct request_room));
    for (size_t i = 0; i < json_array_size(array); i++) {
        struct values values = {0};

        (void)snprintf(place, sizeof(place), "rooms[%zu]", i);
        if (!read_entry(reader, array, i, place, fields, &values) ||
            !take_room(reader, &values, place, &request->rooms[request->room_count]))
            return false;
        request->rooms[request->room_count++].index = i;
    }
    merge_rooms(request->rooms, &request->room_count);
    return true;
}

/* The sync user is in every room of its own anyway: as a member it is passed over. */
static bool read_members(const struct reader *reader, const struct field *fields)
{
    struct request *request = reader->request;
    char place[FIELDS_PLACE_SIZE];
    const json_t *array;

    if (!fields_find_array(reader->root, "members", &array, reader->complaint))
        return false;
    request->members = memory_new(json_array_size(array), sizeof(struct request_user));
    for (size_t i = 0; i < json_array_size(array); i++) {
        struct values values = {0};

        (void)snprintf(place, sizeof(place), "members[%zu]", i);
        if (!read_entry(reader, array, i, place, fields, &values))
            return false;
        if (text_equal(values.id, reader->rules->sync_user))
            continue;
        if (!take_user(reader, &values, place, &request->members[request->member_count]))
            return false;
        request->member_count++;
    }
    merge_members(request->members, &request->member_count);
    return true;
}

/* ---- the message ---- */

static bool read_method(const struct reader *reader)
{
    struct values values = {0};

    if (!fields_expect_object(reader->root, "message", reader->complaint) ||
        !fields_read(reader->root, "", message_fields, &values, reader->complaint))
        return false;
    for (int method = 0; method < METHODS; method++) {
        if (strcasecmp(values.method, forms[method].method) == 0) {
            reader->request->method = (enum request_method)method;
            return true;
        }
    }
    return complaint_set(reader->complaint, REQUEST_UNKNOWN_METHOD,
                         "method: expected addUser, removeUser, addRoom or removeRoom");
}

static bool read_parts(const struct reader *reader)
{
    const struct form *form = &forms[reader->request->method];

    return (!form->welcome || read_welcome(reader, form->welcome)) &&
           (!form->user || read_user(reader, form->user)) && (!form->room || read_room(reader, form->room)) &&
           (!form->rooms || read_rooms(reader, form->rooms)) &&
           (!form->members || read_members(reader, form->members));
}

static bool check_protected(const struct reader *reader)
{
    const char *id = reader->request->user.id;

    if (id && text_equal(id, reader->rules->sync_user))
        return complaint_set(reader->complaint, REQUEST_PROTECTED_USER, "user.id: the sync user");
    return true;
}

/* ---- what could be read of a message that is complained of ---- */

static const char *text_in(const json_t *root, const char *object, const char *field)
{
    return json_string_value(json_object_get(json_object_get(root, object), field));
}

/* What is not even formed like an id is not told: it may be anything. */
static bool looks_like_id(const char *text)
{
    if (text[0] != '@' || !strchr(text, ':') || strlen(text) >= REQUEST_ID_SIZE)
        return false;
    for (; *text; text++)
        if ((unsigned char)*text <= ' ' || (unsigned char)*text >= 0x7f)
            return false;
    return true;
}

static void tell_user(const struct reader *reader)
{
    const char *id = text_in(reader->root, "user", "id");

    if (id && looks_like_id(id))
        (void)snprintf(reader->complaint->user, REQUEST_ID_SIZE, "%s", id);
}

static void tell_room(const struct reader *reader)
{
    struct request_complaint ignored;
    const char *id = text_in(reader->root, "room", "id");
    CLEANUP(freep)
    char *alias = id ? identifier_make_alias(text_in(reader->root, "room", "type"), id,
                                             reader->rules->server_name, "room", &ignored)
                     : NULL;

    if (alias)
        (void)snprintf(reader->complaint->room, REQUEST_ID_SIZE, "%s", alias);
}

static void tell_subject(const struct reader *reader, const struct form *form)
{
    reader->complaint->method = form->method;
    if (form->user)
        tell_user(reader);
    if (form->room)
        tell_room(reader);
}

struct request *request_parse(const void *bytes, size_t size, const struct request_rules *rules,
                              struct request_complaint *complaint)
{
    CLEANUP(request_freep) struct request *request = NULL;
    CLEANUP(json_decrefp) json_t *root = decode_body(bytes, size, rules, complaint);
    struct reader reader = {.root = root, .rules = rules, .complaint = complaint};

    complaint->method = NULL;
    complaint->user[0] = complaint->room[0] = '\0';
    if (!root)
        return NULL;
    reader.request = request = NEW(struct request);
    if (!read_method(&reader))
        return NULL;
    if (read_parts(&reader) && check_protected(&reader))
        return TAKE(request);
    tell_subject(&reader, &forms[request->method]);
    return NULL;
}
