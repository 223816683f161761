#ifndef SYNC_ENGINE_OWNERSHIP_H
#define SYNC_ENGINE_OWNERSHIP_H

#include "engine/room_known.h"
#include "engine/rules.h"

/*
 * Whose room it is that an alias leads to. On Synapse anyone may bind any free alias to a room that they are
 * in, so an alias alone proves nothing. A room is ours for an alias if one of the sync users made it for that
 * alias. What it was made for stands in its create event, which nobody can change. A room whose create event
 * says nothing (the predecessor of this program made it, or it was upgraded) is the room of its canonical
 * alias if that leads to it, else of whichever alias does, if only one does. A part of engine/room.h;
 * engine/welcome.h asks for rooms that greet.
 */
enum ownership {
    OWNERSHIP_OURS,
    /* Not known yet: what is to be read to know it. */
    OWNERSHIP_UNREAD_CREATION, /* SYNAPSE_READ_CREATION, or the whole state */
    OWNERSHIP_UNREAD_DETAILS,  /* SYNAPSE_READ_ROOM: it has no create event */
    OWNERSHIP_UNREAD_STATE,    /* SYNAPSE_READ_STATE: its canonical alias decides */
    OWNERSHIP_UNREAD_ALIASES,  /* SYNAPSE_READ_ALIASES: which aliases lead to it decides */
    /* Not ours to touch on account of this alias. */
    OWNERSHIP_OF_ANOTHER, /* who is not, and never was, a sync user made it; or nobody knows who did */
    OWNERSHIP_OF_ALIAS,   /* another alias' */
    OWNERSHIP_OF_WELCOME, /* it greets somebody */
    OWNERSHIP_OF_SEVERAL, /* several aliases lead to it, and nothing says which of them it was made for */
};

/* Of the room that is known, for the alias that leads to it; reads that are older than `since` do not count
   (but a create event, which never changes, counts whenever it was read). */
enum ownership room_ownership(const struct room_known *known, const char *alias,
                              const struct engine_rules *rules, instant since);
/* Whether it is known to be none of ours, as far as this alias is concerned. */
bool ownership_forbids(enum ownership ownership);

/* Whether the room was made to greet this user in it, whose alias for that is `alias`. Its state was read
   and has a create event of one of the sync users. */
bool state_is_of_welcome(const struct room_state *state, const char *user, const char *alias);

/* Says in the report that the alias leads to a room that is not to be touched, whose that is, and how to free
   the alias. `creator`: NULL: not known. */
void report_conflict(struct report *report, const char *alias, const char *room, const char *creator,
                     const struct room_state *creation);

#endif
