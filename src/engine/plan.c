#include "engine/plan.h"

#include "base/hash.h"
#include "base/memory.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    FIRST_PAUSE = 500,              /* ms after the first failure of a call */
    LONGEST_PAUSE = 15 * 1000,      /* ms: no longer, since the homeserver may be well again at any time */
    FAILING_LIMIT = 10 * 60 * 1000, /* ms, while others succeed: homeserver-failing */
    LONGEST_REPORT = 16 * 1024,     /* bytes */
    FIRST_LOOK = 200,               /* ms: a small room is deleted by then */
    PARTING = 25,                   /* ms that it takes to take out a member (measured: Synapse on SQLite) */
    LAST_LOOK = 5 * 1000,           /* ms */
};

struct obstacle {
    char *key; /* "<kind> <about>" */
    enum synapse_kind kind;
    char *about;  /* NULL: the subject as a whole */
    bool doubted; /* refused once, perhaps for what we did not know */
    bool final;
    enum request_code code;
    char *problem;
    instant since;   /* of the first failure */
    instant counted; /* of the first one while others succeeded; INSTANT_NEVER: there was none */
    instant until;
    struct backoff backoff;
    UT_hash_handle hh;
};

/* Of levels that are set for several reasons it is not known which of them was the trouble. */
static const char *about_levels(const struct synapse_call *call)
{
    if (call->raised_count == 0)
        return LEVELS_OF_ROOM;
    return call->raised_count == 1 && call->only_raised ? call->raised[0].user : NULL;
}

const char *call_about(const struct synapse_call *call)
{
    if (call->kind == SYNAPSE_WRITE_LEVELS)
        return about_levels(call);
    if (call->kind == SYNAPSE_JOIN_USER)
        return call->user;
    if (call->kind == SYNAPSE_WRITE_SETTING)
        return room_setting_words(call->setting);
    if (call->kind == SYNAPSE_READ_CREATION)
        return call->room; /* there may be several, one after the other: see engine/lineage.h */
    return NULL;
}

/* By what attempts are told apart: two writes of levels are the same if they begin with the same user. */
static const char *attempt_about(const struct synapse_call *call)
{
    return call->kind == SYNAPSE_WRITE_LEVELS && call->raised_count > 0 ? call->raised[0].user
                                                                        : call_about(call);
}

/* ---- obstacles ---- */

static char *obstacle_key(enum synapse_kind kind, const char *about)
{
    return text_format("%d %s", (int)kind, about ? about : "");
}

static struct obstacle *find(const struct obstacles *obstacles, enum synapse_kind kind, const char *about)
{
    CLEANUP(freep) char *key = NULL;
    struct obstacle *found = NULL;

    if (!obstacles->table)
        return NULL;
    key = obstacle_key(kind, about);
    HASH_FIND_STR(obstacles->table, key, found);
    return found;
}

static void obstacle_free(struct obstacle *obstacle)
{
    free(obstacle->key);
    free(obstacle->about);
    free(obstacle->problem);
    free(obstacle);
}

static void take_away(struct obstacles *obstacles, struct obstacle *obstacle)
{
    /* NOLINTNEXTLINE(clang-analyzer-unix.Malloc): the analyzer does not see that uthash unlinks it */
    HASH_DEL(obstacles->table, obstacle);
    obstacle_free(obstacle);
}

/* The obstacle before this call, a new one if there is none, with the reply's words. */
static struct obstacle *obstacle_before(struct obstacles *obstacles, const struct synapse_call *call,
                                        const struct synapse_reply *reply)
{
    const char *about = call_about(call);
    struct obstacle *obstacle = find(obstacles, call->kind, about);

    if (!obstacle) {
        obstacle = NEW(struct obstacle);
        obstacle->key = obstacle_key(call->kind, about);
        obstacle->kind = call->kind;
        obstacle->about = text_copy(about);
        obstacle->since = obstacle->counted = INSTANT_NEVER;
        HASH_ADD_KEYPTR(hh, obstacles->table, obstacle->key, strlen(obstacle->key), obstacle);
    }
    free(obstacle->problem);
    obstacle->problem = text_copy(reply->problem.text);
    return obstacle;
}

