#ifndef SYNC_REQUEST_DECODE_H
#define SYNC_REQUEST_DECODE_H

#include "request/request.h"

#include <jansson.h>

/* Used inside of this module only. */

/* Deeper nesting is refused. A request needs three levels; the rest is left for fields we do not know. */
enum { DECODE_MOST_LEVELS = 16 };

/*
 * The JSON value of a message body within the rules, whatever type it has; the caller releases it
 * with json_decref(). Half a surrogate pair has become U+FFFD, a number that is too large another number.
 * NULL with REQUEST_TOO_LARGE or REQUEST_INVALID_JSON: syntax, UTF-8, NUL, a key given twice, anything behind
 * the value, too many levels.
 */
json_t *decode_body(const void *bytes, size_t size, const struct request_rules *rules,
                    struct request_complaint *complaint) MUST_USE;

#endif
