#include "synapse/steps.h"

#include "base/memory.h"
#include "synapse/bodies.h"
#include "synapse/parse.h"
#include "synapse/path.h"
#include "synapse/picture.h"
#include "synapse/steps_mas.h"

#include <stdlib.h>
#include <string.h>

/* https://github.com/devture/matrix-synapse-shared-secret-auth */
#define SHARED_SECRET_LOGIN "com.devture.shared_secret_auth"
#define PASSWORD_LOGIN "m.login.password"

/* Milliseconds: setting the display name touches every room that the sync user is in. */
enum { DISPLAY_NAME_LIMIT = 5 * 60 * 1000 };

static bool ask_with_body(enum http_method method, const char *template, json_t *body,
                          const struct facts *facts, struct question *question, struct error *error)
{
    question->method = method;
    question->route = template;
    question->path = question_path(template, facts);
    question->body = body_print(body);
    question->body_size = question->body ? strlen(question->body) : 0;
    return question->body || error_set(error, "what is configured is not UTF-8");
}

/* ---- a token that was given ---- */

/* Fit for a header. */
static bool is_token(const char *text)
{
    if (!text || !*text)
        return false;
    for (; *text; text++)
        if (*text <= ' ' || *text > '~')
            return false;
    return true;
}

static bool who_is_wanted(const struct facts *facts)
{
    return facts->given_token != NULL;
}

static bool who_ask(const struct facts *facts, struct question *question, struct error *error)
{
    if (!is_token(facts->given_token))
        return error_set(error, "the given token contains characters that no token can have");
    return question_get("/_matrix/client/v3/account/whoami", facts, question);
}

static bool who_learn(struct facts *facts, const json_t *body, struct error *error)
{
    const char *user = parse_text(body, "user_id");

    if (!user)
        return error_set(error, "the homeserver does not say whose the token is");
    if (strcmp(user, facts->user) != 0)
        return error_set(error, "the given token belongs to %.255s, not to %s",
                         strlen(user) > 255 || facts_are_told_by(facts, user) ? "another user" : user,
                         facts->user);
    if (facts->mas && !parse_text(body, "device_id"))
        return error_set(error, "the given token belongs to no device, and Synapse takes no messages from "
                                "it: ask for one with the scope " MAS_SCOPE);
    return true;
}

/* ---- logging in ---- */

static bool login_types_are_wanted(const struct facts *facts)
{
    return !facts->given_token && !facts->password;
}

static bool login_types_ask(const struct facts *facts, struct question *question, struct error *error)
{
    (void)error;
    return question_get(SYNAPSE_LOGIN_PATH, facts, question);
}

static bool has_flow(const json_t *flows, const char *type)
{
    for (size_t i = 0; i < json_array_size(flows); i++)
        if (text_equal(parse_text(json_array_get(flows, i), "type"), type))
            return true;
    return false;
}

static bool login_types_learn(struct facts *facts, const json_t *body, struct error *error)
{
    const json_t *flows = json_object_get(body, "flows");

    if (!json_is_array(flows))
        return error_set(error, "the homeserver does not say how to log in");
    facts->has_own_login_type = has_flow(flows, SHARED_SECRET_LOGIN);
    facts->has_password_type = has_flow(flows, PASSWORD_LOGIN);
    return true;
}

static bool login_is_wanted(const struct facts *facts)
{
    return !facts->given_token;
}

static bool login_ask(const struct facts *facts, struct question *question, struct error *error)
{
    bool own_type = facts->has_own_login_type; /* not asked for where there is a password */
    char *password = facts->password ? text_copy(facts->password) : facts_shared_secret_password(facts);
    json_t *body =
        json_pack("{s:s, s:{s:s, s:s}, s:s, s:s, s:s}", "type",
                  own_type ? SHARED_SECRET_LOGIN : PASSWORD_LOGIN, "identifier", "type", "m.id.user", "user",
                  facts->login_name ? facts->login_name : facts->user, own_type ? "token" : "password",
                  password, "device_id", facts->device, "initial_device_display_name", facts->device);

    text_free_secret(password);
    return ask_with_body(HTTP_POST, SYNAPSE_LOGIN_PATH, body, facts, question, error);
}

