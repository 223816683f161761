#include "command/audit_findings.h"

#include "base/memory.h"
#include "base/visible.h"

#include <jansson.h>
#include <stdlib.h>
#include <string.h>

/* A room or a user in a list. */
struct row {
    char *id;
    char *alias, *name, *creator; /* NULL: none */
    int64_t members, created_at;
    struct audit audit; /* its alias is not to be used */
    bool is_ours, is_user;
    bool is_unseen;               /* where its alias leads */
    char *predecessor, *leads_to; /* NULL: none */
    const char *successor;        /* the id of another row; NULL: none */
    bool is_in_the_way;           /* a foreign room, with an alias like those of ours */
};

struct audit_findings {
    struct row *rows;
    size_t count;
    struct records *records;
};

/* ---- the lists ---- */

static bool is_managed(const struct row *row)
{
    return row->is_ours && row->audit.purpose == AUDIT_MANAGED && !row->successor;
}

static bool is_welcome(const struct row *row)
{
    return row->is_ours && row->audit.purpose == AUDIT_WELCOME && !row->successor;
}

static bool is_other(const struct row *row)
{
    return row->is_ours && row->audit.purpose == AUDIT_OTHER && !row->successor && !row->audit.dead &&
           !row->audit.half_made;
}

static bool is_dead(const struct row *row)
{
    return row->is_ours && !row->successor && row->audit.dead;
}

static bool is_half_made(const struct row *row)
{
    return row->is_ours && !row->successor && row->audit.half_made;
}

static bool is_left(const struct row *row)
{
    return is_managed(row) && row->audit.left;
}

static bool is_powerless(const struct row *row)
{
    return is_managed(row) && row->audit.powerless;
}

static bool is_conflicting(const struct row *row)
{
    return (is_managed(row) || is_welcome(row)) && row->alias && row->leads_to &&
           strcmp(row->leads_to, row->id) != 0;
}

static bool is_without_alias(const struct row *row)
{
    return is_managed(row) && !row->audit.dead && !row->leads_to && !row->is_unseen;
}

static bool is_unseen(const struct row *row)
{
    return row->is_unseen;
}

static bool is_in_the_way(const struct row *row)
{
    return row->is_in_the_way;
}

static bool is_predecessor(const struct row *row)
{
    return row->is_ours && row->successor;
}

static bool is_unnamed(const struct row *row)
{
    return row->is_user;
}

static const struct list {
    const char *key, *meaning;
    bool (*has)(const struct row *row);
    bool counted_only; /* for people; there may be thousands, and all is well */
    bool wants_a_person;
} lists[] = {
    {"managed", "rooms that are kept in line", is_managed, true, false},
    {"welcome", "rooms that greet a new user", is_welcome, true, false},
    {"other", "rooms that a sync user made, and that are neither", is_other, true, false},
    {"conflicting", "rooms of ours whose alias leads to another room: messages for it are rejected",
     is_conflicting, false, true},
    {"in_the_way",
     "rooms of others whose main alias is like those of ours: messages for that alias would be rejected",
     is_in_the_way, false, true},
    {"without_alias", "rooms of ours whose alias is gone: the next message for it makes a second room",
     is_without_alias, false, true},
    {"unseen", "rooms of ours whose alias the homeserver would not look up: where it leads is not known",
     is_unseen, false, true},
    {"dead", "rooms of ours that nobody is in any more: the next message for the alias makes it anew",
     is_dead, false, true},
    {"half_made", "rooms of ours whose making was cut: the next message for the alias makes it anew",
     is_half_made, false, true},
    {"left",
     "rooms of ours that the sync user is not in, though others are: the next message lets it back in, "
     "or is rejected and says why",
     is_left, false, true},
    {"powerless",
     "rooms of ours in which the sync user has too little power: the next message gives it back, "
     "or is rejected and says why",
     is_powerless, false, true},
    {"predecessors",
     "rooms that were upgraded into one of ours and are still there: they go when it is removed",
     is_predecessor, false, false},
    {"unnamed", "users whom the sync made and whose own addUser has not come, or not to its end, since",
     is_unnamed, false, false},
};
enum { LISTS = sizeof(lists) / sizeof(lists[0]) };

/* ---- gathering ---- */

struct audit_findings *audit_findings_new(void)
{
    return NEW(struct audit_findings);
}

