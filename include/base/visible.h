#ifndef SYNC_BASE_VISIBLE_H
#define SYNC_BASE_VISIBLE_H

#include "base/buffer.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * Texts that others wrote, made fit to be shown: in a log, a header, an error, on a terminal. A character
 * that cannot be seen there, or that changes how others are seen (a control character, a line separator, a
 * mark that turns the direction of writing, one without width), is shown as JSON would escape it: \u202e. So
 * a line stays one line, and what is read is what is there.
 */

/* Whether the character is one of those. */
bool visible_is_hidden(uint32_t code);

/* Appends the character as \uXXXX, or as two of them (RFC 8259, section 7). */
void visible_escape(struct buffer *buffer, uint32_t code);

/* A copy that shows all of the text; a byte that is no text becomes U+FFFD. The caller frees it. NULL gives
   NULL. What was made visible before stays as it is. */
char *visible_copy(const char *text) MUST_USE;

#endif
