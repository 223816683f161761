#include "monitor/chart.h"

/* In units of the picture, which is stretched to the width that there is. */
enum { HEIGHT = 100, STEP = 10, BAR = 8, WIDTH = HISTORY_MINUTES * STEP };

struct chart_sums chart_sums(const struct history *history, instant now)
{
    struct chart_sums sums = {0};

    for (int64_t ago = 0; ago < HISTORY_MINUTES; ago++) {
        struct history_minute minute = history_minute(history, ago, now);

        sums.done += minute.done;
        sums.rejected += minute.rejected;
        if (minute.done + minute.rejected > sums.most)
            sums.most = minute.done + minute.rejected;
    }
    return sums;
}

static void write_bar(struct buffer *buffer, const char *name, int64_t ago, double top, double height)
{
    (void)buffer_append_format(buffer,
                               "<rect class=\"%s\" x=\"%d\" y=\"%.1f\" width=\"%d\" height=\"%.1f\"/>", name,
                               (int)(HISTORY_MINUTES - 1 - ago) * STEP, top, BAR, height);
}

static void write_minute(struct buffer *buffer, struct history_minute minute, int64_t ago, time_t wall,
                         unsigned most)
{
    double unit = (double)HEIGHT / most, done = minute.done * unit, rejected = minute.rejected * unit;
    time_t at = wall - (time_t)ago * 60;
    char name[16] = "";
    struct tm local;

    if (minute.done + minute.rejected == 0)
        return;
    if (localtime_r(&at, &local))
        (void)strftime(name, sizeof(name), "%H:%M", &local);
    (void)buffer_append_format(buffer, "<g><title>%s: %u done, %u rejected</title>", name, minute.done,
                               minute.rejected);
    if (minute.done > 0)
        write_bar(buffer, "done", ago, HEIGHT - done, done);
    if (minute.rejected > 0)
        write_bar(buffer, "rejected", ago, HEIGHT - done - rejected, rejected);
    (void)buffer_append_text(buffer, "</g>");
}

void chart_write(struct buffer *buffer, const struct history *history, instant now, time_t wall)
{
    struct chart_sums sums = chart_sums(history, now);

    (void)buffer_append_format(buffer,
                               "<svg viewBox=\"0 0 %d %d\" preserveAspectRatio=\"none\" role=\"img\" "
                               "aria-label=\"Messages in each minute of the last hour: %u done, %u rejected, "
                               "at most %u in a minute\">",
                               WIDTH, HEIGHT, sums.done, sums.rejected, sums.most);
    for (int64_t ago = HISTORY_MINUTES - 1; ago >= 0; ago--)
        write_minute(buffer, history_minute(history, ago, now), ago, wall, sums.most);
    (void)buffer_append_text(buffer, "</svg>");
}
