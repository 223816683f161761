#ifndef SYNC_COMMAND_BATCH_H
#define SYNC_COMMAND_BATCH_H

#include "command/account.h"
#include "command/command.h"

/*
 * A batch: the requests of a file, worked on by the engine as those of a queue are, but without a broker. All
 * are read and checked before anything is sent. Two commands are made of it:
 *
 * plan   All requests are there at once, so that hardly anything has to be read twice, and the homeserver
 *        is only read (engine/assumed.h). As a last door, http lets nothing out but GET and the log-in.
 * apply  As many requests at a time as the daemon takes from its queue, in the order of the file.
 *
 * The engine waits for a homeserver that goes away, and the batch says so. It ends early where only an
 * operator can help (a log-in that is refused), if the homeserver is not there at the beginning, and by a
 * signal.
 */
struct batch_manner {
    bool foresees; /* plan; else apply */
    /* A request has ended: whether that is to be told at once (NULL: never); and tells it. */
    bool (*is_told)(const struct account_entry *entry, const struct command_options *options);
    void (*tell)(const struct account_entry *entry, const struct command_options *options);
    /* That was all; `left` requests have not ended. */
    void (*over)(const struct account *account, size_t left, const struct command_options *options);
};

/* Returns the exit status: 0 if all requests are done. */
int batch_run(const struct config *config, const struct command_options *options,
              const struct batch_manner *manner) MUST_USE;

#endif
