#ifndef SYNC_ENGINE_ACCOUNT_H
#define SYNC_ENGINE_ACCOUNT_H

#include "engine/news.h"
#include "engine/user_known.h"

/*
 * Accounts that the Matrix Authentication Service (MAS) keeps in place of the homeserver. How a user becomes
 * as wanted is the same (engine/user.h): only other calls are named for what concerns the account, and there
 * are two places to look at. Synapse knows the users, MAS the accounts, and one of them may lack whom the
 * other has:
 *
 * - Synapse has the user, MAS no account: a creation was cut, or somebody made the user past MAS. Nobody can
 *   log in, and MAS takes the name for taken. The user is adopted: MAS makes the account, and finds the user
 *   there already. Who is an application service's has no account, and needs none.
 * - MAS has the account, Synapse not (yet) the user: it will be told. That is waited for.
 * - Synapse calls the user deactivated, MAS does not, since that was done past MAS: they can still log in.
 *   A removal goes by both.
 * - MAS calls the account deactivated, Synapse does not, since its job failed, or somebody reactivated the
 * user past MAS: they cannot log in. That is a deactivated user as any, and only MAS can reactivate them.
 *
 * Who is an admin, only MAS knows; it is asked right before something is written about an account.
 */

/* The kind of call that does the same as this one, as far as accounts are concerned. */
enum synapse_kind account_kind(const struct engine_rules *rules, enum synapse_kind kind);

/* MAS says nothing of the account, or that it is not there, though the user is. */
bool account_is_lacking(const struct user_known *known, const struct engine_rules *rules);
/* The account is there. */
bool account_is_known(const struct user_known *known, const struct engine_rules *rules);
/* Whether calls of this kind are about an account that is there, and name it. */
bool account_is_needed(enum synapse_kind kind);
/* The account is there, and who has it can log in. */
bool account_is_active(const struct user_known *known, const struct engine_rules *rules);

/* The account is there, and who has it cannot log in, whatever the homeserver says. */
bool account_is_dead(const struct user_known *known);

/* What is left to be done of a removal; INSTANT_NEVER where it is over. ACCOUNT_TO_LEAVE: it is to be asked
   for; ACCOUNT_LEAVES: it was, and the homeserver is to show it; ACCOUNT_IS_USER: there is only the user. */
enum account_parting { ACCOUNT_GONE, ACCOUNT_TO_LEAVE, ACCOUNT_LEAVES, ACCOUNT_IS_USER };
enum account_parting account_parting(const struct user_known *known);

/* Learners, of the form of those in user_learn.c. */
void account_learn_reading(struct user_known *known, const struct news *news);
void account_learn_creation(struct user_known *known, const struct news *news);
void account_learn_password(struct user_known *known, const struct news *news);
void account_learn_owner(struct user_known *known, const struct news *news);
void account_learn_address(struct user_known *known, const struct news *news);
void account_learn_reactivation(struct user_known *known, const struct news *news);
void account_learn_deactivation(struct user_known *known, const struct news *news);
/* What follows for the account from what was read of the user. */
void account_learn_user(struct user_known *known, const struct news *news);

/* An unanswered write about the account may have been carried out. */
void account_doubt(struct user_known *known, const struct synapse_call *call);

#endif
