#include "engine/simulation/deed.h"

#include "base/memory.h"
#include "engine/simulation/stream.h"
#include "synapse/replies.h"

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { HALF_MADE = 30 * 1000 /* ms */ };

void deed_answer(struct synapse_reply *reply, enum synapse_outcome outcome, const char *errcode)
{
    reply->outcome = outcome;
    (void)snprintf(reply->errcode, sizeof(reply->errcode), "%s", errcode);
    (void)error_set(&reply->problem, "simulated: %s", errcode);
}

void deed_refuse(const struct deed *deed, const char *errcode)
{
    deed_answer(deed->reply, SYNAPSE_REFUSED, errcode);
}

void deed_finds_nothing(const struct deed *deed)
{
    deed_answer(deed->reply, SYNAPSE_ABSENT, "M_NOT_FOUND");
}

/* ---- users ---- */

void deed_is_seen_late(const struct deed *deed)
{
    struct world_user *user = deed->user;

    if (deed->world->lateness == 0)
        return;
    user->old.here = user->here;
    user->old.deactivated = user->deactivated;
    user->old.until = instant_now() + chance_below((unsigned)deed->world->lateness);
}

static void read_user(const struct deed *deed)
{
    struct world_user *user = deed->user;
    bool is_old = instant_now() < user->old.until && chance_percent(70);

    user->found_absent = is_old ? !user->old.here : !user->here;
    if (user->found_absent) {
        deed_finds_nothing(deed);
        return;
    }
    deed->reply->user.name = text_copy(user->name);
    deed->reply->user.deactivated = is_old ? user->old.deactivated : user->deactivated;
    deed->reply->user.admin = user->admin;
    deed->reply->user.of_service = user->puppet;
    deed->reply->user.has_email = user->email && instant_now() >= user->account.address_shows_at;
}

static void read_email_owner(const struct deed *deed)
{
    for (size_t i = 0; i < deed->world->user_count; i++) {
        const struct world_user *user = &deed->world->users[i];

        if (text_equal(user->email, deed->call->email)) {
            deed->reply->text = text_copy(user->id);
            return;
        }
    }
    deed_finds_nothing(deed);
}

static void judge_email(const struct deed *deed)
{
    for (size_t i = 0; deed->call->email && i < deed->world->user_count; i++) {
        const struct world_user *user = &deed->world->users[i];

        if (user != deed->user && text_equal(user->email, deed->call->email))
            world_accuse(deed->world, "the address of %s is taken away", user->id);
    }
}

static void create_user(const struct deed *deed)
{
    struct world_user *user = deed->user;

    if (!user->found_absent)
        world_accuse(deed->world, "%s is created without a look", user->id);
    judge_email(deed);
    deed_is_seen_late(deed);
    deed->reply->created = !user->here;
    deed->reply->user.admin = user->admin;
    deed->reply->user.of_service = user->puppet;
    user->ours = user->ours || !user->here;
    world_make_user(deed->world, user, deed->call->name, deed->cut ? NULL : deed->call->email);
    text_set(&user->password, deed->call->password);
}

static void set_display_name(const struct deed *deed)
{
    if (world_protects(deed->world, deed->user) && !world_awaits_name(deed->world, deed->user))
        world_accuse(deed->world, "%s is renamed, who is protected", deed->user->id);
    if (!deed->user->here)
        world_accuse(deed->world, "%s is created by a new name", deed->user->id);
    text_set(&deed->user->name, deed->call->name);
}

static void add_email(const struct deed *deed)
{
    if ((!deed->user->ours && !deed->user->ambiguous) || deed->user->puppet || deed->user->email)
        world_accuse(deed->world, "%s is given an address", deed->user->id);
    judge_email(deed);
    text_set(&deed->user->email, deed->call->email);
}

static void reactivate_user(const struct deed *deed)
{
    if (!deed->world->rules.reactivate || world_protects(deed->world, deed->user))
        world_accuse(deed->world, "%s is reactivated", deed->user->id);
    deed_is_seen_late(deed);
    deed->user->deactivated = false;
}

static void note_removal(struct world *world)
{
    if (world->removed == WORLD_REMOVALS)
        abort(); /* no test removes so much */
    world->removed_at[world->removed++] = instant_now();
}

