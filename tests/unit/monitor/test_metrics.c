/* Metrics as Prometheus reads them. */
#include "monitor/metrics.h"

#include "base/memory.h"
#include "support/evil.h"
#include "support/test.h"

#include <stdio.h>

enum { PLAIN, LABELLED, SECONDS, COUNT };

static const double bounds[] = {0.1, 1, 2.5};
static const struct metric table[COUNT] = {
    [PLAIN] = {"things", METRIC_GAUGE, "Things that are there", {NULL}, NULL, 0},
    [LABELLED] = {"requests_total", METRIC_COUNTER, "Requests", {"method", "code"}, NULL, 0},
    [SECONDS] = {"duration_seconds", METRIC_HISTOGRAM, "Durations", {"method"}, bounds, 3},
};

static int set_up(void **state)
{
    *state = metrics_new(table, COUNT);
    return 0;
}

static int tear_down(void **state)
{
    metrics_free(*state);
    return 0;
}

static void assert_text(const struct metrics *metrics, const char *expected)
{
    struct buffer buffer;

    buffer_init(&buffer, 1 << 20);
    metrics_write(metrics, &buffer);
    assert_string_equal(buffer_text(&buffer), expected);
    buffer_deinit(&buffer);
}

static void test_what_was_never_counted_is_not_there(void **state)
{
    assert_text(*state, "");
}

static void test_numbers_and_labels(void **state)
{
    metrics_set(*state, PLAIN, METRIC_PLAIN, 0.25);
    metrics_add(*state, LABELLED, METRIC_VALUES("GET", "200"), 0);
    metrics_add(*state, LABELLED, METRIC_VALUES("GET", "200"), 2);
    metrics_add(*state, LABELLED, METRIC_VALUES("PUT", "404"), 1);
    assert_text(*state, "# HELP things Things that are there\n# TYPE things gauge\nthings 0.25\n"
                        "# HELP requests_total Requests\n# TYPE requests_total counter\n"
                        "requests_total{method=\"GET\",code=\"200\"} 2\n"
                        "requests_total{method=\"PUT\",code=\"404\"} 1\n");
    assert_true(metrics_value(*state, LABELLED, METRIC_VALUES("GET", "200")) == 2);
    assert_true(metrics_value(*state, LABELLED, METRIC_VALUES("GET", "500")) == 0);
}

/* A value on a bound lies below it, and each bucket holds those before it. */
static void test_histogram(void **state)
{
    const double values[] = {0.1, 0.1001, 2.5, 60};

    for (size_t i = 0; i < 4; i++)
        metrics_observe(*state, SECONDS, METRIC_VALUES("a"), values[i]);
    assert_text(*state, "# HELP duration_seconds Durations\n# TYPE duration_seconds histogram\n"
                        "duration_seconds_bucket{method=\"a\",le=\"0.1\"} 1\n"
                        "duration_seconds_bucket{method=\"a\",le=\"1\"} 2\n"
                        "duration_seconds_bucket{method=\"a\",le=\"2.5\"} 3\n"
                        "duration_seconds_bucket{method=\"a\",le=\"+Inf\"} 4\n"
                        "duration_seconds_sum{method=\"a\"} 62.7001\n"
                        "duration_seconds_count{method=\"a\"} 4\n");
}

static void test_large_numbers_are_whole(void **state)
{
    metrics_set(*state, PLAIN, METRIC_PLAIN, 1234567890123);
    assert_text(*state, "# HELP things Things that are there\n# TYPE things gauge\nthings 1234567890123\n");
}

static void test_a_value_cannot_end_its_quotes(void **state)
{
    metrics_add(*state, LABELLED, METRIC_VALUES("a\"} 1\n", "\\"), 1);
    assert_text(*state, "# HELP requests_total Requests\n# TYPE requests_total counter\n"
                        "requests_total{method=\"a\\\"} 1\\n\",code=\"\\\\\"} 1\n");
}

/* Each series is one line, and what a reader makes of its value is what was counted. */
static void test_every_value_stays_in_its_quotes(void **state)
{
    size_t lines = 2;
    struct buffer buffer;

    for (; lines - 2 < evil_count(); lines++)
        metrics_add(*state, LABELLED, METRIC_VALUES(evil_text(lines - 2), "200"), 1);
    buffer_init(&buffer, 1 << 20);
    metrics_write(*state, &buffer);
    assert_int_equal(count_of(buffer_text(&buffer), "\n"), lines);
    for (const char *at = strstr(buffer_text(&buffer), "\nrequests_total"); at; at = strstr(at + 1, "\n")) {
        if (!at[1])
            break;
        assert_memory_equal(at, "\nrequests_total{method=\"", 24);
        for (at += 24; *at != '"'; at++)
            at += *at == '\\';
        assert_memory_equal(at, "\",code=\"200\"} 1\n", 16);
    }
    buffer_deinit(&buffer);
}

/* Who makes up answers without end, gets one line for all of them. */
static void test_the_number_of_lines_is_bounded(void **state)
{
    char code[16];

    for (int i = 0; i < 10 * METRIC_MOST_SERIES; i++) {
        (void)snprintf(code, sizeof(code), "%d", i);
        metrics_add(*state, LABELLED, METRIC_VALUES("GET", code), 1);
    }
    assert_true(metrics_value(*state, LABELLED, METRIC_VALUES("other", "other")) == 9 * METRIC_MOST_SERIES);
    assert_true(metrics_value(*state, LABELLED, METRIC_VALUES("GET", "0")) == 1);
    assert_true(metrics_value(*state, LABELLED, METRIC_VALUES("GET", code)) == 0);
}

static void test_where_nobody_looks_nothing_is_counted(void **state)
{
    (void)state;
    metrics_add(NULL, PLAIN, METRIC_PLAIN, 1);
    metrics_set(NULL, PLAIN, METRIC_PLAIN, 1);
    metrics_observe(NULL, SECONDS, METRIC_PLAIN, 1);
    assert_true(metrics_value(NULL, PLAIN, METRIC_PLAIN) == 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_what_was_never_counted_is_not_there, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_numbers_and_labels, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_histogram, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_large_numbers_are_whole, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_a_value_cannot_end_its_quotes, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_every_value_stays_in_its_quotes, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_the_number_of_lines_is_bounded, set_up, tear_down),
        cmocka_unit_test(test_where_nobody_looks_nothing_is_counted),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
