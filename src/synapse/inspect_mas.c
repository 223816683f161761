/* The inspector's questions about the Matrix Authentication Service (MAS), and to it. */
#include "synapse/inspect_mas.h"

#include "base/memory.h"
#include "synapse/parse.h"
#include "synapse/steps_mas.h"

#include <stdlib.h>

#define API "/api/admin/v1/"

/* ---- who keeps the accounts ---- */

/* What cannot be shown is not asked either: it is named where it cannot be reached. */
static char *address_of(const struct synapse_inspector *inspector, const json_t *metadata)
{
    CLEANUP(freep) char *base = mas_base(metadata);

    return inspector->facts.mas_uri ? text_copy(inspector->facts.mas_uri)
                                    : inquiry_quote(&inspector->inquiry, base);
}

static bool take_metadata(struct synapse_inspector *inspector, struct synapse_sight *sight, const char *path)
{
    struct heard heard;
    const char *issuer;

    inquire_get(&inspector->inquiry, path, NULL, &heard);
    issuer = inspector_succeeded(&heard) ? parse_text(heard.answer.body, "issuer") : NULL;
    if (issuer) {
        sight->issuer = inquiry_quote(&inspector->inquiry, issuer);
        free(inspector->facts.mas);
        inspector->facts.mas = address_of(inspector, heard.answer.body);
    }
    heard_deinit(&heard);
    return sight->issuer != NULL;
}

static void find(struct synapse_inspector *inspector, struct synapse_sight *sight)
{
    free(inspector->facts.mas);
    inspector->facts.mas = NULL;
    if (!take_metadata(inspector, sight, "/_matrix/client/v1/auth_metadata"))
        (void)take_metadata(inspector, sight, "/_matrix/client/unstable/org.matrix.msc2965/auth_metadata");
    sight->mas_address = inquiry_quote(&inspector->inquiry, inspector->facts.mas);
}

/* ---- whether it lets us in ---- */

static bool get_token(struct synapse_inspector *inspector, const struct inquiry *mas,
                      struct synapse_sight *sight)
{
    CLEANUP(text_free_secretp) char *credentials = mas_client_credentials(&inspector->facts);
    struct question question = {.path = NULL};
    struct heard heard;
    bool got;

    (void)mas_token_ask(&inspector->facts, &question, &sight->problem);
    inquire(mas, "get-mas-token",
            &(struct http_request){.method = question.method,
                                   .path = question.path,
                                   .bearer = credentials,
                                   .basic = true,
                                   .content_type = question.content_type,
                                   .body = question.body,
                                   .body_size = question.body_size},
            &heard);
    got =
        inspector_succeeded(&heard) && mas_token_learn(&inspector->facts, heard.answer.body, &sight->problem);
    if (!got) {
        sight->mas = heard.answer.status == 0 ? SYNAPSE_MAS_AWAY : SYNAPSE_MAS_NO_CLIENT;
        inspector_note(sight, &heard);
    }
    question_deinit(&question);
    heard_deinit(&heard);
    return got;
}

static enum synapse_mas standing(const struct heard *heard, const char *server_name)
{
    if (inspector_succeeded(heard))
        return text_equal(parse_text(heard->answer.body, "server_name"), server_name) ? SYNAPSE_MAS_LETS_IN
                                                                                      : SYNAPSE_MAS_FOREIGN;
    if (heard->answer.status == 401 || heard->answer.status == 403)
        return SYNAPSE_MAS_NO_RIGHT;
    return heard->answer.status == 0 || heard->answer.status >= 500 ? SYNAPSE_MAS_AWAY : SYNAPSE_MAS_NO_API;
}

static void see_site(struct synapse_inspector *inspector, const struct inquiry *mas, const char *bearer,
                     struct synapse_sight *sight)
{
    struct heard heard;

    inquire_get(mas, API "site-config", bearer, &heard);
    sight->mas = standing(&heard, inspector->server_name);
    sight->mas_name = inquiry_quote(mas, parse_text(heard.answer.body, "server_name"));
    if (sight->mas != SYNAPSE_MAS_LETS_IN)
        inspector_note(sight, &heard);
    heard_deinit(&heard);
}

/* Before MAS 1.4 there is no such question. */
static void see_version(const struct inquiry *mas, const char *bearer, struct synapse_sight *sight)
{
    struct heard heard;

    inquire_get(mas, API "version", bearer, &heard);
    if (inspector_succeeded(&heard))
        sight->mas_version = inquiry_quote(mas, parse_text(heard.answer.body, "version"));
    heard_deinit(&heard);
}

static void ask(struct synapse_inspector *inspector, struct synapse_sight *sight)
{
    struct inquiry mas = inspector->inquiry;

    mas.http = ways_to(&inspector->ways, inspector->facts.mas, &sight->problem);
    if (!mas.http) {
        sight->mas = SYNAPSE_MAS_NOWHERE;
        return;
    }
    if (inspector->facts.mas_client_id && !get_token(inspector, &mas, sight))
        return;
    mas.secrets.of[1] = inspector->facts.tokens;
    see_site(inspector, &mas, facts_mas_bearer(&inspector->facts), sight);
    if (sight->mas == SYNAPSE_MAS_LETS_IN)
        see_version(&mas, facts_mas_bearer(&inspector->facts), sight);
}

void inspect_mas(struct synapse_inspector *inspector, struct synapse_sight *sight)
{
    find(inspector, sight);
    if (!sight->issuer || !inspector->facts.given_token)
        return;
    if (inspector->facts.mas)
        ask(inspector, sight);
    else
        sight->mas = SYNAPSE_MAS_NOWHERE;
}
