#include "engine/pace.h"

enum {
    AVERAGED = 64,      /* calls over which an average goes */
    ROUND = 12,         /* replies to judge by, */
    ROUND_FOR_EACH = 3, /* and so many more for each call at a time */
    FIRST_PATIENCE = 2, /* rounds: what comes first takes longer than what is known by heart */
    MOST_PATIENCE = 32,
    FAR_OFF = 4,         /* times as long as is to be expected: whatever takes longer counts as this */
    LOOK_AFTER = 10000,  /* ms without a call that was alone */
    LOOK_FOR_NEW = 3000, /* the same, where none of that kind ever was */
    LOOK = 6,            /* calls that are sent alone then */
};

/* Times as quick as alone: less may be chance. */
static const double TOO_QUICK = 1.25;

/* Calls in the queue that are put up with, and so many more for each call at a time: while the homeserver
   waits for its disk with one, it computes another, and averages are never exact. */
static const double MOST_QUEUE = 0.6, MOST_QUEUE_FOR_EACH = 0.06;

static void begin(struct pace_sample *sample, instant now)
{
    *sample = (struct pace_sample){.since = now};
}

void pace_init(struct pace *pace, unsigned most, bool adapts)
{
    *pace = (struct pace){.adapts = adapts,
                          .most = most,
                          .calls = 1,
                          .crowded_at = INSTANT_PAST,
                          .round = {.since = INSTANT_PAST},
                          .backed_off_at = INSTANT_PAST,
                          .patience = FIRST_PATIENCE,
                          .alone_at = INSTANT_PAST};
}

static void set_calls(struct pace *pace, unsigned calls)
{
    pace->calls = calls < 1 ? 1 : calls > pace->most ? pace->most : calls;
}

void pace_set_most(struct pace *pace, unsigned most)
{
    pace->most = most;
    set_calls(pace, pace->calls);
}

unsigned pace_calls(const struct pace *pace)
{
    if (!pace->adapts)
        return pace->most;
    return pace->look > 0 ? 1 : pace->calls;
}

/* ---- what is judged by ---- */

static bool tells(enum synapse_kind kind, enum synapse_outcome outcome)
{
    return (outcome == SYNAPSE_OK || outcome == SYNAPSE_ABSENT) && kind != SYNAPSE_READ_CHANGES &&
           kind != SYNAPSE_READ_POSITION;
}

static double at_most(double value, double most)
{
    return value < most ? value : most;
}

/* A call of this kind took so long by itself. */
static void learn_alone(struct pace_kind *kind, double took)
{
    if (kind->seen < AVERAGED)
        kind->seen++;
    kind->alone += (took - kind->alone) / kind->seen;
}

/* ---- what is concluded ---- */

/* It turned out to be too many: `calls` would not have been. */
static void take_back(struct pace *pace, unsigned calls)
{
    pace->patience = !pace->tries                         ? 1
                     : pace->patience < MOST_PATIENCE / 2 ? pace->patience * 2
                                                          : MOST_PATIENCE;
    pace->waited = 0;
    pace->tries = false;
    set_calls(pace, calls > pace->calls / 2 ? calls : pace->calls / 2);
}

/* The homeserver asks for it, in one way or the other. Those that were under way then tell of the same. */
static void back_off(struct pace *pace, instant sent, instant now)
{
    if (sent <= pace->backed_off_at)
        return;
    pace->backed_off_at = now;
    pace->tries = false;
    take_back(pace, pace->calls / 2);
    begin(&pace->round, now);
}

static void go_on(struct pace *pace)
{
    if (pace->tries)
        pace->patience = (pace->patience + 1) / 2;
    pace->tries = false;
    if (++pace->waited < pace->patience)
        return;
    pace->waited = 0;
    pace->tries = pace->calls < pace->most;
    set_calls(pace, pace->calls + 1);
}

/* Calls of all kinds take longer than they did, or less long: others ask more of the homeserver, or less.
   That is believed by half, since few calls tell it. */
static void correct(struct pace *pace, const struct pace_sample *sample)
{
    double factor = sample->alone > 0 ? (1 + sample->taken / sample->alone) / 2 : 1;

    for (int kind = 0; kind < SYNAPSE_KINDS; kind++) {
        pace->kinds[0][kind].alone *= factor;
        pace->kinds[1][kind].alone *= factor;
    }
}

static void judge_crowd(struct pace *pace)
{
    double worked_on = pace->calls * at_most(1, pace->round.alone / pace->round.taken);
    double most = worked_on + MOST_QUEUE + pace->calls * MOST_QUEUE_FOR_EACH;

    if (pace->calls > most)
        take_back(pace, (unsigned)most);
    else if (pace->round.alone > TOO_QUICK * pace->round.taken)
        correct(pace, &pace->round); /* for no call is quicker beside others than alone */
    else
        go_on(pace);
}

static void judge(struct pace *pace, instant now)
{
    if (pace->calls > 1) {
        judge_crowd(pace);
    } else {
        correct(pace, &pace->round);
        go_on(pace);
    }
    begin(&pace->round, now);
}

/* Alone: what else is under way ends before the next call is sent. */
static void look(struct pace *pace, const struct pace_kind *kind, instant now)
{
    if (pace->calls == 1 || pace->alone_at >= now - (kind->seen > 0 ? LOOK_AFTER : LOOK_FOR_NEW))
        return;
    pace->look = LOOK;
    pace->alone_at = now; /* or soon */
    begin(&pace->looked, now);
}

static void look_on(struct pace *pace)
{
    if (--pace->look == 0)
        correct(pace, &pace->looked);
}

/* ---- calls ---- */

void pace_sent(struct pace *pace, instant now)
{
    if (++pace->under_way > 1)
        pace->crowded_at = now;
}

static void measure(struct pace_sample *sample, const struct pace_kind *kind, double took)
{
    if (kind->seen == 0)
        return;
    sample->alone += kind->alone;
    sample->taken += took;
    sample->replies++;
}

/* What a reply tells that came when so many calls were under way, itself among them. */
static void learn(struct pace *pace, struct pace_kind *kind, double took, unsigned under_way, bool was_alone)
{
    if (kind->seen > 0)
        took = at_most(took, FAR_OFF * under_way * kind->alone);
    if (pace->look > 0 && was_alone)
        measure(&pace->looked, kind, took);
    else if (pace->calls == 1 ? was_alone : under_way >= pace->calls)
        measure(&pace->round, kind, took);
    if (was_alone)
        learn_alone(kind, took);
}

void pace_answered(struct pace *pace, enum synapse_kind kind, enum synapse_outcome outcome, instant sent,
                   instant now)
{
    bool was_alone = pace->under_way == 1 && pace->crowded_at < sent;
    double took = now > sent ? (double)(now - sent) : 0.5; /* of a clock that counts milliseconds */
    struct pace_kind *known = &pace->kinds[outcome == SYNAPSE_ABSENT][kind];
    unsigned under_way = pace->under_way--;

    if (under_way > 1)
        pace->crowded_at = now;
    if (outcome == SYNAPSE_LIMITED || outcome == SYNAPSE_UNREACHABLE)
        back_off(pace, sent, now);
    if (was_alone)
        pace->alone_at = now;
    if (tells(kind, outcome) && sent > pace->round.since)
        learn(pace, known, took, under_way, was_alone);
    if (pace->look > 0 && sent > pace->looked.since)
        look_on(pace);
    else if (pace->look == 0 && tells(kind, outcome))
        look(pace, known, now);
    if (pace->round.replies >= ROUND + ROUND_FOR_EACH * pace->calls)
        judge(pace, now);
}
