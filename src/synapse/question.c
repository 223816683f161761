#include "synapse/question.h"

#include "base/memory.h"
#include "synapse/path.h"

#include <stdlib.h>

void question_deinit(struct question *question)
{
    free(question->path);
    memory_free_secret(question->body);
}

char *question_path(const char *template, const struct facts *facts)
{
    const struct path_value values[] = {{"user", facts->user}, {NULL, NULL}};

    return path_expand(template, values);
}

bool question_get(const char *template, const struct facts *facts, struct question *question)
{
    question->method = HTTP_GET;
    question->route = template;
    question->path = question_path(template, facts);
    return true;
}
