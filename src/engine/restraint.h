#ifndef SYNC_ENGINE_RESTRAINT_H
#define SYNC_ENGINE_RESTRAINT_H

#include "base/instant.h"

/*
 * How fast calls may fail, all together. Each subject and each message has pauses of its own, but there may
 * be any number of them, and where nothing succeeds a full queue must not become a storm. So each call that
 * fails has its price in time, and what succeeds pays for one that failed. A few may fail at once: that some
 * messages are refused among others that are done is nothing unusual, and holds up nobody.
 */
struct restraint {
    instant paid_till; /* no call is begun before */
};

enum {
    RESTRAINT_PRICE = 100, /* ms for each failure: ten a second */
    RESTRAINT_AT_ONCE = 20 /* failures */
};

void restraint_init(struct restraint *restraint);
/* A call failed that took so many requests. */
void restraint_failed(struct restraint *restraint, unsigned requests, instant now);
void restraint_succeeded(struct restraint *restraint);

#endif
