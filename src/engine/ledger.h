#ifndef SYNC_ENGINE_LEDGER_H
#define SYNC_ENGINE_LEDGER_H

#include "engine/flight.h"

/*
 * The ledger: the records of all users (synapse/records.h), read once and kept up to date, and written
 * together.
 *
 * To read them all is one request, and it is made when the first user asks; from then on the answer is known
 * at once, for as long as nobody else can have written any (how long that is, the engine says). To write the
 * records of many users is one request too. So who wants one written waits a moment for others who do. One
 * request is under way at a time, so what is known is never in doubt but where a write was not answered: then
 * all is read again. And what is refused of many says nothing of any one of them: they line up again, and
 * half as many are written at a time, until it is known who is refused.
 *
 * Where account data have a process of their own, the one that is asked may not know of what was written some
 * seconds ago. So that is noted, and holds against what is read.
 *
 * Who waits is a flight: to its subject, the call is under way from the moment at which it lines up.
 */
enum { LEDGER_MOST = 100 /* users in one request */ };

struct ledger {
    struct records *records;   /* NULL: not read, or in doubt */
    instant read_at;           /* when the reading of them began */
    struct ledger_note *notes; /* of what was written lately, the oldest first */
    struct flight *readers;    /* waiting, in the order of their coming (utlist) */
    struct flight *writers;
    size_t writer_count;
    instant written_till;  /* when the first of the writers waits no longer */
    instant asked_at;      /* when the last request was made */
    struct flight *served; /* by the request that is under way; NULL: none is */
    size_t most;           /* users in one request, since one was refused; 0: LEDGER_MOST */
    bool reading;          /* that is what the request does; who asks now is served by it too */
    const char *users[LEDGER_MOST];
};

void ledger_init(struct ledger *ledger);
/* The flights belong to their subjects. */
void ledger_deinit(struct ledger *ledger);

/* The records, as they were read since then and written after; NULL: they have to be read. */
struct records *ledger_known(struct ledger *ledger, instant since);

/* A flight for SYNAPSE_READ_RECORDS or SYNAPSE_WRITE_RECORDS is to be served. */
void ledger_add(struct ledger *ledger, struct flight *flight, instant now);
/* Nobody wants it any more. False: it is being served, or it is none of these. */
bool ledger_withdraw(struct ledger *ledger, struct flight *flight);

/*
 * The next call of the ledger, if there is one now; *ret_at is when to ask again otherwise (INSTANT_NEVER:
 * not before something happens). `quiet`: nobody is about to come who might join. Whoever it serves is in
 * `served` from then on; its texts are borrowed from them.
 */
bool ledger_next(struct ledger *ledger, bool quiet, instant now, struct synapse_call *ret_call,
                 instant *ret_at);
/* It was answered. Records are taken out of the reply; what cannot be an answer becomes SYNAPSE_FAILED. Those
   who were served are to be released then; of many whose write was refused there are none. `lease`: since
   when nobody else can have written any. */
void ledger_answered(struct ledger *ledger, enum synapse_kind kind, struct synapse_reply *reply,
                     instant lease);
/* The next of those who were served; NULL: that was all. */
struct flight *ledger_release(struct ledger *ledger);

#endif
