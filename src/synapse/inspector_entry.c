#include "synapse/inspector_entry.h"

#include "base/memory.h"
#include "synapse/parse.h"

#include <stdlib.h>
#include <string.h>

/* Milliseconds after which a login that was refused is tried again: Synapse counts them. */
enum { REFUSED_PAUSE = 60000 };

static enum synapse_entry entry_of(const struct heard *heard)
{
    if (inspector_has_errcode(heard, "M_USER_LOCKED"))
        return SYNAPSE_ENTRY_LOCKED;
    if (inspector_has_errcode(heard, "M_USER_DEACTIVATED"))
        return SYNAPSE_ENTRY_DEACTIVATED;
    if (heard->answer.outcome == SYNAPSE_LIMITED)
        return SYNAPSE_ENTRY_LIMITED;
    if (heard->answer.status == 401 || inspector_has_errcode(heard, "M_FORBIDDEN"))
        return SYNAPSE_ENTRY_REFUSED;
    return SYNAPSE_ENTRY_FAILED;
}

/* Of "@user:server.com". */
static void take_owner(struct synapse_inspector *inspector, struct synapse_sight *sight, const char *user)
{
    const char *colon = user ? strchr(user, ':') : NULL;

    free(sight->owner);
    sight->owner = inquiry_quote(&inspector->inquiry, user);
    if (sight->owner && colon)
        inspector_take_name(inspector, sight, inquiry_quote(&inspector->inquiry, colon + 1));
}

static void show_token(struct synapse_inspector *inspector, struct synapse_sight *sight)
{
    struct heard heard;

    inquire_get(&inspector->inquiry, "/_matrix/client/v3/account/whoami", inspector->facts.token, &heard);
    sight->entry = inspector_succeeded(&heard) ? SYNAPSE_ENTRY_DONE : entry_of(&heard);
    if (sight->entry == SYNAPSE_ENTRY_DONE) {
        take_owner(inspector, sight, parse_text(heard.answer.body, "user_id"));
        sight->without_device = !parse_text(heard.answer.body, "device_id");
    } else {
        inspector_note(sight, &heard);
    }
    heard_deinit(&heard);
}

/* Whether there is a way to log in; learns which. */
static bool find_way(struct synapse_inspector *inspector, struct synapse_sight *sight)
{
    struct heard heard;
    bool found;

    inquire_get(&inspector->inquiry, "/_matrix/client/v3/login", NULL, &heard);
    found = inspector_succeeded(&heard) &&
            step_at(STEP_READ_LOGIN_TYPES)->learn(&inspector->facts, heard.answer.body, &sight->problem);
    if (inspector->facts.password)
        inspector->facts.has_own_login_type = false;
    if (found) {
        found = inspector->facts.has_own_login_type || inspector->facts.has_password_type;
        sight->entry = SYNAPSE_ENTRY_NO_WAY;
    } else {
        sight->entry = heard.answer.status == 404 ? SYNAPSE_ENTRY_NO_WAY : entry_of(&heard);
        inspector_note(sight, &heard);
    }
    heard_deinit(&heard);
    return found;
}

static void logged_in(struct synapse_inspector *inspector, const json_t *body)
{
    inspector->logged_in = true;
    inspector->facts.token = text_copy(parse_text(body, "access_token"));
    inspector->facts.tokens = secrets_new();
    secrets_add(inspector->facts.tokens, inspector->facts.token);
    inspector->inquiry.secrets.of[1] = inspector->facts.tokens;
    text_set(&inspector->named, parse_text(body, "user_id"));
}

static void send_login(struct synapse_inspector *inspector, struct synapse_sight *sight)
{
    struct question question = {.path = NULL};
    struct heard heard;

    if (!step_at(STEP_LOG_IN)->ask(&inspector->facts, &question, &sight->problem)) {
        sight->entry = SYNAPSE_ENTRY_FAILED;
        question_deinit(&question);
        return;
    }
    inquire(&inspector->inquiry, "log-in",
            &(struct http_request){.method = question.method,
                                   .path = question.path,
                                   .body = question.body,
                                   .body_size = question.body_size},
            &heard);
    question_deinit(&question);
    sight->entry = inspector_succeeded(&heard) && parse_text(heard.answer.body, "access_token")
                       ? SYNAPSE_ENTRY_DONE
                       : entry_of(&heard);
    if (sight->entry == SYNAPSE_ENTRY_DONE)
        logged_in(inspector, heard.answer.body);
    else
        inspector_note(sight, &heard);
    heard_deinit(&heard);
}

static bool is_counted(enum synapse_entry entry)
{
    return entry != SYNAPSE_ENTRY_DONE && entry != SYNAPSE_ENTRY_FAILED && entry != SYNAPSE_ENTRY_NO_WAY;
}

static void log_in(struct synapse_inspector *inspector, struct synapse_sight *sight)
{
    if (instant_now() < inspector->not_before) {
        sight->entry = inspector->refused;
        (void)error_set(&sight->problem, "refused a moment ago, and not tried again so soon");
        return;
    }
    if (find_way(inspector, sight))
        send_login(inspector, sight);
    if (sight->entry == SYNAPSE_ENTRY_DONE) {
        take_owner(inspector, sight, inspector->named);
    } else if (is_counted(sight->entry)) {
        inspector->refused = sight->entry;
        inspector->not_before = instant_now() + REFUSED_PAUSE;
    }
}

void inspector_come_in(struct synapse_inspector *inspector, struct synapse_sight *sight)
{
    if (inspector->facts.token)
        show_token(inspector, sight);
    else if (!sight->issuer && sight->is_ours != SYNAPSE_NO)
        log_in(inspector, sight);
}
