/*
 * Any ids and texts in any call to homeserver and Matrix Authentication Service: each stays in its segment of
 * the path or in its part of the query, and the body is JSON that says what it must, or is not made.
 */
#include "fuzz.h"

#include "base/memory.h"
#include "synapse/bodies.h"
#include "synapse/call_table.h"
#include "synapse/html.h"

#include <jansson.h>
#include <stdlib.h>
#include <string.h>
#include <unistr.h>

/* Reaches: synapse/call_table.c synapse/bodies.c synapse/path.c synapse/ids.c synapse/html.c synapse/mas.c */

/* Of the greeting a text is made, for which libgumbo gets a piece of 1.5 MiB. */
const struct fuzz_bound fuzz_bound = {.memory = 1700, .blocks = 50, .steps = 3000};

enum { TEXTS = 8 };

static const struct call_terms terms = {.sync_user = "@sync:h", .room_version = "11"};

static struct synapse_call make(enum synapse_kind kind, const char *const texts[TEXTS])
{
    static const char *users[1];
    static struct levels_user raised[1];

    users[0] = texts[0];
    raised[0] = (struct levels_user){.user = texts[0], .level = 50, .invited = true, .name = texts[3]};
    return (struct synapse_call){.kind = kind,
                                 .user = kind == SYNAPSE_WRITE_RECORDS ? NULL : texts[0],
                                 .users = users,
                                 .user_count = 1,
                                 .account = texts[1],
                                 .room = texts[1],
                                 .alias = texts[2],
                                 .name = texts[3],
                                 .email = texts[4],
                                 .value = texts[5],
                                 .position = texts[6],
                                 .welcome = texts[7],
                                 .password = texts[7],
                                 .raised = raised,
                                 .raised_count = 1,
                                 .settings = {texts[5], texts[5]}};
}

static size_t count(const char *text, char byte)
{
    size_t found = 0;

    for (; *text; text++)
        found += *text == byte;
    return found;
}

/* The same signs as where the texts are harmless. */
static void check_path(const struct synapse_call *call, const struct synapse_call *harmless)
{
    CLEANUP(freep) char *path = call_path(call, &terms);
    CLEANUP(freep) char *other = call_path(harmless, &terms);

    for (const char *sign = "/?&=#;"; *sign; sign++)
        must(count(path, *sign) == count(other, *sign));
    for (const char *byte = path; *byte; byte++)
        must(*byte > ' ' && *byte <= '~');
}

static void check_body(const struct synapse_call *call, bool is_utf8)
{
    const struct call_form *form = call_form(call->kind);
    CLEANUP(text_free_secretp) char *body = NULL;
    json_auto_t *said = NULL;

    if (!form->body || call->kind == SYNAPSE_WRITE_LEVELS)
        return;
    body = form->body(call, &terms);
    must(body || !is_utf8);
    said = body ? json_loads(body, JSON_REJECT_DUPLICATES, NULL) : NULL;
    must(!body || json_is_object(said));
    if (body && call->kind == SYNAPSE_SET_DISPLAY_NAME)
        must(text_equal(json_string_value(json_object_get(said, "displayname")), call->name));
}

void fuzz_try(const uint8_t *data, size_t size)
{
    static const char *const harmless_texts[TEXTS] = {"@a:h", "!a:h", "#a:h", "a", "a@h", "a", "a", "a"};
    struct fuzz_rest rest = {data, size};
    enum synapse_kind kind = (enum synapse_kind)(fuzz_byte(&rest) % SYNAPSE_KINDS);
    struct synapse_call call, harmless;
    char *texts[TEXTS];
    bool is_utf8 = true;

    for (int i = 0; i < TEXTS; i++) {
        CLEANUP(freep) char *text = fuzz_text(&rest);

        texts[i] = text_format("%s%s", i == 0 ? "@" : i == 2 ? "#" : "", text);
        is_utf8 = is_utf8 && !u8_check((const uint8_t *)text, strlen(text));
    }
    call = make(kind, (const char *const *)texts);
    harmless = make(kind, harmless_texts);
    check_path(&call, &harmless);
    call = make(kind, (const char *const *)texts);
    check_body(&call, is_utf8);
    for (int i = 0; i < TEXTS; i++)
        free(texts[i]);
}
