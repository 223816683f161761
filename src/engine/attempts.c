#include "engine/attempts.h"

#include "base/backoff.h"
#include "base/fingerprint.h"
#include "base/hash.h"
#include "base/memory.h"

#include <stdlib.h>
#include <string.h>

enum {
    FREE = 2,                  /* so often a call may be begun without a pause */
    FIRST_PAUSE = 500,         /* ms */
    LONGEST_PAUSE = 15 * 1000, /* ms: as after failures */
    LEAST_GAP = 2000,          /* ms: the longest pause where nobody was there, see engine/gate.h */
    QUIET = 10 * 60 * 1000,    /* ms after which what was tried does not count any more */
};

struct key {
    uint64_t kind;
    uint64_t about; /* its fingerprint; 0: nothing */
};

struct attempt {
    struct key key;
    unsigned count;
    unsigned news;      /* of reads: when it was begun last */
    size_t least, most; /* of SYNAPSE_WRITE_LEVELS: for so many users */
    instant until;
    struct backoff backoff;
    UT_hash_handle hh;
};

static struct attempt *find(const struct attempts *attempts, enum synapse_kind kind, const char *about)
{
    const struct key key = {.kind = (uint64_t)kind, .about = about ? fingerprint(about, strlen(about)) : 0};
    struct attempt *found = NULL;

    if (attempts->table)
        /* NOLINTNEXTLINE(clang-analyzer-core.UndefinedBinaryOperatorResult): all of the key is set */
        HASH_FIND(hh, attempts->table, &key, sizeof(key), found);
    return found;
}

static struct attempt *find_or_add(struct attempts *attempts, const struct synapse_call *call,
                                   const char *about, instant now)
{
    struct attempt *attempt = find(attempts, call->kind, about);

    if (attempt)
        return attempt;
    attempt = NEW(struct attempt);
    attempt->key =
        (struct key){.kind = (uint64_t)call->kind, .about = about ? fingerprint(about, strlen(about)) : 0};
    attempt->until = now;
    attempt->least = attempt->most = call->raised_count;
    HASH_ADD(hh, attempts->table, key, sizeof(attempt->key), attempt);
    return attempt;
}

static void take_away(struct attempts *attempts, struct attempt *attempt)
{
    /* NOLINTNEXTLINE(clang-analyzer-unix.Malloc): the analyzer does not see that uthash unlinks it */
    HASH_DEL(attempts->table, attempt);
    free(attempt);
}

/* One write of levels follows another as members come, or where fewer are tried at a time. */
static bool is_for_other_users(struct attempt *attempt, const struct synapse_call *call)
{
    bool others = call->raised_count < attempt->least || call->raised_count > attempt->most;

    if (call->raised_count < attempt->least)
        attempt->least = call->raised_count;
    if (call->raised_count > attempt->most)
        attempt->most = call->raised_count;
    return call->kind == SYNAPSE_WRITE_LEVELS && others;
}

static bool is_new(const struct attempts *attempts, struct attempt *attempt, const struct synapse_call *call,
                   instant now)
{
    if (now > attempt->until + QUIET)
        return true;
    if (!synapse_kind_writes(call->kind))
        return attempt->news != attempts->news;
    return is_for_other_users(attempt, call);
}

void attempts_begin(struct attempts *attempts, const struct synapse_call *call, const char *about,
                    instant now)
{
    struct attempt *attempt = find_or_add(attempts, call, about, now);

    if (is_new(attempts, attempt, call, now)) {
        attempt->count = 0;
        backoff_reset(&attempt->backoff);
    }
    attempts->news += synapse_kind_writes(call->kind) && attempt->count < FREE;
    attempt->news = attempts->news;
    attempt->until = now;
    if (++attempt->count >= FREE)
        attempt->until += backoff_next(&attempt->backoff, FIRST_PAUSE, LONGEST_PAUSE);
}

void attempts_relent(struct attempts *attempts, enum synapse_kind kind, const char *about, instant now)
{
    struct attempt *attempt = find(attempts, kind, about);

    if (attempt)
        attempt->until = instant_min(attempt->until, now + LEAST_GAP);
}

void attempts_answered(struct attempts *attempts, enum synapse_kind kind, const char *about)
{
    bool has_its_own_pause = kind == SYNAPSE_READ_DELETION || kind == SYNAPSE_READ_JOINED_ROOMS;
    struct attempt *attempt = has_its_own_pause ? find(attempts, kind, about) : NULL;

    if (attempt)
        take_away(attempts, attempt);
}

void attempts_expect_news(struct attempts *attempts)
{
    attempts->news++;
}

static bool makes_a_room(const struct attempt *attempt)
{
    return attempt->key.kind == SYNAPSE_CREATE_ROOM || attempt->key.kind == SYNAPSE_CREATE_WELCOME_ROOM;
}

void attempts_forget(struct attempts *attempts, bool removed)
{
    struct attempt *attempt, *next;

    HASH_ITER (hh, attempts->table, attempt, next)
        if (removed || !makes_a_room(attempt))
            take_away(attempts, attempt);
}

void attempts_deinit(struct attempts *attempts)
{
    attempts_forget(attempts, true);
}

instant attempts_until(const struct attempts *attempts, enum synapse_kind kind, const char *about)
{
    const struct attempt *attempt = find(attempts, kind, about);

    if (!attempt || (!synapse_kind_writes(kind) && attempt->news != attempts->news))
        return INSTANT_PAST;
    return attempt->until;
}
