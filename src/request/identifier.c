/*
 * User ids and room aliases.
 *
 * A user id is checked by the grammar of *historical* ids (Matrix, appendices, "user identifiers"): a local
 * part of visible ASCII without `:`. Ids of that kind cannot be registered any more, but they may exist, and
 * it is Synapse that knows which. The grammar allows `/`. Between the daemon and Synapse there may be proxies
 * that decode an encoded slash and then fold `//`, `/./` and `/../`, so that a request about one user turns
 * into one about something else: a local part that has such pieces is refused, `a/b` is not.
 *
 * An alias is ours to choose. Synapse takes every character but ASCII white space and `:`, letters of any
 * script included, and compares aliases byte by byte (so `SYNC_` is not the reserved `sync_`). Refused are
 * besides: slashes of both kinds, control characters, white space of any script, and the invisible characters
 * by which two aliases would look the same.
 */
#include "request/identifier.h"

#include "base/memory.h"
#include "base/reserved.h"
#include "base/text.h"
#include "base/visible.h"
#include "request/complaint.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unictype.h>

enum { LONGEST_EMAIL = 254 };

static const char server_characters[] = "abcdefghijklmnopqrstuvwxyz"
                                        "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
                                        "0123456789.-:[]";

static bool is_visible_ascii(const char *text, size_t length)
{
    for (size_t i = 0; i < length; i++)
        if (text[i] < 0x21 || text[i] > 0x7e)
            return false;
    return true;
}

/* Whether one of the pieces between slashes is "", "." or "..". */
static bool has_slash_trick(const char *text, size_t length)
{
    const char *end = text + length;

    for (const char *piece = text; piece <= end;) {
        const char *slash = memchr(piece, '/', (size_t)(end - piece));
        size_t size = (size_t)((slash ? slash : end) - piece);

        if (size <= 2 && strncmp(piece, "..", size) == 0)
            return true;
        piece += size + 1;
    }
    return false;
}

bool identifier_check_user(const char *id, const char *server_name, const char *place,
                           struct request_complaint *complaint)
{
    const char *colon = strchr(id, ':');
    size_t length = colon ? (size_t)(colon - id) : 0;

    if (strlen(id) > IDENTIFIER_LONGEST)
        return complaint_set(complaint, REQUEST_INVALID_MESSAGE, "%s.id: longer than %d bytes", place,
                             IDENTIFIER_LONGEST);
    if (id[0] != '@' || length < 2)
        return complaint_set(complaint, REQUEST_INVALID_MESSAGE, "%s.id: expected @localpart:server", place);
    if (!is_visible_ascii(id + 1, length - 1) || has_slash_trick(id + 1, length - 1))
        return complaint_set(complaint, REQUEST_INVALID_MESSAGE, "%s.id: impossible local part", place);
    if (strcmp(colon + 1, server_name) == 0)
        return true;
    if (colon[1] == '\0' || colon[1 + strspn(colon + 1, server_characters)] != '\0')
        return complaint_set(complaint, REQUEST_INVALID_MESSAGE, "%s.id: impossible server name", place);
    return complaint_set(complaint, REQUEST_FOREIGN_SERVER, "%s.id: a user of another server", place);
}

/* White space, and what cannot be seen. */
static bool is_blank(uint32_t character)
{
    return uc_is_property_white_space(character) || visible_is_hidden(character);
}

static bool is_possible_in_alias(uint32_t character)
{
    return !is_blank(character) && character != ':' && character != '/' && character != '\\';
}

static bool check_alias_part(const char *text, const char *place, const char *name,
                             struct request_complaint *complaint)
{
    uint32_t character;

    if (!*text)
        return complaint_set(complaint, REQUEST_INVALID_MESSAGE, "%s.%s: empty", place, name);
    for (size_t size; (size = text_read(text, &character)) > 0; text += size)
        if (!is_possible_in_alias(character))
            return complaint_set(complaint, REQUEST_INVALID_MESSAGE,
                                 "%s.%s: white space, control character, slash or colon", place, name);
    return true;
}

char *identifier_make_alias(const char *type, const char *id, const char *server_name, const char *place,
                            struct request_complaint *complaint)
{
    CLEANUP(freep) char *alias = NULL;

    if (!type)
        type = "room";
    if (!check_alias_part(type, place, "type", complaint) || !check_alias_part(id, place, "id", complaint))
        return NULL;
    alias = text_format("#%s_%s:%s", type, id, server_name);
    if (strlen(alias) > IDENTIFIER_LONGEST) {
        (void)complaint_set(complaint, REQUEST_INVALID_MESSAGE, "%s: alias longer than %d bytes", place,
                            IDENTIFIER_LONGEST);
        return NULL;
    }
    if (alias_is_reserved(alias)) {
        (void)complaint_set(complaint, REQUEST_INVALID_MESSAGE,
                            "%s.type: aliases that begin with sync_ are reserved", place);
        return NULL;
    }
    return TAKE(alias);
}

bool identifier_is_email(const char *text)
{
    const char *at = strchr(text, '@');
    uint32_t character;

    if (!at || at == text || at[1] == '\0' || strchr(at + 1, '@') || strlen(text) > LONGEST_EMAIL)
        return false;
    for (size_t size; (size = text_read(text, &character)) > 0; text += size)
        if (is_blank(character))
            return false;
    return true;
}
