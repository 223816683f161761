/*
 * Any bytes: parts that lie one behind the other, of which each is where it says, or a complaint; and no byte
 * that is neither blank nor a mark of an array gets lost between them.
 */
#include "fuzz.h"

#include "request/split.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

static size_t lines_before(const char *bytes, size_t size)
{
    size_t lines = 0;

    for (size_t i = 0; i < size; i++)
        lines += bytes[i] == '\n';
    return lines;
}

static void check_gap(const char *from, const char *to, bool is_array)
{
    for (; from < to; from++)
        must(strchr(is_array ? " \t\r\n[]," : " \t\r\n\xef\xbb\xbf", *from) && *from);
}

const struct fuzz_bound fuzz_bound = {.memory = 100, .blocks = 4, .steps = 1000};

void fuzz_try(const uint8_t *data, size_t size)
{
    const char *bytes = (const char *)data, *behind = bytes;
    struct request_split split = request_split_begin(bytes, size);
    struct request_complaint complaint = {0};
    struct request_part part;
    enum request_split_result result;

    if (size == 0)
        return;
    while ((result = request_split_next(&split, &part, &complaint)) == REQUEST_SPLIT_PART) {
        must(part.size > 0 && part.bytes >= behind && part.bytes + part.size <= bytes + size);
        must(part.origin.lines == lines_before(bytes, (size_t)(part.bytes - bytes)));
        must(part.origin.bytes == (size_t)(part.bytes - bytes));
        if (behind > bytes)
            check_gap(behind, part.bytes, part.is_in_array);
        behind = part.bytes + part.size;
    }
    must((result == REQUEST_SPLIT_BROKEN) == (complaint.detail.text[0] != '\0'));
    must(request_split_next(&split, &part, &complaint) == REQUEST_SPLIT_END);
}
