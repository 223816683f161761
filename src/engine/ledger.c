#include "engine/ledger.h"

#include "base/hash.h"
#include "base/memory.h"

#include <stdlib.h>
#include <string.h>
#include <utlist.h>

enum {
    GATHERING = 50,       /* ms that a writer waits for others at most */
    LATENESS = 10 * 1000, /* ms by which what is read may be behind what was written */
};

struct ledger_note {
    char *user;
    struct synapse_record record;
    instant at; /* when it was written */
    UT_hash_handle hh;
};

void ledger_init(struct ledger *ledger)
{
    *ledger = (struct ledger){.read_at = INSTANT_PAST};
}

/* ---- what was written lately ---- */

/* NOLINTBEGIN(clang-analyzer-unix.Malloc): the analyzer does not see that uthash unlinks what it deletes */

static void take_away(struct ledger *ledger, struct ledger_note *note)
{
    HASH_DEL(ledger->notes, note);
    free(note->user);
    free(note);
}

static void forget_notes(struct ledger *ledger, instant before)
{
    while (ledger->notes && ledger->notes->at < before)
        take_away(ledger, ledger->notes);
}

static void note(struct ledger *ledger, const char *user, struct synapse_record record)
{
    struct ledger_note *note = NULL;

    HASH_FIND_STR(ledger->notes, user, note);
    if (note)
        take_away(ledger, note);
    note = NEW(struct ledger_note);
    note->user = text_copy(user);
    note->record = record;
    note->at = ledger->asked_at;
    HASH_ADD_KEYPTR(hh, ledger->notes, note->user, strlen(note->user), note);
    forget_notes(ledger, ledger->asked_at - LATENESS);
}

/* NOLINTEND(clang-analyzer-unix.Malloc) */

/* They hold against what was read, unless somebody else may have written since. */
static void apply_notes(struct ledger *ledger, instant lease)
{
    forget_notes(ledger, instant_max(ledger->read_at - LATENESS, lease));
    for (const struct ledger_note *note = ledger->notes; note; note = note->hh.next)
        records_set(ledger->records, note->user, note->record);
}

void ledger_deinit(struct ledger *ledger)
{
    forget_notes(ledger, INSTANT_NEVER);
    records_free(ledger->records);
    ledger_init(ledger);
}

struct records *ledger_known(struct ledger *ledger, instant since)
{
    return ledger->read_at >= since ? ledger->records : NULL;
}

/* ---- who waits ---- */

static struct flight **line_of(struct ledger *ledger, const struct flight *flight)
{
    return flight->call.kind == SYNAPSE_READ_RECORDS ? &ledger->readers : &ledger->writers;
}

void ledger_add(struct ledger *ledger, struct flight *flight, instant now)
{
    struct flight **line = line_of(ledger, flight);

    if (ledger->reading && flight->call.kind == SYNAPSE_READ_RECORDS) {
        DL_APPEND(ledger->served, flight);
        return;
    }
    if (!ledger->writers)
        ledger->written_till = now + GATHERING;
    DL_APPEND(*line, flight);
    flight->waits = true;
    ledger->writer_count += flight->call.kind == SYNAPSE_WRITE_RECORDS;
}

bool ledger_withdraw(struct ledger *ledger, struct flight *flight)
{
    struct flight **line = line_of(ledger, flight);

    if (!flight->waits)
        return false;
    DL_DELETE(*line, flight);
    flight->waits = false;
    ledger->writer_count -= flight->call.kind == SYNAPSE_WRITE_RECORDS;
    return true;
}

/* ---- who is served ---- */

static void serve(struct ledger *ledger, struct flight *flight)
{
    (void)ledger_withdraw(ledger, flight);
    DL_APPEND(ledger->served, flight);
}

static struct synapse_call reading(struct ledger *ledger)
{
    ledger->reading = true;
    while (ledger->readers)
        serve(ledger, ledger->readers);
    return (struct synapse_call){.kind = SYNAPSE_READ_RECORDS};
}

