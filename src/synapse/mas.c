#include "synapse/mas.h"

#include "base/memory.h"
#include "synapse/answer.h"
#include "synapse/bodies.h"
#include "synapse/ids.h"
#include "synapse/parse.h"

#include <string.h>

const struct errcode_rule mas_rules[] = {
    {204, NULL, SYNAPSE_OK}, /* set-password says no more */
    {400, ANSWER_OF_MAS, SYNAPSE_REFUSED},
    {401, NULL, SYNAPSE_SHUT_OUT}, /* the token has ended, or lost its scope */
    {403, ANSWER_OF_MAS, SYNAPSE_REFUSED},
    {404, ANSWER_OF_MAS, SYNAPSE_ABSENT},
    {409, ANSWER_OF_MAS, SYNAPSE_TAKEN},
    {0},
};

/* ---- bodies ---- */

char *mas_body_create(const struct synapse_call *call, const struct call_terms *terms)
{
    CLEANUP(freep) char *localpart = id_localpart(call->user);
    json_t *skip = call->adopts ? json_true() : NULL;

    (void)terms;
    return body_print(json_pack("{s:s, s:s*, s:o*}", "username", localpart, "displayname", call->name,
                                "skip_homeserver_check", skip));
}

/* Whatever MAS thinks of passwords, as Synapse does not ask what a source's are like, either. */
char *mas_body_password(const struct synapse_call *call, const struct call_terms *terms)
{
    (void)terms;
    return body_print(json_pack("{s:s, s:b}", "password", call->password, "skip_password_check", 1));
}

char *mas_body_address(const struct synapse_call *call, const struct call_terms *terms)
{
    (void)terms;
    return body_print(json_pack("{s:s, s:s}", "user_id", call->account, "email", call->email));
}

char *mas_body_deactivate(const struct synapse_call *call, const struct call_terms *terms)
{
    (void)terms;
    return body_print(json_pack("{s:b}", "skip_erase", !call->erase));
}

/* ---- replies ---- */

/* An id is a ULID, and goes into paths. */
static const char *id_of(const json_t *object, const char *key)
{
    const char *id = parse_text(object, key);

    return id && *id && strlen(id) < 64 ? id : NULL;
}

static bool is_told(const json_t *object, const char *key)
{
    return parse_text(object, key) != NULL;
}

/* It looks users up without regard to case, and local parts of long ago may have capitals. */
bool mas_reply_account(const json_t *body, struct synapse_reply *reply)
{
    const json_t *data = json_object_get(body, "data"), *attributes = json_object_get(data, "attributes");
    const char *id = id_of(data, "id");

    if (!id || !is_told(attributes, "username") || !parse_has_flag(attributes, "admin"))
        return false;
    reply->text = text_copy(id);
    reply->user.name = text_copy(parse_text(attributes, "username"));
    reply->user.admin = parse_flag(attributes, "admin", false);
    reply->user.deactivated = is_told(attributes, "deactivated_at");
    reply->user.locked = is_told(attributes, "locked_at");
    return true;
}

bool mas_reply_owner(const json_t *body, struct synapse_reply *reply)
{
    const json_t *list = json_object_get(body, "data");
    const char *owner = id_of(json_object_get(json_array_get(list, 0), "attributes"), "user_id");

    if (!json_is_array(list) || (json_array_size(list) > 0 && !owner))
        return false;
    reply->text = text_copy(owner); /* NULL: nobody's */
    return true;
}

bool mas_reply_is_of_mas(const json_t *body, struct synapse_reply *reply)
{
    (void)reply;
    return id_of(json_object_get(body, "data"), "id") != NULL;
}
