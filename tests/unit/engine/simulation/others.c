#include "engine/simulation/others.h"

#include "base/memory.h"

#include <string.h>

const char *const others_names[3] = {"Anna Arnold", "Bert Bauer", "Carl Clausen"};
const char *const others_emails[3] = {"one@school.example", "two@school.example", "taken@school.example"};

const char *others_choose(unsigned null_percent, const char *const *texts, size_t count)
{
    return chance_percent(null_percent) ? NULL : texts[chance_below((unsigned)count)];
}

/* ---- users ---- */

static bool is_full(const struct world *world)
{
    return world->room_count > WORLD_ROOMS / 2;
}

/* What is left of a greeting that was cut, or of one by the predecessor. */
static void leave_welcome(struct world *world, struct world_user *user)
{
    const char *alias = world->aliases[WORLD_ALIASES + (size_t)(user - world->users)].alias;
    enum world_stage stage = (enum world_stage)chance_below(STAGE_ALL + 1);
    struct world_room *room = world_make_room(world, alias, world->rules.sync_user, stage);

    room->greets = user->id;
    text_set(&room->state->settings[ROOM_MARKER], NULL);
    if (room->state->creator && chance_percent(75))
        text_set(&room->state->made_to_welcome, user->id);
    if (stage < STAGE_ALL || chance_percent(30))
        return;
    room_state_set_membership(room->state, user->id, MEMBERSHIP_INVITE);
    if (chance_percent(50)) {
        room->greeted = true;
        user->greetings = 1;
    }
}

/* To somebody's own room, or to a class room, where the user may be already; its moderators can even have it
   call itself by the alias, if the predecessor made it. */
static void squat_welcome(struct world *world, const struct world_user *user)
{
    struct world_alias *alias = &world->aliases[WORLD_ALIASES + (size_t)(user - world->users)];
    const char *class = world->aliases[0].alias;
    struct world_room *room;

    if (chance_percent(50)) {
        room = world_make_room(world, alias->alias, "@stranger:school", STAGE_ALL);
        if (chance_percent(50))
            world_empty(world, room);
        return;
    }
    room = world_make_room(world, class, world->rules.sync_user, STAGE_ALL);
    alias->room = room;
    if (chance_percent(50))
        room_state_set_membership(room->state, user->id, MEMBERSHIP_JOIN);
    if (chance_percent(50))
        world_dedicate(room, class);
    else if (chance_percent(50))
        text_set(&room->state->settings[ROOM_CANONICAL_ALIAS], alias->alias);
}

static void leave_record(struct world_user *user, bool open)
{
    user->has_record = true;
    user->record = (struct synapse_record){.open = open, .email = open && chance_percent(40)};
}

static void populate_absent(struct world_user *user)
{
    if (chance_percent(30))
        leave_record(user, true);
}

static void populate_own(struct world *world, struct world_user *user)
{
    user->ours = true;
    leave_record(user, chance_percent(70));
    world_make_user(world, user, others_choose(30, others_names, 3), NULL);
    if (chance_percent(60))
        leave_welcome(world, user);
    else if (chance_percent(25))
        squat_welcome(world, user);
    if (!user->record.open)
        user->greetings = 1;
}

static void populate_before(struct world *world, struct world_user *user)
{
    world_make_user(world, user, others_choose(30, others_names, 3), others_choose(70, others_emails, 2));
    if (chance_percent(20))
        leave_record(user, false);
    if (chance_percent(25))
        world_deactivate(world, user, chance_percent(50));
    user->puppet = chance_percent(20);
}

void others_populate(struct world *world)
{
    text_set(&world->users[WORLD_STRANGER].email, others_emails[2]);
    text_set(&world->users[WORLD_BOSS].name, "The Boss");
    for (size_t i = 0; i < WORLD_PUPILS; i++) {
        struct world_user *user = &world->users[i];

        if (chance_percent(40))
            populate_absent(user);
        else if (chance_percent(50))
            populate_own(world, user);
        else
            populate_before(world, user);
    }
    if (chance_percent(30))
        world->rules.protected_users = world->named;
}

void others_create(struct world *world, struct world_user *user)
{
    if (user->here)
        return;
    user->ambiguous = user->found_absent || (user->has_record && user->record.open);
    world_make_user(world, user, "Somebody Else", NULL);
    world_note(world, "others create %s", user->id);
}

