#ifndef SYNC_HTTP_EASY_H
#define SYNC_HTTP_EASY_H

#include "http/exchange.h"

/*
 * A handle with all that is the same for each request: limits, security, connection. It is good for any
 * number of exchanges, one after the other. NULL if this libcurl lacks something or there is no memory.
 */
CURL *http_easy_new(const struct http_config *config) MUST_USE;
/* Makes the handle ready for this exchange. */
void http_easy_join(CURL *easy, struct http_exchange *exchange);
/* The handle forgets the exchange. */
void http_easy_part(CURL *easy);

#endif
