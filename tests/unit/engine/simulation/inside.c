/* What is done inside of rooms. */
#include "engine/simulation/deed.h"

#include "base/memory.h"

#include <jansson.h>
#include <string.h>

void deed_read_levels(const struct deed *deed)
{
    struct world_room *room = deed->room;

    if (!room->exists || room_state_membership(room->state, deed->world->rules.sync_user) != MEMBERSHIP_JOIN)
        deed_refuse(deed, "M_FORBIDDEN");
    else if (!room->state->levels)
        deed_finds_nothing(deed);
    else {
        CLEANUP(freep) char *text = levels_print(room->state->levels);

        deed->reply->levels = levels_parse(text, strlen(text));
        room->looked_at = instant_now();
    }
}

static bool is_raised(const struct synapse_call *call, const char *user)
{
    for (size_t i = 0; i < call->raised_count; i++)
        if (strcmp(call->raised[i].user, user) == 0)
            return true;
    return false;
}

/* Nobody is lowered, nobody raised who should not be, and whatever else there was is there still. */
static void judge_levels(const struct deed *deed)
{
    const struct levels *before = deed->room->state->levels, *after = deed->call->content;
    static const char *const own[] = {"invite", "kick", "ban", "events_default", "users"};
    CLEANUP(freep) char *before_text = levels_print(before), *after_text = levels_print(after);
    json_auto_t *old = json_loads(before_text, 0, NULL), *new = json_loads(after_text, 0, NULL);

    for (size_t i = 0; i < deed->world->user_count; i++) {
        const char *user = deed->world->users[i].id;

        if (levels_of(after, user) < levels_of(before, user))
            world_accuse(deed->world, "%s is lowered in %s", user, deed->room->id);
        if (levels_of(after, user) > levels_of(before, user) && !is_raised(deed->call, user))
            world_accuse(deed->world, "%s is raised in %s", user, deed->room->id);
    }
    for (size_t i = 0; i < sizeof(own) / sizeof(own[0]); i++) {
        (void)json_object_del(old, own[i]);
        (void)json_object_del(new, own[i]);
    }
    if (!json_equal(old, new))
        world_accuse(deed->world, "other levels of %s are changed", deed->room->id);
}

bool deed_levels_are_too_large(const struct deed *deed, const struct levels *levels)
{
    CLEANUP(freep) char *text = levels_print(levels);

    return deed->world->largest_levels > 0 && strlen(text) > deed->world->largest_levels;
}

static bool are_vetoed(const struct deed *deed)
{
    const struct levels *before = deed->room->state->levels, *after = deed->call->content;
    const char *unraised = deed->world->unraised;

    if (unraised && levels_of(after, unraised) != levels_of(before, unraised))
        return true;
    return deed->world->keeps_levels && !deed->call->only_raised;
}

void deed_write_levels(const struct deed *deed)
{
    struct world_room *room = deed->room;
    CLEANUP(freep) char *text = levels_print(deed->call->content);

    if (deed_levels_are_too_large(deed, deed->call->content)) {
        deed_refuse(deed, "M_TOO_LARGE");
        return;
    }
    if (are_vetoed(deed)) {
        deed_refuse(deed, "M_FORBIDDEN");
        return;
    }
    if (!room->exists || !world_may(room, deed->world->rules.sync_user, 100)) {
        deed_refuse(deed, "M_FORBIDDEN");
        return;
    }
    if (instant_now() > room->looked_at + RECENTLY)
        world_accuse(deed->world, "levels of %s are written that were not read right before", room->id);
    judge_levels(deed);
    levels_free(room->state->levels);
    room->state->levels = levels_parse(text, strlen(text));
    world_touch(room);
}

void deed_write_setting(const struct deed *deed)
{
    static const int64_t needed[ROOM_SETTINGS] = {50, 50, 100, 100, 100, 100};
    const struct synapse_call *call = deed->call;

    if (!deed->room->exists || !world_may(deed->room, deed->world->rules.sync_user, needed[call->setting])) {
        deed_refuse(deed, "M_FORBIDDEN");
        return;
    }
    if (call->setting == ROOM_CANONICAL_ALIAS && world_room_of(deed->world, call->value) != deed->room) {
        deed_refuse(deed, "M_BAD_ALIAS");
        return;
    }
    text_set(&deed->room->state->settings[call->setting], call->value);
    world_touch(deed->room);
}

void deed_join_user(const struct deed *deed)
{
    struct world_room *room = deed->room;

    if (!deed->user->here || !room->exists) {
        deed_finds_nothing(deed);
        return;
    }
    if (deed->user->deactivated)
        world_accuse(deed->world, "%s is joined, who is deactivated", deed->user->id);
    if (text_equal(deed->user->id, deed->world->vetoed))
        deed_refuse(deed, "M_FORBIDDEN");
    else if (room_state_membership(room->state, deed->user->id) == MEMBERSHIP_BAN)
        deed_refuse(deed, "M_BAD_STATE");
    else if (room_state_membership(room->state, deed->user->id) == MEMBERSHIP_JOIN ||
             !world_may(room, deed->world->rules.sync_user, world_level(room, "invite", 0)))
        deed_refuse(deed, "M_FORBIDDEN");
    else
        world_move(deed->world, room, deed->user->id, MEMBERSHIP_JOIN);
}

/* Synapse acts as a local member who has the power; the sync user is invited if it is not in. */
void deed_regain_room(const struct deed *deed)
{
    struct world_room *room = deed->room;
    const char *sync_user = deed->world->rules.sync_user;
    enum membership membership;
    bool helped = false;

    if (!room->exists) {
        deed_finds_nothing(deed);
        return;
    }
    membership = room_state_membership(room->state, sync_user);
    for (size_t i = 0; i < deed->world->user_count; i++)
        helped = helped || world_may(room, deed->world->users[i].id, 100);
    if (!helped || membership == MEMBERSHIP_BAN) {
        deed_refuse(deed, "M_FORBIDDEN");
        return;
    }
    if (!room_state_reigns(room->state, sync_user))
        world_set_user_level(room, sync_user, 100);
    if (membership != MEMBERSHIP_JOIN)
        world_move(deed->world, room, sync_user, MEMBERSHIP_INVITE);
}

void deed_enter_room(const struct deed *deed)
{
    struct world_room *room = deed->room;
    const char *sync_user = deed->world->rules.sync_user;
    enum membership membership = room_state_membership(room->state, sync_user);

    if (!room->exists)
        deed_finds_nothing(deed);
    else if (membership == MEMBERSHIP_INVITE ||
             (text_equal(room->state->settings[ROOM_JOIN_RULE], "public") && membership != MEMBERSHIP_BAN))
        world_move(deed->world, room, sync_user, MEMBERSHIP_JOIN);
    else if (membership != MEMBERSHIP_JOIN)
        deed_refuse(deed, "M_FORBIDDEN");
}
