#ifndef SYNC_BROKER_TRIES_H
#define SYNC_BROKER_TRIES_H

#include "base/cleanup.h"
#include "base/error.h"
#include "broker/message.h"
#include "broker/settings.h"
#include "loop/loop.h"

#include <stddef.h>
#include <stdint.h>

/*
 * How often a message has been the first one after a start, and came to no end before: a quorum queue counts
 * that by itself, a classic queue does not. So it is counted here, in a queue of our own, <queue>_try, which
 * outlives the process as the message does. It holds one message (x-max-length: the new one takes the place
 * of the old one), which says of what body it was the count, and it goes when it was not needed for a day
 * (x-expires).
 *
 * It is asked for only when the first message after a start was delivered before, on a connection of its own
 * (see publisher.c for why); the message waits for the answer, which takes a few round trips, and a few
 * seconds at most while the broker blocks publishers. What cannot be counted is taken for 0, and the log says
 * why.
 */
struct tries;

/* Takes the message over; `counted` gets it back, with `deliveries` set, and calls tries_free(). NULL: for
   want of a thread or a descriptor it is not counted, and the message stays the caller's. */
struct tries *tries_count(struct broker_settings *settings, struct loop *loop, struct broker_message *message,
                          void (*counted)(void *context, struct broker_message *message),
                          void *context) MUST_USE;
/* Ends it wherever it is, and forgets the message. NULL is fine. */
void tries_free(struct tries *tries);
DEFINE_CLEANUP(struct tries, tries_free)

enum { TRIES_NOTE_SIZE = DIGEST_SIZE + 20 + 1 };

/* What is noted in that queue: the digest of the body, a space, the count. */
void tries_write(char ret_note[TRIES_NOTE_SIZE], const char *sha256, uint64_t count);
/* The count that a note gives for that digest; 0: it is another's, or no note of ours. */
uint64_t tries_read(const void *note, size_t size, const char *sha256) MUST_USE;

#endif
