/*
 * TLS for rabbitmq-c. The library's own check of the peer's name is put out of use and OpenSSL's is used, for
 * two reasons: the library never finds an IP address in a certificate, and it takes one text for both the
 * name to check and the host to connect to, while we connect to one address of the host after the other. The
 * SNI that it derives from that text is overwritten at the start of the handshake.
 *
 * It loads no authorities by itself and would speak TLS 1.0 unless told otherwise: see below.
 */
#include "broker/tls.h"

#include <amqp_ssl_socket.h>
#include <arpa/inet.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509_vfy.h>

static bool is_address(const char *host)
{
    struct in6_addr address;

    return inet_pton(AF_INET, host, &address) == 1 || inet_pton(AF_INET6, host, &address) == 1;
}

/* RFC 6066, 3: the server name is a host name, never an address. */
static void set_server_name(const SSL *ssl, int where, int result)
{
    const struct tls_check *check = SSL_CTX_get_app_data(SSL_get_SSL_CTX(ssl));
    union {
        const SSL *constant;
        SSL *variable;
    } cast = {.constant = ssl};
    char *name = check->is_address ? NULL : check->name;

    (void)result;
    if (where & SSL_CB_HANDSHAKE_START)
        (void)SSL_set_tlsext_host_name(cast.variable, name);
}

static int note_result(int good, X509_STORE_CTX *store)
{
    SSL *ssl = X509_STORE_CTX_get_ex_data(store, SSL_get_ex_data_X509_STORE_CTX_idx());
    struct tls_check *check = SSL_CTX_get_app_data(SSL_get_SSL_CTX(ssl));

    if (!good)
        check->result = X509_STORE_CTX_get_error(store);
    return good;
}

static bool load_authorities(SSL_CTX *context, const char *ca_file, struct error *error)
{
    if (!ca_file && SSL_CTX_set_default_verify_paths(context) == 1)
        return true;
    if (ca_file && SSL_CTX_load_verify_locations(context, ca_file, NULL) == 1)
        return true;
    return error_set(error, "cannot load the trusted authorities from %s", ca_file ? ca_file : "the system");
}

static bool set_checks(SSL_CTX *context, struct tls_check *check, struct error *error)
{
    X509_VERIFY_PARAM *parameters = SSL_CTX_get0_param(context);
    int done = check->is_address ? X509_VERIFY_PARAM_set1_ip_asc(parameters, check->name)
                                 : X509_VERIFY_PARAM_set1_host(parameters, check->name, 0);

    if (done != 1)
        return error_set(error, "TLS: the name of the broker cannot be checked");
    SSL_CTX_set_verify(context, SSL_VERIFY_PEER, note_result);
    return true;
}

static bool configure(amqp_socket_t *socket, const struct broker_settings *settings, struct tls_check *check,
                      struct error *error)
{
    SSL_CTX *context = amqp_ssl_socket_get_context(socket);
    bool verify = settings->uri.verify;

    amqp_ssl_socket_set_verify_hostname(socket, 0);
    amqp_ssl_socket_set_verify_peer(socket, verify);
    SSL_CTX_set_app_data(context, check);
    SSL_CTX_set_info_callback(context, set_server_name);
    /* After this the library's own way to set versions must not be used: it cannot name TLS 1.3. */
    if (SSL_CTX_set_min_proto_version(context, TLS1_2_VERSION) != 1)
        return error_set(error, "TLS 1.2 is not to be had");
    if (settings->certificate_file &&
        amqp_ssl_socket_set_key(socket, settings->certificate_file, settings->key_file) != AMQP_STATUS_OK)
        return error_set(error, "cannot load the client's certificate %s with its key",
                         settings->certificate_file);
    return !verify ||
           (load_authorities(context, settings->ca_file, error) && set_checks(context, check, error));
}

amqp_socket_t *tls_socket(amqp_connection_state_t amqp, const struct broker_settings *settings,
                          struct tls_check *check, struct error *error)
{
    amqp_socket_t *socket = amqp_ssl_socket_new(amqp); /* belongs to the connection */

    if (!socket) {
        (void)error_set(error, "TLS is not to be had");
        return NULL;
    }
    *check = (struct tls_check){.name = settings->uri.server_name ? settings->uri.server_name
                                                                  : settings->uri.host};
    check->is_address = is_address(check->name);
    return configure(socket, settings, check, error) ? socket : NULL;
}

bool tls_failed(const struct tls_check *check, int status, struct error *error)
{
    unsigned long code = ERR_peek_last_error();
    const char *reason = code ? ERR_reason_error_string(code) : NULL;

    if (check->result != X509_V_OK)
        return error_set(error, "the broker's certificate was not accepted: %s",
                         X509_verify_cert_error_string(check->result));
    return error_set(error, "TLS: %s", reason ? reason : amqp_error_string2(status));
}