static void deactivate_user(const struct deed *deed)
{
    if (!deed->user->here) {
        deed_finds_nothing(deed);
        return;
    }
    if (world_protects(deed->world, deed->user))
        world_accuse(deed->world, "%s is removed, who is protected", deed->user->id);
    if (deed->call->erase != deed->world->rules.erase)
        world_accuse(deed->world, "%s: erase is not as configured", deed->user->id);
    if (!deed->user->deactivated)
        note_removal(deed->world);
    deed_is_seen_late(deed);
    world_deactivate(deed->world, deed->user, deed->call->erase);
}

/* Taking a deactivated user out of the rooms takes its time; who is in which is not looked at here. */
static void read_joined_rooms(const struct deed *deed)
{
    deed->reply->joined_rooms = deed->user->leaves_at != INSTANT_NEVER || chance_percent(30) ? 2 : 0;
}

static void read_records(const struct deed *deed)
{
    const struct world *world = deed->world;

    deed->reply->records = records_new();
    for (size_t i = 0; i < world->user_count; i++)
        if (world->users[i].has_record)
            records_set(deed->reply->records, world->users[i].id, world->users[i].record);
}

static void write_record(const struct deed *deed, struct world_user *user)
{
    user->has_record = true;
    user->record = deed->call->record;
}

static bool is_unrecorded(const struct deed *deed)
{
    const char *unrecorded = deed->world->unrecorded;

    for (size_t i = 0; i < deed->call->user_count; i++)
        if (text_equal(deed->call->users[i], unrecorded))
            return true;
    return deed->user && text_equal(deed->user->id, unrecorded);
}

static void write_records(const struct deed *deed)
{
    if (is_unrecorded(deed)) {
        deed_refuse(deed, "M_FORBIDDEN");
        return;
    }
    if (deed->user)
        write_record(deed, deed->user);
    for (size_t i = 0; i < deed->call->user_count; i++) {
        struct world_user *user = world_user(deed->world, deed->call->users[i]);

        if (!user)
            abort(); /* calls are about users of this world */
        write_record(deed, user);
    }
}

/* ---- aliases and whole rooms ---- */

/* A deletion is over after so many looks at it, at the alias or at how it is doing. */
static void go_on_deleting(struct world *world, struct world_room *room)
{
    if (room->deletion != BEING_DELETED || room->looks-- > 0)
        return;
    room->deletion = room->deletion_fails ? DELETION_BROKEN : DELETION_DONE;
    if (!room->deletion_fails)
        world_purge(world, room);
}

static void resolve_alias(const struct deed *deed)
{
    const struct world_alias *alias = world_alias(deed->world, deed->call->alias);

    if (alias->room)
        go_on_deleting(deed->world, alias->room);
    if (alias->room)
        deed->reply->text = text_copy(alias->room->id);
    else
        deed_finds_nothing(deed);
}

static void read_aliases(const struct deed *deed)
{
    size_t most = WORLD_ALIASES + deed->world->user_count, count = 0;

    deed->reply->aliases = memory_new(most + 1, sizeof(char *));
    for (size_t i = 0; i < most; i++)
        if (deed->world->aliases[i].room == deed->room)
            deed->reply->aliases[count++] = text_copy(deed->world->aliases[i].alias);
}

static void delete_alias(const struct deed *deed)
{
    struct world_alias *alias = world_alias(deed->world, deed->call->alias);

    if (!alias->room)
        deed_finds_nothing(deed);
    else if (alias->room->exists)
        world_accuse(deed->world, "%s is taken from a room that is there", alias->alias);
    alias->room = NULL;
}

bool deed_is_taken(const struct deed *deed, const char *alias)
{
    if (!world_alias(deed->world, alias)->room)
        return false;
    deed_answer(deed->reply, SYNAPSE_TAKEN, "M_ROOM_IN_USE");
    return true;
}

enum world_stage deed_stage_of(const struct deed *deed)
{
    return deed->cut ? (enum world_stage)chance_below(STAGE_ALL) : STAGE_ALL;
}

