/* What rooms say of each other, brought together. */
#include "base/memory.h"
#include "command/audit_findings.h"
#include "support/evil.h"
#include "support/test.h"

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>

static const struct audit_alias nowhere;

static void add_ours(struct audit_findings *findings, const char *id, const char *alias,
                     struct audit_alias looked_up)
{
    CLEANUP(freep) char *copy = text_copy(id);
    const struct audit audit = {.purpose = AUDIT_MANAGED, .alias = alias};

    audit_findings_add(findings, &(struct listed_room){.id = copy}, &audit, NULL, &looked_up);
}

static void add_theirs(struct audit_findings *findings, const char *id, const char *alias)
{
    CLEANUP(freep) char *copy = text_copy(id);
    CLEANUP(freep) char *alias_copy = text_copy(alias);

    audit_findings_add_foreign(findings, &(struct listed_room){.id = copy, .alias = alias_copy});
}

/* The list of that name, as "id id …"; the caller frees it. */
static char *ids_in(const struct audit_findings *findings, const char *list)
{
    CLEANUP(freep) char *text = NULL;
    size_t size = 0, i;
    FILE *file = open_memstream(&text, &size);
    json_t *all, *row;
    char *ids = text_copy("");

    assert_true(audit_findings_print_json(findings, 0, file));
    assert_int_equal(fclose(file), 0);
    all = json_loads(text, 0, NULL);
    assert_non_null(json_object_get(all, list));
    json_array_foreach(json_object_get(all, list), i, row)
    {
        char *more =
            text_format("%s%s%s", ids, i > 0 ? " " : "", json_string_value(json_object_get(row, "room")));

        free(ids);
        ids = more;
    }
    json_decref(all);
    return ids;
}

static void assert_list(const struct audit_findings *findings, const char *list, const char *expected)
{
    CLEANUP(freep) char *ids = ids_in(findings, list);

    assert_string_equal(ids, expected);
}

/* In any order, of any length. */
static void test_whose_alias_is_of_a_type_of_ours(void **state)
{
    static const char *const ours[] = {"#team_1:h", "#course_7:h", "#news_2:h",
                                       "#a_1:h",    "#course_8:h", "#plain:h"};
    static const char *const theirs[] = {"#course_9:h", "#courses_9:h", "#cours_9:h", "#a_b_c:h",
                                         "#sync_ada:h", "#plain:h",     "#course:h",  "#teal_1:h"};
    struct audit_findings *findings = audit_findings_new();

    (void)state;
    for (size_t i = 0; i < sizeof(ours) / sizeof(ours[0]); i++) {
        CLEANUP(freep) char *id = text_format("!ours%zu:h", i);

        add_ours(findings, id, ours[i], nowhere);
    }
    for (size_t i = 0; i < sizeof(theirs) / sizeof(theirs[0]); i++) {
        CLEANUP(freep) char *id = text_format("!theirs%zu:h", i);

        add_theirs(findings, id, theirs[i]);
    }
    audit_findings_finish(findings);
    assert_list(findings, "in_the_way", "!theirs0:h !theirs3:h !theirs4:h");
    audit_findings_free(findings);
}

static void test_nothing_is_of_no_type(void **state)
{
    struct audit_findings *findings = audit_findings_new();

    (void)state;
    audit_findings_finish(findings);
    assert_false(audit_findings_want_a_person(findings));
    add_theirs(findings, "!a:h", "#course_9:h");
    audit_findings_finish(findings);
    assert_list(findings, "in_the_way", "");
    audit_findings_free(findings);
}

static void test_what_could_not_be_seen_is_not_gone(void **state)
{
    struct audit_findings *findings = audit_findings_new();

    (void)state;
    add_ours(findings, "!gone:h", "#course_7:h", nowhere);
    add_ours(findings, "!unseen:h", "#course_8:h", (struct audit_alias){.unseen = true});
    audit_findings_finish(findings);
    assert_list(findings, "without_alias", "!gone:h");
    assert_list(findings, "unseen", "!unseen:h");
    assert_true(audit_findings_want_a_person(findings));
    audit_findings_free(findings);
}

static void test_words_of_others_stay_in_their_line(void **state)
{
    (void)state;
    for (size_t i = 0; i < evil_count(); i++) {
        CLEANUP(freep) char *id = text_format("!%s", evil_text(i)), *alias = text_format("#%s", evil_text(i));
        CLEANUP(freep) char *leads_to = text_copy(evil_text(i)), *text = NULL;
        struct audit_findings *findings = audit_findings_new();
        const struct audit audit = {.purpose = AUDIT_MANAGED, .alias = alias};
        size_t size, lines;
        FILE *file = open_memstream(&text, &size);

        audit_findings_add(findings,
                           &(struct listed_room){.id = id, .alias = alias, .name = alias, .creator = id},
                           &audit, id, &(struct audit_alias){.leads_to = leads_to});
        audit_findings_finish(findings);
        assert_true(audit_findings_print(findings, 1, file));
        assert_int_equal(fclose(file), 0);
        lines = count_of(text, "\n");
        assert_in_range(lines, 2, 7);
        assert_shown_in_lines(text, lines);
        audit_findings_free(findings);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_whose_alias_is_of_a_type_of_ours),
                                       cmocka_unit_test(test_words_of_others_stay_in_their_line),
                                       cmocka_unit_test(test_nothing_is_of_no_type),
                                       cmocka_unit_test(test_what_could_not_be_seen_is_not_gone)};

    return cmocka_run_group_tests(tests, NULL, NULL);
}
