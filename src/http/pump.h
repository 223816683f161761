#ifndef SYNC_HTTP_PUMP_H
#define SYNC_HTTP_PUMP_H

#include "base/error.h"
#include "loop/loop.h"

#include <curl/curl.h>
#include <stdbool.h>

/*
 * libcurl's multi handle, driven by the loop: one watch for each socket that libcurl wants watched, one
 * timer. `finished` is called from the loop, never from within a function of libcurl, so it may add and
 * remove handles. The handle it is given has left the multi handle already.
 */
struct http_pump {
    struct loop *loop;
    CURLM *multi;
    struct loop_timer timer;
    void (*finished)(void *context, CURL *easy, CURLcode code);
    void *context;
};

/* `connections`: how many idle connections are kept for further use. */
bool http_pump_start(struct http_pump *pump, struct loop *loop, long connections,
                     void (*finished)(void *context, CURL *easy, CURLcode code), void *context,
                     struct error *error) MUST_USE;
/* All handles must have been removed. Not started (zeroed): nothing happens. */
void http_pump_stop(struct http_pump *pump);

/* Begins the transfer that the handle describes, from the loop's next turn on. */
void http_pump_add(struct http_pump *pump, CURL *easy);
/* Another number of these. */
void http_pump_keep(struct http_pump *pump, long connections);
/* Ends it at once; a result that was not yet reported is dropped. */
void http_pump_remove(struct http_pump *pump, CURL *easy);

#endif
