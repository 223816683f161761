/*
 * What every request has in common, as options of libcurl's easy handle. The ones worth a word:
 *
 * - The environment has no say: no proxy but the configured one, no cookies, no .netrc, no redirections.
 * - HTTP/1.1, so that a connection carries one request at a time and, breaking, breaks no more than that one.
 * - No Accept-Encoding: the processor of the homeserver is the scarce thing, the network is not. What is
 * encoded in its transfer (Transfer-Encoding: gzip), libcurl would decode without having been asked to (up
 * to 8.9, see CURLOPT_HTTP_TRANSFER_DECODING, which would turn off chunks as well), a thousand bytes out of
 * one, and again for each further coding that is named. So a reply in another coding than chunks is not read.
 * - Idle connections are given up after half a minute, before servers and proxies in front of them (60 s and
 *   more) do it: fewer requests meet a connection that is just being closed.
 * - No low-speed limit: it would count the silence of a server that is still at work. The limit of the whole
 *   exchange bounds a slow reply too, and a server that is gone is noticed by the kernel: what was sent must
 * be acknowledged within ten seconds (TCP_USER_TIMEOUT, man 7 tcp), and keep-alive probes see to it that
 *   something is sent. So few, too, since the pauses between its attempts to send again double: at ten
 * seconds a network that is mended is made use of within four.
 * - QUICK_EXIT: cancelling while a name is looked up does not wait for the resolver.
 * - Certificates and keys are replaced while the daemon runs. So libcurl must neither keep the authorities it
 *   has loaded (it would for a day) nor resume a TLS session, in which no certificate is looked at.
 * - A password for the key, if there is an empty one: without any, OpenSSL would ask for it at the terminal.
 *
 * libcurl silently sends a request again when a connection from the pool turns out to be dead, even a POST of
 * which the server may have read everything. Its callback before each sending lets us count and stop that:
 * only a GET may be sent twice. That count also tells for certain that nothing was sent.
 */
#include "http/easy.h"

#include "base/memory.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <string.h>
#include <sys/socket.h>

static const char *const method_names[] = {
    [HTTP_GET] = "GET", [HTTP_PUT] = "PUT", [HTTP_POST] = "POST", [HTTP_DELETE] = "DELETE"};

enum { IDLE_SECONDS = 30, PROBE_AFTER_SECONDS = 5, PROBE_EVERY_SECONDS = 5 };
enum { LARGEST_HEADERS = 128 * 1024 /* bytes: more than any proxy passes on */ };
enum { UNANSWERED = 10000 /* ms that sent bytes may stay unacknowledged */ };

/* CURLOPT_SOCKOPTFUNCTION. The connection is as good as before should the option not be had. */
static int socket_made(void *context, curl_socket_t fd, curlsocktype purpose)
{
    unsigned unanswered = UNANSWERED;

    (void)context;
    (void)purpose;
    (void)setsockopt(fd, IPPROTO_TCP, TCP_USER_TIMEOUT, &unanswered, sizeof(unanswered));
    return CURL_SOCKOPT_OK;
}

static bool may_be_sent(const struct http_exchange *exchange)
{
    const struct http_config *config = exchange->config;

    const char *path = exchange->url + strlen(config->base);

    return exchange->method == HTTP_GET ||
           (exchange->beginnings == 0 &&
            (!config->may_write || config->may_write(config->context, path, exchange->begun)));
}

/* CURLOPT_PREREQFUNCTION: a connection is there, the request is about to be sent. */
/* NOLINTNEXTLINE(readability-non-const-parameter): the type is libcurl's */
static int sending(void *context, char *peer_address, char *own_address, int peer_port, int own_port)
{
    struct http_exchange *exchange = context;

    (void)peer_address;
    (void)own_address;
    (void)peer_port;
    (void)own_port;
    if (!may_be_sent(exchange))
        return CURL_PREREQFUNC_ABORT;
    exchange->beginnings++;
    return CURL_PREREQFUNC_OK;
}