static bool login_learn(struct facts *facts, const json_t *body, struct error *error)
{
    const char *token = parse_text(body, "access_token"), *user = parse_text(body, "user_id");

    if (!is_token(token))
        return error_set(error, "the homeserver gives no token");
    if (!text_equal(user, facts->user))
        return error_set(error, "the homeserver logged in a different user than %s", facts->user);
    secrets_free(facts->tokens);
    facts->tokens = secrets_new();
    secrets_add(facts->tokens, facts->token); /* an answer to it may be on its way */
    secrets_add(facts->tokens, token);
    text_free_secret(facts->token);
    facts->token = text_copy(token);
    return true;
}

/* ---- what the sync user is ---- */

static bool always(const struct facts *facts)
{
    (void)facts;
    return true;
}

static bool self_ask(const struct facts *facts, struct question *question, struct error *error)
{
    (void)error;
    return question_get("/_synapse/admin/v2/users/{user}", facts, question);
}

static bool self_learn(struct facts *facts, const json_t *body, struct error *error)
{
    const char *avatar = parse_text(body, "avatar_url");

    /* Where accounts are kept elsewhere the flag means nothing: that we are answered does. */
    if (!facts->mas && !parse_flag(body, "admin", false))
        return error_set(error, "%s is not a server admin", facts->user);
    if (parse_flag(body, "suspended", false))
        return error_set(error, "%s is suspended", facts->user);
    if (parse_flag(body, "shadow_banned", false))
        return error_set(error, "%s is shadow-banned", facts->user);
    free(facts->name);
    facts->name = text_copy(parse_text(body, "displayname"));
    facts->has_avatar = avatar && *avatar;
    return true;
}

/*
 * Whether the sync user may write at all. Synapse looks at that before it looks at the preset of a room that
 * is to be made (create_room() in handlers/room.py), and refuses one that it does not know before anything is
 * made.
 */
static const struct errcode_rule try_rules[] = {
    {0, "M_CONSENT_NOT_GIVEN", SYNAPSE_REFUSED},
    {0, "M_RESOURCE_LIMIT_EXCEEDED", SYNAPSE_REFUSED},
    {0, "M_USER_SUSPENDED", SYNAPSE_REFUSED},
    {400, NULL, SYNAPSE_OK},
    {0},
};

static bool try_is_wanted(const struct facts *facts)
{
    return facts->may_not_write;
}

static bool try_ask(const struct facts *facts, struct question *question, struct error *error)
{
    return ask_with_body(HTTP_POST, "/_matrix/client/v3/createRoom",
                         json_pack("{s:s}", "preset", "synapse-sync: may I?"), facts, question, error);
}

static bool try_learn(struct facts *facts, const json_t *body, struct error *error)
{
    (void)body;
    (void)error;
    facts->may_not_write = false;
    return true;
}

static bool capabilities_ask(const struct facts *facts, struct question *question, struct error *error)
{
    (void)error;
    return question_get("/_matrix/client/v3/capabilities", facts, question);
}

/* Matrix specification, "Room versions": at most 32 characters. */
static bool is_version(const char *text)
{
    enum { LONGEST = 32 };

    return is_token(text) && strlen(text) <= LONGEST;
}

/*
 * The default is asked for, and named in each createRoom, because power levels are written differently from
 * version 12 on: if Synapse got another default meanwhile, it would refuse them, and only after it has given
 * the alias to a room that is then left half made.
 */
static bool capabilities_learn(struct facts *facts, const json_t *body, struct error *error)
{
    const json_t *versions = json_object_get(json_object_get(body, "capabilities"), "m.room_versions");
    const json_t *available = json_object_get(versions, "available");
    const char *version = facts->wanted_version ? facts->wanted_version : parse_text(versions, "default");

    if (facts->wanted_version && !json_object_get(available, facts->wanted_version))
        return error_set(error, "the homeserver does not offer room version %s", facts->wanted_version);
    free(facts->room_version);
    facts->room_version = text_copy(is_version(version) ? version : NULL);
    return true;
}

