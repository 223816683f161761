#ifndef SYNC_ENGINE_WELCOME_H
#define SYNC_ENGINE_WELCOME_H

#include "engine/news.h"
#include "engine/rules.h"
#include "engine/user_known.h"

/*
 * The welcome: one private direct room and one message in it, exactly once. A part of engine/user.h; called
 * only while the user's record is open.
 *
 * The room is made first and asked for later: only if its alias turns out to be in use, left from an attempt
 * that was cut, is it looked into. What it finds there need not be a welcome room, since anyone may bind a
 * free alias: a room that was not made to greet this user is neither written into nor removed
 * (engine/ownership.h). The record stays open then, and the user is greeted once the alias is free. A room
 * that lacks its invitation was half made and is made anew. When Synapse refuses to make a room with an
 * invitation in it, it is made without, and the user invited; if that is refused too, the room is removed.
 * Before a message is sent to a room that was there already, its messages are read.
 */

/* The next step towards the greeting, which is not known to be sent. ACTION_NONE: it was refused for good. */
struct action welcome_next(struct plan *plan, const struct welcome_known *known,
                           const struct user_wanted *wanted);

/* Takes in the reply to a call that welcome_next() asked for. False: it was of no use, try again later. */
bool welcome_learn(struct welcome_known *known, const struct news *news) MUST_USE;
/* Whether a call of this kind may be one of those. */
bool welcome_learns(enum synapse_kind kind);

/* A call was refused. False: for good, so that it is not to be tried otherwise. */
bool welcome_learn_refusal(struct welcome_known *known, const struct synapse_call *call) MUST_USE;

/* Says whose room it is that the alias leads to, where that keeps the user from being greeted. */
void welcome_report(const struct welcome_known *known, const struct user_wanted *wanted,
                    struct report *report);

/* A call of this kind was not answered. */
void welcome_doubt(struct welcome_known *known, enum synapse_kind kind);

#endif
