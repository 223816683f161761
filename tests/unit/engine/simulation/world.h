#ifndef SYNC_TESTS_ENGINE_WORLD_H
#define SYNC_TESTS_ENGINE_WORLD_H

#include "base/buffer.h"
#include "base/instant.h"
#include "engine/simulation/clock.h"
#include "engine/user.h"
#include "synapse/call.h"
#include "synapse/state.h"

#include <jansson.h>

/*
 * The truth: users and rooms as they are on a simulated homeserver, for tests of the engine. Small and of
 * fixed size: nine users (more where a crowd is wanted), four aliases of rooms, those of the welcome rooms.
 *
 * The simulation judges too: whatever the sync must never do is noted as a crime, along with
 * a trace of everything that happened.
 */

enum {
    WORLD_PUPILS = 5,          /* users whom requests are about */
    WORLD_BOSS = WORLD_PUPILS, /* a server admin */
    WORLD_STRANGER,            /* a user of the homeserver of whom no request knows */
    WORLD_FORMER,              /* a sync user of former times */
    WORLD_SYNC,                /* the sync user */
    WORLD_USUAL,               /* users of most worlds */
    WORLD_MOST_USERS = 120,
    WORLD_SUBJECTS = WORLD_BOSS + 1, /* the first ones: users whom requests may be about */

    WORLD_ALIASES = 4, /* of rooms; those of welcome rooms come behind, by user */
    WORLD_ROOMS = 256,
    WORLD_REMOVALS = 512, /* that are noted */
    WORLD_PARTS = 8,      /* kinds of state events that are no member's */
};

struct world_user {
    char *id;
    bool here, deactivated, admin, erased;
    bool puppet; /* of a bridge */
    char *name, *email, *password;
    bool ours; /* created by the sync */
    struct {
        bool here, gone, admin; /* gone: deactivated */
        instant retires_at;     /* when the homeserver is told so; INSTANT_NEVER: it is not */
        bool erase;
        instant address_shows_at; /* at the homeserver */
    } account;                    /* at MAS, where that keeps them: see accounts.c */
    bool found_absent;            /* the sync has read so, and nobody wrote since */
    bool ambiguous; /* created by somebody else while the sync was about to: who greets may be wrong */
    unsigned greetings;
    bool has_record;
    struct synapse_record record;
    instant leaves_at; /* all rooms, having been deactivated; INSTANT_NEVER: does not */
    char *shown_name;  /* which name was looked at, and when rooms show it: see stream.h */
    instant shows_at;
    bool restates;    /* sets in the rooms the name that they show already, whatever the account has */
    instant asked_at; /* when the sync asked about the user last */
    struct {
        bool here, deactivated;
        instant until;
    } old; /* what one process still tells till then: see `lateness` */
};

/* What was told of a room, and at which position of the stream (stream.h). */
struct world_told_member {
    enum membership membership;
    char *name;
    uint64_t at;
    instant made_at;
};
struct world_told {
    bool in;        /* the sync user is */
    uint64_t moved; /* it came in, or left */
    uint64_t redacted, marked;
    struct {
        char *text; /* the content; NULL: no such event */
        uint64_t at;
    } parts[WORLD_PARTS];
    struct world_told_member members[WORLD_MOST_USERS];
};
struct world_answer {
    json_t *reply; /* NULL: none */
    uint64_t since;
    unsigned attempt;
    instant at;
};

enum world_deletion { NOT_DELETED, BEING_DELETED, DELETION_DONE, DELETION_BROKEN };

struct world_room {
    char id[16];
    bool exists;              /* there is a row of it; else all below is empty */
    const char *creator;      /* as the row has it */
    struct room_state *state; /* as it is; never NULL while it exists */
    bool was_used;            /* it has or had state */
    instant changed;          /* when the last event came */
    const char *greets;       /* the user, of a welcome room */
    bool greeted;             /* has the message */
    enum world_deletion deletion;
    unsigned looks; /* at the deletion, before it ends */
    bool deletion_fails;
    bool refused;            /* while it was made; so it stays as it is */
    bool silent;             /* /sync does not tell of it */
    bool marked;             /* by the sync user, and it was not told yet */
    bool redacts;            /* something was redacted, and nobody was told yet */
    instant squatted_at;     /* when somebody bound another alias to it; INSTANT_PAST: nobody did */
    instant looked_at;       /* by the sync, and nothing was done by it since; INSTANT_PAST: it was */
    struct world_told *told; /* NULL: nobody asked yet */
};

struct world_alias {
    char *alias;
    struct world_room *room; /* NULL: free. It may not exist any more */
};

