#ifndef SYNC_SYNAPSE_CALL_H
#define SYNC_SYNAPSE_CALL_H

#include "synapse/changes.h"
#include "synapse/listing.h"
#include "synapse/records.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * Calls of the homeserver as values: what is asked (struct synapse_call) and what was answered (struct
 * synapse_reply). The engine's planners return calls without knowing how they are carried out; its memory
 * learns from replies without knowing how they came. A table in src/synapse/call_table.c gives each kind its
 * method, path, body and the way its reply is read.
 */
enum synapse_kind {
    /* GET /_synapse/admin/v2/users/{user} -> reply.user; ABSENT: there is no such user */
    SYNAPSE_READ_USER,
    /* GET /_synapse/admin/v1/threepid/email/users/{email} -> reply.text: the owner's id; ABSENT: nobody's */
    SYNAPSE_READ_EMAIL_OWNER,
    /* PUT /_synapse/admin/v2/users/{user} with name, email, password as far as given -> reply.created */
    SYNAPSE_CREATE_USER,
    /* the same, only displayname */
    SYNAPSE_SET_DISPLAY_NAME,
    /* the same, only threepids (of a user who has none) */
    SYNAPSE_ADD_EMAIL,
    /* the same: deactivated false, and the password if one is given */
    SYNAPSE_REACTIVATE_USER,
    /* POST /_synapse/admin/v1/deactivate/{user}, with erase */
    SYNAPSE_DEACTIVATE_USER,
    /* GET /_synapse/admin/v1/users/{user}/joined_rooms -> reply.joined_rooms: how many */
    SYNAPSE_READ_JOINED_ROOMS,
    /* GET /_synapse/admin/v1/users/{self}/accountdata -> reply.records: all open ones, of any user */
    SYNAPSE_READ_RECORDS,
    /* PUT /_matrix/client/v3/user/{self}/account_data/{type of the document}: that `record` is the one of
       `user`, or of each of `users` */
    SYNAPSE_WRITE_RECORDS,

    /* GET /_matrix/client/v3/directory/room/{alias} -> reply.text: room id; ABSENT: no such alias */
    SYNAPSE_RESOLVE_ALIAS,
    /* DELETE of the same */
    SYNAPSE_DELETE_ALIAS,
    /* POST /_matrix/client/v3/createRoom -> reply.text: room id; TAKEN: the alias is in use */
    SYNAPSE_CREATE_ROOM,
    /* GET /_synapse/admin/v1/rooms/{room} -> reply.room; ABSENT: no such room */
    SYNAPSE_READ_ROOM,
    /* GET /_synapse/admin/v1/rooms/{room}/state -> reply.state; ABSENT: no such room */
    SYNAPSE_READ_STATE,
    /* the same with type=m.room.create -> reply.state, of which only what the create event says is there.
       (Synapse that does not know this filter tells the whole state.) ABSENT: no such room */
    SYNAPSE_READ_CREATION,
    /* GET /_matrix/client/v3/rooms/{room}/aliases -> reply.aliases: those of this homeserver that lead to the
       room. (Synapse tells a server admin of any room; of one that does not exist it tells none.) */
    SYNAPSE_READ_ALIASES,
    /* GET and PUT /_matrix/client/v3/rooms/{room}/state/m.room.power_levels/ -> reply.levels */
    SYNAPSE_READ_LEVELS,
    SYNAPSE_WRITE_LEVELS,
    /* PUT /_matrix/client/v3/rooms/{room}/state/{event type}/ with the setting's value */
    SYNAPSE_WRITE_SETTING,
    /* POST /_synapse/admin/v1/join/{room}, user */
    SYNAPSE_JOIN_USER,
    /* POST /_synapse/admin/v1/rooms/{room}/make_room_admin for the sync user */
    SYNAPSE_REGAIN_ROOM,
    /* POST /_matrix/client/v3/join/{room} by the sync user */
    SYNAPSE_ENTER_ROOM,
    /* DELETE /_synapse/admin/v2/rooms/{room} with purge; OK also where a deletion is under way already */
    SYNAPSE_DELETE_ROOM,
    /* GET /_synapse/admin/v2/rooms/{room}/delete_status -> reply.deletion: of the newest deletion;
       ABSENT: no deletion of this room is known */
    SYNAPSE_READ_DELETION,

