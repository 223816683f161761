#include "command/notify.h"

#include "base/buffer.h"
#include "base/log.h"
#include "base/memory.h"
#include "base/text.h"
#include "base/visible.h"

#include <errno.h>
#include <inttypes.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum { LONGEST_TROUBLE = 200, LONGEST_MESSAGE = 1024 };

/* ---- the parts ---- */

bool notify_address(const char *name, struct sockaddr_un *ret_address, socklen_t *ret_size)
{
    bool is_abstract = name && name[0] == '@';
    size_t length = name ? strlen(name) : 0;

    *ret_address = (struct sockaddr_un){.sun_family = AF_UNIX};
    if (length < 2 || length >= sizeof(ret_address->sun_path) || (!is_abstract && name[0] != '/'))
        return false;
    memcpy(ret_address->sun_path, name, length);
    if (is_abstract)
        ret_address->sun_path[0] = '\0';
    *ret_size = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + length + !is_abstract);
    return true;
}

/* 0: it is no number. */
static int64_t number_of(const char *text)
{
    char *end;
    long long number;

    if (!text || *text < '0' || *text > '9')
        return 0;
    errno = 0;
    number = strtoll(text, &end, 10);
    return *end || errno != 0 ? 0 : number;
}

int64_t notify_beat(const char *usec, const char *pid, pid_t own)
{
    int64_t time = number_of(usec);

    if (time == 0 || (pid && number_of(pid) != own))
        return 0;
    return time / 2 < 1000 ? 1 : time / 2 / 1000;
}

/* What others have said may hold anything, and systemctl shows it on a terminal. */
static char *in_one_line(const char *text)
{
    char *line = visible_copy(text);

    line[text_cut(line, LONGEST_TROUBLE)] = '\0';
    return line;
}

char *notify_status(const struct notify_state *state)
{
    const char *what = "consuming", *why = NULL;
    CLEANUP(freep) char *line = NULL;

    if (state->is_stopping) {
        what = "stopping";
    } else if (!state->is_consuming) {
        what = "not consuming: ";
        why = state->broker_trouble;
    } else if (state->homeserver_trouble && *state->homeserver_trouble) {
        what = "waiting for the homeserver: ";
        why = state->homeserver_trouble;
    }
    line = in_one_line(why ? why : "");
    return text_format("%s%s; messages under way: %u", what, line, state->under_way);
}

/* ---- telling ---- */

/* Waits for nobody: true only if the datagram was taken. */
static bool send_text(const struct notify *notify, const char *text)
{
    return sendto(notify->fd, text, strlen(text), MSG_DONTWAIT | MSG_NOSIGNAL,
                  (const struct sockaddr *)&notify->address, notify->address_size) >= 0;
}

void notify_look(struct notify *notify, const struct notify_state *state)
{
    CLEANUP(freep) char *status = notify_status(state);
    struct buffer text;

    notify->has_consumed = notify->has_consumed || state->is_consuming;
    if (notify->fd < 0)
        return;
    buffer_init(&text, LONGEST_MESSAGE);
    if (notify->has_consumed && !notify->told_ready)
        (void)buffer_append_text(&text, "READY=1\n");
    if (state->is_stopping && !notify->told_stopping)
        (void)buffer_append_text(&text, "STOPPING=1\n");
    if (!text_equal(status, notify->status))
        (void)buffer_append_format(&text, "STATUS=%s\n", status);
    if (text.size > 0 && send_text(notify, buffer_text(&text))) {
        notify->told_ready = notify->has_consumed;
        notify->told_stopping = state->is_stopping;
        text_set(&notify->status, status);
    }
    buffer_deinit(&text);
}

/* sd_notify(3): with the time, a READY=1 that was under way before is not taken for the end of the reload. */
void notify_reloading(struct notify *notify)
{
    struct timespec now;
    char text[64];

    if (!notify->told_ready)
        return;
    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    (void)snprintf(text, sizeof(text), "RELOADING=1\nMONOTONIC_USEC=%" PRId64 "\n",
                   (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000);
    notify->told_ready = !send_text(notify, text);
}

static void beat(void *context)
{
    struct notify *notify = context;

    (void)send_text(notify, "WATCHDOG=1\n");
    loop_timer_set(&notify->timer, instant_now() + notify->beat);
}

/* ---- from outside ---- */

void notify_start(struct notify *notify, struct loop *loop)
{
    const char *name = getenv("NOTIFY_SOCKET");

    *notify = (struct notify){.fd = -1};
    loop_timer_init(&notify->timer, loop, beat, notify);
    if (!name || !*name)
        return;
    if (!notify_address(name, &notify->address, &notify->address_size)) {
        log_warning("notify-socket-unusable", LOG_TEXT("name", name));
        return;
    }
    notify->fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    notify->beat = notify_beat(getenv("WATCHDOG_USEC"), getenv("WATCHDOG_PID"), getpid());
    if (notify->fd >= 0 && notify->beat > 0)
        beat(notify);
}

void notify_stop(struct notify *notify)
{
    if (notify->timer.loop)
        loop_timer_stop(&notify->timer);
    closep(&notify->fd);
    text_set(&notify->status, NULL);
}
