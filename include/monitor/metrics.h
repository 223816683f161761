#ifndef SYNC_MONITOR_METRICS_H
#define SYNC_MONITOR_METRICS_H

#include "base/buffer.h"
#include "base/cleanup.h"

#include <stddef.h>

/*
 * Numbers for Prometheus, in its text format
 * (https://prometheus.io/docs/instrumenting/exposition_formats/).
 *
 * A metric is a row of a table that its user owns. It has one number for each combination of values of its
 * labels that was ever named. Those values come from sets that are fixed, never from what a message says; if
 * that goes wrong, or another server makes up answers without end, the number of combinations is bounded all
 * the same: what comes beyond is counted under the value "other".
 */
enum metric_type { METRIC_COUNTER, METRIC_GAUGE, METRIC_HISTOGRAM };

enum { METRIC_LABELS = 3, METRIC_MOST_SERIES = 400 };

struct metric {
    const char *name; /* as Prometheus wants it: in base units, with its suffix */
    enum metric_type type;
    const char *help;                  /* one sentence without a full stop */
    const char *labels[METRIC_LABELS]; /* names; NULL: no more */
    const double *bounds;              /* METRIC_HISTOGRAM: upper ones, ascending */
    size_t bound_count;
};

/* Values of the labels, in the order of their names. */
struct metric_values {
    const char *of[METRIC_LABELS];
};

#define METRIC_VALUES(...) ((const struct metric_values){{__VA_ARGS__}})
#define METRIC_PLAIN ((const struct metric_values){{NULL}})

struct metrics;

/* The table is borrowed. */
struct metrics *metrics_new(const struct metric *table, size_t count) MUST_USE;
/* NULL is fine. */
void metrics_free(struct metrics *metrics);
DEFINE_CLEANUP(struct metrics, metrics_free)

/* Adds to a counter, by its place in the table. With 0 it appears: Prometheus sees an increase only of what
   was there before. NULL for the metrics: nothing is counted, here and below. */
void metrics_add(struct metrics *metrics, size_t metric, struct metric_values values, double amount);
/* Sets a gauge, or a counter that somebody else counts. */
void metrics_set(struct metrics *metrics, size_t metric, struct metric_values values, double value);
/* Takes a value into a histogram. */
void metrics_observe(struct metrics *metrics, size_t metric, struct metric_values values, double value);

/* The number that is there now; of a histogram, how many were taken in. 0: there is none. */
double metrics_value(const struct metrics *metrics, size_t metric, struct metric_values values);

/* Appends all of them as text. */
void metrics_write(const struct metrics *metrics, struct buffer *buffer);

#endif
