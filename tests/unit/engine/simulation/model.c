#include "engine/simulation/model.h"

#include "base/memory.h"

#include <stdlib.h>
#include <string.h>

/* ---- what requests bring about ---- */

static struct world_user *person(struct world *world, const char *id)
{
    struct world_user *user = world_user(world, id);

    if (!user)
        abort(); /* requests are about users of this world */
    return user;
}

static void add_to_room(struct world *world, struct world_room *room, const struct world_user *user,
                        bool moderates)
{
    if (!user->here || user->deactivated || room_state_membership(room->state, user->id) == MEMBERSHIP_BAN)
        return;
    if (room_state_membership(room->state, user->id) != MEMBERSHIP_JOIN)
        world_move(world, room, user->id, MEMBERSHIP_JOIN);
    levels_raise(room->state->levels, &(struct levels_user){.user = user->id, .level = moderates ? 50 : 0});
}

/* NULL: the alias is someone else's, or there is no name for a room that has to be made. */
static struct world_room *describe(struct world *world, const struct request_room *wanted)
{
    struct world_room *room = world_room_of(world, wanted->alias);
    const struct levels_wanted levels = {
        .invite = 70, .kick = 70, .ban = 70, .events_default = wanted->bidirectional ? 0 : 50};

    if (room && !world_is_ours(world, room, wanted->alias))
        return NULL;
    if (!room && !wanted->name)
        return NULL;
    if (!room)
        world_dedicate(room = world_make_room(world, wanted->alias, world->rules.sync_user, STAGE_ALL),
                       wanted->alias);
    if (wanted->name)
        text_set(&room->state->settings[ROOM_NAME], wanted->name);
    text_set(&room->state->settings[ROOM_TOPIC], *wanted->description ? wanted->description : NULL);
    text_set(&room->state->settings[ROOM_JOIN_RULE], "invite");
    text_set(&room->state->settings[ROOM_GUEST_ACCESS], "forbidden");
    text_set(&room->state->settings[ROOM_CANONICAL_ALIAS], wanted->alias);
    text_set(&room->state->settings[ROOM_MARKER], "managed");
    levels_set(room->state->levels, &levels);
    return room;
}

static void add_user(struct world *world, struct world_user *user, const struct request *request)
{
    const struct request_user *wanted = &request->user;
    bool taken = text_equal(wanted->email, world->users[WORLD_STRANGER].email);
    bool first = user->ours && user->has_record && user->record.open, renamed = true;

    if (!user->here) {
        world_make_user(world, user, wanted->name, taken ? NULL : wanted->email);
        text_set(&user->password, wanted->password);
        user->ours = first = true;
    } else if (world_protects(world, user)) {
        renamed = world_awaits_name(world, user);
    }
    user->deactivated = user->deactivated && (!world->rules.reactivate || world_protects(world, user));
    if (user->deactivated)
        return;
    if (wanted->name && renamed)
        text_set(&user->name, wanted->name);
    if (first && request->welcome)
        user->greetings++;
    user->has_record = user->record.open = false;
}

static void add_member(struct world *world, struct world_user *user, const char *name)
{
    if (user->here)
        return;
    world_make_user(world, user, name, NULL);
    user->ours = user->has_record = user->record.open = true;
}

static bool apply_add_user(struct world *world, const struct request *request)
{
    struct world_user *user = person(world, request->user.id);
    bool done = true;

    add_user(world, user, request);
    for (size_t i = 0; i < request->room_count && !user->deactivated; i++) {
        struct world_room *room = describe(world, &request->rooms[i]);

        if (room)
            add_to_room(world, room, user, request->rooms[i].is_moderator);
        done = done && room;
    }
    return done;
}

static bool apply_add_room(struct world *world, const struct request *request)
{
    struct world_room *room;

    for (size_t i = 0; i < request->member_count; i++)
        add_member(world, person(world, request->members[i].id), request->members[i].name);
    room = describe(world, &request->rooms[0]);
    for (size_t i = 0; room && i < request->member_count; i++)
        add_to_room(world, room, person(world, request->members[i].id), request->members[i].is_moderator);
    return room;
}