static bool say_the_same(const struct synapse_call *one, const struct synapse_call *other)
{
    return one->record.open == other->record.open && one->record.email == other->record.email &&
           one->record.set == other->record.set;
}

static size_t most_at_a_time(const struct ledger *ledger)
{
    return ledger->most > 0 ? ledger->most : LEDGER_MOST;
}

/* What the first wants to be written, and all others who want the same. */
static struct synapse_call writing(struct ledger *ledger)
{
    struct synapse_call call = ledger->writers->call;
    struct flight *flight, *following;

    DL_FOREACH_SAFE (ledger->writers, flight, following)
        if (call.user_count < most_at_a_time(ledger) && say_the_same(&call, &flight->call)) {
            ledger->users[call.user_count++] = flight->call.user;
            serve(ledger, flight);
        }
    if (call.user_count == 1)
        call.user_count = 0;
    else
        call.user = NULL;
    call.users = ledger->users;
    return call;
}

static bool is_worth_it(const struct ledger *ledger, bool quiet, instant now)
{
    return quiet || ledger->writer_count >= most_at_a_time(ledger) || now >= ledger->written_till;
}

bool ledger_next(struct ledger *ledger, bool quiet, instant now, struct synapse_call *ret_call,
                 instant *ret_at)
{
    *ret_at = INSTANT_NEVER;
    if (ledger->served)
        return false;
    if (ledger->readers) {
        ledger->asked_at = now;
        *ret_call = reading(ledger);
        return true;
    }
    if (!ledger->writers)
        return false;
    if (!is_worth_it(ledger, quiet, now)) {
        *ret_at = ledger->written_till;
        return false;
    }
    ledger->asked_at = now;
    *ret_call = writing(ledger);
    return true;
}

static void forget(struct ledger *ledger)
{
    records_free(TAKE(ledger->records));
}

static void written(struct ledger *ledger)
{
    const struct flight *flight;

    DL_FOREACH (ledger->served, flight) {
        note(ledger, flight->call.user, flight->call.record);
        if (ledger->records)
            records_set(ledger->records, flight->call.user, flight->call.record);
    }
}

/* Whoever was served is the first in the line again, if there are several. */
static void divide(struct ledger *ledger)
{
    struct flight *flight;
    size_t count = 0;

    DL_COUNT(ledger->served, flight, count);
    if (count < 2)
        return;
    ledger->most = count / 2;
    DL_FOREACH (ledger->served, flight)
        flight->waits = true;
    ledger->writer_count += count;
    DL_CONCAT(ledger->served, ledger->writers);
    ledger->writers = TAKE(ledger->served);
}

void ledger_answered(struct ledger *ledger, enum synapse_kind kind, struct synapse_reply *reply,
                     instant lease)
{
    ledger->reading = false;
    switch (reply->outcome) {
    case SYNAPSE_OK:
        if (kind == SYNAPSE_WRITE_RECORDS) {
            ledger->most = 0; /* who is refused is among the others */
            written(ledger);
            break;
        }
        forget(ledger);
        ledger->records = TAKE(reply->records);
        ledger->read_at = ledger->asked_at;
        apply_notes(ledger, lease);
        break;
    case SYNAPSE_ABSENT:
    case SYNAPSE_TAKEN: /* the sync user is there: this is no answer */
        reply->outcome = SYNAPSE_FAILED;
        forget(ledger);
        break;
    case SYNAPSE_FAILED:
    case SYNAPSE_UNREACHABLE: /* it may have been written, or not */
        forget(ledger);
        break;
    case SYNAPSE_REFUSED:
        if (kind == SYNAPSE_WRITE_RECORDS)
            divide(ledger);
        break;
    case SYNAPSE_LIMITED:
    case SYNAPSE_SHUT_OUT:
        break;
    }
}

struct flight *ledger_release(struct ledger *ledger)
{
    struct flight *flight = ledger->served;

    if (flight)
        DL_DELETE(ledger->served, flight);
    return flight;
}
