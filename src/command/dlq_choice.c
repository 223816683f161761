#include "command/dlq_choice.h"

#include "base/memory.h"
#include "request/request.h"

#include <stdlib.h>
#include <string.h>

enum { MOST_DIGITS = 5, FEWEST_OF_DIGEST = 6, MOST_OF_DIGEST = 12 };

enum kind { NUMBER, DIGEST, CODE };

struct wish {
    const char *text;
    enum kind kind;
    unsigned number;
    bool met;
};

struct dlq_choice {
    struct wish *wishes;
    size_t count;
};

static bool is_code(const char *text)
{
    for (int code = REQUEST_INVALID_JSON; code <= REQUEST_HOMESERVER_FAILING; code++)
        if (strcmp(request_code_name((enum request_code)code), text) == 0)
            return true;
    return false;
}

static bool read_wish(const char *text, struct wish *wish)
{
    size_t length = strlen(text);

    *wish = (struct wish){.text = text};
    if (length >= 1 && length <= MOST_DIGITS && strspn(text, "0123456789") == length) {
        wish->kind = NUMBER;
        wish->number = (unsigned)strtoul(text, NULL, 10);
        return wish->number > 0;
    }
    if (length >= FEWEST_OF_DIGEST && length <= MOST_OF_DIGEST &&
        strspn(text, "0123456789abcdef") == length) {
        wish->kind = DIGEST;
        return true;
    }
    wish->kind = CODE;
    return is_code(text);
}

struct dlq_choice *dlq_choice_new(const char *const *arguments, size_t count, struct error *error)
{
    CLEANUP(dlq_choice_freep) struct dlq_choice *choice = NEW(struct dlq_choice);

    choice->wishes = memory_new(count + 1, sizeof(*choice->wishes));
    for (size_t i = 0; i < count; i++) {
        if (!read_wish(arguments[i], &choice->wishes[i])) {
            (void)error_set(error,
                            "%.64s: expected the number of a letter, six or more digits of its digest, "
                            "or a code such as invalid-message",
                            arguments[i]);
            return NULL;
        }
        choice->count++;
    }
    return TAKE(choice);
}

void dlq_choice_free(struct dlq_choice *choice)
{
    if (!choice)
        return;
    free(choice->wishes);
    free(choice);
}

static bool matches(const struct wish *wish, unsigned number, const char *code, const char *digest)
{
    switch (wish->kind) {
    case NUMBER:
        return wish->number == number;
    case DIGEST:
        return strncmp(wish->text, digest, strlen(wish->text)) == 0;
    case CODE:
        return text_equal(wish->text, code);
    }
    return false;
}

bool dlq_choice_takes(struct dlq_choice *choice, unsigned number, const char *code, const char *digest)
{
    bool taken = choice->count == 0;

    for (size_t i = 0; i < choice->count; i++) {
        if (matches(&choice->wishes[i], number, code, digest)) {
            choice->wishes[i].met = true;
            taken = true;
        }
    }
    return taken;
}

const char *dlq_choice_unmet(const struct dlq_choice *choice)
{
    for (size_t i = 0; i < choice->count; i++)
        if (!choice->wishes[i].met)
            return choice->wishes[i].text;
    return NULL;
}