/* NULL: nothing of it is refused. */
static const char *trouble_with_bundle(const struct deed *deed)
{
    const struct synapse_call *call = deed->call;
    CLEANUP(levels_freep)
    struct levels *levels = levels_new(&call->levels, call->raised, call->raised_count);

    if (deed->world->no_rooms)
        return "M_FORBIDDEN";
    for (size_t i = 0; i < call->raised_count; i++)
        if (text_equal(call->raised[i].user, deed->world->vetoed))
            return "M_FORBIDDEN";
    return deed_levels_are_too_large(deed, levels) ? "M_TOO_LARGE" : NULL;
}

static void create_room(const struct deed *deed)
{
    const struct synapse_call *call = deed->call;
    const char *sync_user = deed->world->rules.sync_user;
    const char *trouble = trouble_with_bundle(deed);
    struct world_room *room;

    if (deed_is_taken(deed, call->alias))
        return;
    if (trouble) { /* the alias is bound by then */
        room = world_make_room(deed->world, call->alias, sync_user, STAGE_JOINED);
        room->refused = true;
        world_dedicate(room, call->alias);
        text_set(&room->state->mark, call->mark);
        deed_refuse(deed, trouble);
        return;
    }
    room = world_make_room(deed->world, call->alias, sync_user, deed_stage_of(deed));
    world_dedicate(room, call->alias);
    if (room->state->creator)
        text_set(&room->state->mark, call->mark);
    deed->reply->text = text_copy(room->id);
    if (!room->state->levels)
        return;
    levels_free(room->state->levels);
    room->state->levels = levels_new(&call->levels, call->raised, call->raised_count);
    levels_raise(room->state->levels, &(struct levels_user){.user = sync_user, .level = 100});
    for (size_t i = 0; i < call->raised_count; i++)
        if (call->raised[i].invited) {
            world_move(deed->world, room, call->raised[i].user, MEMBERSHIP_INVITE);
            deed->world->invited++;
        }
    for (int i = 0; i < ROOM_SETTINGS; i++)
        text_set(&room->state->settings[i],
                 call->settings[i] && *call->settings[i] ? call->settings[i] : NULL);
}

static void read_room(const struct deed *deed)
{
    const struct world_room *room = deed->room;

    if (!room->exists) {
        deed_finds_nothing(deed);
        return;
    }
    deed->reply->room.creator = text_copy(room->creator);
    deed->reply->room.canonical_alias = text_copy(room->state->settings[ROOM_CANONICAL_ALIAS]);
}

static void read_creation(const struct deed *deed)
{
    const struct room_state *truth = deed->room->state;
    struct room_state *copy;

    if (!deed->room->exists) {
        deed_finds_nothing(deed);
        return;
    }
    copy = deed->reply->state = room_state_new();
    copy->creator = text_copy(truth->creator);
    copy->version = text_copy(truth->version);
    copy->creators_reign = truth->creators_reign;
    copy->made_for_alias = text_copy(truth->made_for_alias);
    copy->made_to_welcome = text_copy(truth->made_to_welcome);
    copy->mark = text_copy(truth->mark);
    copy->predecessor = text_copy(truth->predecessor);
}

static void read_state(const struct deed *deed)
{
    const struct room_state *truth = deed->room->state;
    struct room_state *copy;

    read_creation(deed);
    copy = deed->reply->state;
    if (!copy)
        return;
    for (int i = 0; i < ROOM_SETTINGS; i++)
        copy->settings[i] = text_copy(truth->settings[i]);
    copy->changed_at = truth->changed_at;
    if (truth->levels) {
        CLEANUP(freep) char *text = levels_print(truth->levels);

        copy->levels = levels_parse(text, strlen(text));
    }
    for (size_t i = 0; i < deed->world->user_count; i++) {
        const char *user = deed->world->users[i].id;

        if (room_state_membership(truth, user) != MEMBERSHIP_NONE)
            room_state_set_membership(copy, user, room_state_membership(truth, user));
    }
    deed->room->looked_at = instant_now();
}

/* Whether the sync has seen the room as it is, or should have looked. */
static bool is_no_surprise(const struct world_room *room)
{
    return room->changed <= room->looked_at || instant_now() - room->changed > RECENTLY;
}

