/*
 * Replies to the steps in which a session is opened, one behind the other: whatever they say, what is learnt
 * from them is fit for the requests that follow, and no complaint repeats a secret.
 */
#include "fuzz.h"

#include "base/memory.h"
#include "base/secrets.h"
#include "synapse/parse.h"
#include "synapse/steps.h"

#include <stdlib.h>
#include <string.h>

/* Reaches: synapse/steps.c synapse/steps_mas.c synapse/facts.c synapse/question.c synapse/path.c */

#define TOKEN "syt_c3luYw_hunter2"
#define PASSWORD "correct horse battery"

/* Each secret is kept in all its forms. */
const struct fuzz_bound fuzz_bound = {.memory = 300, .blocks = 10, .steps = 2000};

static void check_hidden(const struct facts *facts, const char *text)
{
    must(!secrets_are_in(facts->secrets, text) && !secrets_are_in(facts->tokens, text));
}

static bool is_visible(const char *text)
{
    for (; *text; text++)
        if (*text <= ' ' || *text > '~')
            return false;
    return true;
}

static void check_facts(const struct facts *facts)
{
    must(!facts->token || (*facts->token && is_visible(facts->token)));
    must(!facts->mas_token || (*facts->mas_token && is_visible(facts->mas_token)));
    must(!facts->mas ||
         (strncasecmp(facts->mas, "http", 4) == 0 && facts->mas[strlen(facts->mas) - 1] != '/'));
    must(!facts->avatar_uri || strncmp(facts->avatar_uri, "mxc://", 6) == 0);
    must(!facts->room_version || (*facts->room_version && strlen(facts->room_version) <= 32));
}

static void check_question(const struct step *step, const struct facts *facts)
{
    struct question question = {.path = NULL};
    struct error error = {""};

    if (step->ask(facts, &question, &error)) {
        must(question.path[0] == '/' && is_visible(question.path) && !strchr(question.path, '#'));
        must(!strstr(question.path, TOKEN));
        must(!question.body == (question.body_size == 0));
    } else {
        must(error.text[0] != '\0');
        check_hidden(facts, error.text);
    }
    question_deinit(&question);
}

static void take_step(const struct step *step, struct facts *facts, struct fuzz_rest *rest)
{
    CLEANUP(freep) char *text = NULL;
    json_auto_t *body = NULL;
    struct error error = {""};

    if (!step->is_wanted(facts))
        return;
    check_question(step, facts);
    if (!step->learn)
        return;
    text = fuzz_text(rest);
    body = parse_object(text, strlen(text));
    if (!step->learn(facts, body, &error)) {
        must(error.text[0] != '\0');
        check_hidden(facts, error.text);
    }
    check_facts(facts);
}

void fuzz_try(const uint8_t *data, size_t size)
{
    struct fuzz_rest rest = {data, size};
    uint8_t how = fuzz_byte(&rest);
    const struct synapse_config config = {
        .server_name = "h",
        .sync_user = "@sync:h",
        .token = how & 1 ? TOKEN : NULL,
        .password = how & 2 ? PASSWORD : NULL,
        .shared_secret = how & 3 ? NULL : PASSWORD,
        .mas_client_id = how & 4 ? "client" : NULL,
        .mas_client_secret = how & 4 ? PASSWORD : NULL,
        .display_name = "Sync-Bot",
        .lift_rate_limit = true,
        .room_version = how & 8 ? "11" : NULL,
    };
    struct facts facts;

    facts_init(&facts, &config);
    facts.may_not_write = how & 16;
    for (int i = 0; i < STEP_NONE; i++)
        take_step(step_at((enum step_name)i), &facts, &rest);
    facts_deinit(&facts);
}
