/*
 * The pace beside homeservers of some cores, which share them among the calls that they work on, as processes
 * do; and by property, with any replies at all.
 */

#include "engine/pace.h"
#include "engine/simulation/clock.h"
#include "support/test.h"

#include <string.h>

enum { MOST = 16, SECOND = 1000, MINUTE = 60 * SECOND };

/* ---- a homeserver ---- */

struct working {
    enum synapse_kind kind;
    instant sent;
    double left; /* ms of a core */
};

struct machine {
    struct pace pace;
    double cores;
    double slowness; /* each call takes so many times as long */
    bool hangs;
    unsigned kinds; /* so many of the mixture, from `first` on */
    unsigned first;
    unsigned supply; /* most calls that there is something to do for; 0: any number */
    instant now;
    struct working working[MOST];
    unsigned count;
    double calls_seconds; /* calls allowed, over time */
    double done;          /* ms of work, of calls that have ended */
};

/* What a call costs differs from kind to kind by much, and within a kind by half. */
static const struct {
    enum synapse_kind kind;
    unsigned least, spread; /* ms */
} mixture[] = {
    {SYNAPSE_READ_USER, 2, 4},       {SYNAPSE_CREATE_USER, 20, 30}, {SYNAPSE_JOIN_USER, 60, 120},
    {SYNAPSE_CREATE_ROOM, 100, 100}, {SYNAPSE_READ_STATE, 4, 8},
};

static struct machine machine_of(double cores)
{
    struct machine machine = {
        .cores = cores, .slowness = 1, .now = 1, .kinds = sizeof(mixture) / sizeof(mixture[0])};

    clock_start(20261129);
    pace_init(&machine.pace, MOST, true);
    return machine;
}

static void begin_call(struct machine *machine)
{
    unsigned which = machine->first + chance_below(machine->kinds);
    double work = mixture[which].least + chance_below(mixture[which].spread);

    machine->working[machine->count++] =
        (struct working){.kind = mixture[which].kind, .sent = machine->now, .left = work * machine->slowness};
    pace_sent(&machine->pace, machine->now);
}

static void end_call(struct machine *machine, unsigned i, enum synapse_outcome outcome)
{
    const struct working done = machine->working[i];

    machine->working[i] = machine->working[--machine->count];
    pace_answered(&machine->pace, done.kind, outcome, done.sent, machine->now);
}

/* A millisecond. */
static void tick(struct machine *machine)
{
    double rate = machine->count > machine->cores ? machine->cores / machine->count : 1;

    machine->now++;
    machine->calls_seconds += pace_calls(&machine->pace) / 1000.0;
    for (unsigned i = machine->count; i-- > 0 && !machine->hangs;) {
        machine->working[i].left -= rate;
        machine->done += rate;
        if (machine->working[i].left <= 0)
            end_call(machine, i, SYNAPSE_OK);
    }
    while (machine->count < pace_calls(&machine->pace) &&
           (machine->supply == 0 || machine->count < machine->supply))
        begin_call(machine);
}

/* How many calls at a time there were, on average. */
static double run(struct machine *machine, int64_t milliseconds)
{
    machine->calls_seconds = machine->done = 0;
    for (int64_t i = 0; i < milliseconds; i++)
        tick(machine);
    return machine->calls_seconds * 1000 / (double)milliseconds;
}

static double used(const struct machine *machine, int64_t milliseconds)
{
    return machine->done / (machine->cores * (double)milliseconds);
}

