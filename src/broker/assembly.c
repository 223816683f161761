/*
 * The properties are kept as the bytes they came in and decoded again only if the message becomes a dead
 * letter: nothing is lost on the way, and the library's amqp_table_clone(), which fails on an empty header
 * name, is not needed. They are never larger than a frame.
 *
 * The size of the body is looked at before memory is taken; of what is larger than what can be kept only the
 * digest is made as it comes by.
 */
#include "broker/assembly.h"

#include "base/memory.h"

#include <string.h>

bool assembly_wants(const amqp_frame_t *frame)
{
    return frame->frame_type == AMQP_FRAME_HEADER || frame->frame_type == AMQP_FRAME_BODY ||
           (frame->frame_type == AMQP_FRAME_METHOD && frame->payload.method.id == AMQP_BASIC_DELIVER_METHOD);
}

void assembly_clear(struct assembly *assembly)
{
    broker_message_free(assembly->message);
    digest_free(assembly->digest);
    *assembly = (struct assembly){.largest = assembly->largest};
}

static enum assembly_result broken(struct error *error, const char *what)
{
    (void)error_set(error, "the broker sent %s out of turn", what);
    return ASSEMBLY_BROKEN;
}

static enum assembly_result check_complete(struct assembly *assembly, struct broker_message **ret_message)
{
    if (assembly->filled < assembly->message->size)
        return ASSEMBLY_MORE;
    if (assembly->digest)
        digest_finish(assembly->digest, assembly->message->sha256);
    *ret_message = TAKE(assembly->message);
    assembly_clear(assembly);
    return ASSEMBLY_COMPLETE;
}

static enum assembly_result feed_method(struct assembly *assembly, const amqp_basic_deliver_t *deliver,
                                        struct error *error)
{
    if (assembly->message)
        return broken(error, "a delivery");
    assembly->message = NEW(struct broker_message);
    assembly->message->tag = deliver->delivery_tag;
    assembly->message->redelivered = deliver->redelivered;
    return ASSEMBLY_MORE;
}

static enum assembly_result feed_header(struct assembly *assembly, amqp_bytes_t properties, uint64_t size,
                                        struct broker_message **ret_message, struct error *error)
{
    struct broker_message *message = assembly->message;

    if (!message || assembly->has_header)
        return broken(error, "a header");
    message->properties = text_copy_bytes(properties.bytes, properties.len);
    message->properties_size = properties.len;
    message->size = size;
    message->skipped = assembly->skips;
    if (size <= assembly->largest && !assembly->skips)
        message->body = memory_new((size_t)size + 1, 1);
    else
        assembly->digest = digest_new();
    assembly->has_header = true;
    return check_complete(assembly, ret_message);
}

static enum assembly_result feed_body(struct assembly *assembly, amqp_bytes_t fragment,
                                      struct broker_message **ret_message, struct error *error)
{
    struct broker_message *message = assembly->message;

    if (!message || !assembly->has_header)
        return broken(error, "a body");
    if (fragment.len > message->size - assembly->filled)
        return broken(error, "more of a body than announced");
    if (fragment.len == 0)
        return check_complete(assembly, ret_message);
    if (message->body)
        memcpy(message->body + assembly->filled, fragment.bytes, fragment.len);
    else
        digest_add(assembly->digest, fragment.bytes, fragment.len);
    assembly->filled += fragment.len;
    return check_complete(assembly, ret_message);
}

enum assembly_result assembly_feed(struct assembly *assembly, const amqp_frame_t *frame,
                                   struct broker_message **ret_message, struct error *error)
{
    if (frame->frame_type == AMQP_FRAME_METHOD)
        return feed_method(assembly, frame->payload.method.decoded, error);
    if (frame->frame_type == AMQP_FRAME_HEADER)
        return feed_header(assembly, frame->payload.properties.raw, frame->payload.properties.body_size,
                           ret_message, error);
    return feed_body(assembly, frame->payload.body_fragment, ret_message, error);
}
