#include "engine/witness.h"

/* Whether the member is in the room, with the level that is wanted. */
static bool shows(const struct room_state *state, const struct place *room, const struct place *member)
{
    const char *user = member->subject->key;

    return room_state_membership(state, user) == MEMBERSHIP_JOIN &&
           (room_state_reigns(state, user) ||
            levels_of(state->levels, user) >= order_level_wanted(member, room));
}

enum witness witness_by_room(const struct mirror *mirror, const struct place *place,
                             const struct place *member)
{
    const struct room_known *room = &place->subject->room;

    if (!room->mirrored || !room->state || !room->state->levels || room->news || !place->in_front ||
        mirror_is_gone(mirror, room) || !shows(room->state, place, member))
        return WITNESS_NONE;
    return mirror_as_of(mirror, room) >= place->message->arrived ? WITNESS_GIVEN : WITNESS_DUE;
}

enum witness witness_of_user(const struct mirror *mirror, const struct place *user)
{
    const struct engine_message *message = user->message;
    enum witness witness = WITNESS_GIVEN;

    if (user->subject->may_return || message->place_count == message->user_count)
        return WITNESS_NONE;
    for (size_t i = message->user_count; i < message->place_count && witness != WITNESS_NONE; i++) {
        enum witness one = witness_by_room(mirror, &message->places[i], user);

        witness = one < witness ? one : witness;
    }
    return witness;
}
