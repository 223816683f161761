#ifndef SYNC_BROKER_SETTINGS_H
#define SYNC_BROKER_SETTINGS_H

#include "base/secrets.h"
#include "broker/broker.h"
#include "broker/uri.h"

#include <stdatomic.h>

/*
 * The configuration of the broker, copied and checked once and never changed afterwards, except for the
 * prefetch. Shared by the loop
 * and the helper threads, which may live a little longer than the broker: each holds a share of its own.
 */
struct broker_settings {
    atomic_uint shares;
    struct broker_uri uri;
    struct secrets *secrets; /* what the broker's words must not repeat */
    char *queue;
    char *dead_letter_queue; /* <queue>_dlq */
    char *tries_queue;       /* <queue>_try; see broker/tries.h */
    enum broker_declare declare;
    _Atomic uint16_t prefetch;
    uint16_t heartbeat; /* seconds; 0: none */
    int connect_limit;  /* milliseconds for one address */
    size_t largest_body;
    size_t largest_dead_letter;        /* not less than the largest body */
    char *ca_file;                     /* NULL: the authorities of the system */
    char *certificate_file, *key_file; /* both or none */
};

/* One share is the caller's. What the URI's query says goes before the other settings. */
struct broker_settings *broker_settings_new(const struct broker_config *config, struct error *error) MUST_USE;
/* A further share of the same settings. */
struct broker_settings *broker_settings_share(struct broker_settings *settings) MUST_USE;
/* Gives a share back; the last one frees. NULL is fine. */
void broker_settings_free(struct broker_settings *settings);
DEFINE_CLEANUP(struct broker_settings, broker_settings_free)

#endif
