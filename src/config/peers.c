#include "config/peers.h"

#include "base/cleanup.h"
#include "base/memory.h"
#include "broker/uri.h"
#include "http/uri.h"

#include <arpa/inet.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

static bool is_local_name(const char *host)
{
    static const char ending[] = ".localhost";
    size_t length = strlen(host), tail = strlen(ending);

    return length == 0 || strcasecmp(host, ending + 1) == 0 ||
           (length > tail && strcasecmp(host + length - tail, ending) == 0);
}

/* As the resolver reads it: 127.1 is one, too. */
static bool is_local_ipv4(const char *host)
{
    struct in_addr address;

    return inet_aton(host, &address) && ntohl(address.s_addr) >> 24 == IN_LOOPBACKNET;
}

/* In brackets or without. */
static bool is_local_ipv6(const char *host)
{
    const char *begin = host + (host[0] == '[');
    CLEANUP(freep) char *bare = text_copy_bytes(begin, strcspn(begin, "]"));
    struct in6_addr address;

    if (inet_pton(AF_INET6, bare, &address) != 1)
        return false;
    return IN6_IS_ADDR_LOOPBACK(&address) ||
           (IN6_IS_ADDR_V4MAPPED(&address) && address.s6_addr[12] == IN_LOOPBACKNET);
}

/* ---- what a URI says, whatever it is of ---- */

struct peer {
    char *host, *user, *password; /* NULL: not given */
    bool tls;
};

static void peer_deinit(struct peer *peer)
{
    free(peer->host);
    text_free_secret(peer->user);
    text_free_secret(peer->password);
}

static bool read_broker(const char *text, struct peer *peer)
{
    CLEANUP(broker_uri_deinit) struct broker_uri uri = {0};
    struct error error;

    if (!broker_uri_parse(text, &uri, &error))
        return false;
    *peer = (struct peer){.tls = uri.tls};
    peer->host = TAKE(uri.host);
    peer->user = TAKE(uri.user);
    peer->password = TAKE(uri.password);
    return true;
}

static bool read_server(const char *text, struct peer *peer)
{
    CLEANUP(http_uri_deinit) struct http_uri uri = {0};

    if (!http_uri_parse(text, &uri))
        return false;
    *peer = (struct peer){.tls = text_equal(uri.scheme, "https")};
    peer->host = TAKE(uri.host);
    peer->user = TAKE(uri.user);
    peer->password = TAKE(uri.password);
    return true;
}

static bool read_peer(const char *text, struct peer *peer)
{
    return strncasecmp(text, "amqp", 4) == 0 ? read_broker(text, peer) : read_server(text, peer);
}

/* ---- the questions ---- */

static bool is_here(const struct peer *peer)
{
    return is_local_name(peer->host) || is_local_ipv4(peer->host) || is_local_ipv6(peer->host);
}

bool config_is_loopback(const char *text)
{
    CLEANUP(peer_deinit) struct peer peer = {0};

    return read_peer(text, &peer) && is_here(&peer);
}

static bool is_exposed(const char *text)
{
    CLEANUP(peer_deinit) struct peer peer = {0};

    return read_peer(text, &peer) && !peer.tls && !is_here(&peer);
}

void config_warn_of_plain_text(const struct config *config)
{
    const struct {
        const char *name, *uri, *problem;
    } peers[] = {
        {"MATRIX_MESSENGER__URI", config->matrix.uri,
         "whoever is on the way to the homeserver can read the access token and all else; expected https://, "
         "or "
         "a host that is this machine"},
        {"MATRIX_MESSENGER__MAS_URI", config->matrix.mas_uri,
         "whoever is on the way to the Matrix Authentication Service can read the token that makes and "
         "removes "
         "accounts; expected https://, or a host that is this machine"},
        {"RABBITMQ_URI", config->rabbitmq.uri,
         "whoever is on the way to the broker can read its password and all messages, and write some; "
         "expected "
         "amqps://, or a host that is this machine"},
        {"HTTP__PROXY", config->http.proxy,
         "whoever is on the way to the proxy can read its password, and all that is not sent by https; "
         "expected "
         "https://, or a host that is this machine"},
    };

    for (size_t i = 0; i < sizeof(peers) / sizeof(peers[0]); i++)
        if (peers[i].uri && is_exposed(peers[i].uri))
            log_warning("config-plain-text", LOG_TEXT("name", peers[i].name),
                        LOG_TEXT("problem", peers[i].problem));
}

char *config_uri_password(const char *text)
{
    CLEANUP(peer_deinit) struct peer peer = {0};

    if (!text || !read_peer(text, &peer) || text_equal(peer.user, peer.password))
        return NULL;
    return peer.password && *peer.password ? TAKE(peer.password) : TAKE(peer.user);
}
