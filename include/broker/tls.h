#ifndef SYNC_BROKER_TLS_H
#define SYNC_BROKER_TLS_H

#include "base/error.h"
#include "broker/settings.h"

#include <amqp.h>
#include <stdbool.h>

/* The name the broker's certificate is checked against, and what the check found. */
struct tls_check {
    char *name; /* the settings' */
    bool is_address;
    int result; /* X509_V_… */
};

/*
 * Gives the connection a socket that will speak TLS 1.2 or later and trust the authorities of the settings;
 * `address` is then what to open it with. `check` must live as long as the handshake. NULL on failure.
 */
amqp_socket_t *tls_socket(amqp_connection_state_t amqp, const struct broker_settings *settings,
                          struct tls_check *check, struct error *error) MUST_USE;
/* Says why the handshake failed, status being what the library returned. */
bool tls_failed(const struct tls_check *check, int status, struct error *error);

#endif
