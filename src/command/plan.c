#include "command/account_json.h"
#include "command/account_words.h"
#include "command/batch.h"

static void print_plan(const struct account *account, size_t left, const struct command_options *options)
{
    if (options->json) {
        account_print_json(account, left, true, stdout);
        return;
    }
    for (size_t i = 0; i < account->entry_count; i++)
        if (account_is_telling(account->entries[i]))
            account_print_plan(account->entries[i], stdout);
    account_print_sum(account, left, stdout);
}

int command_plan(const struct config *config, const struct command_options *options)
{
    const struct batch_manner manner = {.foresees = true, .over = print_plan};

    return batch_run(config, options, &manner);
}
