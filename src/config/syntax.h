#ifndef SYNC_CONFIG_SYNTAX_H
#define SYNC_CONFIG_SYNTAX_H

#include <stdbool.h>
#include <stddef.h>

/*
 * What texts may be: pure questions about their form.
 */

/* A part of a text, without an end of its own. */
struct syntax_part {
    const char *bytes;
    size_t length;
};

/* UTF-8 without control characters (C0 and DEL). */
bool syntax_is_text(const char *text);

/* Visible ASCII without quotes, not empty: fits into an HTTP header (RFC 6750, 2.1, is narrower). */
bool syntax_is_token(const char *text);

/* Hostname, IPv4 or [IPv6], with or without a port, at most 230 bytes (Matrix: Appendices, Server name). */
bool syntax_is_server_name(const char *text);

/* A localpart, the historical ones included: visible ASCII without ":" and not beginning with "@", not empty
   (Matrix: Appendices, User identifiers). */
bool syntax_is_localpart(const char *text, size_t length);

/* address:port, the address in numbers: 127.0.0.1:9595, [::1]:9595. */
bool syntax_is_listen_address(const char *text);

#endif
