#include "broker/window.h"

enum { LAST_ONE = 300 /* ms that a message may be on its way to us */ };

void window_open(struct window *window, enum queue_type type, unsigned size)
{
    window->type = type;
    window->size = size;
    window->unacked = 0;
}

void window_acked(struct window *window, unsigned count)
{
    window->unacked -= count;
    window->acked_at = instant_now();
}

void window_close(struct window *window)
{
    window->closing = true;
    window->acked_at = instant_now();
}

bool window_keeps_ack(const struct window *window)
{
    return window->closing && window->size == 1 && window->type != QUEUE_CLASSIC;
}

bool window_takes(const struct window *window)
{
    return !window->closing || window_keeps_ack(window);
}

bool window_awaits_last(const struct window *window, instant now)
{
    return window->closing && window->type != QUEUE_CLASSIC && window->unacked < window->size &&
           now < window->acked_at + LAST_ONE;
}
