#ifndef SYNC_COMMAND_NOTIFY_H
#define SYNC_COMMAND_NOTIFY_H

#include "loop/loop.h"

#include <sys/socket.h>
#include <sys/types.h>
#include <sys/un.h>

/*
 * What the service manager is told: datagrams to the socket that NOTIFY_SOCKET names, as in sd_notify(3). By
 * hand, since that is a few lines, and libsystemd a dependency on half of a system.
 *
 * READY=1 comes when the queue is consumed for the first time, STATUS= whenever it is another, STOPPING=1
 * once. A datagram that does not get through is owed, and sent with the next look. WATCHDOG=1 is sent by a
 * timer of the loop and nowhere else: when the loop stands still, the service manager hears nothing.
 */
struct notify {
    int fd; /* negative: nobody wants to hear */
    struct sockaddr_un address;
    socklen_t address_size;
    char *status;      /* as it was told last; NULL: not yet */
    bool has_consumed; /* once, so that it is ready */
    bool told_ready, told_stopping;
    int64_t beat; /* ms between two signs of life; 0: none are wanted */
    struct loop_timer timer;
};

/* How the daemon is. The texts may be NULL. */
struct notify_state {
    bool is_consuming, is_stopping;
    const char *broker_trouble;     /* why it is not consuming */
    const char *homeserver_trouble; /* why the homeserver is not asked; "" as NULL: it is */
    unsigned under_way;             /* messages */
};

/* Reads NOTIFY_SOCKET, WATCHDOG_USEC and WATCHDOG_PID. */
void notify_start(struct notify *notify, struct loop *loop);
/* Zeroed is fine. */
void notify_stop(struct notify *notify);

/* Tells what is new; to be called when something may be, or about once a second. */
void notify_look(struct notify *notify, const struct notify_state *state);
/* The configuration is being read again; it is over with the next look. */
void notify_reloading(struct notify *notify);

/* ---- parts, for tests ---- */

/* The address of an absolute path, or of an abstract name behind an @. False: it is none. */
bool notify_address(const char *name, struct sockaddr_un *ret_address, socklen_t *ret_size) MUST_USE;
/* Half of the time in which a sign of life is expected, in ms; 0: none is expected of us. NULL: not set. */
int64_t notify_beat(const char *usec, const char *pid, pid_t own);
/* One line for people; the caller frees it. Nothing in it can be taken for another line. */
char *notify_status(const struct notify_state *state) MUST_USE;

#endif
