/*
 * Any words with which a broker refuses to declare a queue, one refusal behind the other: after a bounded
 * number of them the kind is known or given up, and what is known of it holds together.
 */
#include "fuzz.h"

#include "base/memory.h"
#include "broker/queue_kind.h"

#include <stdlib.h>
#include <string.h>

const struct fuzz_bound fuzz_bound = {.memory = 100, .blocks = 10, .steps = 2000};

static void check_arguments(const struct queue_kind *kind)
{
    must(kind->count >= 0 && kind->count <= QUEUE_KIND_ARGUMENTS);
    for (int i = 0; i < kind->count; i++) {
        must(memchr(kind->arguments[i].name, '\0', QUEUE_KIND_NAME_SIZE) != NULL);
        must(memchr(kind->arguments[i].value, '\0', QUEUE_KIND_VALUE_SIZE) != NULL);
        for (int k = 0; k < i; k++)
            must(!text_equal(kind->arguments[i].name, kind->arguments[k].name));
    }
}

static void check_known(const struct queue_kind *kind)
{
    CLEANUP(freep) char *words = queue_kind_describe(kind);
    bool loses = true;
    CLEANUP(freep) char *sentences = queue_kind_shortcomings(kind, &loses);

    must(kind->type != QUEUE_UNKNOWN && *words);
    must(sentences || !loses);
    must(!queue_kind_is_never_left(kind) || queue_kind_goes_with_consumer(kind));
    must(queue_kind_goes_with_consumer(kind) || queue_kind_expiry(kind) == INT64_MAX);
    must(!queue_kind_is_single_active(kind) || strstr(words, "x-single-active-consumer=true"));
}

void fuzz_try(const uint8_t *data, size_t size)
{
    struct fuzz_rest rest = {data, size};
    struct queue_kind kind = queue_kind_first_guess();
    enum queue_kind_step step = QUEUE_KIND_AGAIN;
    int refusals = 0;

    while (step == QUEUE_KIND_AGAIN && rest.size > 0) {
        CLEANUP(freep) char *refusal = fuzz_text(&rest);
        struct queue_kind before = kind;

        step = queue_kind_fold(&kind, refusal);
        check_arguments(&kind);
        must(step != QUEUE_KIND_AGAIN || memcmp(&before, &kind, sizeof(kind)) != 0);
        must(++refusals <= QUEUE_KIND_ARGUMENTS + 3);
    }
    if (step == QUEUE_KIND_KNOWN)
        check_known(&kind);
}
