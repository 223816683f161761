#ifndef SYNC_ENGINE_ASSUMED_WORLD_H
#define SYNC_ENGINE_ASSUMED_WORLD_H

#include "engine/rules.h"
#include "synapse/call.h"

#include "base/hash.h"

/*
 * What is assumed to have been written on a homeserver. Of users and rooms that really are there only the
 * differences are kept. How that changes what is read: engine/assumed_reads.h.
 */
struct assumed_user {
    char *id;
    bool made;     /* as a whole, by us */
    bool named;    /* to be called: */
    char *name;    /* NULL: not at all */
    char *email;   /* that was given; NULL: none was */
    char *account; /* its id at MAS, where that was named; NULL: it was not */
    bool enlisted; /* MAS had none before */
    bool retired;  /* deactivated at some time: has left all rooms and lost the address */
    enum { ACTIVITY_AS_IT_IS, ACTIVITY_ON, ACTIVITY_OFF } activity;
    bool recorded; /* with: */
    struct synapse_record record;
    UT_hash_handle hh;
};

struct assumed_member {
    char *user;
    enum membership membership;
    UT_hash_handle hh;
};

struct assumed_room {
    char *id;
    bool made; /* as a whole, by us, */
    bool deleted;
    char *made_for, *made_to_welcome; /* see struct room_state */
    char *settings[ROOM_SETTINGS];    /* NULL: as it is */
    struct levels *levels;            /* NULL: as they are */
    bool regained;                    /* the sync user got its power there */
    bool entered;                     /* and came in; on the homeserver it is not in it */
    struct assumed_member *members;   /* others: as they are */
    UT_hash_handle hh;
};

struct assumed_alias {
    char *alias;
    char *room; /* to which it leads now; NULL: to none */
    UT_hash_handle hh;
};

/* Zeroed before, but for the rules. */
struct assumed_world {
    struct engine_rules rules;
    struct assumed_user *users;
    struct assumed_room *rooms;
    struct assumed_alias *aliases;
    unsigned rooms_made, accounts_made;
};

void assumed_world_deinit(struct assumed_world *world);

/* NULL: nothing is assumed of it. */
struct assumed_user *assumed_find_user(const struct assumed_world *world, const char *id) MUST_USE;
struct assumed_room *assumed_find_room(const struct assumed_world *world, const char *id) MUST_USE;
struct assumed_alias *assumed_find_alias(const struct assumed_world *world, const char *name) MUST_USE;
struct levels *assumed_copy(const struct levels *levels) MUST_USE;

/* Whether writes of this kind are known here; all must be. */
bool assumed_knows(enum synapse_kind kind);
/* Carries the write out, here. The caller frees what the reply owns. */
void assumed_write(struct assumed_world *world, const struct synapse_call *call, struct synapse_reply *reply);

#endif
