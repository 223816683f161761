/*
 * The grammar of ids and aliases, character by character.
 */

#include "base/memory.h"
#include "request/identifier.h"
#include "support/test.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static bool is_user(const char *id)
{
    struct request_complaint complaint = {0};
    bool sound = identifier_check_user(id, "example.org:8448", "user", &complaint);

    assert_int_equal(sound, complaint.detail.text[0] == '\0');
    return sound;
}

static bool is_alias(const char *type, const char *id)
{
    struct request_complaint complaint = {0};
    CLEANUP(freep) char *alias = identifier_make_alias(type, id, "example.org:8448", "room", &complaint);
    CLEANUP(freep) char *expected = text_format("#%s_%s:example.org:8448", type ? type : "room", id);

    if (alias)
        assert_string_equal(alias, expected);
    else
        assert_int_equal(complaint.code, REQUEST_INVALID_MESSAGE);
    return alias != NULL;
}

/* Each byte in the first, a middle and the last place of a local part. */
static void every_byte_in_a_user_id(void **state)
{
    (void)state;
    for (int byte = 1; byte < 256; byte++) {
        bool possible = byte > 0x20 && byte < 0x7f && byte != ':';
        char middle[] = "@a?b:example.org:8448", first[] = "@?b:example.org:8448",
             last[] = "@a?:example.org:8448";

        middle[2] = first[1] = last[2] = (char)byte;
        assert_int_equal(is_user(middle), possible);
        assert_int_equal(is_user(first), possible && byte != '/');
        assert_int_equal(is_user(last), possible && byte != '/');
    }
}

static bool is_slash_trick(const char *local)
{
    CLEANUP(freep) char *wrapped = text_format("/%s/", local);

    return strstr(wrapped, "//") || strstr(wrapped, "/./") || strstr(wrapped, "/../");
}

/* All local parts of one to six characters of an alphabet that makes slash tricks. */
static void every_slash_trick(void **state)
{
    static const char alphabet[] = "a./";
    unsigned count = 1;

    (void)state;
    for (size_t length = 1; length <= 6; length++) {
        count *= 3;
        for (unsigned number = 0; number < count; number++) {
            CLEANUP(freep) char *id = NULL;
            char local[8] = "";
            unsigned rest = number;

            for (size_t i = 0; i < length; i++, rest /= 3)
                local[i] = alphabet[rest % 3];
            id = text_format("@%s:example.org:8448", local);
            assert_int_equal(is_user(id), !is_slash_trick(local));
        }
    }
}

static size_t encode(uint32_t character, char *ret_bytes)
{
    if (character < 0x80) {
        ret_bytes[0] = (char)character;
        return 1;
    }
    if (character < 0x800) {
        ret_bytes[0] = (char)(0xc0 | character >> 6);
        ret_bytes[1] = (char)(0x80 | (character & 0x3f));
        return 2;
    }
    if (character < 0x10000) {
        ret_bytes[0] = (char)(0xe0 | character >> 12);
        ret_bytes[1] = (char)(0x80 | (character >> 6 & 0x3f));
        ret_bytes[2] = (char)(0x80 | (character & 0x3f));
        return 3;
    }
    ret_bytes[0] = (char)(0xf0 | character >> 18);
    ret_bytes[1] = (char)(0x80 | (character >> 12 & 0x3f));
    ret_bytes[2] = (char)(0x80 | (character >> 6 & 0x3f));
    ret_bytes[3] = (char)(0x80 | (character & 0x3f));
    return 4;
}

/* Unicode's white space (property White_Space), controls, and what has no width. */
static bool may_not_be_in_an_alias(uint32_t character)
{
    static const uint32_t single[] = {':',    '/',    '\\',   0xa0,   0xad,   0x61c,  0x1680, 0x180e, 0x202f,
                                      0x205f, 0x3000, 0xfeff, 0x2028, 0x2029, 0xfff9, 0xfffa, 0xfffb};

    for (size_t i = 0; i < sizeof(single) / sizeof(single[0]); i++)
        if (character == single[i])
            return true;
    return character <= 0x20 || (character >= 0x7f && character < 0xa0) ||
           (character >= 0x2000 && character <= 0x200f) || (character >= 0x202a && character <= 0x202e) ||
           (character >= 0x2060 && character <= 0x206f) || (character >= 0xe0000 && character <= 0xe007f);
}

