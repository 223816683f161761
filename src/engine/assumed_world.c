#include "engine/assumed_world.h"

#include "base/memory.h"
#include "engine/room_facts.h"

#include <stdlib.h>
#include <string.h>

/* ---- users, rooms, aliases ---- */

struct assumed_user *assumed_find_user(const struct assumed_world *world, const char *id)
{
    struct assumed_user *user;

    HASH_FIND_STR(world->users, id, user);
    return user;
}

static struct assumed_user *take_user(struct assumed_world *world, const char *id)
{
    struct assumed_user *user = assumed_find_user(world, id);

    if (user)
        return user;
    user = NEW(struct assumed_user);
    user->id = text_copy(id);
    HASH_ADD_KEYPTR(hh, world->users, user->id, strlen(user->id), user);
    return user;
}

struct assumed_room *assumed_find_room(const struct assumed_world *world, const char *id)
{
    struct assumed_room *room;

    HASH_FIND_STR(world->rooms, id, room);
    return room;
}

static struct assumed_room *take_room(struct assumed_world *world, const char *id)
{
    struct assumed_room *room = assumed_find_room(world, id);

    if (room)
        return room;
    room = NEW(struct assumed_room);
    room->id = text_copy(id);
    HASH_ADD_KEYPTR(hh, world->rooms, room->id, strlen(room->id), room);
    return room;
}

struct assumed_alias *assumed_find_alias(const struct assumed_world *world, const char *name)
{
    struct assumed_alias *alias;

    HASH_FIND_STR(world->aliases, name, alias);
    return alias;
}

/* NULL: to no room. */
static void lead(struct assumed_world *world, const char *name, const char *room)
{
    struct assumed_alias *alias = assumed_find_alias(world, name);

    if (!alias) {
        alias = NEW(struct assumed_alias);
        alias->alias = text_copy(name);
        HASH_ADD_KEYPTR(hh, world->aliases, alias->alias, strlen(alias->alias), alias);
    }
    text_set(&alias->room, room);
}

static struct assumed_member *find_member(const struct assumed_room *room, const char *user)
{
    struct assumed_member *member;

    HASH_FIND_STR(room->members, user, member);
    return member;
}

static void move(struct assumed_room *room, const char *user, enum membership membership)
{
    struct assumed_member *member = find_member(room, user);

    if (!member) {
        member = NEW(struct assumed_member);
        member->user = text_copy(user);
        HASH_ADD_KEYPTR(hh, room->members, member->user, strlen(member->user), member);
    }
    member->membership = membership;
}

static void free_users(struct assumed_user *user)
{
    struct assumed_user *next;

    for (; user; user = next) {
        next = user->hh.next;
        free(user->id);
        free(user->name);
        free(user->email);
        free(user->account);
        free(user);
    }
}

static void free_members(struct assumed_member *member)
{
    struct assumed_member *next;

    for (; member; member = next) {
        next = member->hh.next;
        free(member->user);
        free(member);
    }
}

static void free_room(struct assumed_room *room)
{
    struct assumed_member *members = room->members;

    HASH_CLEAR(hh, room->members);
    free_members(members);
    for (int i = 0; i < ROOM_SETTINGS; i++)
        free(room->settings[i]);
    levels_free(room->levels);
    free(room->made_for);
    free(room->made_to_welcome);
    free(room->id);
    free(room);
}

static void free_rooms(struct assumed_room *room)
{
    struct assumed_room *next;

    for (; room; room = next) {
        next = room->hh.next;
        free_room(room);
    }
}

static void free_aliases(struct assumed_alias *alias)
{
    struct assumed_alias *next;

    for (; alias; alias = next) {
        next = alias->hh.next;
        free(alias->alias);
        free(alias->room);
        free(alias);
    }
}

/* The tables go first; what was in them is still linked. */
void assumed_world_deinit(struct assumed_world *world)
{
    struct assumed_user *users = world->users;
    struct assumed_room *rooms = world->rooms;
    struct assumed_alias *aliases = world->aliases;

    HASH_CLEAR(hh, world->users);
    HASH_CLEAR(hh, world->rooms);
    HASH_CLEAR(hh, world->aliases);
    free_users(users);
    free_rooms(rooms);
    free_aliases(aliases);
}

/* ---- writes about users ---- */

/* Who is made without a name is called by the local part (register_user() in Synapse's handlers/register.py).
 */
