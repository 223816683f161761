#ifndef SYNC_ENGINE_ROOM_KNOWN_H
#define SYNC_ENGINE_ROOM_KNOWN_H

#include "engine/lineage.h"

/* What is known of a room, and what is wanted of it. What follows from the two, engine/room.h says. */

/* How levels are written once a write of many was refused (engine/raising.h). */
struct raising {
    size_t most; /* users who are raised at a time; 0: all */
    bool apart;  /* the levels that are no user's go by themselves */
    bool full;   /* it was refused for its size, so that not all will fit */
    char *unfit; /* the user whose level did not fit, while that is an obstacle; NULL: nobody */
};

struct room_known {
    enum presence presence;
    bool bare;           /* it was refused with levels and invitations: it is to be made without, if at all */
    bool taken;          /* a creation found the alias in use, or may have taken it: it is to be looked up */
    char *refused;       /* the mark of a creation that was refused, and may have left a room behind that is
                            half made and stays so; NULL: there was none */
    char *id;            /* when present */
    instant resolved_at; /* when the alias was resolved to it; INSTANT_PAST: it is remembered from before */
    instant found_at;    /* the same, but also of a remembered id */
    instant alias_seen_at; /* when it came that the alias leads there; INSTANT_PAST: it was not looked up */

    struct room_state *state;  /* NULL: not read */
    instant read_at;           /* as of when it is known: when the reading of it began, or since mirrored */
    instant whole_at;          /* when the last reading of all of it began */
    char *set[ROOM_SETTINGS];  /* by us, of late; NULL: not */
    instant set_at;            /* the last of them: answers may be older (engine/room_learn.c) */
    struct state_events *news; /* changes told while a call was under way; NULL: none */
    instant looked_at;         /* when its state or levels came; INSTANT_PAST: another call was made since */
    instant told_at;           /* when /sync was asked that named it last, see engine/told.h */
    instant marked_at;         /* when a mark was left for that; INSTANT_PAST: none was */
    bool mirrored;             /* changes are told to us (engine/mirror.h) */
    bool saw_levels;           /* that look was at the levels alone, which no process remembers from before */
    bool alias_backs_look;     /* when it was looked at, the alias had been seen right before */
    instant half_made_since;   /* first seen so, or empty, unchanged since; INSTANT_NEVER: it is not */
    instant gone_at; /* when it was found that there is no such room any more; INSTANT_NEVER: there is */

    struct room_state *creation; /* its create event alone, as of `creation_at`; NULL: not read so */
    instant creation_at;
    instant details_at;
    char *creator;
    bool details; /* the creator was read, as of `details_at` */

    char **aliases; /* that lead to it, as of `aliases_at`, with NULL at the end; NULL: not read */
    instant aliases_at;

    instant deleting_since;
    instant look_again;     /* whether the deletion is complete */
    unsigned looks;         /* so often it was looked whether it is */
    struct lineage lineage; /* of one that is to be removed */
    bool deleting;
    instant
        regained_at; /* when the sync user was given its power in it; INSTANT_PAST: not since it lost that */
    struct raising raising;

    struct obstacles obstacles;
};

struct room_wanted {
    const char *alias;
    const char *place; /* in the message: "rooms[2]"; NULL: of no one message */
    bool removed;      /* all else below is empty then */
    bool exists;       /* a want is ready; else nothing is to be done yet */
    const char *name;  /* NULL: not given; an existing one is left alone */
    const char *topic; /* "" for none */
    bool bidirectional;
    const struct levels_user *members; /* who are to be joined, and their least level; no user twice */
    size_t member_count;
    size_t coming_count; /* behind those: who will be joined too, once they are there */
    instant since;       /* when it was asked for: older knowledge is read again */
};

void room_known_init(struct room_known *known);
void room_known_deinit(struct room_known *known);
/* Drops the note of what we set. */
void room_known_forget_set(struct room_known *known);
/* Nobody asks for the room now. False: nothing is known that is worth remembering. */
bool room_known_settle(struct room_known *known);
/* What is known of its state may be wrong: it is to be read again. */
void room_known_doubt(struct room_known *known);

#endif
