#include "synapse/facts.h"

#include "base/memory.h"
#include "base/text.h"

#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <stdlib.h>
#include <string.h>

/* Fixed, so that each log-in is of the same device: devices do not pile up, and the homeserver goes on
   recognising messages that were sent before. */
#define DEVICE "synapse-sync"

char *facts_shared_secret_password(const struct facts *facts)
{
    const char *secret = facts->shared_secret ? facts->shared_secret : "";
    unsigned char mac[EVP_MAX_MD_SIZE];
    unsigned size = 0;
    char *password;

    memory_must(HMAC(EVP_sha512(), secret, (int)strlen(secret), (const unsigned char *)facts->user,
                     strlen(facts->user), mac, &size));
    password = memory_new(2 * (size_t)size + 1, 1);
    text_write_hex(password, mac, size);
    explicit_bzero(mac, sizeof(mac));
    return password;
}

static void keep_secret(struct facts *facts)
{
    CLEANUP(text_free_secretp)
    char *derived = facts->shared_secret ? facts_shared_secret_password(facts) : NULL;
    const char *const own[] = {facts->given_token, facts->password, facts->shared_secret, derived,
                               facts->mas_client_secret};

    for (size_t i = 0; i < sizeof(own) / sizeof(own[0]); i++)
        secrets_add(facts->secrets, own[i]);
}

static void gather_secrets(struct facts *facts, const struct synapse_config *config)
{
    facts->secrets = secrets_new();
    keep_secret(facts);
    for (const char *const *secret = config->secrets; secret && *secret; secret++)
        secrets_add(facts->secrets, *secret);
}

void facts_init(struct facts *facts, const struct synapse_config *config)
{
    *facts = (struct facts){
        .user = text_copy(config->sync_user),
        .given_token = text_copy(config->token),
        .password = text_copy(config->password),
        .shared_secret = text_copy(config->shared_secret),
        .mas_uri = text_copy(config->mas_uri),
        .mas_client_id = text_copy(config->mas_client_id),
        .mas_client_secret = text_copy(config->mas_client_secret),
        .server_name = text_copy(config->server_name),
        .wanted_name = text_copy(config->display_name),
        .avatar_path = text_copy(config->avatar_path),
        .wanted_version = text_copy(config->room_version),
        .lift_rate_limit = config->lift_rate_limit,
        .token = text_copy(config->token),
        .device = DEVICE,
    };
    gather_secrets(facts, config);
}

static void set_secret(char **place, const char *text)
{
    text_free_secret(*place);
    *place = text_copy(text);
}

void facts_set_credentials(struct facts *facts, const struct synapse_config *config)
{
    set_secret(&facts->given_token, config->token);
    set_secret(&facts->password, config->password);
    set_secret(&facts->shared_secret, config->shared_secret);
    text_set(&facts->mas_client_id, config->mas_client_id);
    set_secret(&facts->mas_client_secret, config->mas_client_secret);
    set_secret(&facts->mas_token, NULL);
    if (config->token)
        set_secret(&facts->token, config->token);
    keep_secret(facts);
}

void facts_deinit(struct facts *facts)
{
    free(facts->user);
    text_free_secret(facts->given_token);
    text_free_secret(facts->password);
    text_free_secret(facts->shared_secret);
    free(facts->mas_uri);
    free(facts->mas_client_id);
    text_free_secret(facts->mas_client_secret);
    free(facts->server_name);
    free(facts->mas);
    text_free_secret(facts->mas_token);
    free(facts->wanted_name);
    free(facts->avatar_path);
    free(facts->wanted_version);
    text_free_secret(facts->token);
    secrets_free(facts->secrets);
    secrets_free(facts->tokens);
    free(facts->name);
    free(facts->avatar_uri);
    free(facts->room_version);
}

bool facts_are_told_by(const struct facts *facts, const char *text)
{
    return secrets_are_in(facts->secrets, text) || secrets_are_in(facts->tokens, text);
}

const char *facts_mas_bearer(const struct facts *facts)
{
    return facts->mas_token ? facts->mas_token : facts->token;
}
