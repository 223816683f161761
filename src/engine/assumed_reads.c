#include "engine/assumed_reads.h"

#include "base/memory.h"
#include "engine/room_facts.h"

#include <string.h>
#include <strings.h>

/* ---- what is put into answers ---- */

static void amend_user(const struct assumed_world *world, const struct synapse_call *call,
                       struct synapse_reply *reply)
{
    const struct assumed_user *user = assumed_find_user(world, call->user);

    if (!user)
        return;
    if (user->made || user->named)
        text_set(&reply->user.name, user->name);
    if (user->activity != ACTIVITY_AS_IT_IS)
        reply->user.deactivated = user->activity == ACTIVITY_OFF;
    reply->user.has_email = user->email || (reply->user.has_email && !user->retired);
}

static void amend_account(const struct assumed_world *world, const struct synapse_call *call,
                          struct synapse_reply *reply)
{
    const struct assumed_user *user = assumed_find_user(world, call->user);

    if (user && user->activity != ACTIVITY_AS_IT_IS)
        reply->user.deactivated = user->activity == ACTIVITY_OFF;
}

static void amend_records(const struct assumed_world *world, const struct synapse_call *call,
                          struct synapse_reply *reply)
{
    const struct assumed_user *user, *next;

    (void)call;
    for (user = world->users; user; user = next) {
        next = user->hh.next;
        if (user->recorded)
            records_set(reply->records, user->id, user->record);
    }
}

static void absent(struct synapse_reply *reply)
{
    synapse_reply_deinit(reply);
    *reply = (struct synapse_reply){.outcome = SYNAPSE_ABSENT, .errcode = "M_NOT_FOUND", .retry_after = -1};
    (void)error_set(&reply->problem, "it is assumed to be gone");
}

static bool is_deleted(const struct assumed_world *world, const char *id)
{
    const struct assumed_room *room = assumed_find_room(world, id);

    return room && room->deleted;
}

static void amend_alias(const struct assumed_world *world, const struct synapse_call *call,
                        struct synapse_reply *reply)
{
    (void)call;
    if (is_deleted(world, reply->text))
        absent(reply);
}

static void amend_levels(const struct assumed_world *world, const struct synapse_call *call,
                         struct synapse_reply *reply)
{
    struct levels_user sync_user = {.user = world->rules.sync_user, .level = LEVEL_OF_SYNC_USER};
    const struct assumed_room *room = assumed_find_room(world, call->room);

    if (reply->state) /* which was asked for instead */
        reply->levels = TAKE(reply->state->levels);
    if (room && room->regained && reply->levels)
        levels_raise(reply->levels, &sync_user);
}

/* Who was deactivated has left, but where something else was assumed afterwards. */
static void retire(const struct assumed_world *world, struct room_state *state)
{
    for (const struct assumed_user *user = world->users; user; user = user->hh.next)
        if (user->retired && room_state_membership(state, user->id) != MEMBERSHIP_NONE &&
            room_state_membership(state, user->id) != MEMBERSHIP_BAN)
            room_state_set_membership(state, user->id, MEMBERSHIP_LEAVE);
}

/* Who gets its power there is invited, if it is not in (make_room_admin in Synapse's rest/admin/rooms.py). */
static void regain(const struct assumed_world *world, struct room_state *state)
{
    struct levels_user sync_user = {.user = world->rules.sync_user, .level = LEVEL_OF_SYNC_USER};

    if (room_state_membership(state, sync_user.user) != MEMBERSHIP_JOIN)
        room_state_set_membership(state, sync_user.user, MEMBERSHIP_INVITE);
    if (state->levels)
        levels_raise(state->levels, &sync_user);
}

static void amend_state(const struct assumed_world *world, const struct synapse_call *call,
                        struct synapse_reply *reply)
{
    const struct assumed_room *room = assumed_find_room(world, call->room);
    struct room_state *state = reply->state;

    retire(world, state);
    if (!room)
        return;
    for (int i = 0; i < ROOM_SETTINGS; i++)
        if (room->settings[i])
            text_set(&state->settings[i], room->settings[i]);
    if (room->regained)
        regain(world, state);
    if (room->levels) {
        levels_free(state->levels);
        state->levels = assumed_copy(room->levels);
    }
    for (const struct assumed_member *member = room->members; member; member = member->hh.next)
        room_state_set_membership(state, member->user, member->membership);
}

/* ---- what is answered without asking ---- */

static bool read_user(const struct assumed_world *world, const struct synapse_call *call,
                      struct synapse_reply *reply)
{
    const struct assumed_user *user = assumed_find_user(world, call->user);

    if (!user || !user->made)
        return false;
    amend_user(world, call, reply);
    return true;
}

/* Synapse compares addresses without regard to case. */
static bool read_email_owner(const struct assumed_world *world, const struct synapse_call *call,
                             struct synapse_reply *reply)
{
    for (const struct assumed_user *user = world->users; user; user = user->hh.next) {
        if (!user->email || strcasecmp(user->email, call->email) != 0)
            continue;
        reply->text = text_copy(user->id);
        return true;
    }
    return false;
}

static bool read_account(const struct assumed_world *world, const struct synapse_call *call,
                         struct synapse_reply *reply)
{
    const struct assumed_user *user = assumed_find_user(world, call->user);

    if (!user || !user->enlisted)
        return false;
    reply->text = text_copy(user->account);
    reply->user.name = text_copy_bytes(call->user + 1, strcspn(call->user + 1, ":"));
    amend_account(world, call, reply);
    return true;
}