struct world {
    struct engine_rules rules;
    const char *former[2];
    const char *named[2]; /* of whom some worlds say that they are protected */
    struct world_user users[WORLD_MOST_USERS];
    size_t user_count;
    struct world_alias aliases[WORLD_ALIASES + WORLD_MOST_USERS];
    struct world_room rooms[WORLD_ROOMS];
    size_t room_count;
    bool removing; /* what is wanted is a removal: rooms need not be half made to be deleted */
    bool lenient;  /* do not judge what only one who knows what is wanted can judge */
    instant removed_at[WORLD_REMOVALS]; /* accounts that the sync deactivated, rooms that it deleted */
    size_t removed;
    unsigned writes;              /* calls that were to change something and were carried out */
    unsigned made[SYNAPSE_KINDS]; /* calls that were carried out, by kind */
    unsigned invited;             /* as a room was made */
    unsigned deleting;            /* rooms at a time, the most that there were */
    int64_t lateness;             /* ms for which one of several processes tells what was before a deed */
    int64_t lag;                  /* ms within which names and departures of users reach the rooms */
    const char *vetoed;           /* a user whom a module of the homeserver lets into no room; NULL: nobody */
    bool no_rooms;                /* a module refuses every room while it is made */
    const char *unraised;         /* a user whose level a module does not let be changed; NULL: nobody */
    const char *uninvited;        /* a user whom a module lets nobody invite; NULL: nobody */
    bool no_invitations;          /* a module refuses to make rooms with an invitation in them */
    const char *unrecorded;       /* a user of whom no record may be written; NULL: nobody */
    size_t largest_levels;        /* bytes of the content of power levels, more is refused; 0: any fit */
    bool keeps_levels;            /* a module lets levels that are no user's be as they are */
    bool squatters;               /* people bind free aliases to rooms that have another */
    bool mute;                    /* it tells nobody what has changed */
    bool asked;                   /* somebody asked what changes */
    uint64_t position;            /* of the stream of changes */
    struct world_answer answer;   /* the last one about changes */
    struct buffer trace;
    char crime[512]; /* the first; "" for none */
};

void world_init(struct world *world);
/* So many further users, who are not there yet. */
void world_add_crowd(struct world *world, size_t count);
/* One more, who is not there yet. Takes the id. */
struct world_user *world_new_user(struct world *world, char *id);
void world_deinit(struct world *world);

/* NULL: no such thing. Room ids of rooms that are gone are still found. */
struct world_user *world_user(struct world *world, const char *id);
struct world_room *world_room(struct world *world, const char *id);
/* One of those that there are, free or not; others are not asked for. */
struct world_alias *world_alias(struct world *world, const char *alias);
/* The room that exists under the alias; NULL: none. */
struct world_room *world_room_of(struct world *world, const char *alias);

/* Notes what happened, for whoever has to find out why a test failed. */
void world_note(struct world *world, const char *format, ...) PRINTF_LIKE(2, 3);
/* Something that must never happen. */
void world_accuse(struct world *world, const char *format, ...) PRINTF_LIKE(2, 3);

/*
 * Runs a case with each of `count` seeds from `first` on; false as soon as one fails. The environment may
 * name another first seed (SEED) and count (CASES), to look at one case or at many more.
 */
bool world_try_cases(uint64_t first, unsigned count, bool (*run)(uint64_t seed, const void *context),
                     const void *context);
/* Whether nothing forbidden was done; else says what, and all that happened, on standard error. */
bool world_is_good(const struct world *world, uint64_t seed);

/* ---- deeds, of whomsoever ---- */

/* Makes the user; an e-mail address is taken from whoever had it, as Synapse does. */
void world_make_user(struct world *world, struct world_user *user, const char *name, const char *email);
/* With all that follows: rooms are left (by and by, if the world lags), name and address are gone if `erase`.
 */
void world_deactivate(struct world *world, struct world_user *user, bool erase);
/* The homeserver has heard of all deactivations at MAS of which it is to hear. */
void accounts_settle(struct world *world);
/* What was to happen by now happens; and what was to happen at all. */
void world_tick(struct world *world);
void world_settle(struct world *world);

/* How far the making of a room came. */
enum world_stage { STAGE_ALIAS, STAGE_CREATED, STAGE_JOINED, STAGE_ALL };
struct world_room *world_make_room(struct world *world, const char *alias, const char *creator,
                                   enum world_stage stage);
/* Those that the sync gives to a room of that creator. The caller frees them. */
struct levels *world_levels_of_maker(const char *creator);
/* A member joins, leaves…; when the last one goes, the state is lost. */
void world_move(struct world *world, struct world_room *room, const char *user, enum membership membership);
/* All leave. */
void world_empty(struct world *world, struct world_room *room);
/* Row, state and aliases are gone. */
void world_purge(struct world *world, struct world_room *room);
void world_touch(struct world_room *room);

/* A level of the room that is no user's: "invite"; `otherwise` when it is missing. */
int64_t world_level(const struct world_room *room, const char *key, int64_t otherwise);
/* The content of the power levels with one key set. */
void world_set_level(struct world_room *room, const char *key, int64_t level);
void world_set_user_level(struct world_room *room, const char *user, int64_t level);
/* Its alias leads to a new room of that creator from now on, which says where it came from. */
struct world_room *world_upgrade(struct world *world, struct world_alias *alias, const char *creator);
/* Its create event says that it was made for that alias; one that has none says nothing. */
void world_dedicate(struct world_room *room, const char *alias);
/* Whether it is the sync's to touch on account of this alias: a sync user made it, it is no welcome room, and
   it was made for no other alias. */
bool world_is_ours(const struct world *world, const struct world_room *room, const char *alias);
/* Whether a sync user made it to greet the user in it, and nothing speaks against that. */
bool world_may_greet(const struct world *world, const struct world_room *room, const struct world_user *user);
/* Whether the account is somebody else's business. */
bool world_protects(const struct world *world, const struct world_user *user);
/* Whether it is protected only by its name, and the sync, which made it, has not been told who it is. */
bool world_awaits_name(const struct world *world, const struct world_user *user);
/* Whether the user is in the room and has the power. */
bool world_may(const struct world_room *room, const char *user, int64_t level);

#endif
