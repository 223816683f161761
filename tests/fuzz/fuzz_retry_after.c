/* The value of a Retry-After header: any bytes give -1 or a pause within the bounds. */
#include "fuzz.h"

#include "base/cleanup.h"
#include "base/memory.h"
#include "http/retry_after.h"

#include <stdlib.h>

const struct fuzz_bound fuzz_bound = {.memory = 100, .blocks = 4, .steps = 1000};

void fuzz_try(const uint8_t *data, size_t size)
{
    CLEANUP(freep) char *value = text_copy_bytes((const char *)data, size);
    int64_t pause = http_retry_after(value, 784111777);

    must(pause >= -1 && pause <= HTTP_LONGEST_PAUSE);
}
