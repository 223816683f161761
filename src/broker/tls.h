#ifndef SYNC_BROKER_TLS_H
#define SYNC_BROKER_TLS_H

#include "base/error.h"
#include "broker/inspect.h"
#include "broker/rabbitmq_c.h"
#include "broker/settings.h"

#include <stdbool.h>

/* The name the broker's certificate is checked against, and what the check found. */
struct tls_check {
    char *name; /* the settings' */
    bool is_address;
    int result; /* X509_V_… */
};

/*
 * Gives the connection a socket that will speak TLS 1.2 or later and trust the authorities of the settings,
 * whose files are read anew for it. `check` must live as long as the connection: OpenSSL
 * calls back for alerts and tickets, too. NULL on failure.
 */
amqp_socket_t *tls_socket(amqp_connection_state_t amqp, const struct broker_settings *settings,
                          struct tls_check *check, struct error *error) MUST_USE;
/* What was in the way of the handshake: BROKER_BAD_CERTIFICATE, BROKER_NO_TLS or BROKER_BAD_TLS. Only in the
   thread that tried it. */
enum broker_trouble tls_trouble(const struct tls_check *check);
/* Says why the handshake failed, status being what the library returned. */
bool tls_failed(const struct tls_check *check, int status, struct error *error);
/*
 * Why something failed on a connection that speaks TLS: in OpenSSL's words if it has any, else in those for
 * the library's status. In TLS 1.3 a broker that does not accept the client's certificate says so only after
 * the handshake. Only in the thread that used the connection.
 */
const char *tls_reason(int status);

#endif
