/*
 * The URI is cut from the outside in: scheme, query, path, user information, host and port; each piece is
 * percent-decoded only after it has been cut off, so that an encoded delimiter is data. An absent piece
 * decodes to an empty text.
 *
 * Written by hand because the library's own amqp_parse_url() refuses every query, cuts texts at an encoded
 * NUL and gives a user without a password the password "guest"; and libcurl, which takes those of http apart
 * (http/uri.h), refuses a second "@" and an empty host with a port, both of which clients of RabbitMQ take.
 *
 * Where existing URIs are looser than the grammar, what clients commonly make of them is kept: the *last* '@'
 * ends the user information, so that a password may hold one unencoded.
 */
#include "broker/uri.h"

#include "base/cleanup.h"
#include "base/memory.h"

#include <arpa/inet.h>
#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

enum { LONGEST_URI = 8192, LONGEST_SHORT_STRING = 255, LONGEST_CONNECT = 600000 };

/* A part of the text; present or absent, which is not the same as empty. */
struct span {
    const char *start; /* NULL: absent */
    size_t length;
};

/* Cuts the span in two around the byte at `position`. */
static struct span cut(struct span *span, size_t position)
{
    struct span after = {span->start + position + 1, span->length - position - 1};

    span->length = position;
    return after;
}

/* What follows the first `delimiter`, cut off; absent if there is none. */
static struct span cut_at_first(struct span *span, char delimiter)
{
    const char *found = memchr(span->start, delimiter, span->length);

    return found ? cut(span, (size_t)(found - span->start)) : (struct span){0};
}

/* What precedes the last `delimiter`, cut off; absent if there is none. */
static struct span cut_before_last(struct span *span, char delimiter)
{
    const char *found = memrchr(span->start, delimiter, span->length);
    struct span before = *span;

    if (!found)
        return (struct span){0};
    *span = cut(&before, (size_t)(found - span->start));
    return before;
}

static int hex_value(char digit)
{
    if (!isxdigit((unsigned char)digit))
        return -1;
    return isdigit((unsigned char)digit) ? digit - '0' : tolower((unsigned char)digit) - 'a' + 10;
}

/* The decoded text; `what` names it in the error. An encoded NUL would silently end a C string: refused. */
static char *decode(struct span span, const char *what, struct error *error)
{
    CLEANUP(freep) char *text = memory_new(span.length + 1, 1);
    size_t size = 0;

    for (size_t i = 0; i < span.length; i++) {
        if (span.start[i] != '%') {
            text[size++] = span.start[i];
            continue;
        }
        int high = i + 2 < span.length ? hex_value(span.start[i + 1]) : -1;
        int low = high >= 0 ? hex_value(span.start[i + 2]) : -1;

        if (low < 0 || high + low == 0) {
            (void)error_set(
                error, "the %s has a '%%' that is not followed by two hexadecimal digits or by 00", what);
            return NULL;
        }
        text[size++] = (char)(high * 16 + low);
        i += 2;
    }
    return TAKE(text);
}

/* Decimal digits only: no sign, no space, nothing behind. */
static bool parse_number(const char *text, size_t length, long least, long most, long *ret_number)
{
    long number = 0;

    if (length == 0)
        return false;
    for (size_t i = 0; i < length; i++) {
        if (!isdigit((unsigned char)text[i]))
            return false;
        number = number * 10 + (text[i] - '0');
        if (number > most)
            return false;
    }
    if (number < least)
        return false;
    *ret_number = number;
    return true;
}

/* ---- the query ---- */

static bool set_heartbeat(struct broker_uri *uri, const char *value, struct error *error)
{
    long seconds;

    if (!parse_number(value, strlen(value), 0, UINT16_MAX, &seconds))
        return error_set(error, "heartbeat must be a number of seconds from 0 to 65535");
    uri->heartbeat = (int)seconds;
    return true;
}

static bool set_connect_limit(struct broker_uri *uri, const char *value, struct error *error)
{
    long milliseconds;

    if (!parse_number(value, strlen(value), 1, LONGEST_CONNECT, &milliseconds))
        return error_set(error, "connection_timeout must be a number of milliseconds from 1 to 600000");
    uri->connect_limit = (int)milliseconds;
    return true;
}

