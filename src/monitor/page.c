#include "monitor/page.h"

#include "monitor/chart.h"
#include "monitor/html.h"

#include <stdio.h>

static const char template[] = {
#include "monitor/page_html.inc"
    , '\0'};

/* ---- words ---- */

static void write_clock(struct buffer *buffer, time_t wall)
{
    char text[16] = "";
    struct tm local;

    if (localtime_r(&wall, &local))
        (void)strftime(text, sizeof(text), "%H:%M:%S", &local);
    (void)buffer_append_text(buffer, text);
}

/* As exact as a person wants it: the largest unit, and the one below it. */
static void write_length(struct buffer *buffer, int64_t milliseconds)
{
    static const struct unit {
        int64_t seconds;
        const char *name;
    } units[] = {{86400, "d"}, {3600, "h"}, {60, "min"}, {1, "s"}};
    const size_t last = sizeof(units) / sizeof(units[0]) - 1;
    int64_t seconds = milliseconds / 1000;

    if (seconds == 0) {
        (void)buffer_append_format(buffer, "%lld ms", (long long)milliseconds);
        return;
    }
    for (size_t i = 0; i <= last; i++) {
        if (seconds < units[i].seconds)
            continue;
        (void)buffer_append_format(buffer, "%lld %s", (long long)(seconds / units[i].seconds), units[i].name);
        seconds %= units[i].seconds;
        if (i < last && seconds >= units[i + 1].seconds)
            (void)buffer_append_format(buffer, " %lld %s", (long long)(seconds / units[i + 1].seconds),
                                       units[i + 1].name);
        return;
    }
}

/* A paragraph of others' words. */
static void write_words(struct buffer *buffer, const char *class, const char *words)
{
    (void)buffer_append_format(buffer, "<p class=\"%s\">", class);
    html_text(buffer, words);
    (void)buffer_append_text(buffer, "</p>\n");
}

/* ---- the places of the template ---- */

static void write_nonce(struct buffer *buffer, const void *context)
{
    html_text(buffer, ((const struct page *)context)->nonce);
}

static void write_version(struct buffer *buffer, const void *context)
{
    html_text(buffer, ((const struct page *)context)->version);
}

static void write_uptime(struct buffer *buffer, const void *context)
{
    const struct page *page = context;

    write_length(buffer, page->now - page->started);
}

static void write_time(struct buffer *buffer, const void *context)
{
    const struct page *page = context;
    char text[64] = "";
    struct tm local;

    if (localtime_r(&page->wall, &local))
        (void)strftime(text, sizeof(text), "%Y-%m-%d %H:%M:%S %Z", &local);
    (void)buffer_append_text(buffer, text);
}

static bool is_ready(const struct monitor_state *state)
{
    bool ready = !state->is_stopping;

    for (size_t i = 0; i < MONITOR_PEERS; i++)
        ready = ready && state->peers[i].is_ready;
    return ready;
}

static void write_state(struct buffer *buffer, const void *context)
{
    const struct monitor_state *state = ((const struct page *)context)->state;

    if (state->is_stopping)
        write_words(buffer, "state wait", "Stopping: no further messages are taken.");
    else if (!is_ready(state))
        write_words(buffer, "state bad", "Not ready: nothing can be done for now. No message is lost.");
    else if (state->held_count > 0)
        write_words(buffer, "state wait", "Some messages are held.");
    else
        write_words(buffer, "state good", "All is well.");
}

static void write_peers(struct buffer *buffer, const void *context)
{
    const struct page *page = context;

    for (size_t i = 0; i < MONITOR_PEERS; i++) {
        const struct monitor_peer *peer = &page->state->peers[i];

        (void)buffer_append_text(buffer, "<section>\n<h2>");
        html_text(buffer, peer->name);
        (void)buffer_append_text(buffer, "</h2>\n");
        write_words(buffer, peer->is_ready ? "state good" : "state bad",
                    peer->is_ready ? "ready" : "not ready");
        write_words(buffer, "soft", peer->where);
        if (!peer->is_ready && peer->trouble)
            write_words(buffer, "bad", peer->trouble);
        (void)buffer_append_text(buffer, "</section>\n");
    }
}

static void write_now(struct buffer *buffer, const void *context)
{
    const struct monitor_state *state = ((const struct page *)context)->state;

    (void)buffer_append_format(buffer, "<dt>Messages under way</dt><dd>%u</dd>\n", state->messages);
    (void)buffer_append_text(buffer, "<dt>The oldest came</dt><dd>");
    if (state->oldest >= 0) {
        write_length(buffer, state->oldest);
        (void)buffer_append_text(buffer, " ago");
    } else {
        (void)buffer_append_text(buffer, "–");
    }
    (void)buffer_append_format(buffer,
                               "</dd>\n<dt>Requests to the homeserver</dt><dd>%u of at most %u</dd>\n",
                               state->calls, state->calls_allowed);
}

static void write_held(struct buffer *buffer, const void *context)
{
    const struct monitor_state *state = ((const struct page *)context)->state;

    if (state->held_count == 0)
        return;
    (void)buffer_append_text(buffer,
                             "<section>\n<h2>Held</h2>\n<table><thead><tr><th class=\"number\">Messages"
                             "</th><th>Wait for</th><th>Because</th></tr></thead>\n<tbody>\n");
    for (size_t i = 0; i < state->held_count; i++) {
        const struct monitor_held *held = &state->held[i];

        (void)buffer_append_format(buffer, "<tr><td class=\"number\">%u</td><td>", held->messages);
        html_text(buffer, held->call ? held->call : "the homeserver");
        (void)buffer_append_text(buffer, "</td><td>");
        html_text(buffer, held->reason);
        (void)buffer_append_text(buffer, "</td></tr>\n");
    }
    (void)buffer_append_text(buffer, "</tbody></table>\n</section>\n");
}

