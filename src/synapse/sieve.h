#ifndef SYNC_SYNAPSE_SIEVE_H
#define SYNC_SYNAPSE_SIEVE_H

#include "base/buffer.h"
#include "base/cleanup.h"

#include <stdbool.h>
#include <stddef.h>

/*
 * A reply that holds events, taken apart while it comes. What anyone who is in a room may write there is
 * large: each of as many events as one likes may have 64 KiB. So the arrays of events are never in memory as
 * a whole, neither as text nor as JSON: each event is looked at by itself, and what is left of the reply is
 * small.
 *
 *     {"state": [{…}, {…}], "more": 1}  ->  the events one by one, and {"state": [], "more": 1}
 */
struct sieve;

/* One event, as text, or the beginning of one that is too large; may add something in its place to the array
   that `rest` ends in (sieve_keep()). False: the reply is of no use. */
typedef bool sieve_event(void *context, const char *text, size_t size, struct buffer *rest);

/* `name` is that of the arrays, wherever they are; it is borrowed, and so is the context. Of the rest so many
   bytes are kept at most. */
struct sieve *sieve_new(const char *name, size_t largest_rest, sieve_event *event, void *context) MUST_USE;
void sieve_free(struct sieve *sieve);
DEFINE_CLEANUP(struct sieve, sieve_free)

/* The next bytes of the reply. False: it is too large, or of no use; nothing more is to be fed then. */
bool sieve_feed(struct sieve *sieve, const char *bytes, size_t size);

/* What is left, when all has come. */
const struct buffer *sieve_rest(const struct sieve *sieve);

/* For sieve_event: puts an element into the array. */
void sieve_keep(struct buffer *rest, const char *text, size_t size);

#endif
