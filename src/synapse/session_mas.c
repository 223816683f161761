/*
 * The session, where the Matrix Authentication Service (MAS) keeps the accounts: it has an admin API and a
 * token of its own. When it is away or does not take the token, the session is closed, and goes on with the
 * steps that concern it: who cannot make accounts can do little else, and before long Synapse, which asks MAS
 * whose each token is, could not either.
 */
#include "synapse/session_mas.h"

#include "base/memory.h"
#include "synapse/session_state.h"
#include "synapse/steps_mas.h"

bool session_has_mas(const struct session *session)
{
    return session->facts.mas != NULL;
}

struct session_way session_mas(const struct session *session)
{
    return (struct session_way){
        .http = session->facts.mas ? ways_latest(&session->ways) : NULL,
        .bearer = facts_mas_bearer(&session->facts),
        .generation = session->mas_generation,
    };
}

void session_lose_mas(struct session *session, unsigned generation, const char *problem)
{
    bool at_once = session->setbacks.attempts == 0;
    int64_t pause;

    if (!session->ready || generation != session->mas_generation)
        return;
    session->mas_generation++;
    session->ready = false;
    session->next = mas_token_is_wanted(&session->facts) ? STEP_GET_MAS_TOKEN : STEP_READ_MAS;
    session_say(session, false, problem);
    pause = backoff_next(&session->setbacks, FIRST_PAUSE, LONGEST_PAUSE);
    session_wait(session, at_once ? 0 : pause);
    session->handlers.changed(session->handlers.context, false);
}

bool session_mas_ends(const struct session *session)
{
    return session->facts.mas_token && instant_now() > session->facts.mas_renewal;
}

void session_renew_mas(struct session *session)
{
    if (!session->ready || !session_mas_ends(session))
        return;
    session->mas_generation++;
    session->ready = false;
    session->next = STEP_GET_MAS_TOKEN;
    session->renews = true;
    session_note(session, "the token for the Matrix Authentication Service is being renewed");
    session_wait(session, 0);
    session->handlers.changed(session->handlers.context, false);
}
