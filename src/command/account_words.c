#include "command/account_words.h"

#include "base/buffer.h"
#include "base/memory.h"

#include <stdlib.h>
#include <string.h>

enum { MOST_NAMES = 12 /* in one line */, LONGEST_LINE = 64 * 1024 };

static const struct {
    const char *before; /* the subject, in a plan: "create user" @ada:s */
    const char *one, *many, *to_be, *been;
} words[ENGINE_CHANGES] = {
    [CHANGE_CREATED_USERS] = {"create user", "user", "users", "to create", "created"},
    [CHANGE_CREATED_ROOMS] = {"create room", "room", "rooms", "to create", "created"},
    [CHANGE_JOINED] = {"join", "membership", "memberships", "to add", "added"},
    [CHANGE_RAISED] = {"raise", "power level", "power levels", "to raise", "raised"},
    [CHANGE_RENAMED] = {"rename user", "name", "names", "to change", "changed"},
    [CHANGE_WELCOMED] = {"welcome", "welcome", "welcomes", "to send", "sent"},
    [CHANGE_REACTIVATED] = {"reactivate user", "user", "users", "to reactivate", "reactivated"},
    [CHANGE_SET] = {"set", "room setting", "room settings", "to set", "set"},
    [CHANGE_REMOVED_USERS] = {"remove user", "user", "users", "to remove", "removed"},
    [CHANGE_REMOVED_ROOMS] = {"remove room", "room", "rooms", "to remove", "removed"},
};

/* ---- what is hidden is made visible, as in the log ---- */

static void append(struct buffer *line, const char *before, const char *text, const char *behind)
{
    struct error visible;

    (void)error_set(&visible, "%s", text);
    (void)buffer_append_format(line, "%s%s%s", before, visible.text, behind);
}

static void print_line(FILE *stream, struct buffer *line)
{
    (void)fprintf(stream, "%s\n", buffer_text(line));
    buffer_clear(line);
}

/* ---- a plan ---- */

/* Whether both are told in one line: the same of several users in one room. */
static bool go_together(const struct account_deed *a, const struct account_deed *b)
{
    return (a->change == CHANGE_JOINED || a->change == CHANGE_RAISED) && a->change == b->change &&
           a->level == b->level && text_equal(a->room, b->room);
}

static bool was_told(const struct account_entry *entry, size_t number)
{
    for (size_t i = 0; i < number; i++)
        if (go_together(&entry->deeds[i], &entry->deeds[number]))
            return true;
    return false;
}

static void append_users(struct buffer *line, const struct account_entry *entry, size_t first)
{
    size_t count = 0;

    for (size_t i = first; i < entry->deed_count; i++) {
        if (!go_together(&entry->deeds[first], &entry->deeds[i]))
            continue;
        if (count++ < MOST_NAMES)
            append(line, count > 1 ? ", " : " ", entry->deeds[i].user, "");
    }
    if (count > MOST_NAMES)
        (void)buffer_append_format(line, " and %zu more", count - MOST_NAMES);
}

static void append_subject(struct buffer *line, const struct account_deed *deed)
{
    append(line, " ", deed->user ? deed->user : deed->room, "");
    if (deed->before)
        append(line, ", now \"", deed->before, "\",");
    if (deed->name)
        append(line, deed->change == CHANGE_RENAMED ? " to \"" : " \"", deed->name, "\"");
}

static void append_deed(struct buffer *line, const struct account_entry *entry, size_t number)
{
    const struct account_deed *deed = &entry->deeds[number];

    (void)buffer_append_format(line, "    %s", words[deed->change].before);
    if (deed->change == CHANGE_JOINED || deed->change == CHANGE_RAISED) {
        append_users(line, entry, number);
        append(line, deed->change == CHANGE_JOINED ? " to " : " in ", deed->room, "");
        if (deed->change == CHANGE_RAISED)
            (void)buffer_append_format(line, " to level %lld", (long long)deed->level);
    } else if (deed->change == CHANGE_SET) {
        append(line, " the ", deed->setting, "");
        append(line, " of ", deed->room, "");
        append(line, " to \"", deed->name ? deed->name : "", "\"");
    } else {
        append_subject(line, deed);
    }
}

