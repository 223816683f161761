/*
 * The table of calls.
 *
 * In paths, {user}, {account}, {room}, {alias}, {email}, {position} and {attempt} are the call's, {address}
 * is {email} as it was given, {localpart} the user's, {self} the sync user, {event} the type of the state
 * event of the call's setting, {record} the type of the document about the call's users, {transaction}
 * belongs to the call's user, {filter} says what is to be told (see filters). Where a state event is named,
 * the empty segment at the end is its state_key.
 *
 * The body of a call is a function of the call and the terms alone, and so is its path: who asks for the same
 * twice sends the same twice, transaction ids included.
 */
#include "synapse/call_table.h"

#include "base/memory.h"
#include "synapse/bodies.h"
#include "synapse/ids.h"
#include "synapse/mas.h"
#include "synapse/path.h"
#include "synapse/replies.h"
#include "synapse/settings.h"

#include <stdio.h>
#include <string.h>

/* Milliseconds. Long: what touches every room of a user, or every event of a room. */
enum { LONG_LIMIT = 2 * 60 * 1000, POSITION_LIMIT = 20 * 1000 };

/* Short: all who are to be created wait for these. */
enum { RECORDS_LIMIT = 20 * 1000 };

/* Bytes: of the state of a room without its events, and of all changes with what matters of them. */
enum { LARGEST_FRAME = 64 * 1024, LARGEST_CHANGES = 16 * 1024 * 1024 };

/* Account data in a room: it says nothing, and is only there to be told. */
#define MARK "io.github.synapse_sync.mark"

#define ADMIN "/_synapse/admin/"
#define CLIENT "/_matrix/client/v3/"
#define ROOM CLIENT "rooms/{room}/"
#define MAS "/api/admin/v1/"

/* Rooms or users of a page: some hundred bytes each. */
#define PAGE "500"

#define GREETINGS "messages?dir=b&limit=1&filter={filter}"

/*
 * Synapse keeps its answers for two minutes, and gives them again to a request that is the same
 * (sync_response_cache_duration in config/cache.py): an old position, which is then the same as one that was
 * asked from before. The time-out, which only makes each attempt another request, is not waited for where
 * there is no position yet; else so many milliseconds may be waited if nothing has changed.
 */
#define POSITION "sync?timeout={attempt}&set_presence=offline&filter={filter}"
#define CHANGES "sync?since={position}&timeout={attempt}&set_presence=offline&filter={filter}"

/* The alias is in use (400), or another request was making it at that very moment (409). */
static const struct errcode_rule room_rules[] = {
    {400, "M_ROOM_IN_USE", SYNAPSE_TAKEN},
    {409, NULL, SYNAPSE_TAKEN},
    {0},
};
/* Here 400 M_UNKNOWN is a disguised rate limit: "Cannot invite so many users at once". */
static const struct errcode_rule welcome_room_rules[] = {
    {400, "M_ROOM_IN_USE", SYNAPSE_TAKEN},
    {409, NULL, SYNAPSE_TAKEN},
    {400, "M_UNKNOWN", SYNAPSE_FAILED},
    {0},
};
/* "This room has been blocked on this server"; and a user whom an admin has suspended cannot join. */
static const struct errcode_rule join_rules[] = {
    {403, "M_UNKNOWN", SYNAPSE_REFUSED},
    {403, "M_USER_SUSPENDED", SYNAPSE_REFUSED},
    {0},
};
/* "Purge already in progress" */
static const struct errcode_rule deletion_rules[] = {
    {400, "M_UNKNOWN", SYNAPSE_OK},
    {0},
};

/* ---- filters (Matrix client-server API, "Filtering") ---- */

/* The newest message of the sync user. */
static char *filter_of_greetings(const struct synapse_call *call, const struct call_terms *terms)
{
    (void)call;
    return body_print(json_pack("{s:[s], s:[s]}", "types", "m.room.message", "senders", terms->sync_user));
}

