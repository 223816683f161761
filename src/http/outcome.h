#ifndef SYNC_HTTP_OUTCOME_H
#define SYNC_HTTP_OUTCOME_H

#include "http/exchange.h"

/*
 * What became of the exchange whose handle ended with `code`. `peer` is how the server is called in texts.
 * The reply points into the exchange and, for its problem, to `problem`.
 */
struct http_reply http_outcome(const struct http_exchange *exchange, CURL *easy, CURLcode code,
                               const char *peer, struct error *problem);

#endif
