#ifndef SYNC_ENGINE_FLIGHT_H
#define SYNC_ENGINE_FLIGHT_H

#include "engine/room.h"

/*
 * A call under way. What it asked for is needed when its reply is taken in, and the message it was made for
 * may be gone by then; so the flight owns a copy.
 */
struct flight {
    struct synapse_call call; /* with texts of its own */
    struct engine *engine;
    struct subject *subject;
    instant sent;
    bool outdated; /* something has happened that its reply may not know of */
    bool mirrored; /* what has changed since it was sent is told to us, and nothing was so far
                      (engine/mirror.h) */
    bool waits;    /* for the next request of the ledger (engine/ledger.h) */
    struct flight *prev, *next;

    struct levels_user *raised;
    char **raised_users;    /* their ids */
    struct levels *content; /* of SYNAPSE_WRITE_LEVELS */
};

/* Copies the call, and gives a room that it makes a mark; `room` is what is known of the room, for
   SYNAPSE_WRITE_LEVELS. Password and welcome are still borrowed, for the sending. */
struct flight *flight_new(const struct synapse_call *call, const struct room_known *room) MUST_USE;
/* The call was sent: what it only borrowed is forgotten. */
void flight_forget_borrowed(struct flight *flight);
/* NULL is fine. */
void flight_free(struct flight *flight);
DEFINE_CLEANUP(struct flight, flight_free)

#endif
