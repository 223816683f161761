#ifndef SYNC_HTTP_RETRY_AFTER_H
#define SYNC_HTTP_RETRY_AFTER_H

#include "http/http.h"

#include <stdint.h>
#include <time.h>

/*
 * The pause that the value of a Retry-After header asks for (RFC 9110, 10.2.3: a number of seconds or a
 * date), in milliseconds, 0 to HTTP_LONGEST_PAUSE; -1 for NULL and for a value that is neither. A date is
 * compared with `now`.
 */
int64_t http_retry_after(const char *value, time_t now);

#endif