static bool is_of_other_coding(const char *line, size_t size)
{
    static const char name[] = "transfer-encoding:", chunks[] = "chunked";
    size_t at = sizeof(name) - 1;

    if (size < at || strncasecmp(line, name, at) != 0)
        return false;
    while (at < size && (line[at] == ' ' || line[at] == '\t'))
        at++;
    while (size > at && strchr(" \t\r\n", line[size - 1]))
        size--;
    return size - at != sizeof(chunks) - 1 || strncasecmp(line + at, chunks, size - at) != 0;
}

/* CURLOPT_HEADERFUNCTION: a line of the reply's headers, or trailers. */
static size_t header_came(char *line, size_t one, size_t size, void *context)
{
    struct http_exchange *exchange = context;

    (void)one;
    exchange->header_size += size;
    exchange->is_encoded = exchange->is_encoded || is_of_other_coding(line, size);
    return exchange->is_encoded || exchange->header_size > LARGEST_HEADERS ? 0 : size;
}

static bool is_success(const struct http_exchange *exchange)
{
    long status = 0;

    (void)curl_easy_getinfo(exchange->easy, CURLINFO_RESPONSE_CODE, &status);
    return status >= 200 && status <= 299;
}

static bool has_room(const struct http_exchange *exchange, size_t size)
{
    struct http_share *share = exchange->share;

    if (share->held + size > share->most && !share->beyond)
        share->beyond = exchange;
    return share->held + size <= share->most || share->beyond == exchange;
}

/* CURLOPT_WRITEFUNCTION: a part of the reply's body. Anything but `size` ends the exchange, or stays its rest
   until curl_easy_pause() is called. */
static size_t received(char *bytes, size_t one, size_t size, void *context)
{
    struct http_exchange *exchange = context;

    (void)one;
    if (exchange->take && is_success(exchange)) {
        exchange->refused = !exchange->take(exchange->taker, bytes, size);
        return exchange->refused ? 0 : size;
    }
    if (!has_room(exchange, size)) {
        exchange->waits = true;
        return CURL_WRITEFUNC_PAUSE;
    }
    if (!buffer_append(&exchange->reply, bytes, size))
        return 0;
    exchange->share->held += size;
    return size;
}

static bool set_connection(CURL *easy, const struct http_config *config)
{
    return curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L) == CURLE_OK &&
           curl_easy_setopt(easy, CURLOPT_QUICK_EXIT, 1L) == CURLE_OK &&
           curl_easy_setopt(easy, CURLOPT_PROXY, config->proxy ? config->proxy : "") == CURLE_OK &&
           curl_easy_setopt(easy, CURLOPT_NOPROXY, "") == CURLE_OK &&
           curl_easy_setopt(easy, CURLOPT_CONNECTTIMEOUT_MS, (long)config->connect_limit) == CURLE_OK &&
           curl_easy_setopt(easy, CURLOPT_MAXAGE_CONN, (long)IDLE_SECONDS) == CURLE_OK &&
           curl_easy_setopt(easy, CURLOPT_SOCKOPTFUNCTION, socket_made) == CURLE_OK &&
           curl_easy_setopt(easy, CURLOPT_TCP_KEEPALIVE, 1L) == CURLE_OK &&
           curl_easy_setopt(easy, CURLOPT_TCP_KEEPIDLE, (long)PROBE_AFTER_SECONDS) == CURLE_OK &&
           curl_easy_setopt(easy, CURLOPT_TCP_KEEPINTVL, (long)PROBE_EVERY_SECONDS) == CURLE_OK;
}

/*
 * Peer and host name are verified by default. A CA file comes on top of libcurl's folder of authorities, for
 * a proxy that is spoken to by https as well. What is not configured is NULL, which leaves the option alone.
 */
static bool set_security(CURL *easy, const struct http_config *config)
{
    const struct {
        CURLoption option;
        const char *value;
    } files[] = {{CURLOPT_CAINFO, config->ca_file},
                 {CURLOPT_PROXY_CAINFO, config->ca_file},
                 {CURLOPT_SSLCERT, config->certificate_file},
                 {CURLOPT_SSLKEY, config->key_file}};
    bool set = true;

    for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++)
        set = set && (!files[i].value || curl_easy_setopt(easy, files[i].option, files[i].value) == CURLE_OK);
    return set && curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, "http,https") == CURLE_OK &&
           curl_easy_setopt(easy, CURLOPT_FOLLOWLOCATION, 0L) == CURLE_OK &&
           curl_easy_setopt(easy, CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2) == CURLE_OK &&
           curl_easy_setopt(easy, CURLOPT_PROXY_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2) == CURLE_OK &&
           curl_easy_setopt(easy, CURLOPT_KEYPASSWD, "") == CURLE_OK &&
           curl_easy_setopt(easy, CURLOPT_CA_CACHE_TIMEOUT, 0L) == CURLE_OK &&
           curl_easy_setopt(easy, CURLOPT_SSL_SESSIONID_CACHE, 0L) == CURLE_OK;
}

