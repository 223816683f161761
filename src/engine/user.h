#ifndef SYNC_ENGINE_USER_H
#define SYNC_ENGINE_USER_H

#include "engine/rules.h"
#include "engine/user_known.h"

/*
 * Users: what we know of one, what is wanted, and the next step from the one to the other
 * (data/README.md says what is wanted). Nothing here knows of a network; time is a parameter.
 *
 * The record. Between "we create this user" and "the user's first addUser is handled, greeting included" a
 * note is kept on the homeserver, in the sync user's account data (synapse/records.h). It is opened before
 * the user is created and closed after the greeting was sent. Whoever finds it open greets; looking into the
 * welcome room first makes that exactly once, wherever a run before was cut.
 */

/*
 * The next thing to do so that the user becomes as wanted. ACTION_NONE: the user is, or all that is missing
 * was refused for good. Never: a password or an e-mail for somebody who was there before us; a creation
 * without having read that the user is absent; anything to the account of who is protected
 * (engine/protection.h).
 */
struct action user_next(const struct user_known *known, const struct user_wanted *wanted,
                        const struct engine_rules *rules, instant now);

/* Whether what is known of the user is older than what is wanted, so that only witnesses make it good
   enough. */
bool user_rests_on_witness(const struct user_known *known, const struct user_wanted *wanted);

/* Whether the homeserver, or who keeps the account in its place, calls the user deactivated. */
bool user_is_deactivated(const struct user_known *known);

/* Whether the user was read and is there and active. */
bool user_is_there(const struct user_known *known);

/* Whether the user is not there yet, and nothing that was tried for the user has failed. */
bool user_is_expected(const struct user_known *known);

/* How it stands with a user who is to become a member of a room. */
enum user_readiness {
    USER_UNREAD,   /* will be known soon */
    USER_PENDING,  /* is known, and will be there soon */
    USER_DELAYED,  /* something keeps failing; may become ready later */
    USER_READY,    /* is there, active and has the right name */
    USER_HOPELESS, /* deactivated, or could not be created */
};
/* Both at once: what user_next() says, and how it stands with the user therefore. */
struct user_outlook {
    struct action action;
    enum user_readiness readiness;
};
struct user_outlook user_outlook(const struct user_known *known, const struct user_wanted *wanted,
                                 const struct engine_rules *rules, instant now);

/* What is to be said of the user once user_next() has nothing more to do. */
void user_report(const struct user_known *known, const struct user_wanted *wanted,
                 const struct engine_rules *rules, struct report *report);

#endif
