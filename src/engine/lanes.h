#ifndef SYNC_ENGINE_LANES_H
#define SYNC_ENGINE_LANES_H

#include <stdbool.h>

/*
 * Whose turn it is. Each message has a lane, in which those of its subjects stand that are to be attended to,
 * and the lanes take turns: so the thousand members of one addRoom do not hold up the messages behind it.
 */
struct subject;

struct lane {
    struct subject *first;    /* of those who stand in it (utlist) */
    struct lane *prev, *next; /* among those that somebody stands in */
};

struct lanes {
    struct lane *next_turn;
};

/* The subject stands in this lane from now on, at its end, and in no other. Nothing happens where it does
   already. */
void lanes_line_up(struct lanes *lanes, struct lane *lane, struct subject *subject);
/* It is its turn next, in whichever lane. */
void lanes_put_first(struct lanes *lanes, struct lane *lane, struct subject *subject);
/* The subject whose turn it is, which then stands in no lane; NULL: nobody stands in any. */
struct subject *lanes_take(struct lanes *lanes);
bool lanes_are_empty(const struct lanes *lanes);

#endif
