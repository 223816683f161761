/* Any bytes of a YAML file: it ends, and what is taken from it has its place. */
#include "fuzz.h"

#include "base/cleanup.h"
#include "config/yaml.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

static size_t line_of(const char *place)
{
    must(strncmp(place, "f:", 2) == 0);
    return strtoul(place + 2, NULL, 10);
}

/* Each unknown name is held against the whole table. */
const struct fuzz_bound fuzz_bound = {.memory = 200, .blocks = 4, .steps = 60000};

void fuzz_try(const uint8_t *data, size_t size)
{
    CLEANUP(givens_deinit) struct givens givens = {0};
    struct error error = {""};
    struct complaints complaints = {.first = &error, .count = 1000}; /* so many that no more are logged */

    yaml_read("f", (const char *)data, size, &givens, &complaints);
    for (size_t i = 0; i < NAME_COUNT; i++)
        if (givens.of[i].text)
            must(*givens.of[i].text && line_of(givens.of[i].place) >= 1 &&
                 line_of(givens.of[i].place) <= size);
}