/* As of addresses at Synapse, but known by the account. */
static bool read_address_owner(const struct assumed_world *world, const struct synapse_call *call,
                               struct synapse_reply *reply)
{
    for (const struct assumed_user *user = world->users; user; user = user->hh.next) {
        if (!user->email || !user->account || strcasecmp(user->email, call->email) != 0)
            continue;
        reply->text = text_copy(user->account);
        return true;
    }
    return false;
}

/* Who was deactivated has left all rooms at once. */
static bool read_joined_rooms(const struct assumed_world *world, const struct synapse_call *call,
                              struct synapse_reply *reply)
{
    const struct assumed_user *user = assumed_find_user(world, call->user);

    (void)reply;
    return user && user->retired;
}

static bool read_alias(const struct assumed_world *world, const struct synapse_call *call,
                       struct synapse_reply *reply)
{
    const struct assumed_alias *alias = assumed_find_alias(world, call->alias);

    if (!alias)
        return false;
    reply->text = text_copy(alias->room);
    if (!alias->room)
        absent(reply);
    return true;
}

/* The room, if all is known of it: it was made, or deleted, which is said then. */
static const struct assumed_room *room_as_a_whole(const struct assumed_world *world,
                                                  const struct synapse_call *call,
                                                  struct synapse_reply *reply)
{
    const struct assumed_room *room = assumed_find_room(world, call->room);

    if (!room || (!room->made && !room->deleted))
        return NULL;
    if (room->deleted)
        absent(reply);
    return room;
}

static bool read_state(const struct assumed_world *world, const struct synapse_call *call,
                       struct synapse_reply *reply)
{
    const struct assumed_room *room = room_as_a_whole(world, call, reply);

    if (!room || room->deleted)
        return room != NULL;
    reply->state = room_state_new();
    reply->state->creator = text_copy(world->rules.sync_user);
    reply->state->made_for_alias = text_copy(room->made_for);
    reply->state->made_to_welcome = text_copy(room->made_to_welcome);
    amend_state(world, call, reply);
    return true;
}

static bool read_levels(const struct assumed_world *world, const struct synapse_call *call,
                        struct synapse_reply *reply)
{
    const struct assumed_room *room = assumed_find_room(world, call->room);

    if (room && room->levels && !room->deleted) {
        reply->levels = assumed_copy(room->levels);
        return true;
    }
    return room_as_a_whole(world, call, reply) != NULL;
}

/* One that was made tells all by its state. */
static bool read_room(const struct assumed_world *world, const struct synapse_call *call,
                      struct synapse_reply *reply)
{
    bool deleted = is_deleted(world, call->room);

    if (deleted)
        absent(reply);
    return deleted;
}

static bool read_aliases(const struct assumed_world *world, const struct synapse_call *call,
                         struct synapse_reply *reply)
{
    const struct assumed_room *room = assumed_find_room(world, call->room);
    size_t count = 0;

    if (!room || (!room->made && !room->deleted))
        return false;
    reply->aliases = memory_new(HASH_COUNT(world->aliases) + 1, sizeof(char *));
    for (const struct assumed_alias *alias = world->aliases; alias; alias = alias->hh.next)
        if (text_equal(alias->room, room->id))
            reply->aliases[count++] = text_copy(alias->alias);
    return true;
}

static bool read_deletion(const struct assumed_world *world, const struct synapse_call *call,
                          struct synapse_reply *reply)
{
    reply->deletion = DELETION_COMPLETE;
    return is_deleted(world, call->room);
}

/* ---- reads ---- */

static const struct {
    bool (*read)(const struct assumed_world *world, const struct synapse_call *call,
                 struct synapse_reply *reply);
    void (*amend)(const struct assumed_world *world, const struct synapse_call *call,
                  struct synapse_reply *reply);
} readers[SYNAPSE_KINDS] = {
    [SYNAPSE_READ_USER] = {read_user, amend_user},
    [SYNAPSE_READ_EMAIL_OWNER] = {read_email_owner, NULL},
    [SYNAPSE_READ_ACCOUNT] = {read_account, amend_account},
    [SYNAPSE_READ_ADDRESS_OWNER] = {read_address_owner, NULL},
    [SYNAPSE_READ_JOINED_ROOMS] = {read_joined_rooms, NULL},
    [SYNAPSE_READ_RECORDS] = {NULL, amend_records},
    [SYNAPSE_RESOLVE_ALIAS] = {read_alias, amend_alias},
    [SYNAPSE_READ_ROOM] = {read_room, NULL},
    [SYNAPSE_READ_STATE] = {read_state, amend_state},
    [SYNAPSE_READ_CREATION] = {read_state, NULL},
    [SYNAPSE_READ_ALIASES] = {read_aliases, NULL},
    [SYNAPSE_READ_LEVELS] = {read_levels, amend_levels},
    [SYNAPSE_READ_DELETION] = {read_deletion, NULL},
};

bool assumed_read(const struct assumed_world *world, const struct synapse_call *call,
                  struct synapse_reply *reply)
{
    *reply = (struct synapse_reply){.outcome = SYNAPSE_OK, .retry_after = -1};
    return readers[call->kind].read && readers[call->kind].read(world, call, reply);
}

enum synapse_kind assumed_question(const struct assumed_world *world, const struct synapse_call *call)
{
    const struct assumed_room *room = call->room ? assumed_find_room(world, call->room) : NULL;

    return call->kind == SYNAPSE_READ_LEVELS && room && room->entered ? SYNAPSE_READ_STATE : call->kind;
}

void assumed_amend(const struct assumed_world *world, const struct synapse_call *call,
                   struct synapse_reply *reply)
{
    if (reply->outcome == SYNAPSE_OK && readers[call->kind].amend)
        readers[call->kind].amend(world, call, reply);
}