    /* POST createRoom of the private direct room that greets `user` -> reply.text; TAKEN */
    SYNAPSE_CREATE_WELCOME_ROOM,
    /* PUT /_matrix/client/v3/rooms/{room}/state/m.room.member/{user}: as the creation of a welcome room
       invites */
    SYNAPSE_INVITE_USER,
    /* GET /_matrix/client/v3/rooms/{room}/messages, newest first -> reply.greeted: whether the sync user has
       written a message there */
    SYNAPSE_READ_WELCOME,
    /* PUT /_matrix/client/v3/rooms/{room}/send/m.room.message/{transaction of the user} */
    SYNAPSE_SEND_WELCOME,

    /* GET /_matrix/client/v3/sync without rooms -> reply.changes, only its position: the present one */
    SYNAPSE_READ_POSITION,
    /* GET /_matrix/client/v3/sync since `position` -> reply.changes */
    SYNAPSE_READ_CHANGES,
    /* GET /_matrix/client/v3/joined_rooms -> reply.joined: the rooms of the sync user */
    SYNAPSE_READ_JOINED,
    /* PUT /_matrix/client/v3/user/{self}/rooms/{room}/account_data/{type of marks}: a mark in the room that
       only the sync user hears of. READ_CHANGES names the room then, if it ever does. */
    SYNAPSE_MARK_ROOM,

    /* GET /_synapse/admin/v1/rooms from `position` ("0" is the first page) -> reply.listing */
    SYNAPSE_LIST_ROOMS,
    /* GET /_synapse/admin/v2/users likewise, without guests and deactivated ones */
    SYNAPSE_LIST_USERS,

    /*
     * Where the Matrix Authentication Service (MAS) keeps the accounts: its admin API, below
     * {mas}/api/admin/v1/. There an account is known by an id of its own, `account`.
     */
    /* GET users/by-username/{local part} -> reply.text: its id, reply.user: deactivated, admin; ABSENT */
    SYNAPSE_READ_ACCOUNT,
    /* POST users with name -> reply.text: its id, reply.created; TAKEN: in use, here or on the homeserver.
       With `adopts`: of a user whom the homeserver has already */
    SYNAPSE_CREATE_ACCOUNT,
    /* POST users/{account}/set-password */
    SYNAPSE_SET_PASSWORD,
    /* GET user-emails -> reply.text: the owner's account; ABSENT: nobody's */
    SYNAPSE_READ_ADDRESS_OWNER,
    /* POST user-emails; TAKEN: it is somebody's, theirs included */
    SYNAPSE_ADD_ADDRESS,
    /* POST users/{account}/reactivate; the homeserver has done it by the time of the reply */
    SYNAPSE_REACTIVATE_ACCOUNT,
    /* POST users/{account}/deactivate, with erase; the homeserver does it later */
    SYNAPSE_DEACTIVATE_ACCOUNT,
};
enum { SYNAPSE_KINDS = SYNAPSE_DEACTIVATE_ACCOUNT + 1 };

/*
 * Texts are borrowed: they must live until synapse_send() has returned. Unused members are zero.
 *
 * Who keeps a call for longer (engine/flight.h) copies the texts of the first block, and what stands in the
 * second is needed for the sending only; so a new member belongs into one of the two.
 */
struct synapse_call {
    enum synapse_kind kind;

    const char *user;                    /* full id */
    const char *account;                 /* its id at MAS */
    const char *room;                    /* room id */
    const char *alias;                   /* full alias */
    const char *name;                    /* of a user: NULL: none */
    const char *email;                   /* NULL: none */
    const char *value;                   /* SYNAPSE_WRITE_SETTING: that `setting` is to have */
    const char *alt_aliases;             /* ROOM_CANONICAL_ALIAS: to be kept; a JSON array, NULL: none */
    const char *mark;                    /* of a room that is made: by which it is known later; NULL: none */
    const char *settings[ROOM_SETTINGS]; /* of a room that is made; NULL: as it comes */

