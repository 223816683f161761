#include "monitor/metrics.h"

#include "base/hash.h"
#include "base/memory.h"

#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* One combination of values, and what was counted for it. */
struct series {
    char *key; /* the labels as they are written: method="GET",code="200" */
    double value;
    uint64_t count;    /* METRIC_HISTOGRAM */
    uint64_t *buckets; /* of each bound those that lie below it but not below the one before; NULL: no
                          histogram */
    UT_hash_handle hh;
};

/* What was counted of one metric. */
struct family {
    struct series *series; /* by key, the oldest first */
};

struct metrics {
    const struct metric *table;
    size_t count;
    struct family *families; /* one for each row of the table */
};

struct metrics *metrics_new(const struct metric *table, size_t count)
{
    struct metrics *metrics = NEW(struct metrics);

    metrics->table = table;
    metrics->count = count;
    metrics->families = memory_new(count, sizeof(metrics->families[0]));
    return metrics;
}

/* NOLINTBEGIN(clang-analyzer-unix.Malloc): the analyzer does not see that uthash unlinks what is freed */
static void free_series(struct series *list)
{
    struct series *series, *next;

    HASH_ITER (hh, list, series, next) {
        HASH_DEL(list, series);
        free(series->buckets);
        free(series->key);
        free(series);
    }
}
/* NOLINTEND(clang-analyzer-unix.Malloc) */

void metrics_free(struct metrics *metrics)
{
    if (!metrics)
        return;
    for (size_t i = 0; i < metrics->count; i++)
        free_series(metrics->families[i].series);
    free(metrics->families);
    free(metrics);
}

/* ---- series ---- */

/* Backslash, quote and line feed have to be escaped in a value. */
static void write_value(struct buffer *buffer, const char *value)
{
    for (; *value; value++) {
        if (*value == '\n') {
            (void)buffer_append_text(buffer, "\\n");
            continue;
        }
        if (*value == '\\' || *value == '"')
            (void)buffer_append_char(buffer, '\\');
        (void)buffer_append_char(buffer, *value);
    }
}

enum { LONGEST_KEY = 65536 };

static char *make_key(const struct metric *metric, const struct metric_values *values)
{
    struct buffer buffer;

    buffer_init(&buffer, LONGEST_KEY);
    for (size_t i = 0; i < METRIC_LABELS && metric->labels[i]; i++) {
        (void)buffer_append_format(&buffer, "%s%s=\"", i > 0 ? "," : "", metric->labels[i]);
        write_value(&buffer, values->of[i] ? values->of[i] : "");
        (void)buffer_append_char(&buffer, '"');
    }
    return buffer_take(&buffer);
}

static const struct metric_values others = {{"other", "other", "other"}};

static struct series *find(const struct metrics *metrics, size_t metric, const struct metric_values *values)
{
    CLEANUP(freep) char *key = make_key(&metrics->table[metric], values);
    struct series *series = NULL;

    HASH_FIND_STR(metrics->families[metric].series, key, series);
    return series;
}

static struct series *find_or_make(struct metrics *metrics, size_t metric, const struct metric_values *values)
{
    const struct metric *row = &metrics->table[metric];
    struct series *series = find(metrics, metric, values);

    if (!series && values != &others && HASH_COUNT(metrics->families[metric].series) >= METRIC_MOST_SERIES)
        return find_or_make(metrics, metric, &others);
    if (series)
        return series;
    series = NEW(struct series);
    series->key = make_key(row, values);
    if (row->type == METRIC_HISTOGRAM)
        series->buckets = memory_new(row->bound_count, sizeof(series->buckets[0]));
    HASH_ADD_KEYPTR(hh, metrics->families[metric].series, series->key, strlen(series->key), series);
    return series;
}

/* ---- counting ---- */

void metrics_add(struct metrics *metrics, size_t metric, struct metric_values values, double amount)
{
    if (metrics)
        find_or_make(metrics, metric, &values)->value += amount;
}

void metrics_set(struct metrics *metrics, size_t metric, struct metric_values values, double value)
{
    if (metrics)
        find_or_make(metrics, metric, &values)->value = value;
}

void metrics_observe(struct metrics *metrics, size_t metric, struct metric_values values, double value)
{
    const struct metric *row;
    struct series *series;

    if (!metrics)
        return;
    row = &metrics->table[metric];
    series = find_or_make(metrics, metric, &values);
    series->count++;
    series->value += value;
    for (size_t i = 0; i < row->bound_count; i++)
        if (value <= row->bounds[i]) {
            series->buckets[i]++;
            return;
        }
}

double metrics_value(const struct metrics *metrics, size_t metric, struct metric_values values)
{
    const struct series *series = metrics ? find(metrics, metric, &values) : NULL;

    if (!series)
        return 0;
    return series->buckets ? (double)series->count : series->value;
}

/* ---- the text ---- */

/* Whole numbers without a fraction and without an exponent, as long as a double can hold them. */
static void write_number(struct buffer *buffer, double value)
{
    static const double exact = 9007199254740992; /* 2^53 */

    if (floor(value) == value && fabs(value) < exact)
        (void)buffer_append_format(buffer, "%.0f", value);
    else
        (void)buffer_append_format(buffer, "%.9g", value);
}

static void write_line(struct buffer *buffer, const struct metric *metric, const struct series *series,
                       double value)
{
    bool plain = !*series->key;

    (void)buffer_append_format(buffer, "%s%s%s%s ", metric->name, plain ? "" : "{", series->key,
                               plain ? "" : "}");
    write_number(buffer, value);
    (void)buffer_append_char(buffer, '\n');
}

static void write_bucket(struct buffer *buffer, const struct metric *metric, const struct series *series,
                         const char *bound, uint64_t count)
{
    (void)buffer_append_format(buffer, "%s_bucket{%s%sle=\"%s\"} %llu\n", metric->name, series->key,
                               *series->key ? "," : "", bound, (unsigned long long)count);
}

static void write_histogram(struct buffer *buffer, const struct metric *metric, const struct series *series)
{
    const char *open = *series->key ? "{" : "", *close = *series->key ? "}" : "";
    uint64_t below = 0;

    for (size_t i = 0; i < metric->bound_count; i++) {
        char bound[32];

        (void)snprintf(bound, sizeof(bound), "%g", metric->bounds[i]);
        below += series->buckets[i];
        write_bucket(buffer, metric, series, bound, below);
    }
    write_bucket(buffer, metric, series, "+Inf", series->count);
    (void)buffer_append_format(buffer, "%s_sum%s%s%s ", metric->name, open, series->key, close);
    write_number(buffer, series->value);
    (void)buffer_append_format(buffer, "\n%s_count%s%s%s %llu\n", metric->name, open, series->key, close,
                               (unsigned long long)series->count);
}

void metrics_write(const struct metrics *metrics, struct buffer *buffer)
{
    static const char *const types[] = {
        [METRIC_COUNTER] = "counter", [METRIC_GAUGE] = "gauge", [METRIC_HISTOGRAM] = "histogram"};

    for (size_t i = 0; i < metrics->count; i++) {
        const struct metric *metric = &metrics->table[i];
        const struct series *series;

        if (!metrics->families[i].series)
            continue;
        (void)buffer_append_format(buffer, "# HELP %s %s\n# TYPE %s %s\n", metric->name, metric->help,
                                   metric->name, types[metric->type]);
        for (series = metrics->families[i].series; series; series = series->hh.next)
            if (series->buckets)
                write_histogram(buffer, metric, series);
            else
                write_line(buffer, metric, series, series->value);
    }
}
