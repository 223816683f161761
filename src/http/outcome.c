/*
 * From libcurl's result code to what became of the request.
 *
 * The code says what went wrong but not when: a time-out may have struck before or after the request was
 * sent. So the one thing that matters to the caller, whether the server can have seen the request, is not
 * read off the code but known from having counted the sendings (see easy.c). The codes only choose the words.
 */
#include "http/outcome.h"

#include "base/tls_advice.h"
#include "http/retry_after.h"

#include <string.h>

/* Where further words come from. */
enum detail { DETAIL_NONE, DETAIL_SYSTEM, DETAIL_LIBCURL };

static const struct words {
    CURLcode code;
    enum detail detail;
    const char *unsent, *sent; /* what is said, depending on whether the request was sent */
    enum http_trouble trouble;
} table[] = {
    {CURLE_URL_MALFORMAT, DETAIL_NONE, "a character in the path or the token cannot be sent", NULL,
     HTTP_TROUBLE},
    {CURLE_COULDNT_RESOLVE_PROXY, DETAIL_NONE, "the name of the proxy cannot be resolved", NULL,
     HTTP_NO_PROXY_NAME},
    {CURLE_COULDNT_RESOLVE_HOST, DETAIL_NONE, "the name cannot be resolved", NULL, HTTP_NO_NAME},
    {CURLE_COULDNT_CONNECT, DETAIL_SYSTEM, "no connection", NULL, HTTP_NO_CONNECTION},
    {CURLE_SSL_CONNECT_ERROR, DETAIL_LIBCURL, "no secure connection", NULL, HTTP_NO_TLS},
    {CURLE_PEER_FAILED_VERIFICATION, DETAIL_LIBCURL, "no secure connection", NULL, HTTP_BAD_CERTIFICATE},
    {CURLE_SSL_CACERT_BADFILE, DETAIL_LIBCURL, "no secure connection", NULL, HTTP_BAD_FILES},
    {CURLE_SSL_CERTPROBLEM, DETAIL_LIBCURL,
     "the client certificate or its key (PEM, without a password) cannot be used", NULL, HTTP_BAD_FILES},
    {CURLE_OPERATION_TIMEDOUT, DETAIL_NONE, "no connection in time", "no whole reply in time", HTTP_NO_TIME},
    {CURLE_UNSUPPORTED_PROTOCOL, DETAIL_NONE, "what answers there does not speak HTTP",
     "what answers there does not speak HTTP", HTTP_TROUBLE}, /* or, in libcurl's eyes, HTTP/0.9 */
    {CURLE_WEIRD_SERVER_REPLY, DETAIL_NONE, "what answers there does not speak HTTP",
     "what answers there does not speak HTTP", HTTP_TROUBLE},
    {CURLE_GOT_NOTHING, DETAIL_NONE, NULL, "the connection was closed before the reply", HTTP_TROUBLE},
    {CURLE_ABORTED_BY_CALLBACK, DETAIL_NONE, "nothing may be written now",
     "the connection was closed before the reply", HTTP_TROUBLE},
    {CURLE_SEND_ERROR, DETAIL_LIBCURL, "no connection", "the connection was cut", HTTP_TROUBLE},
    {CURLE_RECV_ERROR, DETAIL_LIBCURL, "no connection", "the connection was cut", HTTP_TROUBLE},
    {CURLE_PARTIAL_FILE, DETAIL_NONE, NULL, "the connection was cut in the middle of the reply",
     HTTP_TROUBLE},
};

static const char *detail_text(const struct http_exchange *exchange, CURL *easy, enum detail detail)
{
    long number = 0;

    switch (detail) {
    case DETAIL_NONE:
        return "";
    case DETAIL_SYSTEM:
        if (curl_easy_getinfo(easy, CURLINFO_OS_ERRNO, &number) == CURLE_OK && number != 0)
            return strerror((int)number);
        return "";
    case DETAIL_LIBCURL:
        return exchange->detail;
    }
    return "";
}

/* What to do about it; NULL: nothing that could be said. */
static const char *advice_on(CURL *easy, CURLcode code)
{
    long result = TLS_ADVICE_ON_NAME;

    if (code == CURLE_SSL_CONNECT_ERROR)
        return TLS_ADVICE;
    if (code != CURLE_PEER_FAILED_VERIFICATION)
        return NULL;
    (void)curl_easy_getinfo(easy, CURLINFO_SSL_VERIFYRESULT, &result);
    return tls_advice_on_certificate(result);
}

static enum http_trouble explain(const struct http_exchange *exchange, CURL *easy, CURLcode code,
                                 const char *peer, struct error *problem)
{
    const char *text = NULL, *detail = "", *advice = advice_on(easy, code);
    enum http_trouble trouble = HTTP_TROUBLE;

    for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
        if (table[i].code != code)
            continue;
        trouble = table[i].trouble;
        text = exchange->beginnings > 0 ? table[i].sent : table[i].unsent;
        detail = detail_text(exchange, easy, table[i].detail);
    }
    if (!text)
        text = curl_easy_strerror(code);
    (void)error_set(problem, "%s: %s%s%s%s%s", peer, text, *detail ? ": " : "", detail, advice ? "; " : "",
                    advice ? advice : "");
    return trouble;
}

static struct http_reply answered(const struct http_exchange *exchange, CURL *easy)
{
    struct http_reply reply = {
        .result = HTTP_ANSWERED, .body = buffer_text(&exchange->reply), .body_size = exchange->reply.size};
    struct curl_header *header = NULL, *date = NULL;

    (void)curl_easy_getinfo(easy, CURLINFO_RESPONSE_CODE, &reply.status);
    (void)curl_easy_header(easy, "Date", 0, CURLH_HEADER, -1, &date);
    reply.date = date ? (int64_t)curl_getdate(date->value, NULL) : -1;
    (void)curl_easy_header(easy, "Retry-After", 0, CURLH_HEADER, -1, &header);
    reply.retry_after = http_retry_after(header ? header->value : NULL, time(NULL));
    return reply;
}

struct http_reply http_outcome(const struct http_exchange *exchange, CURL *easy, CURLcode code,
                               const char *peer, struct error *problem)
{
    struct http_reply reply = {.result = HTTP_BROKEN,
                               .trouble = HTTP_TROUBLE,
                               .body = "",
                               .retry_after = -1,
                               .date = -1,
                               .problem = problem->text};

    if (code == CURLE_OK)
        return answered(exchange, easy);
    if (exchange->reply.overflowed) {
        reply.result = HTTP_TOO_LARGE;
        (void)error_set(problem, "%s: the reply is larger than %zu bytes", peer, exchange->reply.maximum);
        return reply;
    }
    if (exchange->refused) {
        reply.result = HTTP_TOO_LARGE;
        (void)error_set(problem, "%s: the reply is larger than can be taken in", peer);
        return reply;
    }
    if (exchange->is_encoded || code == CURLE_BAD_CONTENT_ENCODING) { /* 8.14 sees it itself */
        (void)error_set(problem, "%s: the reply has a Transfer-Encoding that was not asked for", peer);
        return reply;
    }
    if (exchange->beginnings == 0)
        reply.result = HTTP_UNREACHABLE;
    reply.trouble = explain(exchange, easy, code, peer, problem);
    return reply;
}
