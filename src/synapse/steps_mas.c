#include "synapse/steps_mas.h"

#include "base/cleanup.h"
#include "base/memory.h"
#include "http/uri.h"
#include "synapse/parse.h"
#include "synapse/path.h"

#include <openssl/evp.h>
#include <stdlib.h>
#include <string.h>

#define FORM "application/x-www-form-urlencoded"

const struct errcode_rule mas_absence_rules[] = {{404, NULL, SYNAPSE_OK}, {0}};

const struct errcode_rule mas_step_rules[] = {
    {400, NULL, SYNAPSE_REFUSED}, {401, NULL, SYNAPSE_REFUSED}, {403, NULL, SYNAPSE_REFUSED},
    {404, NULL, SYNAPSE_REFUSED}, {405, NULL, SYNAPSE_REFUSED}, {0},
};

/* ---- whether it is there ---- */

bool mas_is_found(const struct facts *facts)
{
    return facts->mas != NULL;
}

bool mas_is_not_found(const struct facts *facts)
{
    return facts->mas == NULL;
}

bool mas_find_ask(const struct facts *facts, struct question *question, struct error *error)
{
    (void)error;
    return question_get("/_matrix/client/v1/auth_metadata", facts, question);
}

bool mas_find_earlier_ask(const struct facts *facts, struct question *question, struct error *error)
{
    (void)error;
    return question_get("/_matrix/client/unstable/org.matrix.msc2965/auth_metadata", facts, question);
}

/* An address to which a path can be added. */
static bool is_base(const char *text)
{
    struct http_uri uri = {0};
    bool fits = text && !strpbrk(text, "?#@ ") && http_uri_parse(text, &uri) &&
                (text_equal(uri.scheme, "http") || text_equal(uri.scheme, "https"));

    http_uri_deinit(&uri);
    return fits;
}

/* The issuer may be a mere name, and be another than where the service is; the token endpoint cannot. */
char *mas_base(const json_t *metadata)
{
    const char *endpoint = parse_text(metadata, "token_endpoint"), *issuer = parse_text(metadata, "issuer");
    const char *end = endpoint ? strstr(endpoint, SYNAPSE_MAS_TOKEN_PATH) : NULL;
    bool is_endpoint = end && text_equal(end, SYNAPSE_MAS_TOKEN_PATH);
    const char *address = is_endpoint ? endpoint : issuer;
    size_t length = is_endpoint ? (size_t)(end - endpoint) : issuer ? strlen(issuer) : 0;
    CLEANUP(freep) char *base = NULL;

    while (length > 0 && address[length - 1] == '/')
        length--;
    base = text_copy_bytes(address, length);
    return is_base(base) ? TAKE(base) : NULL;
}

static bool has_issuer(const json_t *body)
{
    return parse_text(body, "issuer") != NULL;
}

bool mas_find_learn(struct facts *facts, const json_t *body, struct error *error)
{
    CLEANUP(freep) char *base = has_issuer(body) ? mas_base(body) : NULL;

    free(facts->mas);
    facts->mas = NULL;
    if (!has_issuer(body))
        return true;
    if (!base && !facts->mas_uri)
        return error_set(error, "the homeserver does not say where the Matrix Authentication Service is: set "
                                "MATRIX_MESSENGER__MAS_URI");
    if (!facts->mas_uri && facts_are_told_by(facts, base)) /* whoever cannot reach it names it */
        return error_set(error, "the homeserver says that the Matrix Authentication Service is at an address "
                                "that holds a secret of ours: set MATRIX_MESSENGER__MAS_URI");
    if (!facts->given_token)
        return error_set(error,
                         "the Matrix Authentication Service keeps the accounts, so that nobody can log in "
                         "here: set MATRIX_MESSENGER__SYNC_USER_TOKEN to a token with the scope " MAS_SCOPE);
    facts->mas = text_copy(facts->mas_uri ? facts->mas_uri : base);
    return true;
}

