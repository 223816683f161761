#ifndef SYNC_SYNAPSE_PARSE_H
#define SYNC_SYNAPSE_PARSE_H

#include "base/error.h"

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * Reading JSON that a homeserver sent. Its frame is Synapse's, but what is in events was written by anyone
 * who is in a room, so nothing is taken for granted.
 */

/* The object that the text holds; NULL when it is not an object, or is heavier than parse_fits() allows. */
json_t *parse_object(const char *text, size_t size) MUST_USE;
/* Whether there is memory for the text once it is parsed, which may be 75 times as much. */
bool parse_fits(const char *text, size_t size);

/* The members of an object, of an expected type. A missing one, or one of another type: NULL or the value
   `otherwise`. `object` may be NULL or no object. Texts are borrowed. */
const char *parse_text(const json_t *object, const char *key);
int64_t parse_number(const json_t *object, const char *key, int64_t otherwise);
/* Also the numbers 0 and 1, which older versions of Synapse send. */
bool parse_flag(const json_t *object, const char *key, bool otherwise);
bool parse_has_flag(const json_t *object, const char *key);

#endif
