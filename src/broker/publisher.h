#ifndef SYNC_BROKER_PUBLISHER_H
#define SYNC_BROKER_PUBLISHER_H

#include "broker/dead_letter.h"
#include "broker/settings.h"
#include "loop/loop.h"

/*
 * Publishes dead letters, any number, each until the broker has confirmed it; retries for ever. On a
 * connection of its own in a thread of its own: see publisher.c.
 */
struct publisher;

/* `published`: the broker has confirmed the letter, which is now the callee's. Called from the loop. Ends the
   process where there is no thread to be had, as base/memory.h does for memory. */
struct publisher *publisher_new(struct broker_settings *settings, struct loop *loop,
                                void (*published)(void *context, struct dead_letter *letter),
                                void *context) MUST_USE;
/* Whatever is under way is forgotten. NULL is fine. */
void publisher_free(struct publisher *publisher);
DEFINE_CLEANUP(struct publisher, publisher_free)

/* Takes the letter over. */
void publisher_send(struct publisher *publisher, struct dead_letter *letter);
/* Takes back, and frees, a letter that needs no publishing any more; if that is already under way, it goes on
   and `published` will be called. The letter's delivery is cleared in either case. */
void publisher_forget(struct publisher *publisher, struct dead_letter *letter);

#endif
