#ifndef SYNC_REQUEST_REQUEST_H
#define SYNC_REQUEST_REQUEST_H

#include "base/cleanup.h"
#include "base/error.h"

#include <stdbool.h>
#include <stddef.h>

/*
 * Sync requests: what the school platform asks for. Bytes come in, a typed request or a precise complaint
 * goes out; what is returned as a request is sound (ids and aliases are possible ones, duplicates are
 * merged), so that nothing behind this module has to look at it twice. data/README.md says what a message
 * looks like; data/schema/request.json says it in a form for machines.
 *
 * Absent is what is missing, null, or (ids apart) an empty text. Texts are UTF-8 without NUL. Not looked at
 * are limits that are Synapse's own, such as the size of an event, except for the length of a display name,
 * which it forgets to look at when it makes a user.
 */

enum request_method {
    REQUEST_ADD_USER,
    REQUEST_REMOVE_USER,
    REQUEST_ADD_ROOM,
    REQUEST_REMOVE_ROOM,
};
enum { REQUEST_METHODS = REQUEST_REMOVE_ROOM + 1 };

struct request_user {
    char *id;          /* @localpart:server */
    char *name;        /* display name; NULL: leave as it is */
    char *email;       /* NULL: none */
    char *password;    /* NULL: none (secret) */
    bool is_moderator; /* a member of addRoom: of that room */
};

struct request_room {
    char *alias;       /* #<type>_<id>:<server> */
    char *name;        /* NULL: not given */
    char *description; /* never NULL; "" when not given */
    bool bidirectional;
    bool is_moderator; /* a room of addUser: the user in it */
    size_t index;      /* a room of addUser: its (first) place in the message */
};

struct request {
    enum request_method method;
    char *welcome; /* addUser: the HTML that greets a new user; NULL: none (for some, the way that a
                      first password takes: secret) */
    struct request_user user;   /* addUser, removeUser; id is NULL otherwise */
    struct request_room *rooms; /* addUser: in order, no alias twice; addRoom, removeRoom: one */
    size_t room_count;
    struct request_user *members; /* addRoom: in order, no id twice, never the sync user */
    size_t member_count;
};

/* Why a message can never succeed: the codes of the dead letters (x-error). */
enum request_code {
    REQUEST_INVALID_JSON,
    REQUEST_INVALID_MESSAGE,
    REQUEST_UNKNOWN_METHOD,
    REQUEST_FOREIGN_SERVER,
    REQUEST_TOO_LARGE,
    REQUEST_PROTECTED_USER,
    REQUEST_ALIAS_CONFLICT,
    REQUEST_REMOVAL_BRAKE,
    REQUEST_HOMESERVER_REJECTED,
    REQUEST_HOMESERVER_FAILING,
};
enum { REQUEST_CODES = REQUEST_HOMESERVER_FAILING + 1 };

enum { REQUEST_ID_SIZE = 255 + 1 }; /* of user ids and aliases, see request/identifier.h */

struct request_complaint {
    enum request_code code;
    struct error detail; /* names the place, never quotes a value: rooms[3].is_moderator: expected boolean… */
    /* What could be read all the same, for the log. */
    const char *method;         /* one of those that there are; NULL: none */
    char user[REQUEST_ID_SIZE]; /* what stands as the user's id, if that begins as one; else "" */
    char room[REQUEST_ID_SIZE]; /* of addRoom and removeRoom: its alias; else "" */
};

/* What requests are held against. */
struct request_rules {
    const char *server_name; /* of all ids and aliases; compared byte by byte, as Synapse does */
    const char *sync_user;   /* @localpart:server of the one who does the work: never added or removed */
    size_t largest_body;     /* bytes */
    /* What is before the message in what people look at, for the places in complaints; mostly nothing. */
    struct request_origin {
        size_t lines, columns, bytes; /* whole lines, and characters of the line that it begins in */
    } origin;
};

/*
 * Decodes one message body; keeps nothing of `bytes`. Returns NULL with a complaint where the message can
 * never succeed. The sync user is left out of an addRoom's members; addUser and removeUser of it are
 * REQUEST_PROTECTED_USER.
 */
struct request *request_parse(const void *bytes, size_t size, const struct request_rules *rules,
                              struct request_complaint *complaint) MUST_USE;
/* NULL is fine. Secrets in it are overwritten. */
void request_free(struct request *request);
DEFINE_CLEANUP(struct request, request_free)

/* The name in messages and logs: "addUser". */
const char *request_method_name(enum request_method method);
/* The code in dead letters and logs: "invalid-message". */
const char *request_code_name(enum request_code code);

#endif
