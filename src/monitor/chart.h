#ifndef SYNC_MONITOR_CHART_H
#define SYNC_MONITOR_CHART_H

#include "base/buffer.h"
#include "monitor/history.h"

/* The picture of the last hour: one bar for each minute, as an SVG that needs neither style nor script of its
   own. */

/* How many ended in the last hour, and in its busiest minute. */
struct chart_sums {
    unsigned done, rejected, most;
};
struct chart_sums chart_sums(const struct history *history, instant now);

/* `wall` is the same time as `now`, for the names of the minutes. */
void chart_write(struct buffer *buffer, const struct history *history, instant now, time_t wall);

#endif
