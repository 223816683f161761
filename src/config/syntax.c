#include "config/syntax.h"

#include <arpa/inet.h>
#include <string.h>
#include <strings.h>
#include <unistr.h>

#define LETTERS "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
#define DIGITS "0123456789"

enum { LONGEST_SERVER_NAME = 230, LARGEST_PORT = 65535, LONGEST_PORT = 5 };

/* Whether every byte lies in ! … ~ and none is among `but`. */
static bool is_visible(const char *text, size_t length, const char *but)
{
    for (size_t i = 0; i < length; i++)
        if (text[i] <= ' ' || text[i] > '~' || strchr(but, text[i]))
            return false;
    return true;
}

bool syntax_is_text(const char *text)
{
    for (const char *byte = text; *byte; byte++)
        if ((unsigned char)*byte < ' ' || *byte == 0x7f)
            return false;
    return u8_check((const uint8_t *)text, strlen(text)) == NULL;
}

bool syntax_is_token(const char *text)
{
    return *text && is_visible(text, strlen(text), "\"'`");
}

bool syntax_is_localpart(const char *text, size_t length)
{
    return length > 0 && text[0] != '@' && is_visible(text, length, ":");
}

static bool is_port(const char *text, size_t length)
{
    unsigned long number = 0;

    if (length == 0 || length > LONGEST_PORT || strspn(text, DIGITS) < length)
        return false;
    for (size_t i = 0; i < length; i++)
        number = number * 10 + (unsigned long)(text[i] - '0');
    return number >= 1 && number <= LARGEST_PORT;
}

static bool is_address(int family, const char *text, size_t length)
{
    char copy[INET6_ADDRSTRLEN + 1];
    struct in6_addr address;

    if (length >= sizeof(copy))
        return false;
    memcpy(copy, text, length);
    copy[length] = '\0';
    return inet_pton(family, copy, &address) == 1;
}

/* The length of a [IPv6] address at the beginning of the text; 0: there is none. */
static size_t bracketed_length(const char *text, size_t length)
{
    const char *end = length > 0 && text[0] == '[' ? memchr(text, ']', length) : NULL;

    if (!end || !is_address(AF_INET6, text + 1, (size_t)(end - text) - 1))
        return 0;
    return (size_t)(end - text) + 1;
}

/* Splits host[:port]; the port is checked, the host is any text without ":", or a [IPv6] address. */
static bool split_host(const char *text, size_t length, struct syntax_part *ret_host,
                       struct syntax_part *ret_port)
{
    size_t host = bracketed_length(text, length);
    const char *colon;

    if (host == 0) {
        colon = memchr(text, ':', length);
        host = colon ? (size_t)(colon - text) : length;
        if (memchr(text, '[', host) || memchr(text, ']', host))
            return false;
    }
    *ret_host = (struct syntax_part){text, host};
    if (host == length)
        return true;
    *ret_port = (struct syntax_part){text + host + 1, length - host - 1};
    return text[host] == ':' && is_port(ret_port->bytes, ret_port->length);
}

bool syntax_is_server_name(const char *text)
{
    struct syntax_part host = {0}, port = {0};
    size_t length = strlen(text);

    if (length > LONGEST_SERVER_NAME || !split_host(text, length, &host, &port) || host.length == 0)
        return false;
    return host.bytes[0] == '[' || strspn(text, LETTERS DIGITS "-.") == host.length;
}

bool syntax_is_listen_address(const char *text)
{
    struct syntax_part host = {0}, port = {0};

    if (!split_host(text, strlen(text), &host, &port) || !port.bytes || host.length == 0)
        return false;
    return host.bytes[0] == '[' || is_address(AF_INET, host.bytes, host.length);
}
