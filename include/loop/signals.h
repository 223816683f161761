#ifndef SYNC_LOOP_SIGNALS_H
#define SYNC_LOOP_SIGNALS_H

#include "loop/loop.h"

/*
 * Signals as events of the loop (signalfd). All that can be are blocked and arrive as calls of `received`, so
 * that none ends the process by itself, whatever it usually does; SIGPIPE is ignored. What stops a process
 * for a while (SIGTSTP, SIGTTIN, SIGTTOU, SIGSTOP) does so. Must be started before any thread is, so that all
 * threads inherit the mask; works as process 1 of a container too.
 */
struct signals {
    struct loop_watch watch;
    int fd;
    void (*received)(void *context, int number);
    void *context;
};

bool signals_start(struct signals *signals, struct loop *loop, void (*received)(void *context, int number),
                   void *context, struct error *error) MUST_USE;
/* Stops watching; the signals stay blocked, for the process is about to end. */
void signals_stop(struct signals *signals);

#endif
