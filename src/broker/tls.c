/*
 * TLS for rabbitmq-c. The library's own check of the peer's name is put out of use and OpenSSL's is used, for
 * two reasons: the library never finds an IP address in a certificate, and it takes one text for both the
 * name to check and the host to connect to, while we connect to one address of the host after the other. The
 * SNI that it derives from that text is overwritten at the start of the handshake.
 *
 * It loads no authorities by itself and would speak TLS 1.0 unless told otherwise: see below.
 */
#include "broker/tls.h"

#include "base/tls_advice.h"
#include "broker/connection.h"
#include "broker/rabbitmq_c.h"

#include <arpa/inet.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509_vfy.h>
#include <string.h>

/* The oldest error is the one that all others followed from. Those of the system have no text in OpenSSL. */
static const char *openssl_reason(void)
{
    unsigned long code = ERR_peek_error();

    if (code == 0)
        return NULL;
    return ERR_SYSTEM_ERROR(code) ? strerror(ERR_GET_REASON(code)) : ERR_reason_error_string(code);
}

const char *tls_reason(int status)
{
    const char *reason = openssl_reason();

    return reason ? reason : connection_reason(status);
}

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

static bool cannot_use(const char *file, const char *role, struct error *error)
{
    const char *reason = openssl_reason();

    return error_set(error, "cannot use %s as %s: %s", file, role,
                     reason ? reason : "OpenSSL does not say why");
}

static bool load_authorities(SSL_CTX *context, const char *ca_file, struct error *error)
{
    if (!ca_file)
        return SSL_CTX_set_default_verify_paths(context) == 1 ||
               error_set(error, "cannot load the trusted authorities of the system");
    return SSL_CTX_load_verify_locations(context, ca_file, NULL) == 1 ||
           cannot_use(ca_file, "trusted authorities", error);
}

/* pem_password_cb: without one OpenSSL would ask for the key's password at the terminal, and wait. */
/* NOLINTNEXTLINE(readability-non-const-parameter): the type is OpenSSL's */
static int no_password(char *buffer, int size, int writing, void *context)
{
    (void)buffer;
    (void)size;
    (void)writing;
    (void)context;
    return 0;
}

/* The key is held against the certificate when it is loaded. */
static bool load_identity(SSL_CTX *context, const struct broker_settings *settings, struct error *error)
{
    if (!settings->certificate_file)
        return true;
    SSL_CTX_set_default_passwd_cb(context, no_password);
    if (SSL_CTX_use_certificate_chain_file(context, settings->certificate_file) != 1)
        return cannot_use(settings->certificate_file, "the client certificate", error);
    if (SSL_CTX_use_PrivateKey_file(context, settings->key_file, SSL_FILETYPE_PEM) != 1)
        return cannot_use(settings->key_file, "its key (PEM, without a password)", error);
    return true;
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
        return error_set(error, "TLS 1.2 is not available");
    if (!load_identity(context, settings, error))
        return false;
    return !verify ||
           (load_authorities(context, settings->ca_file, error) && set_checks(context, check, error));
}

amqp_socket_t *tls_socket(amqp_connection_state_t amqp, const struct broker_settings *settings,
                          struct tls_check *check, struct error *error)
{
    amqp_socket_t *socket = amqp_ssl_socket_new(amqp); /* belongs to the connection */

    ERR_clear_error();
    if (!socket) {
        (void)error_set(error, "TLS is not available");
        return NULL;
    }
    *check = (struct tls_check){.name = settings->uri.server_name ? settings->uri.server_name
                                                                  : settings->uri.host};
    check->is_address = is_address(check->name);
    return configure(socket, settings, check, error) ? socket : NULL;
}

/* A plain peer answers with something that is no TLS, or ends the connection without a word. */
enum broker_trouble tls_trouble(const struct tls_check *check)
{
    unsigned long code = ERR_peek_error();
    bool is_of_system = code == 0 || ERR_SYSTEM_ERROR(code);

    if (check->result != X509_V_OK)
        return BROKER_BAD_CERTIFICATE;
    if (is_of_system || ERR_GET_REASON(code) == SSL_R_WRONG_VERSION_NUMBER ||
        ERR_GET_REASON(code) == SSL_R_UNEXPECTED_EOF_WHILE_READING)
        return BROKER_NO_TLS;
    return BROKER_BAD_TLS;
}

bool tls_failed(const struct tls_check *check, int status, struct error *error)
{
    if (check->result != X509_V_OK)
        return error_set(error, "the broker's certificate is not accepted for %s: %s; %s", check->name,
                         X509_verify_cert_error_string(check->result),
                         tls_advice_on_certificate(check->result));
    return error_set(error, "no secure connection: %s; " TLS_ADVICE, tls_reason(status));
}