static bool set_message(CURL *easy, const struct http_config *config)
{
    return curl_easy_setopt(easy, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1) == CURLE_OK &&
           curl_easy_setopt(easy, CURLOPT_USERAGENT, config->user_agent) == CURLE_OK &&
           curl_easy_setopt(easy, CURLOPT_PATH_AS_IS, 1L) == CURLE_OK &&
           curl_easy_setopt(easy, CURLOPT_PREREQFUNCTION, sending) == CURLE_OK &&
           curl_easy_setopt(easy, CURLOPT_HEADERFUNCTION, header_came) == CURLE_OK &&
           curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, received) == CURLE_OK;
}

CURL *http_easy_new(const struct http_config *config)
{
    CURL *easy = curl_easy_init();

    if (easy && set_connection(easy, config) && set_security(easy, config) && set_message(easy, config))
        return easy;
    curl_easy_cleanup(easy);
    return NULL;
}

/* PUT and POST always have a body, if an empty one; libcurl does not copy it. */
static bool join_body(CURL *easy, struct http_exchange *exchange)
{
    if (!exchange->body)
        return curl_easy_setopt(easy, CURLOPT_HTTPGET, 1L) == CURLE_OK;
    return curl_easy_setopt(easy, CURLOPT_POST, 1L) == CURLE_OK &&
           curl_easy_setopt(easy, CURLOPT_POSTFIELDS, exchange->body) == CURLE_OK &&
           curl_easy_setopt(easy, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)exchange->body_size) == CURLE_OK;
}

void http_easy_join(CURL *easy, struct http_exchange *exchange)
{
    exchange->easy = easy;
    memory_must(join_body(easy, exchange) &&
                curl_easy_setopt(easy, CURLOPT_CUSTOMREQUEST, method_names[exchange->method]) == CURLE_OK &&
                curl_easy_setopt(easy, CURLOPT_URL, exchange->url) == CURLE_OK &&
                curl_easy_setopt(easy, CURLOPT_HTTPHEADER, exchange->headers) == CURLE_OK &&
                curl_easy_setopt(easy, CURLOPT_TIMEOUT_MS, (long)exchange->limit) == CURLE_OK &&
                curl_easy_setopt(easy, CURLOPT_FRESH_CONNECT, (long)(exchange->oldest == 0)) == CURLE_OK &&
                curl_easy_setopt(easy, CURLOPT_MAXLIFETIME_CONN,
                                 exchange->oldest > 0 ? exchange->oldest : 0L) == CURLE_OK &&
                curl_easy_setopt(easy, CURLOPT_HEADERDATA, exchange) == CURLE_OK &&
                curl_easy_setopt(easy, CURLOPT_WRITEDATA, exchange) == CURLE_OK &&
                curl_easy_setopt(easy, CURLOPT_PREREQDATA, exchange) == CURLE_OK &&
                curl_easy_setopt(easy, CURLOPT_ERRORBUFFER, exchange->detail) == CURLE_OK);
}

void http_easy_part(CURL *easy)
{
    (void)curl_easy_setopt(easy, CURLOPT_POSTFIELDS, NULL);
    (void)curl_easy_setopt(easy, CURLOPT_HTTPHEADER, NULL);
    (void)curl_easy_setopt(easy, CURLOPT_HEADERDATA, NULL);
    (void)curl_easy_setopt(easy, CURLOPT_WRITEDATA, NULL);
    (void)curl_easy_setopt(easy, CURLOPT_PREREQDATA, NULL);
    (void)curl_easy_setopt(easy, CURLOPT_ERRORBUFFER, NULL);
}
