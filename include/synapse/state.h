#ifndef SYNC_SYNAPSE_STATE_H
#define SYNC_SYNAPSE_STATE_H

#include "base/cleanup.h"
#include "base/error.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * What the state of a room says, as far as it matters here: its settings, who is in it, who may do what.
 * Facts: Matrix client-server API, "Room events"; the rules of room versions for power levels.
 */

/* ---- power levels (m.room.power_levels) ---- */

struct levels; /* the whole content, keys that are not known here included */

/* The levels that a room as described has (besides those of users). */
struct levels_wanted {
    int64_t invite, kick, ban, events_default;
};

/* A user and the level that is to be had at least; in a room that is made, perhaps also an invitation. */
struct levels_user {
    const char *user;
    int64_t level;
    bool invited;
    const char *name, *avatar; /* of who is invited: as the profile has them; NULL: none */
};

/* From the event's content as JSON text; NULL when it is not an object. */
struct levels *levels_parse(const char *json, size_t size) MUST_USE;
/* Those that a room has whose createRoom carried these. */
struct levels *levels_new(const struct levels_wanted *wanted, const struct levels_user *users,
                          size_t count) MUST_USE;
/* NULL is fine. */
void levels_free(struct levels *levels);
DEFINE_CLEANUP(struct levels, levels_free)

/* A user's level: its own, else users_default, else 0. Creators' infinite power is not known here. */
int64_t levels_of(const struct levels *levels, const char *user);
/* Whether invite, kick, ban and events_default are as wanted (missing keys have the specification's defaults:
   0 for invite and events_default, 50 for kick and ban). */
bool levels_match(const struct levels *levels, const struct levels_wanted *wanted);
/* Sets the four as wanted. */
void levels_set(struct levels *levels, const struct levels_wanted *wanted);
/* Raises the user to the level; does nothing where the level is as high already. Never lowers. */
void levels_raise(struct levels *levels, const struct levels_user *user);
/* The content as JSON text, to be sent; the caller frees it. */
char *levels_print(const struct levels *levels) MUST_USE;

/* ---- members (m.room.member) ---- */

enum membership {
    MEMBERSHIP_NONE,
    MEMBERSHIP_INVITE,
    MEMBERSHIP_JOIN,
    MEMBERSHIP_LEAVE,
    MEMBERSHIP_BAN,
    MEMBERSHIP_KNOCK
};

/* ---- settings ---- */

/* The settings of a room that are one state event with one text each; a table in src/synapse/settings.c has
   what there is to be known of each. */
enum room_setting {
    ROOM_NAME,
    ROOM_TOPIC,
    ROOM_JOIN_RULE,
    ROOM_GUEST_ACCESS,
    ROOM_CANONICAL_ALIAS,
    ROOM_MARKER, /* m.room.sync: the room is kept in line by this program, or was by its predecessor */
};
enum { ROOM_SETTINGS = ROOM_MARKER + 1 };

/* What people call it: "join rule". */
const char *room_setting_words(enum room_setting setting);

/* ---- room versions ---- */

/* Whether creators have infinite power in rooms of this version: 12 and later, and unstable versions made
   from those (MSC4289). NULL is version 1. */
bool room_version_creators_reign(const char *version);

/* ---- the whole ---- */

struct members; /* user id -> membership, see synapse/members.h */

struct room_state {
    char *creator; /* sender of m.room.create; NULL: the room has no create event (any more, or yet) */
    char *version;
    bool creators_reign; /* room version 12 and later: creators have infinite power and are not in `users` */
    char **additional_creators; /* besides `creator`; see room_state_reigns() */
    size_t additional_creator_count;
    /* What it was made for, which its create event says and nobody can change (io.github.synapse_sync in its
       content); NULL: it does not say so. A room has one of the two at most. */
    char *made_for_alias;          /* the room of that alias */
    char *made_to_welcome;         /* the welcome room of that user */
    char *mark;                    /* that its creation gave it, another each time; NULL: none */
    char *predecessor;             /* the room that was upgraded into this one, by its id; NULL: none */
    char *settings[ROOM_SETTINGS]; /* NULL: no such event, or not a text */
    char *alt_aliases;             /* of m.room.canonical_alias, a JSON array; NULL: none */
    struct levels *levels;         /* NULL: none */
    struct members *members;
    size_t joined;      /* how many members are joined */
    int64_t changed_at; /* origin_server_ts of the newest event, in ms since 1970; 0: none */
};

/* From the reply of GET /_synapse/admin/v1/rooms/{id}/state; NULL when it is not understood. */
struct room_state *room_state_parse(const char *json, size_t size) MUST_USE;
/* With nothing in it. */
struct room_state *room_state_new(void) MUST_USE;
/* NULL is fine. */
void room_state_free(struct room_state *state);
DEFINE_CLEANUP(struct room_state, room_state_free)

enum membership room_state_membership(const struct room_state *state, const char *user);
/* Notes what has become of a member; keeps `joined` right. */
void room_state_set_membership(struct room_state *state, const char *user, enum membership membership);
/* Bytes of memory that the state takes, well estimated: to a few percent with the allocator of glibc. It
   takes as long as the levels have entries; members do not count. */
size_t room_state_weight(const struct room_state *state);
/* Whether the user has infinite power in this room: one of the creators, in room version 12 and later. */
bool room_state_reigns(const struct room_state *state, const char *user);

#endif
