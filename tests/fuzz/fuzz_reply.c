/*
 * Any reply to any kind of call, with any status: no secret gets into a problem, whatever the homeserver puts
 * between its letters, no query of an address, and nothing that is hidden; and only a reply that is
 * understood counts as one.
 */
#include "fuzz.h"

#include "synapse/answer.h"
#include "synapse/call_table.h"

#include "base/cleanup.h"
#include "base/memory.h"
#include "base/secrets.h"
#include "base/text.h"
#include "base/visible.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

/* Reaches: synapse/answer.c synapse/replies.c synapse/errcode.c synapse/mas.c base/secrets.c */

/* The letters and digits of the text, in lower case, and nothing of what stands between them; with `escapes`
   what looks like the escape of a hidden character is nothing either. */
static void check_letters(const char *text, bool escapes)
{
    char letters[sizeof(((struct error *)NULL)->text)];
    size_t length = 0;

    for (; *text; text++) {
        if (escapes && text[0] == '\\' && text[1] == 'u' && strlen(text) >= 6)
            text += 5;
        else if ((unsigned char)*text > ' ' && *text != '\\')
            letters[length++] = (char)tolower((unsigned char)*text);
    }
    letters[length] = '\0';
    must(!strstr(letters, "geheim"));
    must(!strstr(letters, "z2vozwlt")); /* in base64 */
    must(!strstr(letters, "67656865696d"));
}

static void check_visible(const char *text)
{
    uint32_t code = 0;

    for (size_t size; *text; text += size) {
        size = text_read(text, &code);
        must(size > 0 && !visible_is_hidden(code));
    }
}

static void check_answer(const struct answer *answer)
{
    must(answer->retry_after >= -1 && answer->retry_after <= 300000);
    must((answer->outcome == SYNAPSE_OK) == (answer->problem.text[0] == '\0'));
    check_letters(answer->problem.text, false);
    check_letters(answer->problem.text, true);
    must(!strstr(answer->problem.text, "?u=") && !strstr(answer->problem.text, "input_value="));
    check_visible(answer->problem.text);
}

const struct fuzz_bound fuzz_bound = {.memory = 300, .blocks = 10, .steps = 1000};

/* The first byte is the kind of call, the second the status; the rest is what was sent. */
void fuzz_try(const uint8_t *data, size_t size)
{
    static const long statuses[] = {200, 201, 204, 400, 401, 403, 404, 409, 413, 429, 500, 502, 503};
    struct secrets *known = secrets_new();
    const struct answer_secrets secrets = {{known}};
    struct synapse_reply reply = {0};
    const struct call_form *form;
    struct answer answer;
    char *body;

    if (size < 2) {
        secrets_free(known);
        return;
    }
    secrets_add(known, "geheim");
    body = text_copy_bytes((const char *)data + 2, size - 2);
    form = call_form((enum synapse_kind)(data[0] % SYNAPSE_KINDS));
    answer_read(&answer,
                &(struct http_reply){.result = HTTP_ANSWERED,
                                     .status = statuses[data[1] % (sizeof(statuses) / sizeof(statuses[0]))],
                                     .body = body,
                                     .body_size = size - 2,
                                     .retry_after = -1},
                form->name, form->own, &secrets);
    check_answer(&answer);
    if (answer.status < 300 && form->read && form->read(answer.body, &reply))
        must(answer.body != NULL);
    synapse_reply_deinit(&reply);
    answer_deinit(&answer);
    secrets_free(known);
    free(body);
}