static bool set_verify(struct broker_uri *uri, const char *value, struct error *error)
{
    uri->verify = strcmp(value, "verify_none") != 0;
    if (uri->verify && strcmp(value, "verify_peer") != 0)
        return error_set(error, "verify must be verify_peer or verify_none");
    return true;
}

static bool set_text(char **text, const char *name, const char *value, struct error *error)
{
    if (!*value)
        return error_set(error, "%s is empty", name);
    free(*text);
    *text = text_copy(value);
    return true;
}

static bool set_server_name(struct broker_uri *uri, const char *value, struct error *error)
{
    return set_text(&uri->server_name, "server_name_indication", value, error);
}

static bool set_ca_file(struct broker_uri *uri, const char *value, struct error *error)
{
    return set_text(&uri->ca_file, "cacertfile", value, error);
}

static bool set_certificate_file(struct broker_uri *uri, const char *value, struct error *error)
{
    return set_text(&uri->certificate_file, "certfile", value, error);
}

static bool set_key_file(struct broker_uri *uri, const char *value, struct error *error)
{
    return set_text(&uri->key_file, "keyfile", value, error);
}

static const struct parameter {
    const char *name;
    bool (*set)(struct broker_uri *uri, const char *value, struct error *error);
} parameters[] = {
    {"heartbeat", set_heartbeat}, {"connection_timeout", set_connect_limit},
    {"verify", set_verify},       {"server_name_indication", set_server_name},
    {"cacertfile", set_ca_file},  {"certfile", set_certificate_file},
    {"keyfile", set_key_file},
};

static const struct parameter *find_parameter(const char *name)
{
    for (size_t i = 0; i < sizeof(parameters) / sizeof(parameters[0]); i++)
        if (strcmp(parameters[i].name, name) == 0)
            return &parameters[i];
    return NULL;
}

/* Other clients have parameters of their own (channelMax, locale…): those are counted, not refused. */
static bool parse_parameter(struct broker_uri *uri, struct span name_span, struct error *error)
{
    struct span value_span = cut_at_first(&name_span, '=');
    CLEANUP(freep) char *name = decode(name_span, "name of a query parameter", error);
    CLEANUP(freep) char *value = decode(value_span, "value of a query parameter", error);
    const struct parameter *parameter;

    if (!name || !value)
        return false;
    parameter = find_parameter(name);
    if (parameter)
        return parameter->set(uri, value, error);
    uri->ignored++;
    return true;
}

static bool parse_query(struct broker_uri *uri, struct span query, struct error *error)
{
    while (query.start) {
        struct span rest = cut_at_first(&query, '&');

        if (query.length > 0 && !parse_parameter(uri, query, error))
            return false;
        query = rest;
    }
    if (!uri->certificate_file != !uri->key_file)
        return error_set(error, "certfile and keyfile go together");
    return true;
}

/* ---- the rest ---- */

static bool parse_scheme(struct broker_uri *uri, struct span *rest, struct error *error)
{
    static const struct {
        const char *text;
        bool tls;
        uint16_t port;
    } schemes[] = {{"amqp://", false, 5672}, {"amqps://", true, 5671}};

    for (size_t i = 0; i < sizeof(schemes) / sizeof(schemes[0]); i++) {
        size_t length = strlen(schemes[i].text);

        if (strncasecmp(rest->start, schemes[i].text, length) != 0)
            continue;
        *rest = (struct span){rest->start + length, rest->length - length};
        uri->tls = schemes[i].tls;
        uri->port = schemes[i].port;
        return true;
    }
    return error_set(error, "it must begin with amqp:// or amqps://");
}

static bool parse_vhost(struct broker_uri *uri, struct span path, struct error *error)
{
    if (!path.start)
        path = (struct span){"/", 1};
    else if (path.length == 0)
        return error_set(error, "the virtual host is empty: leave out the last '/' for the default one");
    else if (memchr(path.start, '/', path.length))
        return error_set(error, "a '/' in the name of the virtual host must be written as %%2F");
    uri->vhost = decode(path, "virtual host", error);
    if (!uri->vhost)
        return false;
    if (strlen(uri->vhost) > LONGEST_SHORT_STRING)
        return error_set(error, "the name of the virtual host is longer than 255 bytes");
    return true;
}

