#ifndef SYNC_MONITOR_HOST_H
#define SYNC_MONITOR_HOST_H

#include <stdbool.h>

/*
 * Whether a request with this Host header may see the page. A page of somebody else in the browser of an
 * administrator could have its own name lead to our address (DNS rebinding), and would then be allowed to
 * read what it gets from here; but the request still tells that name. So only who names an address in digits,
 * or localhost, is served, with or without a port. NULL, no header: no browser leaves it out.
 */
bool host_may_see(const char *host);

#endif
