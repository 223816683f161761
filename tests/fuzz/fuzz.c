#include "fuzz.h"

#include "base/memory.h"
#include "cost.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void hold(const char *what, size_t cost, size_t each, size_t size)
{
    size_t counted = size > FUZZ_LEAST ? size : FUZZ_LEAST;

    if (getenv("FUZZ_COSTS"))
        (void)fprintf(stderr, "%s: %zu for each of %zu bytes\n", what, cost / counted, counted);
    if (cost <= each * counted)
        return;
    (void)fprintf(stderr, "%s: %zu of at most %zu, which is %zu for each of %zu bytes\n", what, cost,
                  each * counted, each, counted);
    abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct cost cost;

    cost_begin();
    fuzz_try(data, size);
    cost = cost_end();
    hold("memory", cost.memory, fuzz_bound.memory, size);
    hold("blocks", cost.blocks, fuzz_bound.blocks, size);
    hold("steps", cost.steps, fuzz_bound.steps, size);
    return 0;
}

void must(bool holds)
{
    if (!holds)
        abort();
}

size_t fuzz_held(void)
{
    return cost_held();
}

uint8_t fuzz_byte(struct fuzz_rest *rest)
{
    if (rest->size == 0)
        return 0;
    rest->size--;
    return *rest->data++;
}

char *fuzz_text(struct fuzz_rest *rest)
{
    const uint8_t *end = rest->size > 0 ? memchr(rest->data, '\0', rest->size) : NULL;
    size_t length = end ? (size_t)(end - rest->data) : rest->size;
    char *text = text_copy_bytes((const char *)rest->data, length);

    rest->data += length + (end != NULL);
    rest->size -= length + (end != NULL);
    return text;
}