/* ---- how the sync user looks ---- */

static bool name_is_wanted(const struct facts *facts)
{
    return !facts->is_prepared && facts->wanted_name && !text_equal(facts->wanted_name, facts->name);
}

static bool name_ask(const struct facts *facts, struct question *question, struct error *error)
{
    return ask_with_body(HTTP_PUT, "/_matrix/client/v3/profile/{user}/displayname",
                         json_pack("{s:s}", "displayname", facts->wanted_name), facts, question, error);
}

static bool picture_is_wanted(const struct facts *facts)
{
    return !facts->is_prepared && facts->avatar_path && !facts->has_avatar;
}

static bool upload_ask(const struct facts *facts, struct question *question, struct error *error)
{
    const char *slash = strrchr(facts->avatar_path, '/');
    const struct path_value values[] = {{"file", slash ? slash + 1 : facts->avatar_path}, {NULL, NULL}};
    struct picture picture;

    if (!picture_read(facts->avatar_path, &picture, error))
        return false;
    question->method = HTTP_POST;
    question->route = "/_matrix/media/v3/upload?filename={file}";
    question->path = path_expand(question->route, values);
    question->body = picture.bytes;
    question->body_size = picture.size;
    question->content_type = picture.content_type;
    return true;
}

static bool upload_learn(struct facts *facts, const json_t *body, struct error *error)
{
    const char *uri = parse_text(body, "content_uri");

    if (!uri || strncmp(uri, "mxc://", 6) != 0)
        return error_set(error, "the homeserver does not say where the avatar is");
    free(facts->avatar_uri);
    facts->avatar_uri = text_copy(uri);
    return true;
}

static bool avatar_is_wanted(const struct facts *facts)
{
    return !facts->is_prepared && facts->avatar_uri;
}

static bool avatar_ask(const struct facts *facts, struct question *question, struct error *error)
{
    return ask_with_body(HTTP_PUT, "/_matrix/client/v3/profile/{user}/avatar_url",
                         json_pack("{s:s}", "avatar_url", facts->avatar_uri), facts, question, error);
}

/* ---- the rate limit ---- */

static bool limit_is_wanted(const struct facts *facts)
{
    return !facts->is_prepared && facts->lift_rate_limit;
}

static bool limit_ask(const struct facts *facts, struct question *question, struct error *error)
{
    (void)error;
    return question_get("/_synapse/admin/v1/users/{user}/override_ratelimit", facts, question);
}

/* Both 0: there is no limit. An empty object: that of all users. */
static bool limit_learn(struct facts *facts, const json_t *body, struct error *error)
{
    (void)error;
    facts->is_limited =
        parse_number(body, "messages_per_second", -1) != 0 || parse_number(body, "burst_count", -1) != 0;
    return true;
}

static bool lift_is_wanted(const struct facts *facts)
{
    return limit_is_wanted(facts) && facts->is_limited;
}

static bool lift_ask(const struct facts *facts, struct question *question, struct error *error)
{
    return ask_with_body(HTTP_POST, "/_synapse/admin/v1/users/{user}/override_ratelimit",
                         json_pack("{s:i, s:i}", "messages_per_second", 0, "burst_count", 0), facts, question,
                         error);
}

/* ---- the table ---- */