/* Nothing but the present position. */
static char *filter_of_position(const struct synapse_call *call, const struct call_terms *terms)
{
    (void)call;
    (void)terms;
    return body_print(json_pack("{s:{s:[]}, s:{s:[]}, s:{s:[]}}", "room", "rooms", "presence", "types",
                                "account_data", "types"));
}

/* The types of events that struct room_state is read from. */
static json_t *types_of_state(void)
{
    json_t *types = json_pack("[s, s, s]", "m.room.create", "m.room.member", "m.room.power_levels");

    for (int i = 0; i < ROOM_SETTINGS; i++)
        (void)json_array_append_new(types, json_string(setting_form((enum room_setting)i)->type));
    return types;
}

/*
 * The state of rooms that has changed. The timeline names no types, although only state is wanted: of a room
 * whose timeline comes out empty, Synapse does not tell the changed state either (_generate_room_entry() in
 * handlers/sync.py). It is so long for redactions, which are no state: where it is cut shorter, the state is
 * read again, and what people write in a while should not be enough for that. Rooms that were left are told
 * without asking for them. Account data is what we mark rooms with. That no type like the asker's is wanted
 * only makes it another filter.
 */
static char *filter_of_changes(const struct synapse_call *call, const struct call_terms *terms)
{
    enum { TIMELINE = 50 };
    char asker[16];

    (void)terms;
    (void)snprintf(asker, sizeof(asker), "%u", call->asker);
    return body_print(json_pack("{s:{s:{s:o, s:b}, s:{s:i}, s:{s:[]}, s:{s:[s]}}, s:{s:[]}, s:{s:[], s:[s]}}",
                                "room", "state", "types", types_of_state(), "lazy_load_members", 0,
                                "timeline", "limit", TIMELINE, "ephemeral", "types", "account_data", "types",
                                MARK, "presence", "types", "account_data", "types", "not_types", asker));
}

