/*
 * Any two names of settings: the distance between them is one (the same both ways, none between equal names,
 * no more than their letters), and what is suggested for them is in the table and near.
 */
#include "fuzz.h"

#include "base/memory.h"
#include "config/givens.h"
#include "config/names.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

/* Reaches: config/names.c config/givens.c */

enum { FAR = 1000, LONGEST_NAME = 64 };

/* A name is held against the whole table. */
const struct fuzz_bound fuzz_bound = {.memory = 50, .blocks = 2, .steps = 20000};

static size_t larger(size_t a, size_t b)
{
    return a > b ? a : b;
}

static void check_distance(const char *a, const char *b)
{
    size_t distance = names_distance(a, b, FAR);

    must(distance == names_distance(b, a, FAR));
    if (strlen(a) > LONGEST_NAME || strlen(b) > LONGEST_NAME) {
        must(distance == FAR + 1);
        return;
    }
    must((distance == 0) == (strcasecmp(a, b) == 0));
    must(distance <= larger(strlen(a), strlen(b)));
    must(distance + strlen(a) >= strlen(b) && distance + strlen(b) >= strlen(a));
    must(names_distance(a, b, 3) == (distance > 3 ? 4 : distance));
}

static void check_suggestions(const char *name)
{
    const char *suggestion = names_suggestion(name), *near_miss = names_near_miss(name);

    must(!suggestion || setting_number(suggestion) < NAME_COUNT);
    must(!suggestion || names_distance(name, suggestion, FAR) <= strlen(name) / 3);
    must(!near_miss || setting_number(near_miss) < NAME_COUNT);
    must(names_length(name) <= strlen(name));
    must(setting_number(name) == NAME_COUNT || names_is_ours(name) || strncmp(name, "RABBITMQ_", 9) == 0);
    must(setting_number(name) == NAME_COUNT || text_equal(suggestion, name));
}

static void note(void *context, const char *text)
{
    bool *told = context;

    must(strncmp(text, "f:1: ", 5) == 0);
    *told = true;
}

/* An unknown name is told of; a known one is not. */
static void check_complaint(const char *name)
{
    bool told = false;
    const struct config_listener listener = {.mistake = note, .context = &told};
    struct error error;
    struct complaints complaints = {.first = &error, .listener = &listener};
    struct givens givens = {0};

    givens_put(&givens, SOURCE_YAML, "f:1", name, "x", &complaints);
    must(told == (setting_number(name) == NAME_COUNT));
    givens_deinit(&givens);
}

void fuzz_try(const uint8_t *data, size_t size)
{
    struct fuzz_rest rest = {data, size};
    CLEANUP(freep) char *first = fuzz_text(&rest);
    CLEANUP(freep) char *second = fuzz_text(&rest);

    check_distance(first, second);
    check_suggestions(first);
    check_complaint(first);
}