/* ---- rooms ---- */

void others_decorate(struct world *world, struct world_room *room)
{
    static const int64_t levels[] = {-10, 0, 10, 50, 75, 100};
    static const char *const rules[] = {"invite", "public", "knock"};

    for (size_t i = 0; i < WORLD_SUBJECTS; i++) {
        if (chance_percent(60) && world->users[i].here && !world->users[i].deactivated)
            room_state_set_membership(room->state, world->users[i].id,
                                      (enum membership)chance_below(MEMBERSHIP_KNOCK + 1));
        if (chance_percent(30))
            world_set_user_level(room, world->users[i].id, levels[chance_below(6)]);
    }
    text_set(&room->state->settings[ROOM_NAME], others_choose(10, others_names, 3));
    text_set(&room->state->settings[ROOM_TOPIC], others_choose(40, others_names, 3));
    if (chance_percent(30)) {
        text_set(&room->state->settings[ROOM_JOIN_RULE], rules[chance_below(3)]);
        text_set(&room->state->settings[ROOM_GUEST_ACCESS], others_choose(50, rules, 3));
        text_set(&room->state->settings[ROOM_CANONICAL_ALIAS], NULL);
        text_set(&room->state->settings[ROOM_MARKER], chance_percent(50) ? "managed" : NULL);
        world_set_level(room, "invite", 50);
    }
    if (chance_percent(20))
        world_set_level(room, "users_default", 10);
}

static void put_out_sync(struct world *world, struct world_room *room)
{
    static const enum membership ways[] = {MEMBERSHIP_LEAVE, MEMBERSHIP_BAN, MEMBERSHIP_INVITE};
    const char *member = world->users[chance_below(WORLD_SUBJECTS)].id;

    world_move(world, room, member, MEMBERSHIP_JOIN);
    if (chance_percent(60))
        world_set_user_level(room, member, 100);
    world_move(world, room, world->rules.sync_user, ways[chance_below(3)]);
}

void others_weaken_sync(struct world *world, struct world_room *room)
{
    world_move(world, room, "@boss:school", MEMBERSHIP_JOIN);
    if (chance_percent(50))
        world_set_user_level(room, "@boss:school", 100);
    world_set_user_level(room, world->rules.sync_user, chance_percent(50) ? 50 : 0);
}

static void build_former(struct world *world, const char *alias)
{
    struct world_room *room = world_make_room(world, alias, world->former[0], STAGE_ALL);

    if (chance_percent(60)) {
        world_move(world, room, world->rules.sync_user, MEMBERSHIP_JOIN);
        world_set_user_level(room, world->rules.sync_user, 100);
    }
    if (chance_percent(40))
        world_move(world, room, world->former[0], MEMBERSHIP_LEAVE);
}

static void build_new_version(struct world *world, const char *alias)
{
    struct world_room *room = world_make_room(world, alias, world->rules.sync_user, STAGE_ALL);

    room->state->creators_reign = true;
    text_set(&room->state->version, "12");
    world_set_user_level(room, world->rules.sync_user, 0);
    others_decorate(world, room);
}

/* Who is in a room may bind any free alias to it. */
static void squat(struct world *world, struct world_alias *alias)
{
    struct world_room *room = world->aliases[chance_below(WORLD_ALIASES)].room;

    if (!world->squatters || alias->room || !room || !room->exists || !room->state->levels ||
        room->deletion == BEING_DELETED)
        return;
    alias->room = room;
    room->squatted_at = instant_now();
    world_note(world, "%s is bound to %s", alias->alias, room->id);
}

static struct world_room *build_room(struct world *world, const char *alias, unsigned condition)
{
    const char *sync_user = world->rules.sync_user, *stranger = "@stranger:school";
    struct world_room *room = NULL;

    switch (condition) {
    case 0:
    case 1:
        break;
    case 2:
        return world_make_room(world, alias, sync_user, (enum world_stage)chance_below(STAGE_ALL));
    case 3:
        room = world_make_room(world, alias, stranger, (enum world_stage)chance_below(STAGE_ALL + 1));
        if (chance_percent(30))
            world_empty(world, room);
        return room;
    case 4:
        build_former(world, alias);
        break;
    case 5:
        build_new_version(world, alias);
        break;
    case 6: /* a welcome room under the wrong alias */
        room = world_make_room(world, "#sync_boss:school", sync_user, STAGE_ALL);
        room->greets = "@boss:school";
        world_alias(world, alias)->room = room;
        return NULL;
    default:
        room = world_make_room(world, alias, sync_user, STAGE_ALL);
        others_decorate(world, room);
        break;
    }
    return room;
}

