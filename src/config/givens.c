#include "config/givens.h"

#include "base/cleanup.h"
#include "base/log.h"
#include "base/memory.h"
#include "config/names.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

enum { MOST_LOGGED = 50 };

void complain(struct complaints *complaints, const char *format, ...)
{
    char text[ERROR_TEXT_SIZE];
    va_list arguments;

    va_start(arguments, format);
    (void)vsnprintf(text, sizeof(text), format, arguments);
    va_end(arguments);
    if (complaints->count++ == 0)
        (void)error_set(complaints->first, "%s", text);
    if (complaints->listener)
        complaints->listener->mistake(complaints->listener->context, text);
    else if (complaints->count <= MOST_LOGGED)
        log_error("config-mistake", LOG_TEXT("problem", text));
}

void complain_softly(const struct complaints *complaints, const struct doubt *doubt)
{
    const struct config_listener *listener = complaints->listener;
    CLEANUP(freep) char *question = NULL;

    if (!listener) {
        log_warning(doubt->event, LOG_TEXT("place", doubt->place), LOG_TEXT("name", doubt->name),
                    LOG_TEXT("problem", doubt->problem), LOG_TEXT("did_you_mean", doubt->did_you_mean));
        return;
    }
    if (doubt->did_you_mean)
        question = text_format("unknown setting; did you mean %s?", doubt->did_you_mean);
    listener->doubt(listener->context, doubt->place, doubt->name, question ? question : doubt->problem);
}

static void given_deinit(struct given *given)
{
    text_free_secret(given->text);
    free(given->place);
    *given = (struct given){0};
}

void givens_deinit(struct givens *givens)
{
    for (size_t i = 0; i < NAME_COUNT; i++)
        given_deinit(&givens->of[i]);
    free(givens->files);
    givens->files = NULL;
}

/* Takes the text. */
static void add_files(struct givens *givens, char *files)
{
    char *before = givens->files;

    if (!before || !files) {
        givens->files = before ? before : files;
        return;
    }
    givens->files = text_format("%s, %s", before, files);
    free(before);
    free(files);
}

void givens_note_file(struct givens *givens, const char *path)
{
    char *whole = realpath(path, NULL);

    add_files(givens, whole ? whole : text_copy(path));
}

void givens_fall_back(struct givens *upper, struct givens *lower)
{
    for (size_t i = 0; i < NAME_COUNT; i++)
        if (!upper->of[i].text) {
            upper->of[i] = lower->of[i];
            lower->of[i] = (struct given){0};
        }
    add_files(upper, TAKE(lower->files));
}

void complain_of_unknown(const char *place, const char *name, struct complaints *complaints)
{
    const char *suggestion = names_suggestion(name);
    int length = (int)names_length(name);

    complain(complaints, "%s: %.*s%s: unknown setting%s%s%s", place, length, name, name[length] ? "…" : "",
             suggestion ? "; did you mean " : "", suggestion ? suggestion : "", suggestion ? "?" : "");
}

/* The environment and .env are shared with others; the command line and the YAML file are ours alone. */
static void judge_unknown(enum source source, const char *place, const char *name,
                          struct complaints *complaints)
{
    bool is_shared = source == SOURCE_ENVIRONMENT || source == SOURCE_DOTENV;
    const char *near_miss = names_near_miss(name);

    if (!is_shared || names_is_ours(name) || (near_miss && names_guards(near_miss)))
        complain_of_unknown(place, name, complaints);
    else if (near_miss)
        complain_softly(complaints, &(struct doubt){.event = "config-unknown-name",
                                                    .place = place,
                                                    .name = name,
                                                    .did_you_mean = near_miss});
}

void givens_put(struct givens *givens, enum source source, const char *place, const char *name,
                const char *text, struct complaints *complaints)
{
    size_t number = setting_number(name);

    if (number == NAME_COUNT) {
        judge_unknown(source, place, name, complaints);
        return;
    }
    given_deinit(&givens->of[number]);
    if (*text)
        givens->of[number] = (struct given){text_copy(text), text_copy(place), source};
}
