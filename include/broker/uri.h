#ifndef SYNC_BROKER_URI_H
#define SYNC_BROKER_URI_H

#include "base/error.h"

#include <stdbool.h>
#include <stdint.h>

/*
 * An AMQP URI taken apart, by the RabbitMQ URI specification (rabbitmq.com/docs/uri-spec and
 * uri-query-parameters):
 *
 *     amqp[s]://[user[:password]@][host][:port][/vhost][?name=value[&name=value…]]
 *
 * All parts are percent-decoded. All texts are owned by the struct.
 */
struct broker_uri {
    bool tls;               /* amqps */
    char *host;             /* a name or an address, IPv6 without its brackets; default localhost */
    uint16_t port;          /* default 5672, with TLS 5671 */
    char *user;             /* default guest */
    char *password;         /* default guest if no user is given either, else empty (secret) */
    char *vhost;            /* default / */
    int heartbeat;          /* seconds; -1: not given */
    int connect_limit;      /* milliseconds, from connection_timeout; -1: not given */
    bool verify;            /* check the broker's certificate; false only with verify=verify_none */
    char *server_name;      /* from server_name_indication; NULL: the host */
    char *ca_file;          /* from cacertfile; NULL: not given */
    char *certificate_file; /* from certfile, always together with key_file; NULL: not given */
    char *key_file;         /* from keyfile */
    unsigned ignored;       /* parameters that are not known here and have no effect */
};

/*
 * Takes the text apart. Fails on what cannot be an AMQP URI; the error never quotes any part of it, since one
 * misplaced character turns a password into a host name.
 */
bool broker_uri_parse(const char *text, struct broker_uri *ret_uri, struct error *error) MUST_USE;
/* Frees the texts, the password overwritten; a zeroed one is fine. */
void broker_uri_deinit(struct broker_uri *uri);

#endif
