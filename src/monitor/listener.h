#ifndef SYNC_MONITOR_LISTENER_H
#define SYNC_MONITOR_LISTENER_H

#include "base/error.h"

#include <stdbool.h>

/* A socket that listens on address:port (in digits, an IPv6 address in brackets), never blocking; the caller
   closes it. -1: it cannot be had. Port 0 is any that is free. */
int listener_open(const char *address, struct error *error) MUST_USE;

/* Whether only this machine can reach the address. */
bool listener_is_private(const char *address);

#endif
