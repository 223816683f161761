#include "monitor/host.h"

#include <arpa/inet.h>
#include <string.h>
#include <strings.h>

enum { LONGEST = 255 };

/* Ends the text before its port, if it has one; false: what follows is no port. */
static bool cut_port(char *colon)
{
    if (*colon == '\0')
        return true;
    if (*colon != ':' || colon[1 + strspn(colon + 1, "0123456789")] != '\0')
        return false;
    *colon = '\0';
    return true;
}

bool host_may_see(const char *host)
{
    struct in6_addr address;
    char name[LONGEST + 1];
    char *end;

    if (!host)
        return true;
    if (strlen(host) > LONGEST)
        return false;
    memcpy(name, host, strlen(host) + 1);
    if (name[0] == '[') {
        end = strchr(name, ']');
        if (!end || !cut_port(end + 1))
            return false;
        *end = '\0';
        return inet_pton(AF_INET6, name + 1, &address) == 1;
    }
    if (!cut_port(name + strcspn(name, ":")))
        return false;
    return inet_pton(AF_INET, name, &address) == 1 || strcasecmp(name, "localhost") == 0;
}
