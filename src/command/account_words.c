#include "command/account_words.h"

#include "base/buffer.h"
#include "base/cleanup.h"
#include "base/memory.h"
#include "base/visible.h"

#include <stdlib.h>
#include <string.h>

enum { MOST_NAMES = 12 /* in one line */, LONGEST_LINE = 1024 * 1024 };

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
    CLEANUP(freep) char *visible = visible_copy(text);

    (void)buffer_append_format(line, "%s%s%s", before, visible, behind);
}

static void print_line(FILE *stream, struct buffer *line)
{
    (void)fprintf(stream, "%s\n", buffer_text(line));
    buffer_clear(line);
}

/* ---- a plan ---- */

/* A deed, and the first of those that are told in one line with it. */
struct told {
    const struct account_deed *deed, *first;
};

static int compare_addresses(const struct account_deed *a, const struct account_deed *b)
{
    return (a > b) - (a < b);
}

/* 0: they are told in one line: the same of several users in one room. */
static int compare_lines(const struct account_deed *a, const struct account_deed *b)
{
    int rooms;

    if (a->change != b->change)
        return a->change < b->change ? -1 : 1;
    if (a->change != CHANGE_JOINED && a->change != CHANGE_RAISED)
        return compare_addresses(a, b);
    rooms = strcmp(a->room ? a->room : "", b->room ? b->room : "");
    return rooms != 0 ? rooms : (a->level > b->level) - (a->level < b->level);
}

static int compare_by_line(const void *a, const void *b)
{
    const struct told *one = a, *other = b;
    int lines = compare_lines(one->deed, other->deed);

    return lines != 0 ? lines : compare_addresses(one->deed, other->deed);
}

static int compare_in_order(const void *a, const void *b)
{
    const struct told *one = a, *other = b;

    if (one->deed->change != other->deed->change)
        return one->deed->change < other->deed->change ? -1 : 1;
    return one->first != other->first ? compare_addresses(one->first, other->first)
                                      : compare_addresses(one->deed, other->deed);
}

/* All deeds in the order in which they are told: by change, then by when the first of the line was done. By
   sorting, for one request may bring tens of thousands. The caller frees it. */
static struct told *lines_of(const struct account_entry *entry)
{
    struct told *told = memory_new(entry->deed_count + 1, sizeof(*told));

    for (size_t i = 0; i < entry->deed_count; i++)
        told[i].deed = &entry->deeds[i];
    qsort(told, entry->deed_count, sizeof(*told), compare_by_line);
    for (size_t i = 0; i < entry->deed_count; i++)
        told[i].first =
            i > 0 && compare_lines(told[i - 1].deed, told[i].deed) == 0 ? told[i - 1].first : told[i].deed;
    qsort(told, entry->deed_count, sizeof(*told), compare_in_order);
    return told;
}

static size_t length_of_line(const struct told *told, size_t most)
{
    size_t count = 1;

    while (count < most && told[count].first == told->first)
        count++;
    return count;
}

static void append_users(struct buffer *line, const struct told *told, size_t count)
{
    for (size_t i = 0; i < count && i < MOST_NAMES; i++)
        append(line, i > 0 ? ", " : " ", told[i].deed->user, "");
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

static void append_deeds(struct buffer *line, const struct told *told, size_t count)
{
    const struct account_deed *deed = told->deed;

    (void)buffer_append_format(line, "    %s", words[deed->change].before);
    if (deed->change == CHANGE_JOINED || deed->change == CHANGE_RAISED) {
        append_users(line, told, count);
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
    struct told *told = lines_of(entry);
    struct buffer line;

    buffer_init(&line, LONGEST_LINE);
    append_head(&line, entry);
    print_line(stream, &line);
    for (size_t i = 0, count; i < entry->deed_count; i += count) {
        count = length_of_line(&told[i], entry->deed_count - i);
        append_deeds(&line, &told[i], count);
        print_line(stream, &line);
    }
    free(told);
    if (entry->warnings && *entry->warnings) {
        append(&line, "    leave: ", entry->warnings, "");
        print_line(stream, &line);
    }
    if (entry->rejected) {
        (void)buffer_append_format(&line, "    REJECT %s", entry->code);
        append(&line, ": ", entry->detail, "");
        print_line(stream, &line);
    }
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
    (void)buffer_append_format(&line, ": %s%s", entry->rejected ? "rejected: " : "done",
                               entry->rejected ? entry->code : "");
    if (entry->rejected)
        append(&line, ": ", entry->detail, "");
    if (!entry->rejected || entry->deed_count > 0) {
        (void)buffer_append_text(&line, entry->rejected ? "; " : ": ");
        append_counts(&line, counts, false);
    }
    if (entry->warnings && *entry->warnings)
        append(&line, "; left: ", entry->warnings, "");
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
