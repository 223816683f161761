/*
 * Whatever comes, in whatever pieces: the same events and the same rest come out. And each of them weighs
 * what was told of it before it was parsed.
 */
#include "fuzz.h"

#include "synapse/sieve.h"

#include "base/json_weight.h"
#include "base/memory.h"

#include <jansson.h>
#include <stdint.h>
#include <stdlib.h>

enum { MUCH = 1 << 24 };

static bool note(void *context, const char *text, size_t size, struct buffer *rest)
{
    struct buffer *events = context;

    must(size >= 2 && text[0] == '{' && text[size] == '\0'); /* between them whatever came, \0 too */
    (void)buffer_append(events, text, size);
    (void)buffer_append_char(events, '\n');
    if (size % 2 == 0)
        sieve_keep(rest, text, size);
    return size != 7;
}

/* Events and then the rest; NULL: it was refused. */
static char *sift(const char *text, size_t size, size_t piece)
{
    struct buffer events;
    CLEANUP(sieve_freep) struct sieve *sieve = NULL;
    bool fed = true;

    buffer_init(&events, MUCH);
    sieve = sieve_new("a", MUCH, note, &events);
    for (size_t at = 0; fed && at < size; at += piece)
        fed = sieve_feed(sieve, text + at, size - at < piece ? size - at : piece);
    (void)buffer_append(&events, sieve_rest(sieve)->bytes, sieve_rest(sieve)->size);
    if (fed)
        return buffer_take(&events);
    buffer_deinit(&events);
    return NULL;
}

static size_t values_in(json_t *value)
{
    size_t count = 1, i;
    json_t *one;
    const char *key;

    json_array_foreach(value, i, one) count += values_in(one);
    json_object_foreach(value, key, one) count += values_in(one);
    return count;
}

static void weigh(const char *text, size_t size)
{
    struct json_weight weight = json_weigh(text, size);
    size_t before = fuzz_held();
    json_auto_t *value = json_loadb(text, size, JSON_DECODE_ANY | JSON_REJECT_DUPLICATES, NULL);

    must(!value || weight.values == values_in(value));
    must(fuzz_held() - before <= weight.bytes);
}

const struct fuzz_bound fuzz_bound = {.memory = 300, .blocks = 10, .steps = 1000};

void fuzz_try(const uint8_t *data, size_t size)
{
    const char *text = (const char *)data;
    size_t piece = size > 0 ? 1 + data[0] % 7 : 1;
    CLEANUP(freep) char *whole = sift(text, size, size + 1), *pieces = sift(text, size, piece);

    must(text_equal(whole, pieces));
    weigh(text, size);
}