static const struct call_form forms[SYNAPSE_KINDS] = {
    [SYNAPSE_READ_USER] = {.name = "read-user",
                           .method = HTTP_GET,
                           .path = ADMIN "v2/users/{user}",
                           .read = reply_user},
    [SYNAPSE_READ_EMAIL_OWNER] = {.name = "read-email-owner",
                                  .method = HTTP_GET,
                                  .path = ADMIN "v1/threepid/email/users/{email}",
                                  .read = reply_user_id},
    [SYNAPSE_CREATE_USER] = {.name = "create-user",
                             .method = HTTP_PUT,
                             .path = ADMIN "v2/users/{user}",
                             .body = body_create_user,
                             .read = reply_created_user},
    [SYNAPSE_SET_DISPLAY_NAME] = {.name = "set-display-name",
                                  .method = HTTP_PUT,
                                  .path = ADMIN "v2/users/{user}",
                                  .body = body_display_name,
                                  .read = reply_is_of_user,
                                  .limit = LONG_LIMIT},
    [SYNAPSE_ADD_EMAIL] = {.name = "add-email",
                           .method = HTTP_PUT,
                           .path = ADMIN "v2/users/{user}",
                           .body = body_email,
                           .read = reply_is_of_user},
    [SYNAPSE_REACTIVATE_USER] = {.name = "reactivate-user",
                                 .method = HTTP_PUT,
                                 .path = ADMIN "v2/users/{user}",
                                 .body = body_reactivate,
                                 .read = reply_is_of_user},
    [SYNAPSE_DEACTIVATE_USER] = {.name = "deactivate-user",
                                 .method = HTTP_POST,
                                 .path = ADMIN "v1/deactivate/{user}",
                                 .body = body_deactivate,
                                 .read = reply_is_of_deactivation,
                                 .limit = LONG_LIMIT},
    [SYNAPSE_READ_JOINED_ROOMS] = {.name = "read-joined-rooms",
                                   .method = HTTP_GET,
                                   .path = ADMIN "v1/users/{user}/joined_rooms",
                                   .read = reply_joined_rooms},
    [SYNAPSE_READ_RECORDS] = {.name = "read-records",
                              .method = HTTP_GET,
                              .path = ADMIN "v1/users/{self}/accountdata",
                              .read = reply_records,
                              .limit = RECORDS_LIMIT},
    [SYNAPSE_WRITE_RECORDS] = {.name = "write-records",
                               .method = HTTP_PUT,
                               .path = CLIENT "user/{self}/account_data/{record}",
                               .body = body_records,
                               .limit = RECORDS_LIMIT},

    [SYNAPSE_RESOLVE_ALIAS] = {.name = "resolve-alias",
                               .method = HTTP_GET,
                               .path = CLIENT "directory/room/{alias}",
                               .read = reply_room_id},
    [SYNAPSE_DELETE_ALIAS] = {.name = "delete-alias",
                              .method = HTTP_DELETE,
                              .path = CLIENT "directory/room/{alias}"},
    [SYNAPSE_CREATE_ROOM] = {.name = "create-room",
                             .method = HTTP_POST,
                             .path = CLIENT "createRoom",
                             .body = body_create_room,
                             .read = reply_room_id,
                             .own = room_rules},
    [SYNAPSE_READ_ROOM] = {.name = "read-room",
                           .method = HTTP_GET,
                           .path = ADMIN "v1/rooms/{room}",
                           .read = reply_room},
    [SYNAPSE_READ_STATE] = {.name = "read-state",
                            .method = HTTP_GET,
                            .path = ADMIN "v1/rooms/{room}/state",
                            .events = "state",
                            .take = reply_take_state,
                            .largest_rest = LARGEST_FRAME,
                            .read = reply_state},
    [SYNAPSE_READ_CREATION] = {.name = "read-creation",
                               .method = HTTP_GET,
                               .path = ADMIN "v1/rooms/{room}/state?type=m.room.create",
                               .read = reply_state},
    [SYNAPSE_READ_ALIASES] = {.name = "read-aliases",
                              .method = HTTP_GET,
                              .path = ROOM "aliases",
                              .read = reply_aliases},
    [SYNAPSE_READ_LEVELS] = {.name = "read-levels",
                             .method = HTTP_GET,
                             .path = ROOM "state/m.room.power_levels/",
                             .read = reply_levels},
    [SYNAPSE_WRITE_LEVELS] = {.name = "write-levels",
                              .method = HTTP_PUT,
                              .path = ROOM "state/m.room.power_levels/",
                              .body = body_levels,
                              .read = reply_is_of_event},
    [SYNAPSE_WRITE_SETTING] = {.name = "write-setting",
                               .method = HTTP_PUT,
                               .path = ROOM "state/{event}/",
                               .body = body_setting,
                               .read = reply_is_of_event},
    [SYNAPSE_JOIN_USER] = {.name = "join-user",
                           .method = HTTP_POST,
                           .path = ADMIN "v1/join/{room}",
                           .body = body_join_user,
                           .own = join_rules,
                           .read = reply_room_id},
    [SYNAPSE_REGAIN_ROOM] = {.name = "regain-room",
                             .method = HTTP_POST,
                             .path = ADMIN "v1/rooms/{room}/make_room_admin",
                             .body = body_regain_room},
    [SYNAPSE_ENTER_ROOM] = {.name = "enter-room",
                            .method = HTTP_POST,
                            .path = CLIENT "join/{room}",
                            .body = body_empty,
                            .read = reply_room_id},
    [SYNAPSE_DELETE_ROOM] = {.name = "delete-room",
                             .method = HTTP_DELETE,
                             .path = ADMIN "v2/rooms/{room}",
                             .body = body_delete_room,
                             .read = reply_is_of_deletion,
                             .limit = LONG_LIMIT,
                             .own = deletion_rules},
    [SYNAPSE_READ_DELETION] = {.name = "read-deletion",
                               .method = HTTP_GET,
                               .path = ADMIN "v2/rooms/{room}/delete_status",
                               .read = reply_deletion},

    [SYNAPSE_CREATE_WELCOME_ROOM] = {.name = "create-welcome-room",
                                     .method = HTTP_POST,
                                     .path = CLIENT "createRoom",
                                     .body = body_create_welcome_room,
                                     .read = reply_room_id,
                                     .own = welcome_room_rules},
    [SYNAPSE_INVITE_USER] = {.name = "invite-user",
                             .method = HTTP_PUT,
                             .path = ROOM "state/m.room.member/{user}",
                             .body = body_invite,
                             .read = reply_is_of_event},
    [SYNAPSE_READ_WELCOME] = {.name = "read-welcome",
                              .method = HTTP_GET,
                              .path = ROOM GREETINGS,
                              .filter = filter_of_greetings,
                              .read = reply_greeted},
    [SYNAPSE_SEND_WELCOME] = {.name = "send-welcome",
                              .method = HTTP_PUT,
                              .path = ROOM "send/m.room.message/{transaction}",
                              .body = body_send_welcome,
                              .read = reply_is_of_event},

    [SYNAPSE_READ_POSITION] = {.name = "read-position",
                               .method = HTTP_GET,
                               .path = CLIENT POSITION,
                               .filter = filter_of_position,
                               .events = "events",
                               .take = reply_take_change,
                               .largest_rest = LARGEST_CHANGES,
                               .read = reply_changes,
                               .limit = POSITION_LIMIT},
    [SYNAPSE_READ_CHANGES] = {.name = "read-changes",
                              .method = HTTP_GET,
                              .path = CLIENT CHANGES,
                              .filter = filter_of_changes,
                              .events = "events",
                              .take = reply_take_change,
                              .largest_rest = LARGEST_CHANGES,
                              .read = reply_changes},
    [SYNAPSE_READ_JOINED] = {.name = "read-joined",
                             .method = HTTP_GET,
                             .path = CLIENT "joined_rooms",
                             .read = reply_joined},
    [SYNAPSE_MARK_ROOM] = {.name = "mark-room",
                           .method = HTTP_PUT,
                           .path = CLIENT "user/{self}/rooms/{room}/account_data/" MARK,
                           .body = body_mark},
    [SYNAPSE_LIST_ROOMS] = {.name = "list-rooms",
                            .method = HTTP_GET,
                            .path = ADMIN "v1/rooms?from={position}&limit=" PAGE,
                            .read = reply_room_list},
    [SYNAPSE_LIST_USERS] = {.name = "list-users",
                            .method = HTTP_GET,
                            .path = ADMIN "v2/users?from={position}&limit=" PAGE
                                          "&guests=false&deactivated=false",
                            .read = reply_user_list},

    [SYNAPSE_READ_ACCOUNT] = {.name = "read-account",
                              .method = HTTP_GET,
                              .path = MAS "users/by-username/{localpart}",
                              .read = mas_reply_account,
                              .limit = MAS_LIMIT,
                              .own = mas_rules},
    [SYNAPSE_CREATE_ACCOUNT] = {.name = "create-account",
                                .method = HTTP_POST,
                                .path = MAS "users",
                                .body = mas_body_create,
                                .read = mas_reply_account,
                                .limit = MAS_LIMIT,
                                .own = mas_rules},
    [SYNAPSE_SET_PASSWORD] = {.name = "set-password",
                              .method = HTTP_POST,
                              .path = MAS "users/{account}/set-password",
                              .body = mas_body_password,
                              .limit = MAS_LIMIT,
                              .own = mas_rules},
    [SYNAPSE_READ_ADDRESS_OWNER] = {.name = "read-address-owner",
                                    .method = HTTP_GET,
                                    .path = MAS "user-emails?filter%5Bemail%5D={address}&page%5Bfirst%5D=1",
                                    .read = mas_reply_owner,
                                    .limit = MAS_LIMIT,
                                    .own = mas_rules},
    [SYNAPSE_ADD_ADDRESS] = {.name = "add-address",
                             .method = HTTP_POST,
                             .path = MAS "user-emails",
                             .body = mas_body_address,
                             .read = mas_reply_is_of_mas,
                             .limit = MAS_LIMIT,
                             .own = mas_rules},
    [SYNAPSE_REACTIVATE_ACCOUNT] = {.name = "reactivate-account",
                                    .method = HTTP_POST,
                                    .path = MAS "users/{account}/reactivate",
                                    .body = body_empty,
                                    .read = mas_reply_is_of_mas,
                                    .limit = MAS_LIMIT,
                                    .own = mas_rules},
    [SYNAPSE_DEACTIVATE_ACCOUNT] = {.name = "deactivate-account",
                                    .method = HTTP_POST,
                                    .path = MAS "users/{account}/deactivate",
                                    .body = mas_body_deactivate,
                                    .read = mas_reply_is_of_mas,
                                    .limit = MAS_LIMIT,
                                    .own = mas_rules},
};