static void write_chart(struct buffer *buffer, const void *context)
{
    const struct page *page = context;

    chart_write(buffer, page->history, page->now, page->wall);
}

static void write_most(struct buffer *buffer, const void *context)
{
    const struct page *page = context;

    (void)buffer_append_format(buffer, "at most %u in a minute", chart_sums(page->history, page->now).most);
}

static void write_hour(struct buffer *buffer, const void *context)
{
    static const char key[] = "<svg class=\"key\" viewBox=\"0 0 1 1\" aria-hidden=\"true\">"
                              "<rect class=\"%s\" width=\"1\" height=\"1\"/></svg> %u %s &nbsp; ";
    const struct page *page = context;
    struct chart_sums sums = chart_sums(page->history, page->now);

    (void)buffer_append_format(buffer, key, "done", sums.done, "done");
    (void)buffer_append_format(buffer, key, "rejected", sums.rejected, "rejected");
}

static void write_cell(struct buffer *buffer, const char *class, const char *words)
{
    (void)buffer_append_format(buffer, "<td class=\"%s\">", class);
    html_text(buffer, words);
    (void)buffer_append_text(buffer, "</td>");
}

/* What was changed, and what else there is to say. */
static void write_remarks(struct buffer *buffer, const struct history_message *message)
{
    (void)buffer_append_text(buffer, "<td class=\"wide\">");
    html_text(buffer, message->changes);
    if (message->changes && message->detail)
        (void)buffer_append_text(buffer, "<br>");
    html_text(buffer, message->detail);
    (void)buffer_append_text(buffer, "</td>");
}

static void write_message(struct buffer *buffer, const struct history_message *message)
{
    (void)buffer_append_text(buffer, "<tr><td><time>");
    write_clock(buffer, message->ended);
    (void)buffer_append_text(buffer, "</time></td>");
    write_cell(buffer, "name", message->method ? message->method : "–");
    write_cell(buffer, message->is_rejected ? "bad" : "good", message->is_rejected ? message->code : "done");
    write_cell(buffer, "wide", message->subject);
    write_remarks(buffer, message);
    (void)buffer_append_text(buffer, "<td class=\"number wide\">");
    write_length(buffer, message->duration);
    (void)buffer_append_text(buffer, "</td></tr>\n");
}

static void write_messages(struct buffer *buffer, const void *context)
{
    const struct history *history = ((const struct page *)context)->history;
    const struct history_message *message;

    if (!history_message(history, 0)) {
        write_words(buffer, "soft", "None since the start.");
        return;
    }
    (void)buffer_append_text(buffer, "<table class=\"last\"><thead><tr><th>Ended</th><th>Method</th>"
                                     "<th>Outcome</th><th>Subject</th><th>What was changed, and remarks</th>"
                                     "<th class=\"number\">Took</th></tr></thead>\n<tbody>\n");
    for (size_t i = 0; (message = history_message(history, i)); i++)
        write_message(buffer, message);
    (void)buffer_append_text(buffer, "</tbody></table>\n");
}

static void write_codes(struct buffer *buffer, const void *context)
{
    const struct history *history = ((const struct page *)context)->history;

    if (!history->codes[0].code) {
        write_words(buffer, "soft", "None.");
        return;
    }
    (void)buffer_append_text(buffer, "<dl>\n");
    for (size_t i = 0; i < HISTORY_CODES && history->codes[i].code; i++) {
        (void)buffer_append_text(buffer, "<dt>");
        html_text(buffer, history->codes[i].code);
        (void)buffer_append_format(buffer, "</dt><dd>%llu</dd>\n",
                                   (unsigned long long)history->codes[i].count);
    }
    (void)buffer_append_text(buffer, "</dl>\n");
}

static const struct html_place places[] = {
    {"nonce", write_nonce},   {"version", write_version},
    {"uptime", write_uptime}, {"time", write_time},
    {"state", write_state},   {"peers", write_peers},
    {"now", write_now},       {"held", write_held},
    {"chart", write_chart},   {"most", write_most},
    {"hour", write_hour},     {"messages", write_messages},
    {"codes", write_codes},   {NULL, NULL},
};

void page_write(struct buffer *buffer, const struct page *page)
{
    html_fill(buffer, template, places, page);
}

/* ---- being ready ---- */

bool page_write_readiness(struct buffer *buffer, const struct monitor_state *state)
{
    if (state->is_stopping)
        (void)buffer_append_text(buffer, "stopping: no further messages are taken\n");
    for (size_t i = 0; i < MONITOR_PEERS; i++) {
        const struct monitor_peer *peer = &state->peers[i];

        if (!peer->is_ready)
            (void)buffer_append_format(buffer, "%s: not ready: %s\n", peer->name,
                                       peer->trouble ? peer->trouble : "not known why");
    }
    if (is_ready(state))
        (void)buffer_append_text(buffer, "ready\n");
    return is_ready(state);
}
