#ifndef SYNC_BASE_ROFF_H
#define SYNC_BASE_ROFF_H

#include <stdio.h>

/*
 * Text for a page of the manual: man(7), groff_char(7).
 */

/* The text as it is: nothing in it is taken for a request or an escape, and a "-" is one that can be copied.
 */
void roff_print(FILE *stream, const char *text);

#endif
