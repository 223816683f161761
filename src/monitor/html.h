#ifndef SYNC_MONITOR_HTML_H
#define SYNC_MONITOR_HTML_H

#include "base/buffer.h"

#include <stddef.h>

/* HTML that is made of a template and of words of others. */

/* Appends the text so that it is a text, in an element or in a quoted attribute, whatever is in it. What
   cannot be seen is made visible (base/visible.h). NULL is "". */
void html_text(struct buffer *buffer, const char *text);

/* What stands in a template as {{name}}. */
struct html_place {
    const char *name;
    void (*write)(struct buffer *buffer, const void *context);
};

/* Appends the template, each place written by its row of the table, which ends with a row without a name. A
   place that no row knows is left as it is. */
void html_fill(struct buffer *buffer, const char *template, const struct html_place *places,
               const void *context);

#endif
