#ifndef SYNC_SYNAPSE_CHANGES_H
#define SYNC_SYNAPSE_CHANGES_H

#include "synapse/state.h"

/*
 * What has changed in the rooms of the sync user since a position in the homeserver's stream of events
 * (Matrix client-server API, GET /_matrix/client/v3/sync).
 *
 * Of each room that has changed come its newest state events, one of each kind and state_key; state events
 * that nobody asks for here are passed over. A room in which only messages were sent has none.
 *
 * A redaction empties a state event that stays the same one, so its room is doubtful; and so is one in which
 * so much was written that there may have been a redaction among what is not told.
 */
struct state_events; /* of one room */

struct room_change {
    char *room;                  /* id */
    bool left;                   /* the sync user is not in it any more; there are no events then */
    bool doubtful;               /* its state may have changed in a way that the events do not show */
    struct state_events *events; /* NULL: none */
};

struct changes {
    char *position; /* up to which this tells; where to go on */
    size_t room_count;
    struct room_change *rooms;
};

/* NULL is fine. */
void changes_free(struct changes *changes);
DEFINE_CLEANUP(struct changes, changes_free)

/* NULL is fine. */
void state_events_free(struct state_events *events);
DEFINE_CLEANUP(struct state_events, state_events_free)

/* Puts the events into the state, in their order. */
void room_state_apply(struct room_state *state, const struct state_events *events);
/* Whether the state would be the same with them. */
bool room_state_agrees(const struct room_state *state, const struct state_events *events);

/* What an event says of a member. Texts are borrowed from the events. */
struct member_event {
    const char *user;
    const char *name; /* display name; NULL: none */
    enum membership membership;
    int64_t age; /* ms, when it was told; -1: that was not said */
};
size_t state_events_count(const struct state_events *events);
/* False: the event of that number (from 0) is not about a member. */
bool state_events_member(const struct state_events *events, size_t number, struct member_event *ret_member);

/*
 * The rooms that the sync user is in. A room that was deleted together with all its events is in no list of
 * changes; only here it is missing.
 */
struct joined_rooms;

/* NULL is fine. */
void joined_rooms_free(struct joined_rooms *joined);
DEFINE_CLEANUP(struct joined_rooms, joined_rooms_free)
bool joined_rooms_has(const struct joined_rooms *joined, const char *room);

#endif
