/*
 * Any text: what a reader sees of it is UTF-8 if the text is, without blank beginnings and ends, and bounded.
 * What is no HTML stays.
 */
#include "fuzz.h"

#include "base/memory.h"
#include "synapse/html.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistr.h>

/* A piece of 1.5 MiB for libgumbo, whatever comes. */
const struct fuzz_bound fuzz_bound = {.memory = 1700, .blocks = 4, .steps = 1000};

void fuzz_try(const uint8_t *data, size_t size)
{
    char *html = text_copy_bytes((const char *)data, size), *text = html_to_text(html);

    must(strlen(text) <= 5 * strlen(html));
    if (!u8_check((const uint8_t *)html, strlen(html)))
        must(!u8_check((const uint8_t *)text, strlen(text)));
    if (!strpbrk(html, "<&"))
        must(text_equal(text, html));
    else if (!text_equal(text, html))
        must(*text != '\n' && (!*text || text[strlen(text) - 1] != '\n'));
    free(text);
    free(html);
}
