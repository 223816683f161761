#ifndef SYNC_BROKER_CONNECT_H
#define SYNC_BROKER_CONNECT_H

#include "broker/connection.h"
#include "broker/inspect.h"

/*
 * Looks the host up, connects to the first of its addresses that answers (TCP or TLS), logs in and opens the
 * channel. `role` is shown by the broker as part of the connection's name.
 */
struct connection *connection_open(const struct broker_settings *settings, const char *role,
                                   struct helper *helper, struct error *error) MUST_USE;
/* The same, which tells as well what was in the way. BROKER_REACHED: the connection is there, and the
 * caller's. */
enum broker_trouble connection_try(const struct broker_settings *settings, const char *role,
                                   struct helper *helper, struct connection **ret_connection,
                                   struct error *error) MUST_USE;

#endif