static void create_user(struct assumed_world *world, const struct synapse_call *call,
                        struct synapse_reply *reply)
{
    struct assumed_user *user = take_user(world, call->user);
    CLEANUP(freep) char *local = text_copy_bytes(call->user + 1, strcspn(call->user + 1, ":"));

    user->made = reply->created = true;
    text_set(&user->name, call->name ? call->name : local);
    text_set(&user->email, call->email);
    reply->user.name = text_copy(user->name);
}

static void name_user(struct assumed_world *world, const struct synapse_call *call,
                      struct synapse_reply *reply)
{
    struct assumed_user *user = take_user(world, call->user);

    (void)reply;
    user->named = true;
    text_set(&user->name, call->name);
}

static void give_email(struct assumed_world *world, const struct synapse_call *call,
                       struct synapse_reply *reply)
{
    struct assumed_user *user = take_user(world, call->user);

    (void)reply;
    text_set(&user->email, call->email);
    if (call->account)
        text_set(&user->account, call->account);
}

static void reactivate_user(struct assumed_world *world, const struct synapse_call *call,
                            struct synapse_reply *reply)
{
    struct assumed_user *user = take_user(world, call->user);

    (void)reply;
    user->activity = ACTIVITY_ON;
    if (call->account)
        text_set(&user->account, call->account);
}

/* The homeserver has whom MAS adopts. */
static void create_account(struct assumed_world *world, const struct synapse_call *call,
                           struct synapse_reply *reply)
{
    struct assumed_user *user = take_user(world, call->user);
    CLEANUP(freep) char *id = text_format("ASSUMED-%u", ++world->accounts_made);

    if (!call->adopts)
        create_user(world, call, reply);
    user->enlisted = reply->created = true;
    text_set(&user->account, id);
    reply->text = TAKE(id);
}

static void deactivate_user(struct assumed_world *world, const struct synapse_call *call,
                            struct synapse_reply *reply)
{
    struct assumed_user *user = take_user(world, call->user);
    struct assumed_room *room, *next;

    (void)reply;
    user->activity = ACTIVITY_OFF;
    user->retired = true;
    if (call->account)
        text_set(&user->account, call->account);
    text_set(&user->email, NULL);
    if (call->erase) {
        user->named = true;
        text_set(&user->name, NULL);
    }
    HASH_ITER (hh, world->rooms, room, next)
        if (find_member(room, call->user))
            move(room, call->user, MEMBERSHIP_LEAVE);
}

static void record(struct assumed_world *world, const char *id, struct synapse_record record)
{
    struct assumed_user *user = take_user(world, id);

    user->recorded = true;
    user->record = record;
}

static void write_records(struct assumed_world *world, const struct synapse_call *call,
                          struct synapse_reply *reply)
{
    (void)reply;
    if (call->user)
        record(world, call->user, call->record);
    for (size_t i = 0; i < call->user_count; i++)
        record(world, call->users[i], call->record);
}

/* ---- writes about rooms ---- */

struct levels *assumed_copy(const struct levels *levels)
{
    CLEANUP(freep) char *text = levels_print(levels);

    return levels_parse(text, strlen(text));
}

static struct assumed_room *make_room(struct assumed_world *world, const struct synapse_call *call,
                                      struct synapse_reply *reply)
{
    struct levels_user sync_user = {.user = world->rules.sync_user, .level = LEVEL_OF_SYNC_USER};
    CLEANUP(freep) char *id = text_format("!assumed-%u", ++world->rooms_made);
    struct assumed_room *room = take_room(world, id);

    room->made = true;
    room->levels = levels_new(&call->levels, call->raised, call->raised_count);
    levels_raise(room->levels, &sync_user);
    move(room, world->rules.sync_user, MEMBERSHIP_JOIN);
    lead(world, call->alias, id);
    reply->text = TAKE(id);
    return room;
}

static void create_room(struct assumed_world *world, const struct synapse_call *call,
                        struct synapse_reply *reply)
{
    struct assumed_room *room = make_room(world, call, reply);

    room->made_for = text_copy(call->alias);
    for (int i = 0; i < ROOM_SETTINGS; i++)
        text_set(&room->settings[i], call->settings[i]);
    for (size_t i = 0; i < call->raised_count; i++)
        if (call->raised[i].invited)
            move(room, call->raised[i].user, MEMBERSHIP_INVITE);
}

static void create_welcome_room(struct assumed_world *world, const struct synapse_call *call,
                                struct synapse_reply *reply)
{
    struct assumed_room *room = make_room(world, call, reply);

    room->made_to_welcome = text_copy(call->user);
    if (!call->bare)
        move(room, call->user, MEMBERSHIP_INVITE);
}

