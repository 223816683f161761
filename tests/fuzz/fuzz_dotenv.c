/* The parser of .env files: whatever the bytes, it ends, stays within them, and reports sensible lines. */
#include "config/dotenv.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct seen {
    unsigned line;
    size_t size;
};

static void found(void *context, const struct dotenv_entry *entry)
{
    struct seen *seen = context;

    if (entry->line <= seen->line || !*entry->name || strlen(entry->value) > seen->size)
        abort();
    seen->line = entry->line;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct seen seen = {0, size};
    struct error error = {""};
    unsigned line = 0;

    if (!dotenv_parse((const char *)data, size, found, &seen, &line, &error) && (line == 0 || !*error.text))
        abort();
    return 0;
}
