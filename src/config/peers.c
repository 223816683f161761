#include "config/peers.h"

#include "base/cleanup.h"
#include "base/memory.h"
#include "config/syntax.h"

#include <arpa/inet.h>
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

static bool is_local_ipv6(const char *host)
{
    CLEANUP(freep) char *bare = host[0] == '[' ? text_copy_bytes(host + 1, strcspn(host + 1, "]")) : NULL;
    struct in6_addr address;

    if (!bare || inet_pton(AF_INET6, bare, &address) != 1)
        return false;
    return IN6_IS_ADDR_LOOPBACK(&address) ||
           (IN6_IS_ADDR_V4MAPPED(&address) && address.s6_addr[12] == IN_LOOPBACKNET);
}

bool config_is_loopback(const char *text)
{
    CLEANUP(freep) char *host = NULL;
    struct syntax_uri uri;

    if (!syntax_split_uri(text, &uri))
        return false;
    host = text_copy_bytes(uri.host.bytes, uri.host.length);
    return is_local_name(host) || is_local_ipv4(host) || is_local_ipv6(host);
}

static bool is_plain(const char *text)
{
    struct syntax_uri uri;

    return syntax_split_uri(text, &uri) && !syntax_part_is(&uri.scheme, "https") &&
           !syntax_part_is(&uri.scheme, "amqps");
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
        if (peers[i].uri && is_plain(peers[i].uri) && !config_is_loopback(peers[i].uri))
            log_warning("config-plain-text", LOG_TEXT("name", peers[i].name),
                        LOG_TEXT("problem", peers[i].problem));
}

char *config_uri_password(const char *text)
{
    struct syntax_uri uri;
    const char *colon;
    size_t user;

    if (!text || !syntax_split_uri(text, &uri) || uri.user.length == 0)
        return NULL;
    colon = memchr(uri.user.bytes, ':', uri.user.length);
    if (!colon)
        return text_copy_bytes(uri.user.bytes, uri.user.length);
    user = (size_t)(colon - uri.user.bytes);
    if (uri.user.length == 2 * user + 1 && memcmp(uri.user.bytes, colon + 1, user) == 0)
        return NULL;
    return text_copy_bytes(colon + 1, uri.user.length - user - 1);
}
