#include "loop/signals.h"

#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/signalfd.h>
#include <unistd.h>

static void ready(void *context, uint32_t events)
{
    struct signals *signals = context;
    struct signalfd_siginfo info;

    (void)events;
    if (read(signals->fd, &info, sizeof(info)) == (ssize_t)sizeof(info))
        signals->received(signals->context, (int)info.ssi_signo);
}

/*
 * All but those with which a terminal, or the kernel, stops a process for a while. A fault of our own ends
 * the process even so: what a thread does to itself is not held back.
 */
static void fill(sigset_t *set)
{
    (void)sigfillset(set);
    (void)sigdelset(set, SIGTSTP);
    (void)sigdelset(set, SIGTTIN);
    (void)sigdelset(set, SIGTTOU);
}

bool signals_start(struct signals *signals, struct loop *loop, void (*received)(void *context, int number),
                   void *context, struct error *error)
{
    sigset_t set;

    *signals = (struct signals){.received = received, .context = context};
    fill(&set);
    if (sigprocmask(SIG_BLOCK, &set, NULL) < 0 || signal(SIGPIPE, SIG_IGN) == SIG_ERR)
        return error_set(error, "signal mask: %s", strerror(errno));
    signals->fd = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
    if (signals->fd < 0)
        return error_set(error, "signalfd: %s", strerror(errno));
    loop_watch_init(&signals->watch, loop, ready, signals);
    if (!loop_watch_start(&signals->watch, signals->fd, EPOLLIN, error)) {
        (void)close(signals->fd);
        return false;
    }
    return true;
}

void signals_stop(struct signals *signals)
{
    if (!signals->watch.active)
        return;
    loop_watch_stop(&signals->watch);
    (void)close(signals->fd);
}
