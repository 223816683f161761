#ifndef SYNC_SYNAPSE_PATH_H
#define SYNC_SYNAPSE_PATH_H

#include "base/buffer.h"
#include "base/error.h"

/* Paths of requests. */

/*
 * Appends the text as one segment of a path: every byte but the unreserved characters of RFC 3986, 2.3, is
 * percent-encoded, so no id can leave its segment, whatever it holds.
 */
void path_append_segment(struct buffer *path, const char *text);

/* What a name in a template stands for. */
struct path_value {
    const char *name; /* NULL ends a list of them */
    const char *text;
};

/*
 * The template with each `{name}` replaced by that value, as one segment. Every name must be among the values
 * and have a text. The caller frees it.
 */
char *path_expand(const char *template, const struct path_value *values) MUST_USE;

#endif