static void append_head(struct buffer *line, const struct account_entry *entry)
{
    (void)buffer_append_format(line, "%s: %s", entry->place, entry->method);
    append(line, " ", entry->subject, "");
}

void account_print_plan(const struct account_entry *entry, FILE *stream)
{
    struct buffer line;

    buffer_init(&line, LONGEST_LINE);
    append_head(&line, entry);
    print_line(stream, &line);
    for (int change = 0; change < ENGINE_CHANGES; change++)
        for (size_t i = 0; i < entry->deed_count; i++)
            if ((int)entry->deeds[i].change == change && !was_told(entry, i)) {
                append_deed(&line, entry, i);
                print_line(stream, &line);
            }
    if (entry->warnings && *entry->warnings)
        (void)fprintf(stream, "    leave: %s\n", entry->warnings);
    if (entry->rejected)
        (void)fprintf(stream, "    REJECT %s: %s\n", entry->code, entry->detail);
    buffer_deinit(&line);
}

/* ---- an end ---- */

static void append_count(struct buffer *line, size_t count, int change, bool foresees)
{
    (void)buffer_append_format(line, "%zu %s %s", count, count == 1 ? words[change].one : words[change].many,
                               foresees ? words[change].to_be : words[change].been);
}

static void append_counts(struct buffer *line, const size_t *counts, bool foresees)
{
    const char *between = "";

    for (int change = 0; change < ENGINE_CHANGES; change++) {
        if (counts[change] == 0)
            continue;
        (void)buffer_append_text(line, between);
        append_count(line, counts[change], change, foresees);
        between = ", ";
    }
    if (!*between)
        (void)buffer_append_text(line, foresees ? "nothing to change" : "nothing changed");
}

void account_print_end(const struct account_entry *entry, FILE *stream)
{
    size_t counts[ENGINE_CHANGES] = {0};
    struct buffer line;

    for (size_t i = 0; i < entry->deed_count; i++)
        counts[entry->deeds[i].change]++;
    buffer_init(&line, LONGEST_LINE);
    append_head(&line, entry);
    if (entry->rejected)
        (void)buffer_append_format(&line, ": rejected: %s: %s", entry->code, entry->detail);
    else
        (void)buffer_append_text(&line, ": done");
    if (!entry->rejected || entry->deed_count > 0) {
        (void)buffer_append_text(&line, entry->rejected ? "; " : ": ");
        append_counts(&line, counts, false);
    }
    if (entry->warnings && *entry->warnings)
        (void)buffer_append_format(&line, "; left: %s", entry->warnings);
    print_line(stream, &line);
    buffer_deinit(&line);
}

/* ---- the sum ---- */

static void append_requests(struct buffer *line, const struct account *account, size_t left)
{
    (void)buffer_append_format(line, ". %zu %s", account->ended,
                               account->ended == 1 ? "request" : "requests");
    if (account->unchanged > 0)
        (void)buffer_append_format(line, ", %zu of them without a change", account->unchanged);
    if (account->rejected > 0)
        (void)buffer_append_format(line, ", %zu %s", account->rejected,
                                   account->foresees ? "would be rejected" : "rejected");
    if (left > 0)
        (void)buffer_append_format(line, ", %zu left to do", left);
    (void)buffer_append_char(line, '.');
}

void account_print_sum(const struct account *account, size_t left, FILE *stream)
{
    struct buffer line;

    buffer_init(&line, LONGEST_LINE);
    (void)buffer_append_text(&line, account->foresees ? "Plan: " : left > 0 ? "Stopped: " : "Done: ");
    append_counts(&line, account->changes, account->foresees);
    append_requests(&line, account, left);
    print_line(stream, &line);
    buffer_deinit(&line);
}
