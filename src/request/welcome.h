#ifndef SYNC_REQUEST_WELCOME_H
#define SYNC_REQUEST_WELCOME_H

#include "request/request.h"

/*
 * The message that greets a new user, made of the producer's `welcome.text`. Takes
 * time in proportion to the text's length, whatever is in it.
 *
 * Both bodies: the two characters \ and n became a newline. `body` besides: tags and comments are gone, with
 * nothing in their place, and entities are decoded; a `<` that starts no tag and an entity that we do not
 * know stay as they are.
 */

/* NULL when there is nothing to say: text is NULL or empty. */
struct request_welcome *welcome_new(const char *text) MUST_USE;
/* NULL is fine. */
void welcome_free(struct request_welcome *welcome);
DEFINE_CLEANUP(struct request_welcome, welcome_free)

#endif
