#include "synapse/session_state.h"

#include "base/log.h"
#include "base/memory.h"
#include "synapse/steps_mas.h"

#include <stdlib.h>

void session_note(struct session *session, const char *text)
{
    free(session->trouble);
    session->trouble = text_copy(text);
}

void session_say(struct session *session, bool final, const char *text)
{
    session->is_refused = final;
    if (text_equal(session->trouble, text))
        return;
    session_note(session, text);
    session->renews = false; /* that it goes on is worth a line then */
    if (final)
        log_error("homeserver-refused", LOG_TEXT("user", session->facts.user), LOG_TEXT("problem", text));
    else
        log_warning("homeserver-unavailable", LOG_TEXT("problem", text));
}

void session_wait(struct session *session, int64_t pause)
{
    loop_timer_set(&session->timer, instant_now() + pause);
}

char *session_bearer(const struct session *session, const struct step *step)
{
    if (step->anonymous)
        return NULL;
    if (step->by_client)
        return mas_client_credentials(&session->facts);
    return text_copy(step->of_mas ? facts_mas_bearer(&session->facts) : session->facts.token);
}