static bool apply_remove_user(struct world *world, const struct request *request)
{
    struct world_user *user = person(world, request->user.id);

    if (user->here && !user->deactivated && world_protects(world, user))
        return false;
    if (user->here && !user->deactivated)
        world_deactivate(world, user, world->rules.erase);
    return true;
}

static bool apply_remove_room(struct world *world, const struct request *request)
{
    struct world_room *room = world_room_of(world, request->rooms[0].alias);

    if (room && !world_is_ours(world, room, request->rooms[0].alias))
        return false;
    if (room)
        world_purge(world, room);
    return true;
}

bool model_apply(struct world *world, const struct request *request)
{
    switch (request->method) {
    case REQUEST_ADD_USER:
        return apply_add_user(world, request);
    case REQUEST_ADD_ROOM:
        return apply_add_room(world, request);
    case REQUEST_REMOVE_USER:
        return apply_remove_user(world, request);
    case REQUEST_REMOVE_ROOM:
        return apply_remove_room(world, request);
    }
    return false;
}

/* ---- comparing ---- */

static void differ(struct buffer *difference, const char *what, const char *whose)
{
    (void)buffer_append_format(difference, "%s%s of %s", difference->size ? ", " : "", what, whose);
}

static bool same_or_empty(const char *a, const char *b)
{
    return text_equal(a ? a : "", b ? b : "");
}

static void compare_users(const struct world_user *a, const struct world_user *b, struct buffer *difference)
{
    if (a->here != b->here)
        differ(difference, "existence", a->id);
    if (a->deactivated != b->deactivated || a->erased != b->erased)
        differ(difference, "activity", a->id);
    if (!text_equal(a->name, b->name))
        differ(difference, "name", a->id);
    if (!text_equal(a->email, b->email) || !text_equal(a->password, b->password))
        differ(difference, "address or password", a->id);
    if (a->greetings != b->greetings)
        differ(difference, "greeting", a->id);
    if ((a->has_record && a->record.open) != (b->has_record && b->record.open))
        differ(difference, "record", a->id);
}

static void compare_members(const struct world *world, const struct room_state *a, const struct room_state *b,
                            const char *alias, struct buffer *difference)
{
    for (size_t i = 0; i < world->user_count; i++) {
        const char *user = world->users[i].id;

        if (room_state_membership(a, user) != room_state_membership(b, user))
            (void)buffer_append_format(difference, "membership of %s in %s, ", user, alias);
        if (levels_of(a->levels, user) != levels_of(b->levels, user))
            (void)buffer_append_format(difference, "level of %s in %s, ", user, alias);
    }
}

static void compare_states(const struct room_state *a, const struct room_state *b, const char *alias,
                           struct buffer *difference)
{
    for (int i = 0; i < ROOM_SETTINGS; i++)
        if (!same_or_empty(a->settings[i], b->settings[i]))
            differ(difference, "settings", alias);
}

static void compare_rooms(const struct world *world, const struct world_alias *a, const struct world_alias *b,
                          struct buffer *difference)
{
    static const char *const keys[] = {"invite", "kick", "ban", "events_default"};

    if ((a->room != NULL) != (b->room != NULL)) {
        differ(difference, "existence", a->alias);
        return;
    }
    if (!a->room || !a->room->state->levels || !b->room->state->levels)
        return;
    compare_states(a->room->state, b->room->state, a->alias, difference);
    compare_members(world, a->room->state, b->room->state, a->alias, difference);
    for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++)
        if (world_level(a->room, keys[i], 1) != world_level(b->room, keys[i], 1))
            differ(difference, keys[i], a->alias);
}

void model_compare(const struct world *expected, const struct world *actual, struct buffer *ret_difference)
{
    for (size_t i = 0; i < expected->user_count; i++)
        compare_users(&expected->users[i], &actual->users[i], ret_difference);
    for (size_t i = 0; i < WORLD_ALIASES; i++)
        compare_rooms(expected, &expected->aliases[i], &actual->aliases[i], ret_difference);
}
