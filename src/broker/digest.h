#ifndef SYNC_BROKER_DIGEST_H
#define SYNC_BROKER_DIGEST_H

#include "base/cleanup.h"
#include "base/error.h"

#include <stddef.h>

/* SHA-256 of what comes in pieces, in constant memory. */
struct digest;

enum { DIGEST_SIZE = 2 * 32 + 1 }; /* as hexadecimal text with its end */

struct digest *digest_new(void) MUST_USE;
/* NULL is fine. */
void digest_free(struct digest *digest);
DEFINE_CLEANUP(struct digest, digest_free)

void digest_add(struct digest *digest, const void *bytes, size_t size);
/* To be asked for once, at the end. */
void digest_finish(struct digest *digest, char ret_text[DIGEST_SIZE]);

#endif