    const char *password;     /* NULL: none (secret) */
    const char *welcome;      /* HTML, of SYNAPSE_SEND_WELCOME */
    const char *position;     /* of SYNAPSE_READ_CHANGES and of lists */
    const char *const *users; /* full ids */
    size_t user_count;

    bool erase;
    bool to_delete; /* SYNAPSE_RESOLVE_ALIAS: the room to which it leads is to be deleted next */
    bool adopts;    /* see SYNAPSE_CREATE_ACCOUNT */
    struct synapse_record record;
    enum room_setting setting;
    struct levels_wanted levels;      /* of a room that is made or whose levels are written */
    const struct levels_user *raised; /* users to have levels in a room that is made, without the sync user */
    size_t raised_count;
    bool bare;                    /* of a welcome room: without its invitation */
    const struct levels *content; /* SYNAPSE_WRITE_LEVELS */
    bool only_raised;             /* likewise: only levels of users are written */
    unsigned attempt; /* makes it another request than those before, whose answers Synapse would give again */
    unsigned asker;   /* likewise for the same question of another process, whose position was the same */
};

/* What a reply means. */
enum synapse_outcome {
    SYNAPSE_OK,
    SYNAPSE_ABSENT,  /* 404 M_NOT_FOUND: it is certainly not there */
    SYNAPSE_TAKEN,   /* the alias of a room to be made is in use */
    SYNAPSE_REFUSED, /* for good, with an errcode of the list in src/synapse/errcode.c */
    SYNAPSE_FAILED,  /* this request failed; it may succeed later (500, no errcode, an unlisted errcode) */
    SYNAPSE_LIMITED, /* 429: later, for all requests */
    /* no homeserver, no answer, 502, 503, 504, 429 for another reason: it may have carried out the request */
    SYNAPSE_UNREACHABLE,
    SYNAPSE_SHUT_OUT, /* the token is refused, or no longer an admin's: not carried out; the session is
                         being mended (see synapse.h) */
};
enum { SYNAPSE_OUTCOMES = SYNAPSE_SHUT_OUT + 1 };

struct synapse_reply {
    enum synapse_outcome outcome;
    char errcode[64];     /* "M_FORBIDDEN"; "" when none was given */
    struct error problem; /* one sentence when not OK: what failed, status and errcode; no secret */
    int64_t retry_after;  /* milliseconds; -1: not said */
    bool asked_in_vain;   /* a second request was to tell what a refusal means, and failed */
    bool unwilling;       /* FAILED: with a status below 500, so that it would not, rather than could not */

    /* What it tells. Pointers are owned by the reply; who keeps one takes it out (TAKE). */
    char *text;
    bool created; /* CREATE_USER: 201, the user was not there before */
    struct {
        char *name;   /* NULL: none */
        char *avatar; /* mxc URI; NULL: none */
        bool deactivated, admin, locked;
        bool has_email;
        bool of_service; /* an application service's account */
    } user;
    int64_t joined_rooms;
    struct records *records;
    struct {
        char *creator; /* NULL: not told */
        char *canonical_alias;
    } room;
    struct room_state *state;
    char **aliases; /* NULL at the end; to be freed with synapse_aliases_free() */
    struct levels *levels;
    enum { DELETION_UNDER_WAY, DELETION_COMPLETE, DELETION_FAILED } deletion;
    bool greeted;
    struct changes *changes;
    struct joined_rooms *joined;
    struct listing *listing;
};

/* The alias of the room that greets the user: `#sync_<localpart>:<server>`. Where that would be longer than
   an alias may be, a hash takes the place of the local part. The caller frees it. */
char *synapse_welcome_alias(const char *user) MUST_USE;

/* NULL is fine. */
void synapse_aliases_free(char **aliases);
/* Frees what the reply owns. */
void synapse_reply_deinit(struct synapse_reply *reply);

/* The name for logs: "read-user". */
const char *synapse_kind_name(enum synapse_kind kind);
/* Whether the call changes anything on the homeserver. */
bool synapse_kind_writes(enum synapse_kind kind);

#endif
