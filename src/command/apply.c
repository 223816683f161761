#include "command/account_json.h"
#include "command/account_words.h"
#include "command/batch.h"

#include <unistd.h>

/* A person who watches is told of what is out of the ordinary; a file gets everything. */
static bool is_told(const struct account_entry *entry, const struct command_options *options)
{
    bool is_ordinary = !entry->rejected && !(entry->warnings && *entry->warnings);

    return options->json || !is_ordinary || !isatty(STDOUT_FILENO);
}

static void tell(const struct account_entry *entry, const struct command_options *options)
{
    if (options->json)
        account_print_entry_json(entry, stdout);
    else
        account_print_end(entry, stdout);
    (void)fflush(stdout);
}

static void print_sum(const struct account *account, size_t left, const struct command_options *options)
{
    if (options->json)
        account_print_json(account, left, false, stdout);
    else
        account_print_sum(account, left, stdout);
}

int command_apply(const struct config *config, const struct command_options *options)
{
    const struct batch_manner manner = {.is_told = is_told, .tell = tell, .over = print_sum};

    return batch_run(config, options, &manner);
}
