/*
 * Anything that the Matrix Authentication Service says of itself, of tokens and of accounts: addresses,
 * tokens and ids that are taken from it are fit for requests, and no complaint repeats a secret.
 */
#include "fuzz.h"

#include "base/memory.h"
#include "synapse/mas.h"
#include "synapse/parse.h"
#include "synapse/steps_mas.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

/* Reaches: synapse/mas.c synapse/steps_mas.c */

static bool is_visible(const char *text)
{
    for (; *text; text++)
        if (*text <= ' ' || *text > '~')
            return false;
    return true;
}

static void learn(struct facts *facts, const json_t *body)
{
    struct error error;

    if (mas_find_learn(facts, body, &error) && facts->mas)
        must(*facts->mas && facts->mas[strlen(facts->mas) - 1] != '/' && !strpbrk(facts->mas, "?# @"));
    if (mas_token_learn(facts, body, &error))
        must(*facts->mas_token && is_visible(facts->mas_token));
    if (!mas_read_learn(facts, body, &error))
        must(!secrets_are_in(facts->secrets, error.text));
    (void)mas_find_earlier_learn(facts, body, &error);
}

static void read(const json_t *body)
{
    struct synapse_reply reply = {.retry_after = -1};

    if (mas_reply_account(body, &reply))
        must(reply.text && strlen(reply.text) < 64 && reply.user.name);
    synapse_reply_deinit(&reply);
    if (mas_reply_owner(body, &reply))
        must(!reply.text || strlen(reply.text) < 64);
    synapse_reply_deinit(&reply);
    (void)mas_reply_is_of_mas(body, &reply);
}

const struct fuzz_bound fuzz_bound = {.memory = 300, .blocks = 10, .steps = 1000};

void fuzz_try(const uint8_t *data, size_t size)
{
    const struct synapse_config config = {.server_name = "h", .sync_user = "@sync:h", .token = "mpt_a"};
    json_t *body = parse_object((const char *)data, size);
    struct facts facts;

    facts_init(&facts, &config);
    facts.mas = text_copy("https://mas.h");
    learn(&facts, body);
    read(body);
    facts_deinit(&facts);
    json_decref(body);
}
