#ifndef SYNC_MONITOR_PAGE_H
#define SYNC_MONITOR_PAGE_H

#include "base/buffer.h"
#include "monitor/history.h"
#include "monitor/monitor.h"

/* What is shown to a person, and what is said of being ready. */

struct page {
    const struct monitor_state *state;
    const struct history *history;
    const char *version;
    const char *nonce; /* that styles and scripts of the page itself are known by */
    instant started, now;
    time_t wall; /* the same time as `now` */
};

/* The page, made of src/monitor/page.html. */
void page_write(struct buffer *buffer, const struct page *page);

/* Whether all is there that is needed; appends what is missing, a line for each, or "ready". */
bool page_write_readiness(struct buffer *buffer, const struct monitor_state *state);

#endif
