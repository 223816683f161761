/* What is done to rooms that greet. */
#include "engine/simulation/deed.h"

#include "base/memory.h"

#include <stdlib.h>

void deed_create_welcome_room(const struct deed *deed)
{
    struct world *world = deed->world;
    CLEANUP(freep) char *alias = synapse_welcome_alias(deed->call->user);
    struct world_room *room;

    if (deed_is_taken(deed, alias))
        return;
    if ((!deed->user->ours && !deed->user->ambiguous) || deed->user->puppet)
        world_accuse(world, "%s is welcomed, but was there before", deed->user->id);
    room = world_make_room(world, alias, world->rules.sync_user, deed_stage_of(deed));
    room->greets = deed->user->id;
    if (room->state->creator) {
        text_set(&room->state->made_to_welcome, deed->user->id);
        text_set(&room->state->mark, deed->call->mark);
    }
    deed->reply->text = text_copy(room->id);
    if (!room->state->levels || (deed->cut && chance_percent(50)) || deed->call->bare)
        return;
    if (world->no_invitations || text_equal(deed->user->id, world->uninvited)) {
        room->refused = true;
        free(TAKE(deed->reply->text));
        deed_refuse(deed, "M_FORBIDDEN");
        return;
    }
    room_state_set_membership(room->state, deed->user->id, MEMBERSHIP_INVITE);
}

void deed_invite_user(const struct deed *deed)
{
    if (!deed->room->exists || !deed->room->state->levels ||
        text_equal(deed->user->id, deed->world->uninvited) ||
        room_state_membership(deed->room->state, deed->user->id) == MEMBERSHIP_JOIN)
        deed_refuse(deed, "M_FORBIDDEN");
    else
        world_move(deed->world, deed->room, deed->user->id, MEMBERSHIP_INVITE);
}

void deed_read_welcome(const struct deed *deed)
{
    if (!deed->room->exists || !deed->room->state->levels)
        deed_refuse(deed, "M_FORBIDDEN");
    else
        deed->reply->greeted = deed->room->greeted;
}

void deed_send_welcome(const struct deed *deed)
{
    if (!deed->room->exists || !deed->room->state->levels) {
        deed_refuse(deed, "M_FORBIDDEN");
        return;
    }
    if (!text_equal(deed->room->greets, deed->user->id) ||
        room_state_membership(deed->room->state, deed->user->id) == MEMBERSHIP_NONE)
        world_accuse(deed->world, "the message for %s goes into the wrong room", deed->user->id);
    if (!deed->call->welcome)
        world_accuse(deed->world, "the message for %s is empty", deed->user->id);
    if (deed->user->greetings++ > 0)
        world_accuse(deed->world, "%s is greeted twice", deed->user->id);
    deed->room->greeted = true;
}