#define assert_between(value, least, greatest)                                                               \
    do {                                                                                                     \
        double is = (value);                                                                                 \
        if (is < (least) || is > (greatest))                                                                 \
            fail_msg("%s is %.2f", #value, is);                                                              \
    } while (0)

/* ---- what it finds ---- */

static void test_one_core_is_given_one_call(void **state)
{
    struct machine machine = machine_of(1);

    (void)state;
    assert_between(run(&machine, 10 * SECOND), 1, 2);
    assert_between(run(&machine, 10 * MINUTE), 1, 1.2);
    assert_between(used(&machine, 10 * MINUTE), 0.95, 1);
}

static void test_as_many_as_there_are_cores(void **state)
{
    (void)state;
    for (unsigned cores = 2; cores <= 12; cores++) {
        struct machine machine = machine_of(cores);

        (void)run(&machine, MINUTE);
        assert_between(run(&machine, 10 * MINUTE), cores * 0.75, cores * 1.25);
        assert_between(used(&machine, 10 * MINUTE), 0.75, 1);
    }
}

/* A school of some hundred calls must not be over before it is found out. */
static void test_it_does_not_take_long(void **state)
{
    struct machine machine = machine_of(4);

    (void)state;
    (void)run(&machine, 10 * SECOND);
    assert_between(run(&machine, 10 * SECOND), 3, 5);
}

static void test_more_than_the_most_is_never_tried(void **state)
{
    struct machine machine = machine_of(64);

    (void)state;
    (void)run(&machine, MINUTE);
    assert_between(run(&machine, MINUTE), MOST * 0.75, MOST);
}

static void test_it_backs_off_from_who_gets_slow(void **state)
{
    struct machine machine = machine_of(4);

    (void)state;
    (void)run(&machine, MINUTE);
    machine.cores = 1; /* others need them */
    (void)run(&machine, 20 * SECOND);
    assert_between(run(&machine, MINUTE), 1, 1.5);
    machine.cores = 4;
    (void)run(&machine, 30 * SECOND);
    assert_between(run(&machine, MINUTE), 3, 5);
}

/* First all users are made, then all are joined. */
static void test_kinds_that_come_later(void **state)
{
    struct machine machine = machine_of(4);

    (void)state;
    machine.kinds = 2;
    (void)run(&machine, MINUTE);
    machine.cores = 1;
    machine.kinds = 1;
    machine.first = 2;
    (void)run(&machine, 20 * SECOND);
    assert_between(run(&machine, MINUTE), 1, 1.5);
}

/* Every call takes longer, by itself, too: that is no queue. */
static void test_it_gets_used_to_other_times(void **state)
{
    static const double slownesses[] = {10, 0.3, 5, 1};
    struct machine machine = machine_of(4);

    (void)state;
    (void)run(&machine, MINUTE);
    for (size_t i = 0; i < sizeof(slownesses) / sizeof(slownesses[0]); i++) {
        machine.slowness = slownesses[i];
        (void)run(&machine, 5 * MINUTE);
        assert_between(run(&machine, 5 * MINUTE), 2.5, 5.5);
    }
}

/* Others are busy now and then, so that everything takes longer for some seconds. */
static void test_others_come_and_go(void **state)
{
    (void)state;
    for (unsigned cores = 1; cores <= 4; cores += 3) {
        struct machine machine = machine_of(cores);
        double sum = 0;

        for (int i = 0; i < 1000; i++) {
            machine.slowness = chance_percent(50) ? 1 : 1 + chance_below(5);
            sum += run(&machine, 1000 + chance_below(10000));
        }
        assert_between(sum / 1000, cores == 1 ? 1 : 2.5, cores == 1 ? 1.3 : 5);
    }
}

static void test_it_recovers_after_a_hang(void **state)
{
    struct machine machine = machine_of(4);
    unsigned before;

    (void)state;
    (void)run(&machine, MINUTE);
    machine.hangs = true;
    (void)run(&machine, MINUTE);
    before = machine.pace.calls;
    while (machine.count > 0)
        end_call(&machine, 0, SYNAPSE_UNREACHABLE);
    assert_between(machine.pace.calls, 1, (before + 1) / 2);
    machine.hangs = false;
    (void)run(&machine, 30 * SECOND);
    assert_between(run(&machine, MINUTE), 3, 5);
}

/* The calls are answered after all, each a minute late. */
static void test_late_answers_do_not_spoil_it(void **state)
{
    struct machine machine = machine_of(4);

    (void)state;
    (void)run(&machine, MINUTE);
    machine.hangs = true;
    (void)run(&machine, MINUTE);
    machine.hangs = false;
    (void)run(&machine, 30 * SECOND);
    assert_between(run(&machine, MINUTE), 3, 5);
}

static void test_one_late_answer_does_not_spoil_it(void **state)
{
    struct machine machine = machine_of(1);

    (void)state;
    for (int i = 0; i < 20; i++) {
        (void)run(&machine, MINUTE);
        machine.hangs = true;
        (void)run(&machine, MINUTE);
        machine.hangs = false;
        (void)run(&machine, 10 * SECOND);
        assert_between(run(&machine, MINUTE), 1, 1.5);
    }
}

/* There are fewer cores, but each is quicker: beside others calls take as long as they did alone. */
static void test_what_makes_up_for_another_is_found_out(void **state)
{
    (void)state;
    for (int i = 0; i < 5; i++) {
        struct machine machine = machine_of(4);

        (void)run(&machine, (4 + i) * MINUTE);
        machine.slowness = 3;
        (void)run(&machine, 2 * MINUTE);
        machine.cores = 1;
        machine.slowness = 1;
        (void)run(&machine, MINUTE);
        assert_between(run(&machine, MINUTE), 1, 1.5);
    }
}

/* Where there is never much to do, nothing shows how many would be too many. */
static void test_nothing_is_concluded_from_little(void **state)
{
    struct machine machine = machine_of(1);

    (void)state;
    machine.supply = 1;
    (void)run(&machine, 10 * MINUTE);
    assert_true(pace_calls(&machine.pace) <= 2);
    machine.supply = 0;
    (void)run(&machine, 10 * SECOND);
    assert_between(run(&machine, MINUTE), 1, 1.3);
}

/* ---- what is no measure ---- */

static void answer(struct pace *pace, enum synapse_kind kind, enum synapse_outcome outcome, instant *now,
                   int64_t took)
{
    instant sent = *now;

    pace_sent(pace, sent);
    *now += took;
    pace_answered(pace, kind, outcome, sent, *now);
}

static void test_waiting_for_news_tells_nothing(void **state)
{
    struct pace pace;
    instant now = 1;

    (void)state;
    pace_init(&pace, MOST, true);
    for (int i = 0; i < 1000; i++) {
        answer(&pace, i % 2 ? SYNAPSE_READ_CHANGES : SYNAPSE_READ_POSITION, SYNAPSE_OK, &now, 30);
        answer(&pace, SYNAPSE_JOIN_USER, SYNAPSE_FAILED, &now, 30);
    }
    assert_int_equal(pace_calls(&pace), 1);
}

/* To find nothing may take a tenth of the time. */
static void test_what_found_nothing_is_another_kind(void **state)
{
    struct pace pace;
    instant now = 1;

    (void)state;
    pace_init(&pace, 1, true);
    for (int i = 0; i < 20; i++) {
        answer(&pace, SYNAPSE_READ_USER, SYNAPSE_OK, &now, 100);
        answer(&pace, SYNAPSE_READ_USER, SYNAPSE_ABSENT, &now, 10);
    }
    assert_between(pace.kinds[0][SYNAPSE_READ_USER].alone, 95, 105);
    assert_between(pace.kinds[1][SYNAPSE_READ_USER].alone, 9, 11);
}

static void test_who_asks_for_patience_has_it(void **state)
{
    static const enum synapse_outcome outcomes[] = {SYNAPSE_LIMITED, SYNAPSE_UNREACHABLE};

    (void)state;
    for (size_t i = 0; i < 2; i++) {
        struct machine machine = machine_of(8);
        unsigned before;

        (void)run(&machine, MINUTE);
        while (machine.pace.look > 0 || machine.working[0].sent <= machine.pace.backed_off_at)
            tick(&machine);
        before = pace_calls(&machine.pace);
        end_call(&machine, 0, outcomes[i]);
        assert_int_equal(pace_calls(&machine.pace), before / 2);
        end_call(&machine, 0, outcomes[i]); /* the others tell of the same */
        assert_int_equal(pace_calls(&machine.pace), before / 2);
    }
}

static void test_a_fixed_pace(void **state)
{
    struct machine machine = machine_of(1);

    (void)state;
    pace_init(&machine.pace, 5, false);
    assert_between(run(&machine, MINUTE), 4.99, 5.01);
}

static void test_another_most(void **state)
{
    struct machine machine = machine_of(12);

    (void)state;
    (void)run(&machine, MINUTE);
    pace_set_most(&machine.pace, 3);
    assert_true(pace_calls(&machine.pace) <= 3);
    assert_between(run(&machine, MINUTE), 2.5, 3);
    pace_set_most(&machine.pace, MOST);
    (void)run(&machine, MINUTE);
    assert_between(run(&machine, MINUTE), 9, 15);
}

/* ---- by property ---- */

enum { CASES = 2000, STEPS = 400 };

static enum synapse_outcome any_outcome(unsigned trouble)
{
    return chance_percent(trouble) ? (enum synapse_outcome)chance_below(SYNAPSE_OUTCOMES) : SYNAPSE_OK;
}

/* Calls under way may be more than are allowed: there were more before. */
static void play_anything(uint64_t seed)
{
    instant sent[2 * MOST], now = 1;
    unsigned count = 0, most, trouble;
    struct pace pace;

    clock_start(seed);
    most = 1 + chance_below(MOST);
    trouble = chance_percent(50) ? 0 : chance_below(100);
    pace_init(&pace, most, true);
    for (int i = 0; i < STEPS; i++) {
        now += chance_percent(5) ? chance_below(100000) : chance_below(100);
        if (count > 0 && (chance_percent(50) || count >= pace_calls(&pace))) {
            unsigned which = chance_below(count);

            pace_answered(&pace, (enum synapse_kind)chance_below(SYNAPSE_KINDS), any_outcome(trouble),
                          sent[which], now);
            sent[which] = sent[--count];
        } else if (count < pace_calls(&pace)) {
            sent[count++] = now;
            pace_sent(&pace, now);
        }
        if (chance_percent(2))
            pace_set_most(&pace, most = 1 + chance_below(MOST));
        assert_in_range(pace_calls(&pace), 1, most);
        assert_int_equal(pace.under_way, count);
    }
}

static void test_bounds_hold_whatever_comes(void **state)
{
    (void)state;
    for (uint64_t seed = 1; seed <= CASES; seed++)
        play_anything(seed);
}

/* Whatever was before: beside a homeserver of eight cores it is soon not one call any more. */
static void test_it_is_never_stuck(void **state)
{
    (void)state;
    for (uint64_t seed = 1; seed <= 40; seed++) {
        struct machine machine = machine_of(1);

        clock_start(seed);
        for (unsigned i = 1 + chance_below(5); i > 0; i--) {
            machine.cores = 1 + chance_below(8);
            machine.slowness = 0.1 * (1 + chance_below(100));
            machine.hangs = chance_percent(20);
            machine.supply = chance_below(4);
            (void)run(&machine, chance_below(MINUTE));
            while (chance_percent(50) && machine.count > 0)
                end_call(&machine, 0, any_outcome(100));
        }
        machine.cores = 8;
        machine.slowness = 1;
        machine.hangs = false;
        machine.supply = 0;
        (void)run(&machine, 2 * MINUTE);
        assert_between(run(&machine, MINUTE), 4, 12);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_one_core_is_given_one_call),
        cmocka_unit_test(test_as_many_as_there_are_cores),
        cmocka_unit_test(test_it_does_not_take_long),
        cmocka_unit_test(test_more_than_the_most_is_never_tried),
        cmocka_unit_test(test_it_backs_off_from_who_gets_slow),
        cmocka_unit_test(test_kinds_that_come_later),
        cmocka_unit_test(test_it_gets_used_to_other_times),
        cmocka_unit_test(test_others_come_and_go),
        cmocka_unit_test(test_it_recovers_after_a_hang),
        cmocka_unit_test(test_late_answers_do_not_spoil_it),
        cmocka_unit_test(test_one_late_answer_does_not_spoil_it),
        cmocka_unit_test(test_what_makes_up_for_another_is_found_out),
        cmocka_unit_test(test_nothing_is_concluded_from_little),
        cmocka_unit_test(test_waiting_for_news_tells_nothing),
        cmocka_unit_test(test_what_found_nothing_is_another_kind),
        cmocka_unit_test(test_who_asks_for_patience_has_it),
        cmocka_unit_test(test_a_fixed_pace),
        cmocka_unit_test(test_another_most),
        cmocka_unit_test(test_bounds_hold_whatever_comes),
        cmocka_unit_test(test_it_is_never_stuck),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
