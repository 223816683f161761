/*
 * Any frames of a broker, in any order and in pieces of any size: a message is put together of them as it was
 * announced, or the connection is given up. Memory is taken for no more than may be kept.
 */
#include "fuzz.h"

#include "base/memory.h"
#include "broker/assembly.h"
#include "broker/connection.h"

#include <stdlib.h>
#include <string.h>

/* Reaches: broker/assembly.c broker/message.c broker/digest.c */

enum { LARGEST = 2048 /* bytes of a body that is kept */, HEAD = 7, END = 0xce };

/* The library itself takes half a megabyte for a connection. */
const struct fuzz_bound fuzz_bound = {.memory = 1500, .blocks = 10, .steps = 1000};

static void check_message(struct broker_message *message)
{
    must(!message->body == (message->skipped || message->size > LARGEST));
    if (message->body)
        must(message->body[message->size] == '\0');
    must(strlen(message_sha256(message)) == DIGEST_SIZE - 1);
    must(message_priority(message) <= UINT8_MAX);
    must(message_delivery_count(message) <= INT64_MAX);
}

/* As the consumer does (src/broker/consumer.c). False: the connection would be given up. */
static bool take(struct assembly *assembly, const amqp_frame_t *frame)
{
    struct broker_message *message = NULL;
    struct error error = {""};
    enum assembly_result result;

    if (frame->channel != CONNECTION_CHANNEL || !assembly_wants(frame))
        return true;
    result = assembly_feed(assembly, frame, &message, &error);
    must((result == ASSEMBLY_COMPLETE) == (message != NULL));
    must((result == ASSEMBLY_BROKEN) == (error.text[0] != '\0'));
    if (message)
        check_message(message);
    broker_message_free(message);
    return result != ASSEMBLY_BROKEN;
}

/* The bytes in pieces, as a socket gives them. False: what came is not AMQP, or cannot come now. */
static bool feed(amqp_connection_state_t amqp, struct assembly *assembly, const char *bytes, size_t size)
{
    while (size > 0) {
        amqp_frame_t frame = {0};
        int taken = amqp_handle_input(amqp, connection_bytes(bytes, size), &frame);

        if (taken < 0 || (frame.frame_type != 0 && !take(assembly, &frame)))
            return false;
        must((size_t)taken <= size && taken > 0);
        amqp_maybe_release_buffers(amqp);
        bytes += taken;
        size -= (size_t)taken;
    }
    return true;
}

/* A frame made of the next bytes: kind and channel, two bytes of length, and so much of what follows. */
static bool feed_frame(amqp_connection_state_t amqp, struct assembly *assembly, struct fuzz_rest *rest)
{
    static const uint8_t kinds[] = {AMQP_FRAME_METHOD, AMQP_FRAME_HEADER, AMQP_FRAME_BODY,
                                    AMQP_FRAME_HEARTBEAT};
    uint8_t kind = fuzz_byte(rest);
    size_t wanted = (size_t)fuzz_byte(rest) << 8 | fuzz_byte(rest);
    size_t size = wanted < rest->size ? wanted : rest->size;
    CLEANUP(freep) uint8_t *frame = memory_new(HEAD + size + 1, 1);
    bool fed;

    assembly->skips = kind & 0x40;
    frame[0] = kind & 0x80 ? kind : kinds[kind % 4];
    frame[2] = !(kind & 0x20); /* the channel; 0 is that of the connection */
    frame[5] = (uint8_t)(size >> 8);
    frame[6] = (uint8_t)size;
    memcpy(frame + HEAD, rest->data, size);
    frame[HEAD + size] = END;
    rest->data += size;
    rest->size -= size;
    fed = kind & 0x10 ? feed(amqp, assembly, (char *)frame, HEAD + size / 2) &&
                            feed(amqp, assembly, (char *)frame + HEAD + size / 2, size - size / 2 + 1)
                      : feed(amqp, assembly, (char *)frame, HEAD + size + 1);
    return fed;
}

void fuzz_try(const uint8_t *data, size_t size)
{
    struct fuzz_rest rest = {data, size};
    amqp_connection_state_t amqp = amqp_new_connection();
    struct assembly assembly = {.largest = LARGEST};

    while (rest.size > 0 && feed_frame(amqp, &assembly, &rest))
        ;
    assembly_clear(&assembly);
    (void)amqp_destroy_connection(amqp);
}
