#ifndef SYNC_BROKER_ASSEMBLY_H
#define SYNC_BROKER_ASSEMBLY_H

#include "base/error.h"
#include "broker/message.h"
#include "broker/rabbitmq_c.h"

#include <stdbool.h>
#include <stdint.h>

/*
 * Puts messages together from the frames of one channel (AMQP 0-9-1, 4.2.6): a basic.deliver method, a header
 * with properties and the size of the body, and body frames until that size is reached. Knows no socket.
 */
struct assembly {
    uint64_t largest;               /* bytes of a body that is kept; of a larger one only the digest is */
    struct broker_message *message; /* under way; NULL: none */
    bool skips;                     /* to be set before its header: its body is not kept, whatever the size */
    bool has_header;
    uint64_t filled;       /* bytes of the body that came */
    struct digest *digest; /* of a body that is not kept */
};

enum assembly_result {
    ASSEMBLY_MORE,     /* taken; the message is not complete yet */
    ASSEMBLY_COMPLETE, /* the message is complete and now the caller's */
    ASSEMBLY_BROKEN    /* such a frame cannot come now: the connection must be given up */
};

/* Whether the frame belongs to a message: basic.deliver, a header or a body. */
bool assembly_wants(const amqp_frame_t *frame);
/* Takes in such a frame; all that is kept of it is copied. */
enum assembly_result assembly_feed(struct assembly *assembly, const amqp_frame_t *frame,
                                   struct broker_message **ret_message, struct error *error) MUST_USE;
/* Forgets the message under way; an assembly with nothing but its largest body set is an empty one. */
void assembly_clear(struct assembly *assembly);

#endif
