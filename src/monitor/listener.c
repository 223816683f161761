#include "monitor/listener.h"

#include "base/cleanup.h"
#include "base/memory.h"

#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

/* Connections that were made and not taken yet. */
enum { BACKLOG = 64 };

static void free_addresses(struct addrinfo **addresses)
{
    if (*addresses)
        freeaddrinfo(*addresses);
}

/* NULL: it is none. In digits it is not looked up, so this does not block. */
static struct addrinfo *read_address(const char *text)
{
    const struct addrinfo hints = {.ai_flags = AI_NUMERICHOST | AI_NUMERICSERV | AI_PASSIVE,
                                   .ai_socktype = SOCK_STREAM};
    CLEANUP(freep) char *host = text_copy(text + (text[0] == '['));
    char *port = strrchr(host, ':');
    struct addrinfo *found = NULL;

    if (!port || port == host)
        return NULL;
    *port++ = '\0';
    if (text[0] == '[')
        host[strcspn(host, "]")] = '\0';
    return getaddrinfo(host, port, &hints, &found) == 0 ? found : NULL;
}

static bool listen_at(int fd, const struct addrinfo *address)
{
    int on = 1;

    return setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on)) == 0 &&
           bind(fd, address->ai_addr, address->ai_addrlen) == 0 && listen(fd, BACKLOG) == 0;
}

int listener_open(const char *address, struct error *error)
{
    CLEANUP(free_addresses) struct addrinfo *found = read_address(address);
    int fd;

    if (!found) {
        (void)error_set(error, "%s: this is no address", address);
        return -1;
    }
    fd = socket(found->ai_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd >= 0 && listen_at(fd, found))
        return fd;
    (void)error_set(error, "%s: %s", address, strerror(errno));
    closep(&fd);
    return -1;
}

bool listener_is_private(const char *address)
{
    CLEANUP(free_addresses) struct addrinfo *found = read_address(address);
    struct sockaddr_in6 six;
    struct sockaddr_in four;

    if (!found)
        return false;
    if (found->ai_family == AF_INET6) {
        memcpy(&six, found->ai_addr, sizeof(six));
        return IN6_IS_ADDR_LOOPBACK(&six.sin6_addr);
    }
    memcpy(&four, found->ai_addr, sizeof(four));
    return ntohl(four.sin_addr.s_addr) >> 24 == 127;
}
