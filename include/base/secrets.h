#ifndef SYNC_BASE_SECRETS_H
#define SYNC_BASE_SECRETS_H

#include "base/cleanup.h"
#include "base/error.h"

#include <stdbool.h>

/*
 * Texts that must never be shown, and whether words of others repeat one of them.
 *
 * Whoever repeats it may do so in another form. A secret is found in a text
 * - in upper or lower case, and whatever stands between its characters that is white space, a backslash or
 *   hidden (base/visible.h);
 * - percent-encoded, or escaped as in JSON, once or twice;
 * - in base64 of either alphabet, also as a part of something longer (as in `Basic …`), and in hexadecimal;
 * - cut: twelve characters of it in a row are enough.
 * A short one is found in many texts that do not mean it. What is found must not be shown, and that is all.
 */
struct secrets;

struct secrets *secrets_new(void) MUST_USE;
/* Overwrites them. NULL is fine. */
void secrets_free(struct secrets *secrets);
DEFINE_CLEANUP(struct secrets, secrets_free)

/* Adds a copy of the text, and of what it is when percent-decoded. NULL and "" are passed over. */
void secrets_add(struct secrets *secrets, const char *text);

/* Whether the text repeats one of them; NULL for the secrets or the text: no. Takes time in proportion to the
   text's length, so whoever may be given a long one cuts it first. */
bool secrets_are_in(const struct secrets *secrets, const char *text);

#endif