const struct call_form *call_form(enum synapse_kind kind)
{
    return &forms[kind];
}

const char *synapse_kind_name(enum synapse_kind kind)
{
    return forms[kind].name;
}

bool synapse_kind_writes(enum synapse_kind kind)
{
    return forms[kind].method != HTTP_GET;
}

bool call_needs_admin(enum synapse_kind kind)
{
    return strncmp(forms[kind].path, ADMIN, strlen(ADMIN)) == 0;
}

bool call_is_of_mas(enum synapse_kind kind)
{
    return strncmp(forms[kind].path, MAS, strlen(MAS)) == 0;
}

/* ---- what paths are made of ---- */

char *call_record_type(const struct synapse_call *call)
{
    CLEANUP(freep) char *said = call->user ? id_localpart(call->user) : body_records(call, NULL);
    CLEANUP(freep) char *digits = call->user ? NULL : id_digest(said);

    return call->user ? text_format(RECORD_OF_USER "%s", said) : text_format(RECORD_OF_USERS "%s", digits);
}

/* The form in which Synapse keeps addresses and finds them (util/threepids.py), as far as ASCII goes. */
static char *canonical_email(const char *email)
{
    char *copy = text_copy(email);

    for (char *c = copy; c && *c; c++)
        if (*c >= 'A' && *c <= 'Z')
            *c = (char)(*c - 'A' + 'a');
    return copy;
}

char *call_path(const struct synapse_call *call, const struct call_terms *terms)
{
    CLEANUP(freep) char *email = canonical_email(call->email);
    CLEANUP(freep) char *record = call->kind == SYNAPSE_WRITE_RECORDS ? call_record_type(call) : NULL;
    CLEANUP(freep)
    char *transaction = call->kind == SYNAPSE_SEND_WELCOME ? id_welcome_transaction(call->user) : NULL;
    CLEANUP(freep) char *filter = forms[call->kind].filter ? forms[call->kind].filter(call, terms) : NULL;
    CLEANUP(freep) char *localpart = call->user ? id_localpart(call->user) : NULL;
    char attempt[16];
    const struct path_value values[] = {
        {"account", call->account},
        {"address", call->email},
        {"localpart", localpart},
        {"user", call->user},
        {"room", call->room},
        {"alias", call->alias},
        {"email", email},
        {"self", terms->sync_user},
        {"event", setting_form(call->setting)->type},
        {"record", record},
        {"transaction", transaction},
        {"position", call->position},
        {"attempt", attempt},
        {"filter", filter},
        {NULL, NULL},
    };

    (void)snprintf(attempt, sizeof(attempt), "%u", call->attempt);
    return path_expand(forms[call->kind].path, values);
}
