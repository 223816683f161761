#include "command/progress.h"

#include "base/cleanup.h"
#include "base/memory.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

enum {
    REDRAW = 100,        /* ms between two looks of the bar */
    REPEAT = 10 * 1000,  /* ms between two lines */
    USUAL_WIDTH = 80,    /* where the terminal does not say */
    NARROWEST_BAR = 10,  /* a narrower one is left out */
    BAR_FRAME = 3,       /* brackets, and the blank behind them */
    FEWEST_TO_GUESS = 5, /* requests that have ended before the time that is left is said */
};

/* ---- what is said ---- */

static char *time_left(const struct progress *progress, instant now)
{
    int64_t passed = now - progress->since, seconds;

    if (progress->ended < FEWEST_TO_GUESS || progress->ended == progress->count)
        return text_copy("");
    seconds = passed * (int64_t)(progress->count - progress->ended) / (int64_t)progress->ended / 1000;
    if (seconds < 60)
        return text_format(", %lld s left", (long long)seconds);
    return text_format(", %lld min left", (long long)(seconds + 59) / 60);
}

static char *facts(const struct progress *progress, instant now)
{
    CLEANUP(freep) char *left = time_left(progress, now);
    int64_t passed = now > progress->since ? now - progress->since : 1;

    return text_format("%zu of %zu %s, %zu rejected, %zu held, %lld/s%s", progress->ended, progress->count,
                       progress->doing, progress->rejected, progress->held,
                       (long long)((int64_t)progress->ended * 1000 / passed), left);
}

char *progress_text(const struct progress *progress, instant now, size_t width)
{
    CLEANUP(freep) char *said = facts(progress, now);
    size_t length = strlen(said), bar, filled;
    char *text;

    if (length + BAR_FRAME + NARROWEST_BAR > width)
        return text_copy_bytes(said, length < width ? length : width);
    bar = width - length - BAR_FRAME;
    filled = progress->count > 0 ? bar * progress->ended / progress->count : bar;
    text = text_format("[%*s] %s", (int)bar, "", said);
    memset(text + 1, '#', filled);
    return text;
}

/* ---- where it is said ---- */

static size_t terminal_width(void)
{
    struct winsize size;

    if (ioctl(STDERR_FILENO, TIOCGWINSZ, &size) != 0 || size.ws_col == 0)
        return USUAL_WIDTH;
    return size.ws_col;
}

/* A terminal that cannot go back in its line is none here. */
static bool is_terminal(void)
{
    const char *kind = getenv("TERM");

    return isatty(STDERR_FILENO) && kind && *kind && strcmp(kind, "dumb") != 0;
}

void progress_begin(struct progress *progress, const char *doing, size_t count)
{
    *progress = (struct progress){.doing = doing,
                                  .count = count,
                                  .since = instant_now(),
                                  .is_terminal = is_terminal(),
                                  .shown_at = instant_now()};
}

/* The last column stays free, since some terminals begin a new line behind it. */
static void draw(struct progress *progress, instant now)
{
    CLEANUP(freep) char *text = progress_text(progress, now, terminal_width() - 1);

    (void)fprintf(stderr, "\r%s\033[K", text);
    progress->is_drawn = true;
}

static void print(const struct progress *progress, instant now)
{
    CLEANUP(freep) char *said = facts(progress, now);

    (void)fprintf(stderr, "synapse-sync: %s\n", said);
}

void progress_show(struct progress *progress)
{
    instant now = instant_now();

    if (now - progress->shown_at < (progress->is_terminal ? REDRAW : REPEAT))
        return;
    progress->shown_at = now;
    if (progress->is_terminal)
        draw(progress, now);
    else
        print(progress, now);
}

void progress_clear(void *context)
{
    struct progress *progress = context;

    if (!progress->is_drawn)
        return;
    (void)fputs("\r\033[K", stderr);
    progress->is_drawn = false;
}