static void write_levels(struct assumed_world *world, const struct synapse_call *call,
                         struct synapse_reply *reply)
{
    struct assumed_room *room = take_room(world, call->room);

    (void)reply;
    levels_free(room->levels);
    room->levels = assumed_copy(call->content);
}

static void write_setting(struct assumed_world *world, const struct synapse_call *call,
                          struct synapse_reply *reply)
{
    (void)reply;
    text_set(&take_room(world, call->room)->settings[call->setting], call->value);
}

static void join_user(struct assumed_world *world, const struct synapse_call *call,
                      struct synapse_reply *reply)
{
    move(take_room(world, call->room), call->user, MEMBERSHIP_JOIN);
    reply->text = text_copy(call->room);
}

static void enter_room(struct assumed_world *world, const struct synapse_call *call,
                       struct synapse_reply *reply)
{
    struct assumed_room *room = take_room(world, call->room);

    room->entered = true;
    move(room, world->rules.sync_user, MEMBERSHIP_JOIN);
    reply->text = text_copy(call->room);
}

static void invite_user(struct assumed_world *world, const struct synapse_call *call,
                        struct synapse_reply *reply)
{
    (void)reply;
    move(take_room(world, call->room), call->user, MEMBERSHIP_INVITE);
}

static void regain_room(struct assumed_world *world, const struct synapse_call *call,
                        struct synapse_reply *reply)
{
    (void)reply;
    take_room(world, call->room)->regained = true;
}

static void delete_room(struct assumed_world *world, const struct synapse_call *call,
                        struct synapse_reply *reply)
{
    struct assumed_alias *alias, *next;

    (void)reply;
    take_room(world, call->room)->deleted = true;
    HASH_ITER (hh, world->aliases, alias, next)
        if (text_equal(alias->room, call->room))
            text_set(&alias->room, NULL);
}

static void delete_alias(struct assumed_world *world, const struct synapse_call *call,
                         struct synapse_reply *reply)
{
    (void)reply;
    lead(world, call->alias, NULL);
}

/* A password, a greeting, a mark: of which nothing is read afterwards. */
static void leave_no_trace(struct assumed_world *world, const struct synapse_call *call,
                           struct synapse_reply *reply)
{
    (void)world;
    (void)call;
    (void)reply;
}

static void (*const writers[SYNAPSE_KINDS])(struct assumed_world *world, const struct synapse_call *call,
                                            struct synapse_reply *reply) = {
    [SYNAPSE_CREATE_USER] = create_user,
    [SYNAPSE_SET_DISPLAY_NAME] = name_user,
    [SYNAPSE_ADD_EMAIL] = give_email,
    [SYNAPSE_REACTIVATE_USER] = reactivate_user,
    [SYNAPSE_DEACTIVATE_USER] = deactivate_user,
    [SYNAPSE_WRITE_RECORDS] = write_records,
    [SYNAPSE_CREATE_ACCOUNT] = create_account,
    [SYNAPSE_SET_PASSWORD] = leave_no_trace,
    [SYNAPSE_ADD_ADDRESS] = give_email,
    [SYNAPSE_REACTIVATE_ACCOUNT] = reactivate_user,
    [SYNAPSE_DEACTIVATE_ACCOUNT] = deactivate_user,
    [SYNAPSE_DELETE_ALIAS] = delete_alias,
    [SYNAPSE_CREATE_ROOM] = create_room,
    [SYNAPSE_WRITE_LEVELS] = write_levels,
    [SYNAPSE_WRITE_SETTING] = write_setting,
    [SYNAPSE_JOIN_USER] = join_user,
    [SYNAPSE_REGAIN_ROOM] = regain_room,
    [SYNAPSE_ENTER_ROOM] = enter_room,
    [SYNAPSE_DELETE_ROOM] = delete_room,
    [SYNAPSE_CREATE_WELCOME_ROOM] = create_welcome_room,
    [SYNAPSE_INVITE_USER] = invite_user,
    [SYNAPSE_SEND_WELCOME] = leave_no_trace,
    [SYNAPSE_MARK_ROOM] = leave_no_trace,
};

bool assumed_knows(enum synapse_kind kind)
{
    return writers[kind] != NULL;
}

void assumed_write(struct assumed_world *world, const struct synapse_call *call, struct synapse_reply *reply)
{
    *reply = (struct synapse_reply){.outcome = SYNAPSE_OK, .retry_after = -1};
    writers[call->kind](world, call, reply);
}
