/*
 * Any text: what a reader sees of it is UTF-8 if the text is, without blank beginnings and ends, and bounded.
 * What is no HTML stays.
 */
#include "base/memory.h"
#include "synapse/html.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistr.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(bool holds)
{
    if (!holds)
        abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char *html = text_copy_bytes((const char *)data, size), *text = html_to_text(html);

    check(strlen(text) <= 5 * strlen(html));
    if (!u8_check((const uint8_t *)html, strlen(html)))
        check(!u8_check((const uint8_t *)text, strlen(text)));
    if (!strpbrk(html, "<&"))
        check(text_equal(text, html));
    else if (!text_equal(text, html))
        check(*text != '\n' && (!*text || text[strlen(text) - 1] != '\n'));
    free(text);
    free(html);
    return 0;
}