void obstacles_deinit(struct obstacles *obstacles)
{
    struct obstacle *obstacle, *next;

    HASH_ITER (hh, obstacles->table, obstacle, next)
        take_away(obstacles, obstacle);
    attempts_deinit(&obstacles->attempts);
}

void obstacle_risk(struct obstacles *obstacles, const struct synapse_call *call, instant now)
{
    attempts_begin(&obstacles->attempts, call, attempt_about(call), now);
}

void obstacle_excuse(struct obstacles *obstacles, const struct synapse_call *call, instant now)
{
    attempts_relent(&obstacles->attempts, call->kind, attempt_about(call), now);
}

void obstacle_fail(struct obstacles *obstacles, const struct synapse_call *call,
                   const struct synapse_reply *reply, bool others_succeeded, instant now)
{
    struct obstacle *obstacle = obstacle_before(obstacles, call, reply);
    int64_t pause = backoff_next(&obstacle->backoff, FIRST_PAUSE, LONGEST_PAUSE);

    obstacle->since = instant_min(obstacle->since, now);
    if (now > obstacle->until + FAILING_LIMIT) { /* not tried for long: it did not keep failing */
        obstacle->since = now;
        obstacle->counted = INSTANT_NEVER;
    }
    obstacle->until = now + (reply->retry_after > pause ? reply->retry_after : pause);
    if (!others_succeeded)
        return;
    obstacle->counted = instant_min(obstacle->counted, now);
    if (now - obstacle->counted >= FAILING_LIMIT) {
        obstacle->final = true;
        obstacle->code = REQUEST_HOMESERVER_FAILING;
    }
}

void obstacle_refuse(struct obstacles *obstacles, const struct synapse_call *call,
                     const struct synapse_reply *reply)
{
    struct obstacle *obstacle = obstacle_before(obstacles, call, reply);

    obstacle->final = true;
    obstacle->code = REQUEST_HOMESERVER_REJECTED;
}

void obstacle_forbid(struct obstacles *obstacles, const struct synapse_call *call, enum request_code code,
                     const struct error *why)
{
    const struct synapse_reply reply = {.problem = *why};
    struct obstacle *obstacle = obstacle_before(obstacles, call, &reply);

    obstacle->final = true;
    obstacle->code = code;
}

bool obstacle_doubt(struct obstacles *obstacles, const struct synapse_call *call,
                    const struct synapse_reply *reply, instant again)
{
    struct obstacle *obstacle = obstacle_before(obstacles, call, reply);

    if (obstacle->doubted) {
        obstacle_refuse(obstacles, call, reply);
        return true;
    }
    obstacle->doubted = true;
    obstacle->until = again;
    return false;
}

bool obstacle_was_doubted(const struct obstacles *obstacles, const struct synapse_call *call)
{
    const struct obstacle *obstacle = find(obstacles, call->kind, call_about(call));

    return obstacle && obstacle->doubted;
}

void obstacle_clear(struct obstacles *obstacles, const struct synapse_call *call)
{
    struct obstacle *obstacle = find(obstacles, call->kind, call_about(call));

    if (obstacle)
        take_away(obstacles, obstacle);
    attempts_answered(&obstacles->attempts, call->kind, attempt_about(call));
}

void obstacles_forget_final(struct obstacles *obstacles, instant oldest)
{
    struct obstacle *obstacle, *next;

    HASH_ITER (hh, obstacles->table, obstacle, next) {
        bool is_needed =
            obstacle->final && obstacle->code == REQUEST_HOMESERVER_FAILING && obstacle->since >= oldest;

        if ((obstacle->final || obstacle->doubted) && !is_needed)
            take_away(obstacles, obstacle);
    }
}

void obstacles_failing(const struct obstacles *obstacles,
                       void (*fails)(void *context, enum synapse_kind kind, const char *problem,
                                     instant since),
                       void *context)
{
    struct obstacle *obstacle, *next;

    HASH_ITER (hh, obstacles->table, obstacle, next)
        if (!obstacle->final && obstacle->since != INSTANT_NEVER)
            fails(context, obstacle->kind, obstacle->problem, obstacle->since);
}

/* ---- verdicts ---- */

