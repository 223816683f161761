#ifndef SYNC_SYNAPSE_HTML_H
#define SYNC_SYNAPSE_HTML_H

#include "base/error.h"

/*
 * What a reader sees of HTML, as plain text: without tags, comments, scripts and styles, with entities
 * decoded. `br` and block elements break the line, side by side they break it once; list items begin with "-
 * ", those of lists within lists are indented. White space folds into one blank as in a browser, except in
 * `pre`; newlines stay, since people write them into texts that are HTML only by the way, but count for
 * nothing beside a tag that breaks the line anyway. None are left at the beginning and the end. A text
 * without tags and entities stays as it is.
 *
 * Takes less than a second and a few MB, whatever is in it. What is too large or too tangled for that stays
 * as it is: nobody could see it anyway, for an event with it is refused.
 *
 * The caller frees the text (which may hold a secret), as UTF-8 as the HTML is.
 */
char *html_to_text(const char *html) MUST_USE;

#endif
