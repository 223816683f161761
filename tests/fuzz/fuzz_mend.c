/*
 * Any bytes: what jansson takes means the same after the mending of numbers, unless they were too large; and
 * what was mended is not refused for the size of a number or for half a pair.
 */
#include "fuzz.h"

#include "base/memory.h"
#include "base/mend.h"

#include <jansson.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

const struct fuzz_bound fuzz_bound = {.memory = 300, .blocks = 10, .steps = 1000};

void fuzz_try(const uint8_t *data, size_t size)
{
    char *bytes = memory_new(size, 1), *numbers, *escapes;
    json_error_t error;
    json_t *before, *after;

    memcpy(bytes, data, size);
    numbers = mend_numbers(bytes, size);
    before = json_loadb(bytes, size, JSON_DECODE_ANY, NULL);
    after = json_loadb(numbers, size, JSON_DECODE_ANY, &error);
    must(before ? json_equal(before, after)
                : after || json_error_code(&error) != json_error_numeric_overflow);
    json_decref(before);
    json_decref(after);
    escapes = mend_escapes(bytes, size, true);
    must(!escapes || strlen(escapes) <= size);
    free(escapes);
    free(numbers);
    free(bytes);
}
