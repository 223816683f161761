#include "base/error.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

bool error_set(struct error *error, const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    (void)vsnprintf(error->text, sizeof(error->text), format, arguments);
    va_end(arguments);
    return false;
}

bool error_within(struct error *error, const char *format, ...)
{
    char context[ERROR_TEXT_SIZE], inner[ERROR_TEXT_SIZE];
    va_list arguments;

    memcpy(inner, error->text, sizeof(inner));
    va_start(arguments, format);
    (void)vsnprintf(context, sizeof(context), format, arguments);
    va_end(arguments);
    return error_set(error, "%s: %s", context, inner);
}
