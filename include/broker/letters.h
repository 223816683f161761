#ifndef SYNC_BROKER_LETTERS_H
#define SYNC_BROKER_LETTERS_H

#include "base/cleanup.h"
#include "base/error.h"
#include "broker/broker.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * The dead-letter queue, looked through by a person: each letter once, in the order of the queue. For
 * commands: everything blocks, in the thread of the caller, and signals are the caller's own.
 *
 * What was looked at and neither sent again nor dropped is the broker's again when the letters are closed, or
 * when the process dies, and has its place again; on a quorum queue only if all were looked at (measured: it
 * puts what comes back a second time behind what came back once). But a quorum queue may count that, and
 * drops a message that was given back too often (after 20 times by default since RabbitMQ 4.0; measured with
 * a limit of 3: gone after the fourth look). Before 4.3 it counts every return, since then only those by a
 * cut connection. So when a letter was counted twice, letters_close() renews them all, in order: each is
 * published to the end of the queue, confirmed, and only then acknowledged. Who is cut in between leaves a
 * letter twice, never none.
 */
struct letters;

struct letter_header {
    char *name, *value; /* as text, whatever it was */
};

struct broker_message;

/* One of them. Texts are as the broker has them: who shows them makes them visible. */
struct letter {
    unsigned number;                               /* its place in the queue, from 1 */
    uint64_t tag;                                  /* for letters_drop() */
    const char *code, *detail, *queue, *failed_at; /* NULL: its headers do not say */
    char digest[12 + 1];                           /* the first digits of the SHA-256 of the original body */
    bool stub;                                     /* the original body is lost */
    const char *body;                              /* NULL: too large to be kept */
    size_t size;                                   /* of the body, kept or not */
    struct letter_header *headers;                 /* of the message, properties that are texts included */
    size_t header_count;
    struct broker_message *message; /* as it came */
};

/* NULL is fine. */
void letter_free(struct letter *letter);
DEFINE_CLEANUP(struct letter, letter_free)

/* Connects and looks the queue up; never makes it. The texts of the configuration must live as long. */
struct letters *letters_open(const struct broker_config *config, struct error *error) MUST_USE;
/* Cuts the connection, if letters_close() has not ended it. NULL is fine. */
void letters_free(struct letters *letters);
DEFINE_CLEANUP(struct letters, letters_free)

/* The name of the dead-letter queue, and whether it is there. */
const char *letters_queue(const struct letters *letters);
bool letters_are_there(const struct letters *letters);

enum letters_next { LETTERS_ONE, LETTERS_END, LETTERS_FAILED };

/* The next letter, the caller's then. What comes into the queue after it was opened is left alone, so this
   ends, even where what is sent again is rejected again; after 99,999 letters, too. */
enum letters_next letters_next(struct letters *letters, struct letter **ret_letter,
                               struct error *error) MUST_USE;
/* Why this letter can never be sent again, in one sentence; NULL: it can. */
const char *letters_objection(const struct letters *letters, const struct letter *letter);
/* Publishes the message to the queue that it came from, where it comes last, without what was added when it
   was rejected; drops the letter once the broker has confirmed it. Fails without loss. */
bool letters_retry(struct letters *letters, const struct letter *letter, struct error *error) MUST_USE;
/* Acknowledges the letter: it is gone. */
bool letters_drop(struct letters *letters, uint64_t tag, struct error *error) MUST_USE;
/* Waits until the descriptor can be read (a person's answer), with the connection kept alive. */
bool letters_await(struct letters *letters, int fd, struct error *error) MUST_USE;
/* Gives the others back, renewed if they have to be (see above); true: the broker has taken note of all that
   was done. */
bool letters_close(struct letters *letters, struct error *error) MUST_USE;

#endif
