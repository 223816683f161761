#ifndef SYNC_SYNAPSE_WEIGHT_H
#define SYNC_SYNAPSE_WEIGHT_H

#include <stddef.h>
#include <string.h>

/*
 * What blocks of memory take in truth. The allocator of glibc adds a word to each, rounds up to two words and
 * has none under four (malloc/malloc.c, "request2size"); others differ by little.
 */
static inline size_t weight_of_block(size_t size)
{
    enum { WORD = sizeof(size_t), UNIT = 2 * WORD, LEAST = 4 * WORD };
    size_t weight = (size + WORD + UNIT - 1) / UNIT * UNIT;

    return weight < LEAST ? LEAST : weight;
}

/* NULL takes nothing. */
static inline size_t weight_of_text(const char *text)
{
    return text ? weight_of_block(strlen(text) + 1) : 0;
}

#endif
