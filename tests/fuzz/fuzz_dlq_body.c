/*
 * Any body of a dead letter that is shown to a person: nothing hidden in it, none of our secrets, and not the
 * password that stands in it as one.
 */
#include "fuzz.h"

#include "base/memory.h"
#include "base/text.h"
#include "base/visible.h"
#include "command/dlq_body.h"

#include <stdlib.h>
#include <string.h>

/* Reaches: command/dlq_body.c */

#define SECRET "hunter2-7f3a9c"
#define USER_PASSWORD "zwieback-81"

/* What is read is masked value by value, and each is looked through for secrets in all their forms. */
const struct fuzz_bound fuzz_bound = {.memory = 500, .blocks = 100, .steps = 10000};

static void check_text(const char *text, const struct secrets *secrets)
{
    uint32_t code = 0;

    must(text && !secrets_are_in(secrets, text));
    for (size_t size; *text; text += size) {
        size = text_read(text, &code);
        must(size > 0 && (code == '\n' || !visible_is_hidden(code)));
    }
}

static void check_json(json_t *value, const struct secrets *secrets)
{
    size_t i;
    json_t *one;
    const char *key;

    if (json_is_string(value))
        must(!secrets_are_in(secrets, json_string_value(value)));
    json_array_foreach(value, i, one) check_json(one, secrets);
    json_object_foreach(value, key, one)
    {
        must(!secrets_are_in(secrets, key));
        must(!strcasestr(key, "password") || json_is_null(one) || text_equal(json_string_value(one), "***"));
        check_json(one, secrets);
    }
}

static void try_json(const char *body, size_t size, const struct secrets *secrets)
{
    json_t *parsed = dlq_body_parse(body, size, secrets);
    CLEANUP(freep) char *method = dlq_body_method(parsed);
    CLEANUP(freep) char *subject = dlq_body_subject(parsed);

    check_json(parsed, secrets);
    must(*method && *subject);
    json_decref(parsed);
}

/* It is put where the word tells that it is one. */
static void try_password(const char *body, size_t size, const struct secrets *secrets)
{
    static const char end[] = "\npassword: " USER_PASSWORD "\n";
    size_t length = size + sizeof(end) - 1;
    CLEANUP(freep) char *text = memory_new(length + 1, 1);
    CLEANUP(freep) char *shown = NULL;
    CLEANUP(freep) char *value = NULL;

    if (memmem(body, size, USER_PASSWORD, strlen(USER_PASSWORD)))
        return;
    memcpy(text, body, size);
    memcpy(text + size, end, sizeof(end));
    shown = dlq_body_text(text, length, secrets);
    value = dlq_body_value(text, secrets);
    must(!strstr(shown, USER_PASSWORD) && !strstr(value, USER_PASSWORD));
}

void fuzz_try(const uint8_t *data, size_t size)
{
    static struct secrets *secrets;
    const char *body = (const char *)data;
    CLEANUP(freep) char *text = NULL;

    if (!secrets) {
        secrets = secrets_new();
        secrets_add(secrets, SECRET);
    }
    text = dlq_body_text(body, size, secrets);
    check_text(text, secrets);
    try_json(body, size, secrets);
    try_password(body, size, secrets);
}
