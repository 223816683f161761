#ifndef SYNC_BASE_MEND_H
#define SYNC_BASE_MEND_H

#include "base/error.h"

#include <stdbool.h>
#include <stddef.h>

/*
 * JSON that others accept and jansson does not, mended before it is parsed. Each takes a text of `size` bytes
 * and gives a terminated copy of the same size, which the caller frees (text_free_secret() where the text may
 * hold a secret). Takes time in proportion to the text's length, whatever is in
 * it; a text that is not JSON is not JSON afterwards either.
 */

/*
 * Half a surrogate pair becomes U+FFFD, the replacement character, whose escape is as long; with `nul` an
 * escaped NUL does, too. NULL: there are no escapes. (A text with it is never equal to one that is wanted,
 * which is right: nor was the original.)
 */
char *mend_escapes(const char *text, size_t size, bool nul) MUST_USE;

/* A number outside of the range of an int64_t, or of a double where it has a fraction or an exponent, becomes
   one that is in it (for integers the nearest one), followed by blanks. */
char *mend_numbers(const char *text, size_t size) MUST_USE;

#endif
