#ifndef SYNC_BROKER_TRIES_H
#define SYNC_BROKER_TRIES_H

#include "base/buffer.h"
#include "base/cleanup.h"
#include "base/error.h"
#include "broker/message.h"
#include "broker/settings.h"
#include "loop/loop.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * How often a message has been the first one after a start, and came to no end before: a quorum queue counts
 * that by itself, a classic queue does not. So it is counted here, in a queue of our own, <queue>_try, which
 * outlives the process as the message does. It holds one note (x-max-length: the new one takes the place of
 * the old one), and goes when it was not needed for a day (x-expires).
 *
 * It is asked for only when the first message after a start was delivered before, on a connection of its own
 * (see publisher.c for why); the message waits for the answer, which takes a few round trips. What cannot be
 * counted in time is taken for delivered once, and the log says why. While the broker blocks publishers
 * nothing is counted, and a note that was being looked at then may start anew.
 *
 * Whoever may write to the default exchange may write there, too. They can have a message set aside that came
 * first and again after a start, or keep one from being counted, and no more: what is read there is a number.
 */
struct tries;

/* Takes the message over; `counted` gets it back, with `deliveries` set, and calls tries_free(). NULL: for
   want of a thread or a descriptor it is not counted, and the message stays the caller's. */
struct tries *tries_count(struct broker_settings *settings, struct loop *loop, struct broker_message *message,
                          void (*counted)(void *context, struct broker_message *message),
                          void *context) MUST_USE;
/* Withdraws what is noted of a message, which came to an end; `withdrawn` calls tries_free(), its message is
   NULL. NULL: as above. */
struct tries *tries_withdraw(struct broker_settings *settings, struct loop *loop, const char *sha256,
                             void (*withdrawn)(void *context, struct broker_message *message),
                             void *context) MUST_USE;
/* Whether it was noted; to be asked when it has ended. */
bool tries_are_noted(const struct tries *tries);
/* Lets it come to its end, for so many milliseconds at most. NULL is fine. */
void tries_await(const struct tries *tries, int64_t milliseconds);
/* Ends it wherever it is, and forgets the message. NULL is fine. */
void tries_free(struct tries *tries);
DEFINE_CLEANUP(struct tries, tries_free)

/* ---- the note ---- */

/* Lines "<SHA-256 of the body> <count>", of the last few messages, the newest first. */
enum {
    TRIES_LINES = 8,
    TRIES_DIGITS = 9,
    TRIES_LINE_SIZE = DIGEST_SIZE + TRIES_DIGITS + 1,
    TRIES_NOTE_SIZE = TRIES_LINES * TRIES_LINE_SIZE
};

/* Whether it is such a note, and no message of somebody else. */
bool tries_is_note(const void *note, size_t size) MUST_USE;
/* The count for that digest in a note; 0: there is none. */
uint64_t tries_read(const void *note, size_t size, const char *sha256) MUST_USE;
/* Appends the note as it is to be: the count in front, if it is not 0, and no other for that digest. */
void tries_write(struct buffer *to, const void *note, size_t size, const char *sha256, uint64_t count);

#endif