/* Of the room that has the alias, and as much ours as that. */
static bool is_predecessor(const struct deed *deed)
{
    const struct world_room *room = world_room_of(deed->world, deed->call->alias);
    unsigned steps = 0;

    if (!rules_is_ours(&deed->world->rules, deed->room->creator) || deed->room->greets ||
        (deed->room->state->made_for_alias &&
         !text_equal(deed->room->state->made_for_alias, deed->call->alias)))
        return false;
    while (room && room != deed->room && steps++ < WORLD_ROOMS)
        room = world_room(deed->world, room->state->predecessor);
    return room == deed->room;
}

static void judge_deletion(const struct deed *deed)
{
    const struct world_room *room = deed->room;
    bool dead = !room->state->creator && room->was_used;
    bool half_made = !room->state->creator || !room->state->levels ||
                     (room->greets && room_state_membership(room->state, room->greets) == MEMBERSHIP_NONE);

    if (deed->user ? !world_may_greet(deed->world, room, deed->user)
                   : !world_is_ours(deed->world, room, deed->call->alias) && !is_predecessor(deed))
        world_accuse(deed->world, "%s is deleted, which is not ours", room->id);
    if (deed->world->removing || deed->world->lenient || dead || !is_no_surprise(room))
        return;
    if (!half_made)
        world_accuse(deed->world, "%s is deleted, which is sound", room->id);
    else if (instant_now() - room->changed < HALF_MADE && !room->refused)
        world_accuse(deed->world, "%s is deleted while it is being made", room->id);
}

static void note_deletions(struct world *world)
{
    unsigned deleting = 0;

    for (size_t i = 0; i < world->room_count; i++)
        deleting += world->rooms[i].deletion == BEING_DELETED;
    if (deleting > world->deleting)
        world->deleting = deleting;
}

static void delete_room(const struct deed *deed)
{
    struct world_room *room = deed->room;

    if (!room->exists || room->deletion == BEING_DELETED)
        return; /* 200; or 400 "Purge already in progress", which is as good */
    judge_deletion(deed);
    if (room->state->creator && room->state->levels) /* else it is made anew */
        note_removal(deed->world);
    world_empty(deed->world, room);
    room->deletion = BEING_DELETED;
    room->looks = chance_below(4);
    room->deletion_fails = deed->cut;
    note_deletions(deed->world);
}

static void read_deletion(const struct deed *deed)
{
    struct world_room *room = deed->room;

    if (room->deletion == NOT_DELETED) {
        deed_finds_nothing(deed);
        return;
    }
    go_on_deleting(deed->world, room);
    deed->reply->deletion = room->deletion == BEING_DELETED   ? DELETION_UNDER_WAY
                            : room->deletion == DELETION_DONE ? DELETION_COMPLETE
                                                              : DELETION_FAILED;
}

/* ---- what has changed ---- */

/* As the real reader reads what the real homeserver would write. */
static void read_told(const struct deed *deed, bool (*read)(const json_t *body, struct synapse_reply *reply),
                      json_t *told)
{
    if (!read(told, deed->reply))
        world_accuse(deed->world, "%s: the reply is not understood", synapse_kind_name(deed->call->kind));
    json_decref(told);
}

static void read_position(const struct deed *deed)
{
    if (deed->world->mute)
        deed_refuse(deed, "M_FORBIDDEN");
    else
        read_told(deed, reply_changes, stream_position(deed->world));
}

static void read_changes(const struct deed *deed)
{
    read_told(deed, reply_changes, stream_changes(deed->world, deed->call->position, deed->call->attempt));
}

static void read_joined(const struct deed *deed)
{
    read_told(deed, reply_joined, stream_joined_rooms(deed->world));
}

/* It is told, if the room is; nothing else comes of it. */
static void mark_room(const struct deed *deed)
{
    stream_mark(deed->world, deed->room);
}

/* ---- all ---- */

