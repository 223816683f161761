/*
 * Any text: two bodies, no longer than the text.
 */
#include "base/memory.h"
#include "request/welcome.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char *text = text_copy_bytes((const char *)data, size);
    struct request_welcome *welcome = welcome_new(text);

    if (!welcome != (*text == '\0'))
        abort();
    if (welcome &&
        (strlen(welcome->formatted_body) > strlen(text) ||
         strlen(welcome->body) > strlen(welcome->formatted_body) || strstr(welcome->formatted_body, "\\n")))
        abort();
    if (welcome && !strpbrk(text, "<&") && strcmp(welcome->body, welcome->formatted_body) != 0)
        abort();
    welcome_free(welcome);
    free(text);
    return 0;
}