static void empty(struct row *row)
{
    free(row->id);
    free(row->alias);
    free(row->name);
    free(row->creator);
    free(row->predecessor);
    free(row->leads_to);
}

void audit_findings_free(struct audit_findings *findings)
{
    if (!findings)
        return;
    for (size_t i = 0; i < findings->count; i++)
        empty(&findings->rows[i]);
    free(findings->rows);
    records_free(findings->records);
    free(findings);
}

static struct row *add(struct audit_findings *findings, const struct row *row)
{
    size_t count = findings->count;

    if ((count & (count - 1)) == 0) /* full: it holds a power of two */
        findings->rows = memory_resize(findings->rows, count > 0 ? 2 * count : 1, sizeof(*findings->rows));
    findings->rows[count] = *row;
    return &findings->rows[findings->count++];
}

static struct row *add_room(struct audit_findings *findings, const struct listed_room *listed,
                            const char *alias)
{
    return add(findings, &(struct row){.id = text_copy(listed->id),
                                       .alias = text_copy(alias),
                                       .name = text_copy(listed->name),
                                       .creator = text_copy(listed->creator),
                                       .members = listed->members});
}

void audit_findings_add(struct audit_findings *findings, const struct listed_room *listed,
                        const struct audit *audit, const char *predecessor, const struct audit_alias *alias)
{
    struct row *row = add_room(findings, listed, audit->alias);

    row->audit = *audit;
    row->is_ours = true;
    row->predecessor = text_copy(predecessor);
    row->leads_to = text_copy(alias->leads_to);
    row->is_unseen = alias->unseen;
}

void audit_findings_add_foreign(struct audit_findings *findings, const struct listed_room *listed)
{
    if (listed->alias)
        (void)add_room(findings, listed, listed->alias);
}

void audit_findings_set_records(struct audit_findings *findings, struct records *records)
{
    findings->records = records;
}

void audit_findings_add_user(struct audit_findings *findings, const struct listed_user *user)
{
    if (records_get(findings->records, user->id).open)
        (void)add(findings, &(struct row){.id = text_copy(user->id),
                                          .name = text_copy(user->name),
                                          .created_at = user->created_at,
                                          .is_user = true});
}

/* ---- bringing together ---- */

static int compare(const void *a, const void *b)
{
    return strcmp(((const struct row *)a)->id, ((const struct row *)b)->id);
}

static int compare_id(const void *id, const void *row)
{
    return strcmp(id, ((const struct row *)row)->id);
}

static struct row *find(struct audit_findings *findings, const char *id)
{
    return findings->count > 0 ? bsearch(id, findings->rows, findings->count, sizeof(struct row), compare_id)
                               : NULL;
}

/* `#course_7b:school` and `#course_8:school` are of the same type: all up to the first underscore. 0: it has
   none. */
static size_t length_of_type(const char *alias)
{
    size_t length = strcspn(alias, "_");

    return alias[length] == '_' ? length + 1 : 0;
}

static int compare_types(const void *a, const void *b)
{
    const char *const *one = a, *const *other = b;
    size_t length = length_of_type(*one), other_length = length_of_type(*other);

    if (length != other_length)
        return length < other_length ? -1 : 1;
    return strncmp(*one, *other, length);
}

/* The types of our rooms, as aliases that have them, in order. The caller frees them. */
static const char **types_of_ours(const struct audit_findings *findings, size_t *ret_count)
{
    const char **types = memory_new(findings->count + 1, sizeof(*types));
    size_t count = 0;

    for (size_t i = 0; i < findings->count; i++)
        if (is_managed(&findings->rows[i]) && findings->rows[i].alias &&
            length_of_type(findings->rows[i].alias) > 0)
            types[count++] = findings->rows[i].alias;
    qsort(types, count, sizeof(*types), compare_types);
    *ret_count = count;
    return types;
}

static void find_those_in_the_way(struct audit_findings *findings)
{
    size_t count;
    const char **types = types_of_ours(findings, &count);

    for (size_t i = 0; i < findings->count; i++) {
        struct row *row = &findings->rows[i];

        if (!row->is_ours && !row->is_user && row->alias)
            row->is_in_the_way = audit_is_welcome_alias(row->alias) ||
                                 bsearch(&row->alias, types, count, sizeof(*types), compare_types);
    }
    free(types);
}

