#ifndef SYNC_TESTS_ENGINE_HOMESERVER_H
#define SYNC_TESTS_ENGINE_HOMESERVER_H

#include "engine/simulation/clock.h"
#include "engine/simulation/stream.h"
#include "engine/simulation/world.h"

/*
 * A simulated Synapse: answers calls as the real one does (the comments of include/synapse/call.h say what
 * that is), judges what it is asked to do, and can be told to make trouble.
 */

/* What becomes of a call. */
enum fate {
    FATE_NORMAL,
    FATE_LOST,       /* not carried out; no answer */
    FATE_UNANSWERED, /* carried out; no answer */
    FATE_CUT,        /* carried out in part, where that can be; no answer */
    FATE_BROKEN,     /* carried out in part, where that can be; 500 */
    FATE_FAILED,     /* not carried out; 500 */
    FATE_LATE,       /* carried out; 500 */
    FATE_LIMITED,    /* 429 */
    FATE_SHUT_OUT,   /* 401 */
    FATE_RACE,       /* somebody else is a moment faster; then as usual */
    FATES,
    FATE_REFUSED = FATES, /* 403, without reason */
    FATE_IDLE,            /* 200, but nothing was done */
    FATE_DENIED,          /* 403, with an errcode that tells nothing */
};

struct homeserver {
    struct world *world;
    unsigned trouble;  /* of a hundred calls go wrong */
    unsigned patience; /* calls may go wrong still */
    unsigned races;    /* of a hundred calls that go wrong are races */
    bool mas;          /* MAS keeps the accounts */
    bool refuses;      /* some of the calls that go wrong are refused without reason */

    enum fate curse;    /* of all calls that are concerned; FATE_NORMAL: there is none */
    const char *cursed; /* the user or alias that a call must be about to be concerned; NULL: any */
    int cursed_kind;    /* the kind that it must be of; -1: any */
};

/* Answers one call; the caller frees what the reply owns. */
void homeserver_answer(struct homeserver *homeserver, const struct synapse_call *call,
                       struct synapse_reply *ret_reply);
/* The same, with a given fate. */
void homeserver_answer_so(struct homeserver *homeserver, const struct synapse_call *call, enum fate fate,
                          struct synapse_reply *ret_reply);
/* Whether it does not answer who asks how it is. */
bool homeserver_is_away(struct homeserver *homeserver);

#endif
