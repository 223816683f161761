#ifndef SYNC_BASE_JSON_WEIGHT_H
#define SYNC_BASE_JSON_WEIGHT_H

#include <stdbool.h>
#include <stddef.h>

/*
 * What a JSON text becomes in memory, told from its bytes before it is parsed. Jansson takes up to 75 bytes
 * for each byte of `{},{},…`, so a limit on bytes alone does not limit memory.
 */
struct json_weight {
    size_t values;  /* of any kind, names of members aside: exact where the text is valid */
    size_t objects; /* of these */
    size_t bytes;   /* the most that jansson has allocated at any time while it parses the text */
};

/* One pass over the bytes, which need not be valid: jansson goes no further than the first error. */
struct json_weight json_weigh(const char *text, size_t size);

/* Whether so many bytes of memory are enough. Costs nothing where the text is too short to be heavy. */
bool json_fits(const char *text, size_t size, size_t most);

#endif