static void every_character_in_an_alias(void **state)
{
    const uint32_t step = 0x110000 / test_share(0x110000);

    (void)state;
    for (uint32_t character = 1; character < 0x110000; character += character < 0x3100 ? 1 : step) {
        char text[8] = "a";

        if (character >= 0xd800 && character < 0xe000)
            continue;
        text[1 + encode(character, text + 1)] = 'b';
        if (is_alias("type", text) == may_not_be_in_an_alias(character) ||
            is_alias(text, "id") == may_not_be_in_an_alias(character))
            fail_msg("U+%04X", character);
    }
}

/* Each split of a reserved beginning into type and id. */
static void reserved_aliases(void **state)
{
    (void)state;
    assert_false(is_alias("sync", "x"));
    assert_false(is_alias("sync_", "x"));
    assert_false(is_alias("sync_x", "y"));
    assert_false(is_alias("sync", "sync"));
    assert_true(is_alias("syn", "c_x"));
    assert_true(is_alias("sync-", "x"));
    assert_true(is_alias("xsync", "x"));
    assert_true(is_alias(NULL, "sync_x"));
    assert_true(is_alias("Sync", "x"));
    assert_false(is_alias("", "x"));
    assert_false(is_alias("x", ""));
}

/* Up to 255 bytes, server and all. */
static void lengths(void **state)
{
    char text[300];

    (void)state;
    for (size_t length = 1; length < sizeof(text); length++) {
        CLEANUP(freep) char *id = NULL;

        memset(text, 'x', length);
        text[length] = '\0';
        id = text_format("@%s:example.org:8448", text);
        assert_int_equal(is_user(id), strlen(id) <= 255);
        assert_int_equal(is_alias(NULL, text), strlen("#room_:example.org:8448") + length <= 255);
        if (length + 5 < sizeof(text)) {
            memcpy(text + length, "@b.cd", 6);
            assert_int_equal(identifier_is_email(text), length + 5 <= 254);
        }
    }
}

static void foreign_or_impossible(void **state)
{
    static const struct {
        const char *id;
        enum request_code code;
    } cases[] = {
        {"@a:example.org", REQUEST_FOREIGN_SERVER},
        {"@a:[2001:db8::1]:8448", REQUEST_FOREIGN_SERVER},
        {"@a:example.org:8448.", REQUEST_FOREIGN_SERVER},
        {"@a:", REQUEST_INVALID_MESSAGE},
        {"@a:example.org:8448/", REQUEST_INVALID_MESSAGE},
        {"@a:exa mple", REQUEST_INVALID_MESSAGE},
        {"@:example.com", REQUEST_INVALID_MESSAGE},
        {"a:example.com", REQUEST_INVALID_MESSAGE},
        {"@a b:example.com", REQUEST_INVALID_MESSAGE},
        {"@a", REQUEST_INVALID_MESSAGE},
        {"@", REQUEST_INVALID_MESSAGE},
        {"", REQUEST_INVALID_MESSAGE},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct request_complaint complaint;

        assert_false(identifier_check_user(cases[i].id, "example.org:8448", "user", &complaint));
        assert_int_equal(complaint.code, cases[i].code);
        assert_memory_equal(complaint.detail.text, "user.id: ", strlen("user.id: "));
    }
}

static void emails(void **state)
{
    static const char *const possible[] = {"a@b", "a.b+c@example.org", "j\xc3\xa4ger@m\xc3\xbcller.de",
                                           "\"x\"@[::1]"};
    static const char *const impossible[] = {"",      "@",           "a",      "a@",   "@b",
                                             "a@@b",  "a@b@c",       "a b@c",  "a@b ", "\ta@b",
                                             "a@b\n", "a@b\xc2\xa0", "a@b\x7f"};

    (void)state;
    for (size_t i = 0; i < sizeof(possible) / sizeof(possible[0]); i++)
        assert_true(identifier_is_email(possible[i]));
    for (size_t i = 0; i < sizeof(impossible) / sizeof(impossible[0]); i++)
        assert_false(identifier_is_email(impossible[i]));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_byte_in_a_user_id),
        cmocka_unit_test(every_slash_trick),
        cmocka_unit_test(every_character_in_an_alias),
        cmocka_unit_test(reserved_aliases),
        cmocka_unit_test(lengths),
        cmocka_unit_test(foreign_or_impossible),
        cmocka_unit_test(emails),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
