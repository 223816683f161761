#include "base/roff.h"

#include <string.h>

void roff_print(FILE *stream, const char *text)
{
    if (*text && strchr(".'", *text)) /* a request, were it at the beginning of a line */
        (void)fputs("\\&", stream);
    for (; *text; text++) {
        if (*text == '\\')
            (void)fputs("\\e", stream);
        else if (*text == '-')
            (void)fputs("\\-", stream);
        else
            (void)fputc(*text, stream);
    }
}
