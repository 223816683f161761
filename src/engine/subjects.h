#ifndef SYNC_ENGINE_SUBJECTS_H
#define SYNC_ENGINE_SUBJECTS_H

#include "base/hash.h"
#include "engine/room.h"
#include "engine/user.h"

/*
 * Subjects: the users and rooms that messages touch, with their lines and with what is known of them.
 *
 * A subject that no message asks for any more rests: what is worth remembering is kept until it is asked for
 * again. All that rests together is bounded, and the subjects that rest for the longest time go first.
 */
struct subject {
    char *key; /* user id or alias */
    bool is_room;
    bool may_return;    /* a user whom an addUser may reactivate */
    struct place *line; /* head; the head's prev is the tail (utlist) */
    union {
        struct user_known user;
        struct room_known room;
    };
    struct flight *flight; /* the call under way; one at a time */
    instant answered;      /* when the last one was answered */
    struct {
        unsigned calls;       /* under way, that make member events of this user */
        instant from, until;  /* when such calls were made last */
    } echo;                   /* see engine/echo.h */
    struct turn_queue *queue; /* in which it waits to be attended to; NULL: it does not */
    struct subject *prev, *next;
    bool waits; /* for a catch-up of the mirror */
    struct subject *prev_waiting, *next_waiting;
    instant wake;  /* to be looked at again at that time */
    size_t weight; /* bytes while it rests; 0: it does not */
    char *watched; /* the room's id by which it is found; NULL: it is not */
    UT_hash_handle hh, by_id;
};

struct subjects {
    struct subject *active; /* by key: with a line, or a call under way */
    struct subject *rested; /* by key, the one that rests longest first */
    struct subject *rooms;  /* of both: those that are watched, by id */
    size_t weight;          /* of all that rest, in bytes */
    size_t most_weight;
    bool reactivates; /* addUser reactivates users */
};

void subjects_deinit(struct subjects *subjects);

/* The subject of that key, which becomes active. */
struct subject *subjects_take(struct subjects *subjects, const char *key);
/* It has neither line nor flight any more: it rests, or is freed. */
void subjects_rest(struct subjects *subjects, struct subject *subject);
/* NULL: there is none of that key, active or resting. */
struct subject *subjects_find(const struct subjects *subjects, const char *key);

/* What stands before the calls about it. */
struct obstacles *subject_obstacles(struct subject *subject);

/* Makes a room be found by its id. Only one subject is found by an id: the first. */
void subjects_watch(struct subjects *subjects, struct subject *subject);
/* NULL: no room of that id is watched. */
struct subject *subjects_find_room(const struct subjects *subjects, const char *id);
/* Something has changed that is known of it: one that rests has another weight then, and may be freed. */
void subjects_reweigh(struct subjects *subjects, struct subject *subject);
/* Whether the call deletes a room, or looks right before that where its alias leads. */
bool subjects_call_deletes(const struct synapse_call *call);
/* How many active rooms are being deleted. */
unsigned subjects_deletions(const struct subjects *subjects);
/* Membership of active rooms is no longer known, and replies under way will not tell it either. */
void subjects_doubt_rooms(struct subjects *subjects);
/* Nothing is mirrored any more: what is known is as old as its reading. */
void subjects_unmirror(struct subjects *subjects);

#endif
