#ifndef SYNC_ENGINE_USER_KNOWN_H
#define SYNC_ENGINE_USER_KNOWN_H

#include "engine/plan.h"

/* What is known of a user, and what is wanted. What follows from the two, engine/user.h says. */

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
    instant gone_at;         /* last seen so */
    instant read_at;
    struct room_state *foreign; /* what is known of a foreign one: whose it is; NULL: nothing */
    enum { GREETING_UNKNOWN, GREETING_MISSING, GREETING_SENT } greeting;
    bool deleting;
    instant deleting_since;
    instant look_again; /* whether the deletion is complete */
};

/* The user's account at the Matrix Authentication Service (MAS), where that keeps them (engine/account.h). */
struct account_known {
    enum presence presence;
    instant read_at, seen_at; /* as of the user */
    char id[64];              /* its own; while it is there */
    bool deactivated;
    bool unnamed;       /* we made it with a name, which the user has not been seen with */
    bool password_set;  /* by us */
    instant leaving;    /* when the homeserver was to hear of the deactivation; 0: it is not to */
    instant look_again; /* whether it has */
};

enum user_deed { USER_MADE, USER_REACTIVATED, USER_DEACTIVATED };

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
    struct {
        instant at; /* INSTANT_PAST: we did nothing */
        enum user_deed what;
    } deed; /* the last one: answers may be older (engine/user_learn.c) */
    enum { RECORD_UNKNOWN, RECORD_CLOSED, RECORD_OPEN } record;
    bool record_email;   /* the creation was to set an e-mail address, or a password in a call of its own;
                            and it is not noted that this was done */
    char *email;         /* the address whose owner was looked up; NULL: none was */
    bool email_is_taken; /* it is another account's */
    struct {
        bool complete; /* a deactivated user was taken out of all rooms, or will not be any more */
        instant since; /* when we first looked; 0: not yet */
        instant look_again;
    } parting;
    struct account_known account;
    struct welcome_known welcome;
    struct obstacles obstacles;
};

/* Whether the rooms of a message show that nothing is to be written about a user (engine/witness.h). */
enum witness {
    WITNESS_NONE,
    WITNESS_DUE, /* perhaps, once the mirror has caught up */
    WITNESS_GIVEN,
};

struct user_wanted {
    const char *id;
    bool removed;                 /* deactivated; all else below is empty then */
    bool added;                   /* by an addUser; else only to exist, as a member */
    const char *name;             /* when created; NULL: none */
    bool renamed;                 /* an existing user is to have the name too */
    const char *email, *password; /* when created; NULL: none */
    const char *welcome;          /* HTML; NULL: none */
    const char *welcome_alias;    /* of the room in which the user is greeted */
    enum witness witness;
    instant since; /* when it was asked for: older knowledge is read again, unless there is a witness */
};

/* Frees what is known; nothing is known then: the next step is to make a room. */
void welcome_known_deinit(struct welcome_known *known);

/* Nothing known; and back to that, memory freed. */
void user_known_init(struct user_known *known);
void user_known_deinit(struct user_known *known);
/* What we have done to the user: what is answered later may be older. */
void user_known_note_deed(struct user_known *known, enum user_deed what, instant now);
/* Nobody asks for the user now. False: nothing is known that is worth remembering. */
bool user_known_settle(struct user_known *known);
/* The same, and what is not worth remembering is forgotten: another process may have been at work on the
 * user. */
void user_known_forget(struct user_known *known);

#endif