/* Rooms of the predecessor do not say what they were made for. */
static struct world_room *build_one(struct world *world, const char *alias, unsigned condition)
{
    struct world_room *room = build_room(world, alias, condition);

    if (room && room->creator == world->rules.sync_user && chance_percent(60))
        world_dedicate(room, alias);
    return room;
}

static void ruin(struct world *world, struct world_alias *alias, struct world_room *room)
{
    switch (chance_below(9)) {
    case 0:
        world_empty(world, room);
        break;
    case 5: /* as a room upgrade does */
        (void)world_upgrade(world, alias, chance_percent(50) ? room->creator : "@stranger:school");
        break;
    case 1:
        put_out_sync(world, room);
        break;
    case 2:
        others_weaken_sync(world, room);
        break;
    case 3:
        world_purge(world, room);
        if (chance_percent(50))
            alias->room = room; /* dangling */
        break;
    case 4:
        if (room->creator == world->rules.sync_user) {
            world_empty(world, room);
            room->deletion = BEING_DELETED;
            room->looks = chance_below(3);
        }
        break;
    default:
        break;
    }
}

void others_build(struct world *world)
{
    for (size_t i = 0; i < WORLD_ALIASES; i++) {
        struct world_room *room = build_one(world, world->aliases[i].alias, chance_below(14));

        if (room && room->state->levels)
            ruin(world, &world->aliases[i], room);
    }
    if (chance_percent(30))
        squat(world, &world->aliases[chance_below(WORLD_ALIASES)]);
}

/* ---- changes ---- */

static void chat(struct world *world, struct world_alias *alias, struct world_room *room)
{
    static const int64_t levels[] = {0, 50, 75, 100};
    const struct world_user *person = &world->users[chance_below(WORLD_SUBJECTS)];
    const char *user = person->id;
    bool here = person->here && !person->deactivated;

    switch (chance_below(8)) {
    case 0:
        if (here)
            world_move(world, room, user,
                       chance_percent(50) ? MEMBERSHIP_LEAVE : (enum membership)chance_below(6));
        break;
    case 1:
        text_set(&room->state->settings[ROOM_NAME], others_choose(10, others_names, 3));
        break;
    case 2:
        text_set(&room->state->settings[ROOM_MARKER], NULL);
        break;
    case 3:
        text_set(&room->state->settings[ROOM_JOIN_RULE], "public");
        break;
    case 4:
        if (chance_percent(30))
            ruin(world, alias, room);
        break;
    default:
        world_set_user_level(room, user, levels[chance_below(4)]);
        break;
    }
}

void others_finish(struct world *world, struct world_room *room)
{
    if (room->was_used && !room->state->creator)
        return;
    text_set(&room->state->creator, room->creator);
    if (room->state->joined == 0)
        room_state_set_membership(room->state, room->creator, MEMBERSHIP_JOIN);
    else
        room->state->levels = world_levels_of_maker(room->creator);
    (void)world;
    world_touch(room);
}

void others_act(struct world *world)
{
    struct world_alias *alias = &world->aliases[chance_below(WORLD_ALIASES)];
    struct world_room *room = alias->room;

    if (is_full(world))
        return;
    if (!room && chance_percent(20))
        squat(world, alias);
    if (!alias->room && chance_percent(30))
        (void)build_one(world, alias->alias, chance_below(14));
    if (!room || !room->exists || room->greets || room->deletion == BEING_DELETED)
        return;
    if (room->state->levels)
        chat(world, alias, room);
    else
        others_finish(world, room);
    world_note(world, "others act in %s", room->id);
}

/* ---- changes that the model knows how to deal with ---- */

