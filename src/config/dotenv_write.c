/*
 * The other direction. There is no escape for a quote in a .env file, so which quotes a value can stand in
 * depends on what it holds. Rather than to know the rules a second time, each way is tried on the parser.
 *
 * Plain values stand without quotes, since docker's --env-file knows none. Single quotes come next: within
 * them shells and systemd's EnvironmentFile= read the same as dotenv does, which is not so in double ones, or
 * where others than plain values have none. That comes last, for what ends in a backslash.
 */
#include "config/dotenv_write.h"

#include "base/cleanup.h"
#include "base/memory.h"
#include "config/dotenv.h"

#include <string.h>

static const char plain_characters[] = "abcdefghijklmnopqrstuvwxyz"
                                       "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
                                       "0123456789_.,:/@%+-=?&[]";

/* Lines that may come next: none of them may end a quote that the parser still looks for in the first. */
static const char next[] = "A=' #'\nA=\" #\"\nA=` #`\n";
enum { NEXT_LINES = 3 };

/* What is looked for, and how much else there is. */
struct search {
    const char *name, *value;
    size_t found, others;
};

static void compare(void *context, const struct dotenv_entry *entry)
{
    struct search *search = context;

    if (text_equal(entry->name, search->name) && text_equal(entry->value, search->value))
        search->found++;
    else
        search->others++;
}

static bool reads_as(const char *line, const char *name, const char *value)
{
    struct search search = {.name = name, .value = value};
    struct error error;
    unsigned number;
    CLEANUP(text_free_secretp) char *text = text_format("%s%s", line, next);

    return dotenv_parse(text, strlen(text), compare, &search, &number, &error) && search.found == 1 &&
           search.others == NEXT_LINES;
}

static bool is_plain(const char *value)
{
    return value[strspn(value, plain_characters)] == '\0';
}

bool dotenv_write(struct buffer *text, const char *name, const char *value)
{
    static const char *const quotes[] = {"", "'", "\"", "`", ""};

    for (size_t i = is_plain(value) ? 0 : 1; i < sizeof(quotes) / sizeof(quotes[0]); i++) {
        CLEANUP(text_free_secretp) char *line = text_format("%s=%s%s%s\n", name, quotes[i], value, quotes[i]);

        if (reads_as(line, name, value))
            return buffer_append_text(text, line);
    }
    return false;
}