/* Rooms come in pages, and one that is made meanwhile may shift another into the next page, too. */
static void drop_repeated(struct audit_findings *findings)
{
    size_t kept = 0;

    for (size_t i = 0; i < findings->count; i++) {
        if (kept > 0 && compare(&findings->rows[kept - 1], &findings->rows[i]) == 0)
            empty(&findings->rows[i]);
        else
            findings->rows[kept++] = findings->rows[i];
    }
    findings->count = kept;
}

void audit_findings_finish(struct audit_findings *findings)
{
    if (findings->count > 0)
        qsort(findings->rows, findings->count, sizeof(*findings->rows), compare);
    drop_repeated(findings);
    for (size_t i = 0; i < findings->count; i++) {
        struct row *row = &findings->rows[i],
                   *before = row->predecessor ? find(findings, row->predecessor) : NULL;

        if (before && before != row)
            before->successor = row->id;
    }
    find_those_in_the_way(findings);
}

/* ---- telling ---- */

static size_t count_of(const struct audit_findings *findings, const struct list *list)
{
    size_t count = 0;

    for (size_t i = 0; i < findings->count; i++)
        count += list->has(&findings->rows[i]);
    return count;
}

static void print_part(const char *before, const char *text, const char *after, FILE *file)
{
    CLEANUP(freep) char *visible = visible_copy(text);

    if (visible)
        fprintf(file, "%s%s%s", before, visible, after);
}

static void print_row(const struct row *row, FILE *file)
{
    print_part("  ", row->id, "", file);
    print_part("  ", row->alias, "", file);
    print_part("  \"", row->name, "\"", file);
    if (!row->is_user)
        fprintf(file, "  members: %lld", (long long)row->members);
    if (!row->is_ours)
        print_part("  made by ", row->creator, "", file);
    if (is_conflicting(row))
        print_part("  its alias leads to ", row->leads_to, "", file);
    print_part("  upgraded into ", row->successor, "", file);
    fputc('\n', file);
}

bool audit_findings_print(const struct audit_findings *findings, unsigned long requests, FILE *file)
{
    for (size_t i = 0; i < LISTS; i++) {
        size_t count = count_of(findings, &lists[i]);

        if (count == 0 && !lists[i].counted_only)
            continue;
        fprintf(file, "%s: %zu (%s)\n", lists[i].key, count, lists[i].meaning);
        for (size_t j = 0; j < findings->count && !lists[i].counted_only; j++)
            if (lists[i].has(&findings->rows[j]))
                print_row(&findings->rows[j], file);
    }
    if (!audit_findings_want_a_person(findings))
        fputs("nothing needs a person\n", file);
    fprintf(file, "(%lu requests, none of which changed anything)\n", requests);
    return !ferror(file);
}

static void set_text(json_t *object, const char *key, const char *text)
{
    if (text)
        (void)json_object_set_new(object, key, json_string(text));
}

static json_t *row_json(const struct row *row)
{
    json_t *object = json_object();

    set_text(object, row->is_user ? "user" : "room", row->id);
    set_text(object, "alias", row->alias);
    set_text(object, "name", row->name);
    set_text(object, "creator", row->creator);
    set_text(object, "alias_leads_to", row->leads_to);
    set_text(object, "successor", row->successor);
    if (row->is_user)
        (void)json_object_set_new(object, "created_at", json_integer(row->created_at));
    else
        (void)json_object_set_new(object, "members", json_integer(row->members));
    return object;
}

bool audit_findings_print_json(const struct audit_findings *findings, unsigned long requests, FILE *file)
{
    json_t *object = json_object();
    bool printed;

    for (size_t i = 0; i < LISTS; i++) {
        json_t *rows = json_array();

        for (size_t j = 0; j < findings->count; j++)
            if (lists[i].has(&findings->rows[j]))
                (void)json_array_append_new(rows, row_json(&findings->rows[j]));
        (void)json_object_set_new(object, lists[i].key, rows);
    }
    (void)json_object_set_new(object, "requests", json_integer((json_int_t)requests));
    printed = json_dumpf(object, file, JSON_INDENT(2) | JSON_ENSURE_ASCII) == 0;
    json_decref(object);
    return fputc('\n', file) != EOF && printed;
}

bool audit_findings_want_a_person(const struct audit_findings *findings)
{
    for (size_t i = 0; i < LISTS; i++)
        if (lists[i].wants_a_person && count_of(findings, &lists[i]) > 0)
            return true;
    return false;
}
