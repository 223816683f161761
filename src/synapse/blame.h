#ifndef SYNC_SYNAPSE_BLAME_H
#define SYNC_SYNAPSE_BLAME_H

#include "synapse/steps.h"

/*
 * Whose is a refusal? Many calls act for two people: with admin/v1/join the sync user invites and the member
 * joins. Synapse answers with one errcode for both. So before a refusal is believed of the member or the
 * message, something is asked that concerns the sync user alone.
 */

/* The step of a session (synapse/steps.h) whose question tells whether the refusal is the sync user's own;
   STEP_NONE: it is not. `errcode` is "" where there is none. */
enum step_name blame_step(enum synapse_kind kind, long status, const char *errcode);

#endif
