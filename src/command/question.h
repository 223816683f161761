#ifndef SYNC_COMMAND_QUESTION_H
#define SYNC_COMMAND_QUESTION_H

#include "base/error.h"
#include "config/config.h"
#include "synapse/synapse.h"

/*
 * Calls for whoever has nothing else to do than to wait for the reply: one after the other, and none that
 * writes.
 */
struct question_desk;

/* Logs in, and waits until that is done; changes nothing on the homeserver but that there may be another
   token. Fails when the homeserver refuses, or is not there within half a minute. */
struct question_desk *question_open(const struct config *config, const char *sync_user,
                                    struct error *error) MUST_USE;
/* NULL is fine. */
void question_close(struct question_desk *desk);

/* Asks until there is an answer, with pauses, for some minutes at most. Refusals are answers, too (see the
   outcome), but for those of the sync user itself. The reply is to be freed with synapse_reply_deinit(). */
bool question_ask(struct question_desk *desk, const struct synapse_call *call,
                  struct synapse_reply *ret_reply, struct error *error) MUST_USE;

/* Requests so far, logging in included. */
unsigned long question_count(const struct question_desk *desk);

#endif
