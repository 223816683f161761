#ifndef SYNC_ENGINE_TURNS_H
#define SYNC_ENGINE_TURNS_H

#include <stdbool.h>

/*
 * Whose turn it is. Each message has a queue of those of its subjects that are to be attended to, and the
 * queues take turns: so the thousand members of one addRoom do not hold up the messages behind it.
 */
struct subject;

struct turn_queue {
    struct subject *first;          /* of those who stand in it (utlist) */
    struct turn_queue *prev, *next; /* among those that somebody stands in */
};

struct turns {
    struct turn_queue *next;
};

/* The subject stands in this queue from now on, at its end, and in no other. Nothing happens where it does
   already. */
void turns_add(struct turns *turns, struct turn_queue *queue, struct subject *subject);
/* It is its turn next, in whichever queue. */
void turns_add_first(struct turns *turns, struct turn_queue *queue, struct subject *subject);
/* The subject whose turn it is, which then stands in no queue; NULL: nobody stands in any. */
struct subject *turns_take(struct turns *turns);
bool turns_are_empty(const struct turns *turns);

#endif