/* By what the tokens of MAS begin with (crates/data-model/src/tokens.rs there). */
static bool is_of_mas(const char *token)
{
    static const char *const beginnings[] = {"mpt_", "mct_", "mat_"};

    for (size_t i = 0; token && i < sizeof(beginnings) / sizeof(beginnings[0]); i++)
        if (strncmp(token, beginnings[i], strlen(beginnings[i])) == 0)
            return true;
    return false;
}

bool mas_find_earlier_learn(struct facts *facts, const json_t *body, struct error *error)
{
    if (!mas_find_learn(facts, body, error))
        return false;
    if (!facts->mas && is_of_mas(facts->given_token))
        return error_set(error,
                         "the given token is one of a Matrix Authentication Service, but the homeserver "
                         "at this address does not tell of one (auth_metadata)");
    return true;
}

/* ---- a token for it ---- */

bool mas_token_is_wanted(const struct facts *facts)
{
    return facts->mas && facts->mas_client_id;
}

bool mas_token_ask(const struct facts *facts, struct question *question, struct error *error)
{
    (void)facts;
    (void)error;
    question->method = HTTP_POST;
    question->route = SYNAPSE_MAS_TOKEN_PATH;
    question->path = text_copy(SYNAPSE_MAS_TOKEN_PATH);
    question->body = text_copy("grant_type=client_credentials&scope=urn%3Amas%3Aadmin");
    question->body_size = strlen(question->body);
    question->content_type = FORM;
    return true;
}

/* Both are percent-encoded first (RFC 6749, 2.3.1). */
char *mas_client_credentials(const struct facts *facts)
{
    const char *secret = facts->mas_client_secret ? facts->mas_client_secret : "";
    const struct path_value values[] = {{"id", facts->mas_client_id}, {"secret", secret}, {NULL, NULL}};
    CLEANUP(text_free_secretp) char *plain = path_expand("{id}:{secret}", values);
    size_t size = strlen(plain);
    char *encoded = memory_new(4 * ((size + 2) / 3) + 1, 1);

    (void)EVP_EncodeBlock((unsigned char *)encoded, (const unsigned char *)plain, (int)size);
    return encoded;
}

static bool is_sound(const char *token)
{
    if (!token || !*token)
        return false;
    for (; *token; token++)
        if (*token <= ' ' || *token > '~')
            return false;
    return true;
}

bool mas_token_learn(struct facts *facts, const json_t *body, struct error *error)
{
    enum { LONGEST = 24 * 60 * 60, LEAST = 2, MARGIN = 20 };
    const char *token = parse_text(body, "access_token");
    int64_t seconds = parse_number(body, "expires_in", LONGEST);

    if (!is_sound(token))
        return error_set(error, "the Matrix Authentication Service gives no token");
    secrets_free(facts->tokens);
    facts->tokens = secrets_new();
    secrets_add(facts->tokens, facts->mas_token); /* an answer to it may be on its way */
    secrets_add(facts->tokens, token);
    text_free_secret(facts->mas_token);
    facts->mas_token = text_copy(token);
    seconds = seconds < LEAST ? LEAST : seconds > LONGEST ? LONGEST : seconds;
    facts->mas_renewal = instant_now() + 1000 * (seconds / 2 < MARGIN ? seconds / 2 : seconds - MARGIN);
    return true;
}

/* ---- whether it is ours ---- */

bool mas_read_ask(const struct facts *facts, struct question *question, struct error *error)
{
    (void)error;
    return question_get("/api/admin/v1/site-config", facts, question);
}

bool mas_read_learn(struct facts *facts, const json_t *body, struct error *error)
{
    const char *name = parse_text(body, "server_name");

    return text_equal(name, facts->server_name) ||
           error_set(error,
                     "the Matrix Authentication Service at %.255s is that of another homeserver than %s",
                     facts->mas, facts->server_name);
}
