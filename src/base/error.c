#include "base/error.h"

#include "base/cleanup.h"
#include "base/text.h"
#include "base/visible.h"

#include <stdio.h>
#include <string.h>

bool error_set_list(struct error *error, const char *format, va_list arguments)
{
    char text[ERROR_TEXT_SIZE];
    CLEANUP(freep) char *visible = NULL;
    size_t length;

    (void)vsnprintf(text, sizeof(text), format, arguments);
    visible = visible_copy(text);
    length = text_cut(visible, sizeof(error->text) - 1);
    memcpy(error->text, visible, length);
    error->text[length] = '\0';
    return false;
}

bool error_set(struct error *error, const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    (void)error_set_list(error, format, arguments);
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
