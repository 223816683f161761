#include "synapse/path.h"

#include "base/cleanup.h"
#include "base/memory.h"
#include "support/evil.h"
#include "support/test.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

static void encodes_every_byte_but_the_unreserved(void **state)
{
    (void)state;
    for (int byte = 1; byte < 256; byte++) {
        char text[2] = {(char)byte, '\0'}, expected[8];
        struct buffer path;
        bool unreserved = byte < 128 && (isalnum(byte) || strchr("-._~", byte));

        (void)snprintf(expected, sizeof(expected), unreserved ? "%c" : "%%%02X", (unsigned)byte);
        buffer_init(&path, 100);
        path_append_segment(&path, text);
        assert_string_equal(buffer_text(&path), expected);
        buffer_deinit(&path);
    }
}

static int digit(char byte)
{
    return byte >= 'A' ? byte - 'A' + 10 : byte - '0';
}

/* What a server reads out of a segment is what was put in, and nothing else is there. */
static void nothing_leaves_its_segment(void **state)
{
    (void)state;
    for (size_t i = 0; i < evil_count(); i++) {
        const char *expected = evil_text(i);
        const struct path_value values[] = {{"id", expected}, {NULL, NULL}};
        CLEANUP(freep) char *path = path_expand("/a/{id}/b?c={id}", values);
        const char *at = path + 3;

        for (; *expected; expected++, at += *at == '%' ? 3 : 1)
            assert_int_equal(*at == '%' ? digit(at[1]) * 16 + digit(at[2]) : *at, (unsigned char)*expected);
        assert_memory_equal(at, "/b?c=", 5);
        assert_int_equal(count_of(path, "/?#&= \r\n"), 5);
    }
}

static void expands_names(void **state)
{
    static const struct path_value values[] = {
        {"user", "@a/b:h"}, {"users", "x"}, {"room", "!r?#"}, {NULL, NULL}};
    static const struct {
        const char *template, *path;
    } cases[] = {
        {"/v2/users/{user}", "/v2/users/%40a%2Fb%3Ah"},
        {"/{users}/{user}/{room}/", "/x/%40a%2Fb%3Ah/%21r%3F%23/"},
        {"/plain?a=b", "/plain?a=b"},
        {"", ""},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        CLEANUP(freep) char *path = path_expand(cases[i].template, values);

        assert_string_equal(path, cases[i].path);
    }
}

/* A value is put in as it is: braces in it are no names. */
static void does_not_expand_values(void **state)
{
    static const struct path_value values[] = {{"a", "{b}"}, {"b", "no"}, {NULL, NULL}};
    CLEANUP(freep) char *path = path_expand("/{a}", values);

    (void)state;
    assert_string_equal(path, "/%7Bb%7D");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(encodes_every_byte_but_the_unreserved),
        cmocka_unit_test(nothing_leaves_its_segment),
        cmocka_unit_test(expands_names),
        cmocka_unit_test(does_not_expand_values),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
