/* Any bytes of a .env file: it ends, stays within them, and lines are told in their order. */
#include "fuzz.h"

#include "config/dotenv.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

struct seen {
    unsigned line;
    size_t size;
};

static void found(void *context, const struct dotenv_entry *entry)
{
    struct seen *seen = context;

    must(entry->line > seen->line && *entry->name && strlen(entry->value) <= seen->size);
    seen->line = entry->line;
}

const struct fuzz_bound fuzz_bound = {.memory = 100, .blocks = 4, .steps = 1000};

void fuzz_try(const uint8_t *data, size_t size)
{
    struct seen seen = {0, size};
    struct error error = {""};
    unsigned line = 0;

    if (!dotenv_parse((const char *)data, size, found, &seen, &line, &error))
        must(line > 0 && *error.text);
}
