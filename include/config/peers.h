#ifndef SYNC_CONFIG_PEERS_H
#define SYNC_CONFIG_PEERS_H

#include "config/config.h"

#include <stdbool.h>

/*
 * What the URIs of the settings say of those that we talk to.
 */

/* One warning in the log for each of homeserver, MAS, broker and proxy that is spoken to without TLS though
   it is not on this machine. */
void config_warn_of_plain_text(const struct config *config);

/* Whether the URI's host is this machine for certain: localhost, *.localhost (RFC 6761), 127.0.0.0/8, ::1, or
   none. False for what is no URI. */
bool config_is_loopback(const char *uri);

/* The password of the URI, or its user where there is no password; the caller
   frees it (secret). NULL: there is none, or it is the user's name, as that of guest is, and no secret. */
char *config_uri_password(const char *uri) MUST_USE;

#endif