static void meddle_with_user(struct world *world, struct world_user *user)
{
    bool active = user->here && !user->deactivated;

    switch (chance_below(5)) {
    case 4: /* the rooms show the old name again: all that is told is that there is a new event */
        if (active)
            text_set(&user->name, others_choose(20, others_names, 3));
        user->restates = true;
        break;
    case 0:
        if (active)
            text_set(&user->name, others_choose(20, others_names, 3));
        break;
    case 1:
        if (active && !user->admin)
            world_deactivate(world, user, chance_percent(50));
        break;
    case 2:
        user->deactivated = user->erased = false;
        break;
    default:
        if (!user->has_record)
            others_create(world, user);
        break;
    }
}

static void meddle_with_members(struct world *world, struct world_room *room, const struct world_user *user)
{
    static const int64_t levels[] = {0, 10, 50, 75};

    if (user->here && !user->deactivated && chance_percent(60))
        world_move(world, room, user->id, (enum membership)(MEMBERSHIP_INVITE + chance_below(5)));
    else
        world_set_user_level(room, user->id, levels[chance_below(4)]);
}

/* The alias goes to a new room, as an upgrade of the old one does it. */
static void replace(struct world *world, struct world_alias *alias)
{
    world_note(world, "others replace %s", alias->room->id);
    (void)world_upgrade(world, alias, chance_percent(50) ? world->rules.sync_user : "@stranger:school");
}

static void meddle_with_settings(struct world *world, struct world_alias *alias)
{
    static const char *const rules[] = {"public", "knock", "can_join"};
    static const char *const keys[] = {"invite", "kick", "ban", "events_default"};
    struct world_room *room = alias->room;

    switch (chance_below(10)) {
    case 8:
        text_set(&room->state->settings[ROOM_NAME], NULL);
        room->redacts = true;
        break;
    case 9:
        text_set(&room->state->settings[ROOM_TOPIC], NULL);
        room->redacts = true;
        break;
    case 0:
        text_set(&room->state->settings[ROOM_NAME], others_choose(20, others_names, 3));
        break;
    case 1:
        text_set(&room->state->settings[ROOM_TOPIC], others_choose(20, others_names, 3));
        break;
    case 2:
        text_set(&room->state->settings[ROOM_JOIN_RULE], rules[chance_below(2)]);
        break;
    case 3:
        text_set(&room->state->settings[ROOM_GUEST_ACCESS], rules[2]);
        break;
    case 4:
        text_set(&room->state->settings[ROOM_CANONICAL_ALIAS], NULL);
        break;
    case 5:
        text_set(&room->state->settings[ROOM_MARKER], NULL);
        break;
    case 6:
        world_set_level(room, keys[chance_below(4)], (int64_t)chance_below(100));
        break;
    default:
        replace(world, alias);
        break;
    }
}

void others_meddle(struct world *world, bool users)
{
    struct world_alias *alias = &world->aliases[chance_below(WORLD_ALIASES)];
    struct world_user *user = &world->users[chance_below(WORLD_SUBJECTS)];
    unsigned what = chance_below(100);

    world_note(world, "others meddle with %s or %s", user->id, alias->alias);
    if (what < 30 && users)
        meddle_with_user(world, user);
    else if (!alias->room)
        (void)world_make_room(world, alias->alias, "@stranger:school", STAGE_ALL);
    else if (what < 60)
        meddle_with_members(world, alias->room, user);
    else if (what < 92)
        meddle_with_settings(world, alias);
    else
        world_purge(world, alias->room);
}

static void rename_unheard(struct world_user *user)
{
    if (!user->here || user->deactivated)
        return;
    text_set(&user->name, others_choose(20, others_names, 3));
    text_set(&user->shown_name, user->name);
    user->shows_at = INSTANT_NEVER;
}

void others_meddle_unheard(struct world *world)
{
    struct world_alias *alias = &world->aliases[chance_below(WORLD_ALIASES)];
    struct world_user *user = &world->users[chance_below(WORLD_SUBJECTS)];
    bool renames = chance_percent(50), frees = chance_percent(50);

    world_note(world, "others meddle unheard with %s", renames ? user->id : alias->alias);
    if (renames)
        rename_unheard(user);
    else if (frees)
        alias->room = NULL;
    else
        (void)world_make_room(world, alias->alias, "@stranger:school", STAGE_ALL);
}

void others_silence(struct world *world)
{
    for (size_t i = 0; i < world->room_count; i++)
        world->rooms[i].silent = chance_percent(50);
}