static void (*const deeds[SYNAPSE_KINDS])(const struct deed *deed) = {
    [SYNAPSE_READ_USER] = read_user,
    [SYNAPSE_READ_EMAIL_OWNER] = read_email_owner,
    [SYNAPSE_CREATE_USER] = create_user,
    [SYNAPSE_SET_DISPLAY_NAME] = set_display_name,
    [SYNAPSE_ADD_EMAIL] = add_email,
    [SYNAPSE_REACTIVATE_USER] = reactivate_user,
    [SYNAPSE_DEACTIVATE_USER] = deactivate_user,
    [SYNAPSE_READ_JOINED_ROOMS] = read_joined_rooms,
    [SYNAPSE_READ_RECORDS] = read_records,
    [SYNAPSE_WRITE_RECORDS] = write_records,
    [SYNAPSE_RESOLVE_ALIAS] = resolve_alias,
    [SYNAPSE_READ_ALIASES] = read_aliases,
    [SYNAPSE_DELETE_ALIAS] = delete_alias,
    [SYNAPSE_CREATE_ROOM] = create_room,
    [SYNAPSE_READ_ROOM] = read_room,
    [SYNAPSE_READ_STATE] = read_state,
    [SYNAPSE_READ_CREATION] = read_creation,
    [SYNAPSE_READ_LEVELS] = deed_read_levels,
    [SYNAPSE_WRITE_LEVELS] = deed_write_levels,
    [SYNAPSE_WRITE_SETTING] = deed_write_setting,
    [SYNAPSE_JOIN_USER] = deed_join_user,
    [SYNAPSE_REGAIN_ROOM] = deed_regain_room,
    [SYNAPSE_ENTER_ROOM] = deed_enter_room,
    [SYNAPSE_DELETE_ROOM] = delete_room,
    [SYNAPSE_READ_DELETION] = read_deletion,
    [SYNAPSE_CREATE_WELCOME_ROOM] = deed_create_welcome_room,
    [SYNAPSE_INVITE_USER] = deed_invite_user,
    [SYNAPSE_READ_WELCOME] = deed_read_welcome,
    [SYNAPSE_SEND_WELCOME] = deed_send_welcome,
    [SYNAPSE_READ_POSITION] = read_position,
    [SYNAPSE_READ_CHANGES] = read_changes,
    [SYNAPSE_READ_JOINED] = read_joined,
    [SYNAPSE_MARK_ROOM] = mark_room,
};

/* Whatever is done in a room must be done in one of ours. */
static void judge_place(const struct deed *deed)
{
    enum synapse_kind kind = deed->call->kind;

    if (kind != SYNAPSE_WRITE_LEVELS && kind != SYNAPSE_WRITE_SETTING && kind != SYNAPSE_JOIN_USER &&
        kind != SYNAPSE_REGAIN_ROOM && kind != SYNAPSE_ENTER_ROOM && kind != SYNAPSE_SEND_WELCOME &&
        kind != SYNAPSE_INVITE_USER)
        return;
    if (!deed->room->exists || instant_now() < deed->room->squatted_at + RECENTLY)
        return; /* which nobody can see at once of a room that does not say what it was made for */
    if (kind == SYNAPSE_SEND_WELCOME || kind == SYNAPSE_INVITE_USER
            ? !world_may_greet(deed->world, deed->room, deed->user)
            : !world_is_ours(deed->world, deed->room, deed->call->alias))
        world_accuse(deed->world, "%s in %s, which is not ours", synapse_kind_name(kind), deed->room->id);
}

void deed_carry_out(struct world *world, const struct synapse_call *call, bool cut,
                    struct synapse_reply *reply)
{
    const struct deed deed = {.world = world,
                              .call = call,
                              .reply = reply,
                              .user = world_user(world, call->user),
                              .room = world_room(world, call->room),
                              .cut = cut};

    if (call->room && !deed.room) {
        world_accuse(world, "%s: there was never a room %s", synapse_kind_name(call->kind), call->room);
        return;
    }
    judge_place(&deed);
    world_tick(world);
    if (!deed_at_mas(&deed))
        deeds[call->kind](&deed);
    world->made[call->kind] += reply->outcome == SYNAPSE_OK;
    if (call->kind == SYNAPSE_MARK_ROOM)
        return; /* nobody else sees it */
    if (!synapse_kind_writes(call->kind) || reply->outcome != SYNAPSE_OK)
        return;
    world->writes++;
    stream_note(world);
    if (deed.room)
        deed.room->looked_at = INSTANT_PAST;
}
