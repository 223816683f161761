/* What the Matrix Authentication Service says of itself, and of tokens and accounts. */
#include "base/memory.h"
#include "synapse/mas.h"
#include "synapse/parse.h"
#include "synapse/steps_mas.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(bool condition)
{
    if (!condition)
        abort();
}

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
        check(*facts->mas && facts->mas[strlen(facts->mas) - 1] != '/' && !strpbrk(facts->mas, "?# @"));
    if (mas_token_learn(facts, body, &error))
        check(*facts->mas_token && is_visible(facts->mas_token));
    (void)mas_read_learn(facts, body, &error);
}

static void read(const json_t *body)
{
    struct synapse_reply reply = {.retry_after = -1};

    if (mas_reply_account(body, &reply))
        check(reply.text && strlen(reply.text) < 64 && reply.user.name);
    synapse_reply_deinit(&reply);
    if (mas_reply_owner(body, &reply))
        check(!reply.text || strlen(reply.text) < 64);
    synapse_reply_deinit(&reply);
    (void)mas_reply_is_of_mas(body, &reply);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
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
    return 0;
}
