#ifndef SYNC_BASE_FINGERPRINT_H
#define SYNC_BASE_FINGERPRINT_H

#include <stddef.h>
#include <stdint.h>

/*
 * A number that stands for a text: the same for the same bytes, whenever and wherever it is computed, and
 * otherwise evenly spread over all 64 bits. Two different texts have the same one with a probability of
 * 2^-64.
 */
uint64_t fingerprint(const void *bytes, size_t size);

#endif