static bool parse_user_info(struct broker_uri *uri, struct span user, struct error *error)
{
    struct span password;

    if (!user.start) {
        uri->user = text_copy("guest");
        uri->password = text_copy("guest");
        return true;
    }
    password = cut_at_first(&user, ':');
    uri->user = decode(user, "user name", error);
    uri->password = decode(password, "password", error);
    return uri->user && uri->password;
}

static bool parse_port(struct broker_uri *uri, struct span port, struct error *error)
{
    long number;

    if (!port.start)
        return true;
    if (!parse_number(port.start, port.length, 1, UINT16_MAX, &number))
        return error_set(error,
                         "the port must be a number from 1 to 65535 (an IPv6 address goes in brackets; "
                         "':', '/', '?' and '#' in a password must be percent-encoded)");
    uri->port = (uint16_t)number;
    return true;
}

static bool is_ipv6(const char *host)
{
    struct in6_addr address;
    CLEANUP(freep) char *without_zone = text_copy_bytes(host, strcspn(host, "%"));

    return inet_pton(AF_INET6, without_zone, &address) == 1;
}

/* [address] or [address]:port */
static bool parse_bracketed(struct broker_uri *uri, struct span host, struct error *error)
{
    struct span port = cut_at_first(&host, ']');

    host = (struct span){host.start + 1, host.length - 1};
    if (!port.start || (port.length > 0 && port.start[0] != ':'))
        return error_set(error, "the host must be a name, an IPv4 address or an IPv6 address in brackets");
    uri->host = decode(host, "host", error);
    if (!uri->host)
        return false;
    if (!is_ipv6(uri->host))
        return error_set(error, "there is no IPv6 address between the brackets");
    port = port.length > 0 ? (struct span){port.start + 1, port.length - 1} : (struct span){0};
    return parse_port(uri, port, error);
}

static bool parse_host(struct broker_uri *uri, struct span host, struct error *error)
{
    static const char allowed[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-._";
    struct span port;

    if (host.length > 0 && host.start[0] == '[')
        return parse_bracketed(uri, host, error);
    port = cut_at_first(&host, ':');
    if (host.length == 0)
        host = (struct span){"localhost", strlen("localhost")};
    uri->host = decode(host, "host", error);
    if (!uri->host || !parse_port(uri, port, error))
        return false;
    if (uri->host[strspn(uri->host, allowed)] != '\0' || strlen(uri->host) > LONGEST_SHORT_STRING)
        return error_set(error, "the host must be a name, an IPv4 address or an IPv6 address in brackets");
    return true;
}

/* White space and control characters are always a mistake, most often of quoting. */
static bool check_bytes(struct span text, struct error *error)
{
    if (text.length > LONGEST_URI)
        return error_set(error, "it is longer than 8192 bytes");
    for (size_t i = 0; i < text.length; i++)
        if ((unsigned char)text.start[i] <= ' ' || text.start[i] == 0x7f)
            return error_set(error, "it holds white space or a control character");
    if (memchr(text.start, '#', text.length))
        return error_set(error, "a '#' must be written as %%23");
    return true;
}

static bool parse(struct broker_uri *uri, struct span rest, struct error *error)
{
    struct span query, path, user;

    if (!check_bytes(rest, error) || !parse_scheme(uri, &rest, error))
        return false;
    if (rest.length == 0)
        return error_set(error, "it names no host");
    query = cut_at_first(&rest, '?');
    path = cut_at_first(&rest, '/');
    user = cut_before_last(&rest, '@');
    return parse_query(uri, query, error) && parse_vhost(uri, path, error) &&
           parse_user_info(uri, user, error) && parse_host(uri, rest, error);
}

bool broker_uri_parse(const char *text, struct broker_uri *ret_uri, struct error *error)
{
    CLEANUP(broker_uri_deinit) struct broker_uri uri = {.heartbeat = -1, .connect_limit = -1, .verify = true};

    if (!parse(&uri, (struct span){text, strlen(text)}, error))
        return error_within(error, "the broker's URI is not valid");
    *ret_uri = uri;
    uri = (struct broker_uri){0};
    return true;
}

void broker_uri_deinit(struct broker_uri *uri)
{
    free(uri->host);
    free(uri->user);
    text_free_secret(uri->password);
    free(uri->vhost);
    free(uri->server_name);
    free(uri->ca_file);
    free(uri->certificate_file);
    free(uri->key_file);
    *uri = (struct broker_uri){0};
}
