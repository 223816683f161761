/* How what was found is told: to people, and to machines. */

#include "command/findings.h"
#include "support/evil.h"
#include "support/test.h"

#include <jansson.h>
#include <stdlib.h>
#include <string.h>

static char *printed(const struct findings *findings, bool as_json)
{
    char *text = NULL;
    size_t size = 0;
    FILE *stream = open_memstream(&text, &size);

    assert_true(findings_print(findings, as_json, stream));
    (void)fclose(stream);
    return text;
}

static void fill(struct findings *findings)
{
    findings->area = "broker";
    findings_add(findings, FINDING_OK, "name", "%s is known", "rabbit");
    findings_add(findings, FINDING_ERROR, "port", "refused\x1b[2K\nerror");
    findings_advise(findings, "start it");
    findings_add(findings, FINDING_WARNING, "queue", "\xff");
}

static void test_words_of_others_stay_in_their_line(void **state)
{
    (void)state;
    for (size_t i = 0; i < evil_count(); i++) {
        struct findings findings = {.area = "broker"};
        char *text;

        findings_add(&findings, FINDING_ERROR, evil_text(i), "%s", evil_text(i));
        findings_advise(&findings, "%s", evil_text(i));
        text = printed(&findings, false);
        assert_shown_in_lines(text, 2);
        free(text);
        findings_deinit(&findings);
    }
}

static void test_people_read_one_line_for_each(void **state)
{
    struct findings findings = {0};
    char *text;

    (void)state;
    fill(&findings);
    text = printed(&findings, false);
    assert_string_equal(text, "ok       broker        name: rabbit is known\n"
                              "error    broker        port: refused\\u001b[2K\\u000aerror => start it\n"
                              "warning  broker        queue: \xef\xbf\xbd\n"
                              "1 error, 1 warning\n");
    free(text);
    findings_deinit(&findings);
}

static void test_machines_read_a_list(void **state)
{
    struct findings findings = {0};
    json_auto_t *list = NULL;
    char *text;

    (void)state;
    fill(&findings);
    text = printed(&findings, true);
    list = json_loads(text, 0, NULL);
    assert_int_equal(json_array_size(list), 3);
    assert_string_equal(json_string_value(json_object_get(json_array_get(list, 1), "status")), "error");
    assert_string_equal(json_string_value(json_object_get(json_array_get(list, 1), "area")), "broker");
    assert_string_equal(json_string_value(json_object_get(json_array_get(list, 1), "advice")), "start it");
    assert_true(json_is_null(json_object_get(json_array_get(list, 0), "advice")));
    free(text);
    findings_deinit(&findings);
}

static void test_what_is_cut_does_not_count(void **state)
{
    struct findings findings = {0};

    (void)state;
    fill(&findings);
    assert_string_equal(findings_first_error(&findings)->name, "port");
    findings_cut(&findings, 1);
    assert_int_equal(findings.count, 1);
    assert_int_equal(findings.of[FINDING_ERROR] + findings.of[FINDING_WARNING], 0);
    assert_null(findings_first_error(&findings));
    findings_deinit(&findings);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_people_read_one_line_for_each),
        cmocka_unit_test(test_words_of_others_stay_in_their_line),
        cmocka_unit_test(test_machines_read_a_list),
        cmocka_unit_test(test_what_is_cut_does_not_count),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