static const struct step steps[STEP_NONE] = {
    [STEP_FIND_MAS] = {.name = "find-accounts",
                       .refused = "the homeserver does not say who keeps its accounts",
                       .anonymous = true,
                       .own = mas_absence_rules,
                       .is_wanted = always,
                       .ask = mas_find_ask,
                       .learn = mas_find_learn},
    [STEP_FIND_EARLIER_MAS] = {.name = "find-accounts",
                               .refused = "the homeserver does not say who keeps its accounts",
                               .anonymous = true,
                               .own = mas_absence_rules,
                               .is_wanted = mas_is_not_found,
                               .ask = mas_find_earlier_ask,
                               .learn = mas_find_earlier_learn},
    [STEP_WHO_AM_I] = {.name = "who-am-i",
                       .refused = "the token that was given is refused",
                       .is_wanted = who_is_wanted,
                       .ask = who_ask,
                       .learn = who_learn},
    [STEP_READ_LOGIN_TYPES] = {.name = "read-login-types",
                               .refused = "the homeserver does not say how to log in",
                               .anonymous = true,
                               .is_wanted = login_types_are_wanted,
                               .ask = login_types_ask,
                               .learn = login_types_learn},
    [STEP_LOG_IN] = {.name = "log-in",
                     .refused = "the sync user cannot log in",
                     .anonymous = true,
                     .is_wanted = login_is_wanted,
                     .ask = login_ask,
                     .learn = login_learn},
    [STEP_READ_SELF] = {.name = "read-self",
                        .refused = "the sync user is not a server admin",
                        .is_wanted = always,
                        .ask = self_ask,
                        .learn = self_learn},
    [STEP_TRY_WRITE] = {.name = "try-to-write",
                        .refused = "the sync user may not write",
                        .own = try_rules,
                        .is_wanted = try_is_wanted,
                        .ask = try_ask,
                        .learn = try_learn},
    [STEP_READ_CAPABILITIES] = {.name = "read-capabilities",
                                .refused = "the homeserver does not say what it can do",
                                .is_wanted = always,
                                .ask = capabilities_ask,
                                .learn = capabilities_learn},
    [STEP_GET_MAS_TOKEN] = {.name = "get-mas-token",
                            .refused =
                                "the Matrix Authentication Service does not take "
                                "MATRIX_MESSENGER__MAS_CLIENT_ID and MATRIX_MESSENGER__MAS_CLIENT_SECRET",
                            .of_mas = true,
                            .by_client = true,
                            .limit = MAS_STEP_LIMIT,
                            .own = mas_step_rules,
                            .is_wanted = mas_token_is_wanted,
                            .ask = mas_token_ask,
                            .learn = mas_token_learn},
    [STEP_READ_MAS] = {.name = "read-mas",
                       .refused = "the admin API of the Matrix Authentication Service cannot be used: it has "
                                  "to be served there (resource adminapi), and needs a token with the scope "
                                  "urn:mas:admin, or MATRIX_MESSENGER__MAS_CLIENT_ID and "
                                  "MATRIX_MESSENGER__MAS_CLIENT_SECRET",
                       .of_mas = true,
                       .limit = MAS_STEP_LIMIT,
                       .own = mas_step_rules,
                       .is_wanted = mas_is_found,
                       .ask = mas_read_ask,
                       .learn = mas_read_learn},
    [STEP_SET_NAME] = {.name = "set-own-name",
                       .refused = "the display name of the sync user was not set",
                       .limit = DISPLAY_NAME_LIMIT,
                       .optional = true,
                       .is_wanted = name_is_wanted,
                       .ask = name_ask},
    [STEP_UPLOAD_AVATAR] = {.name = "upload-avatar",
                            .refused = "the avatar of the sync user was not uploaded",
                            .optional = true,
                            .is_wanted = picture_is_wanted,
                            .ask = upload_ask,
                            .learn = upload_learn},
    [STEP_SET_AVATAR] = {.name = "set-avatar",
                         .refused = "the avatar of the sync user was not set",
                         .optional = true,
                         .is_wanted = avatar_is_wanted,
                         .ask = avatar_ask},
    [STEP_READ_RATE_LIMIT] = {.name = "read-rate-limit",
                              .refused = "the rate limit of the sync user is not known",
                              .optional = true,
                              .is_wanted = limit_is_wanted,
                              .ask = limit_ask,
                              .learn = limit_learn},
    [STEP_LIFT_RATE_LIMIT] = {.name = "lift-rate-limit",
                              .refused = "the rate limit of the sync user was not lifted",
                              .optional = true,
                              .is_wanted = lift_is_wanted,
                              .ask = lift_ask},
};

const struct step *step_at(enum step_name name)
{
    return &steps[name];
}
