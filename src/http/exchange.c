/*
 * The request as libcurl sends it.
 *
 * The token goes into a header list of ours: libcurl uses the list without copying it, so it can be
 * overwritten afterwards, and sends it to nobody but the server (not in the CONNECT to a proxy).
 * CURLOPT_XOAUTH2_BEARER would leave a copy behind in each handle.
 *
 * libcurl writes header lines as they are. A line break in a token would begin a further header, and a `#` or
 * a blank in a path would cut it or break the request line; such a request gets an empty URL, which libcurl
 * refuses before it connects.
 */
#include "http/exchange.h"

#include "base/memory.h"

#include <stdlib.h>
#include <string.h>

enum { LONGEST_LIMIT = 86400000 };

void http_use_memory(void)
{
    memory_must(curl_global_init_mem(CURL_GLOBAL_DEFAULT, memory_malloc, memory_free_secret, memory_realloc,
                                     text_copy, memory_calloc) == CURLE_OK);
}

static bool is_visible_ascii(const char *text)
{
    for (; *text; text++)
        if (*text <= ' ' || *text > '~')
            return false;
    return true;
}

static bool is_sendable(const struct http_request *request)
{
    return is_visible_ascii(request->path) && !strchr(request->path, '#') &&
           (!request->bearer || is_visible_ascii(request->bearer));
}

/* Takes over `line`, a secret or not. */
static void add_header(struct http_exchange *exchange, char *line)
{
    struct curl_slist *longer = curl_slist_append(exchange->headers, line);

    memory_must(longer);
    exchange->headers = longer;
    text_free_secret(line);
}

static void copy_headers(struct http_exchange *exchange, const struct http_request *request)
{
    const char *type = request->content_type ? request->content_type : "application/json";

    add_header(exchange, text_copy("Accept: application/json"));
    if (exchange->body) {
        add_header(exchange, text_format("Content-Type: %s", type));
        add_header(exchange, text_copy("Expect:")); /* none: the body follows at once */
    }
    if (request->bearer)
        add_header(exchange,
                   text_format("Authorization: %s %s", request->basic ? "Basic" : "Bearer", request->bearer));
}

static void copy_body(struct http_exchange *exchange, const struct http_request *request)
{
    if (!request->body && request->method != HTTP_POST && request->method != HTTP_PUT)
        return;
    exchange->body_size = request->body ? request->body_size : 0;
    exchange->body = text_copy_bytes(request->body, exchange->body_size);
}

void http_exchange_init(struct http_exchange *exchange, const struct http_config *config,
                        struct http_share *share, const struct http_request *request)
{
    *exchange = (struct http_exchange){
        .config = config,
        .share = share,
        .take = request->take,
        .taker = request->taker,
        .method = request->method,
        .begun = instant_now(),
        .url = is_sendable(request) ? text_format("%s%s", config->base, request->path) : text_copy(""),
        .limit = request->limit > 0 ? request->limit : config->request_limit,
        .oldest = request->fresh ? 0 : ANY_AGE};
    if (exchange->limit > LONGEST_LIMIT)
        exchange->limit = LONGEST_LIMIT; /* libcurl refuses what does not fit an int */
    buffer_init_secret(&exchange->reply, config->largest_reply); /* that to a log-in holds a token */
    copy_body(exchange, request);
    copy_headers(exchange, request);
}

void http_exchange_deinit(struct http_exchange *exchange)
{
    for (struct curl_slist *header = exchange->headers; header; header = header->next)
        explicit_bzero(header->data, strlen(header->data));
    curl_slist_free_all(exchange->headers);
    memory_free_secret(exchange->body);
    free(exchange->url);
    exchange->share->held -= exchange->reply.size;
    if (exchange->share->beyond == exchange)
        exchange->share->beyond = NULL;
    buffer_deinit(&exchange->reply);
}