void report_init(struct report *report)
{
    *report = (struct report){.rejected = false};
    buffer_init(&report->refusals, LONGEST_REPORT);
    buffer_init(&report->warnings, LONGEST_REPORT);
}

void report_deinit(struct report *report)
{
    buffer_deinit(&report->refusals);
    buffer_deinit(&report->warnings);
}

PRINTF_LIKE(2, 0) static void append(struct buffer *list, const char *format, va_list arguments)
{
    char sentence[ERROR_TEXT_SIZE];

    (void)vsnprintf(sentence, sizeof(sentence), format, arguments);
    if (list->size > 0)
        (void)buffer_append_text(list, "; ");
    (void)buffer_append_text(list, sentence);
}

void report_refusal(struct report *report, enum request_code code, const char *format, ...)
{
    va_list arguments;

    if (!report->rejected)
        report->code = code;
    report->rejected = true;
    va_start(arguments, format);
    append(&report->refusals, format, arguments);
    va_end(arguments);
}

void report_warning(struct report *report, const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    append(&report->warnings, format, arguments);
    va_end(arguments);
}

void report_obstacles(struct report *report, const struct obstacles *obstacles, const char *whom,
                      bool (*concerns)(const void *context, const char *about), const void *context)
{
    struct obstacle *obstacle, *next;

    HASH_ITER (hh, obstacles->table, obstacle, next) {
        if (!obstacle->final || (obstacle->about && concerns && !concerns(context, obstacle->about)))
            continue;
        if (obstacle->about)
            report_refusal(report, obstacle->code, "%s: %s: %s", whom, obstacle->about, obstacle->problem);
        else
            report_refusal(report, obstacle->code, "%s: %s", whom, obstacle->problem);
    }
}

/* ---- planning ---- */

struct plan plan_begin(const struct obstacles *obstacles, instant now)
{
    return (struct plan){.obstacles = obstacles, .now = now, .earliest = INSTANT_NEVER};
}

bool plan_may(struct plan *plan, enum synapse_kind kind, const char *about)
{
    const struct obstacle *obstacle = find(plan->obstacles, kind, about);
    instant until = attempts_until(&plan->obstacles->attempts, kind, about);

    if (obstacle && obstacle->final)
        return false;
    if (obstacle)
        until = instant_max(until, obstacle->until);
    if (until <= plan->now)
        return true;
    plan_wait(plan, until);
    return false;
}

bool plan_may_make(struct plan *plan, const struct synapse_call *call)
{
    return plan_may(plan, call->kind, call_about(call)) && plan_may(plan, call->kind, attempt_about(call));
}

bool plan_was_refused(const struct plan *plan, const struct synapse_call *call)
{
    return obstacle_was_doubted(plan->obstacles, call);
}

bool plan_is_barred(const struct obstacles *obstacles, enum synapse_kind kind)
{
    return plan_is_barred_about(obstacles, kind, NULL);
}

bool plan_is_barred_about(const struct obstacles *obstacles, enum synapse_kind kind, const char *about)
{
    const struct obstacle *obstacle = find(obstacles, kind, about);

    return obstacle && obstacle->final;
}

void plan_wait(struct plan *plan, instant until)
{
    plan->earliest = instant_min(plan->earliest, until);
}

struct action plan_rest(const struct plan *plan)
{
    if (plan->earliest == INSTANT_NEVER)
        return (struct action){.kind = ACTION_NONE};
    return (struct action){.kind = ACTION_WAIT, .until = plan->earliest};
}

struct action plan_call(const struct synapse_call *call)
{
    return (struct action){.kind = ACTION_CALL, .call = *call};
}

struct action plan_step(struct plan *plan, const struct synapse_call *call)
{
    return plan_may(plan, call->kind, call_about(call)) ? plan_call(call) : plan_rest(plan);
}

instant plan_first_look(size_t members, instant now)
{
    return now + (members < LAST_LOOK / PARTING
                      ? instant_min(LAST_LOOK, FIRST_LOOK + PARTING * (int64_t)members)
                      : LAST_LOOK);
}

instant plan_next_look(instant begun, instant now)
{
    return now + instant_max(FIRST_LOOK, instant_min(LAST_LOOK, now - begun));
}
