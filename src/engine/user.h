#ifndef SYNC_ENGINE_USER_H
#define SYNC_ENGINE_USER_H

#include "engine/plan.h"
#include "engine/rules.h"

/*
 * Users: what we know of one, what is wanted, and the next step from the one to the other
 * (data/README.md says what is wanted). Nothing here knows of a network; time is a parameter.
 *
 * The record. Between "we create this user" and "the user's first addUser is handled, greeting included" a
 * note is kept on the homeserver, in the sync user's account data (synapse/records.h). It is opened before
 * the user is created and closed after the greeting was sent. Whoever finds it open greets; looking into the
 * welcome room first makes that exactly once, wherever a run before was cut.
 */

/* The private room in which a user is greeted. */
struct welcome_known {
    bool taken;     /* its alias was found in use: the room is left from an earlier attempt */
    bool bare;      /* it was refused with the invitation: it is to be made without */
    bool uninvited; /* it was made so */
    char *
        refused; /* the mark of a creation that was refused, and may have left a room; NULL: there was none */
    char *room;  /* its id; NULL: not known */
    /* Bare: without a create event, so that it does not say whose it is. */
    enum {
        WELCOME_UNREAD,
        WELCOME_BARE,
        WELCOME_SOUND,
        WELCOME_HALF_MADE,
        WELCOME_GONE,
        WELCOME_FOREIGN
    } standing;
    instant half_made_since; /* first seen so */
    instant read_at;
    struct room_state *foreign; /* what is known of a foreign one: whose it is; NULL: nothing */
    enum { GREETING_UNKNOWN, GREETING_MISSING, GREETING_SENT } greeting;
    bool deleting;
    instant deleting_since;
    instant look_again; /* whether the deletion is complete */
};

struct user_known {
    enum presence presence;
    instant read_at; /* when the reading of it began */
    instant seen_at; /* when it came */
    char *name;      /* NULL: none */
    char *avatar;    /* mxc URI, as it was when read; NULL: none */
    bool deactivated, admin, has_email;
    bool of_service;  /* an application service's: the puppet of a bridge, for example */
    bool mirrored;    /* the rooms tell when it is time to read it again (engine/mirror.h) */
    bool may_be_made; /* a creation of ours was not answered: it may still be carried out */
    bool by_another;  /* it turned out that somebody else created the user while we were about to */
    enum { RECORD_UNKNOWN, RECORD_CLOSED, RECORD_OPEN } record;
    bool record_email;   /* the creation was to set an e-mail address */
    char *email;         /* the address whose owner was looked up; NULL: none was */
    bool email_is_taken; /* it is another account's */
    struct {
        bool complete; /* a deactivated user was taken out of all rooms, or will not be any more */
        instant since; /* when we first looked; 0: not yet */
        instant look_again;
    } parting;
    struct welcome_known welcome;
    struct obstacles obstacles;
};

/* Whether the rooms of a message show that nothing is to be written about a user (engine/order.c). */
enum witness {
    WITNESS_NONE,
    WITNESS_DUE, /* perhaps, once the mirror has caught up */
    WITNESS_GIVEN,
};

struct user_wanted {
    const char *id;
    bool removed;                          /* deactivated; all else below is empty then */
    bool added;                            /* by an addUser; else only to exist, as a member */
    const char *name;                      /* when created; NULL: none */
    bool renamed;                          /* an existing user is to have the name too */
    const char *email, *password;          /* when created; NULL: none */
    const struct request_welcome *welcome; /* NULL: none */
    const char *welcome_alias;             /* of the room in which the user is greeted */
    enum witness witness;
    instant since; /* when it was asked for: older knowledge is read again, unless there is a witness */
};

/* Nothing known; and back to that, memory freed. */
void user_known_init(struct user_known *known);
void user_known_deinit(struct user_known *known);
/* Nobody asks for the user now. False: nothing is known that is worth remembering. */
bool user_known_settle(struct user_known *known);
/* The same, and what is not worth remembering is forgotten: another process may have been at work on the
 * user. */
void user_known_forget(struct user_known *known);

/*
 * The next thing to do so that the user becomes as wanted. ACTION_NONE: the user is, or all that is missing
 * was refused for good. Never: a password or an e-mail for somebody who was there before us; a creation
 * without having read that the user is absent; anything to the account of who is protected
 * (engine/protection.h).
 */
struct action user_next(const struct user_known *known, const struct user_wanted *wanted,
                        const struct engine_rules *rules, instant now);

/* Whether what is known of the user is older than what is wanted, so that only witnesses make it good enough.
 */
bool user_rests_on_witness(const struct user_known *known, const struct user_wanted *wanted);

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
enum user_readiness user_readiness(const struct user_known *known, const struct user_wanted *wanted,
                                   const struct engine_rules *rules, instant now);

/* What is to be said of the user once user_next() has nothing more to do. */
void user_report(const struct user_known *known, const struct user_wanted *wanted,
                 const struct engine_rules *rules, struct report *report);

#endif
