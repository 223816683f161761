#include "synapse/answer.h"
#include "synapse/calls.h"

#include "base/cleanup.h"
#include "base/memory.h"

#include <stdlib.h>
#include <string.h>

/* The first byte is the kind of call, the second the status; the rest is what the homeserver sent. No secret
   gets into a problem, and only a reply that is understood counts as one. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(bool holds)
{
    if (!holds)
        abort();
}

static void check_answer(const struct answer *answer)
{
    check(answer->retry_after >= -1 && answer->retry_after <= 300000);
    check((answer->outcome == SYNAPSE_OK) == (answer->problem.text[0] == '\0'));
    check(!strstr(answer->problem.text, "geheim"));
    for (const char *c = answer->problem.text; *c; c++)
        check((unsigned char)*c >= ' ');
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const long statuses[] = {200, 201, 400, 401, 403, 404, 409, 413, 429, 500, 502, 503};
    static const struct answer_secrets secrets = {.texts = {"geheim"}};
    struct synapse_reply reply = {0};
    const struct call_form *form;
    struct answer answer;
    char *body;

    if (size < 2)
        return 0;
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
        check(answer.body != NULL);
    synapse_reply_deinit(&reply);
    answer_deinit(&answer);
    free(body);
    return 0;
}
