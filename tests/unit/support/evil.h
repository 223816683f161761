#ifndef SYNC_TESTS_SUPPORT_EVIL_H
#define SYNC_TESTS_SUPPORT_EVIL_H

#include "base/text.h"
#include "support/test.h"

#include <jansson.h>
#include <string.h>

/*
 * Texts that break out of wherever they are put, unless they are encoded for that place:
 * tests/data/evil.json, and bytes that are no text, which JSON cannot hold. Every test of a place where words
 * of others go out puts each of them there. To be included after the headers of cmocka.
 */

static const char *const evil_bytes[] = {"\xff",         "a\x80z",           "\xc0\xaf..",   "\xe2\x82",
                                         "\xed\xa0\x80", "\xf4\x90\x80\x80", "\x1b\xff[31m", "\xc2"};

static inline const json_t *evil_texts(void)
{
    static json_t *texts;

    if (!texts)
        texts = json_load_file(TEST_DATA_DIR "/evil.json", 0, NULL);
    assert_true(json_array_size(texts) > 40);
    return texts;
}

static inline size_t evil_count(void)
{
    return json_array_size(evil_texts()) + sizeof(evil_bytes) / sizeof(evil_bytes[0]);
}

/* The text of that number, below evil_count(). Static. */
static inline const char *evil_text(size_t number)
{
    size_t texts = json_array_size(evil_texts());
    const char *text =
        number < texts ? json_string_value(json_array_get(evil_texts(), number)) : evil_bytes[number - texts];

    if (!text)
        abort(); /* an assertion does not tell the compiler that it ends here */
    return text;
}

static inline bool is_text(const char *bytes)
{
    uint32_t code;
    size_t size = 1;

    for (; *bytes && size > 0; bytes += size)
        size = text_read(bytes, &code);
    return size > 0;
}

static inline size_t count_of(const char *text, const char *bytes)
{
    size_t count = 0;

    for (; *text; text++)
        count += strchr(bytes, *text) != NULL;
    return count;
}

/* Unicode's Cc but for the line feed, Zl, Zp, and what has no shape or turns the direction of writing;
   written down once more, so that it is not the program's own list that is asked. */
static inline bool does_harm(uint32_t code)
{
    static const uint32_t harmful[][2] = {{0x00, 0x09},     {0x0b, 0x1f},     {0x7f, 0x9f},
                                          {0xad, 0xad},     {0x61c, 0x61c},   {0x180e, 0x180e},
                                          {0x200b, 0x200f}, {0x2028, 0x202e}, {0x2060, 0x206f},
                                          {0xfeff, 0xfeff}, {0xfff9, 0xfffb}, {0xe0000, 0xe007f}};

    for (size_t i = 0; i < sizeof(harmful) / sizeof(harmful[0]); i++)
        if (code >= harmful[i][0] && code <= harmful[i][1])
            return true;
    return false;
}

/* Fit for a terminal: text, of which nothing but its lines' ends is hidden, and as many lines as it should
 * have. */
static inline void assert_shown_in_lines(const char *text, size_t lines)
{
    uint32_t code = 0;
    size_t size;

    for (const char *at = text; *at; at += size) {
        size = text_read(at, &code);
        if (size == 0 || does_harm(code))
            fail_msg("U+%04X (%zu bytes) in: %s", code, size, text);
    }
    if (count_of(text, "\n") != lines)
        fail_msg("%zu lines, not %zu: %s", count_of(text, "\n"), lines, text);
}

#endif
