#ifndef SYNC_BROKER_CONNECT_H
#define SYNC_BROKER_CONNECT_H

#include "broker/connection.h"

/*
 * Looks the host up, connects to the first of its addresses that answers (TCP or TLS), logs in and opens the
 * channel. `role` is shown by the broker as part of the connection's name.
 */
struct connection *connection_open(const struct broker_settings *settings, const char *role,
                                   struct helper *helper, struct error *error) MUST_USE;

#endif
