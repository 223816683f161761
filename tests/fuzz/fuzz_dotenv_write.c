/* Any value: the line of a .env file that is written for it is read as that value, and as nothing else. */
#include "fuzz.h"

#include "base/cleanup.h"
#include "base/memory.h"
#include "config/dotenv.h"
#include "config/dotenv_write.h"

#include <stdlib.h>
#include <string.h>

/* Up to five ways of quoting are tried. */
const struct fuzz_bound fuzz_bound = {.memory = 100, .blocks = 10, .steps = 3000};

struct wanted {
    const char *value;
    bool found;
};

static void found(void *context, const struct dotenv_entry *entry)
{
    struct wanted *wanted = context;

    must(!wanted->found && text_equal(entry->name, "A_NAME") && text_equal(entry->value, wanted->value));
    wanted->found = true;
}

static bool is_simple(const char *value)
{
    return !strpbrk(value, "'\"`#\r\n\\");
}

void fuzz_try(const uint8_t *data, size_t size)
{
    CLEANUP(freep) char *value = text_copy_bytes((const char *)data, size);
    struct wanted wanted = {value, false};
    CLEANUP(buffer_deinit) struct buffer line;
    struct error error;
    unsigned number;

    buffer_init(&line, 3 * size + FUZZ_LEAST);
    if (!dotenv_write(&line, "A_NAME", value)) {
        must(!is_simple(value));
        return;
    }
    must(dotenv_parse(line.bytes, line.size, found, &wanted, &number, &error));
    must(wanted.found);
}
