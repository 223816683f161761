/*
 * Storms: whatever the homeserver answers, and whatever is learnt from that, it is not asked without end. The
 * answers that each kind of call gets are enumerated, drawn, and looked for by climbing from bad ones to
 * worse ones.
 */

#include "base/log.h"
#include "engine/simulation/adversary.h"
#include "support/test.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    MINUTE = 60 * 1000,  /* ms */
    MOST_CALLS = 4000,   /* a storm has been seen, if there are so many */
    MOST_AT_A_TIME = 50, /* calls within a second where nothing succeeds */
    MOST_IN_A_MINUTE = 500,
    MOST_ROOMS = 30,          /* that are made within a minute, where messages want two */
    MOST_ROOMS_FOR_LONG = 60, /* within ten */
    FIRST_SEED = 20241130,
    POLICIES = 100000, /* more than make a difference */
    DRAWN = 150,
    CLIMBS = 10,
    STEPS = 40,
};

static const char *const pupil[] = {
    "{'method': 'addUser', 'user': {'id': '@anna:school', 'name': 'Anna', 'email': 'a@b.c'}, "
    "'welcome': {'text': 'Hello'}, 'rooms': [{'type': 'course', 'id': '1', 'name': 'Maths'}]}"};
static const char *const member[] = {"{'method': 'addUser', 'user': {'id': '@anna:school'}, 'rooms': "
                                     "[{'type': 'course', 'id': '1', 'name': 'Maths'}]}"};
static const char *const course[] = {
    "{'method': 'addRoom', 'room': {'type': 'course', 'id': '1', 'name': 'Maths'}, 'members': "
    "[{'id': '@anna:school', 'is_moderator': true}, {'id': '@bert:school'}]}"};
static const char *const empty_room[] = {
    "{'method': 'addRoom', 'room': {'type': 'course', 'id': '1', 'name': 'Maths'}, 'members': []}"};
static const char *const crowd[] = {
    "{'method': 'addUser', 'user': {'id': '@pupil_$N:school'}, 'rooms': [{'type': 'course', 'id': '$N', "
    "'name': 'Maths'}]}"};
static const char *const removals[] = {"{'method': 'removeUser', 'user': {'id': '@anna:school'}}",
                                       "{'method': 'removeRoom', 'room': {'type': 'course', 'id': '1'}}"};
static const char *const all_sorts[] = {
    "{'method': 'addUser', 'user': {'id': '@anna:school', 'name': 'Anna'}, 'welcome': {'text': 'Hello'}, "
    "'rooms': [{'type': 'course', 'id': '1', 'name': 'Maths'}, {'type': 'course', 'id': '2', 'name': "
    "'Art'}]}",
    "{'method': 'addRoom', 'room': {'type': 'course', 'id': '1', 'name': 'Maths'}, 'members': "
    "[{'id': '@bert:school', 'is_moderator': true}, {'id': '@carl:school'}]}",
    "{'method': 'addUser', 'user': {'id': '@carl:school', 'name': 'Carl'}, "
    "'rooms': [{'type': 'course', 'id': '1', 'name': 'Maths', 'is_moderator': true}]}",
    "{'method': 'removeRoom', 'room': {'type': 'course', 'id': '2'}}",
    "{'method': 'removeUser', 'user': {'id': '@bert:school'}}",
};

#define PLAY(of) .messages = (of), .message_count = sizeof(of) / sizeof((of)[0])

/* ---- what is no storm ---- */

static bool is_calm(const struct adversary_run *run)
{
    return run->calls < MOST_IN_A_MINUTE && run->rooms < MOST_ROOMS;
}

static void play(struct adversary_run *run, const struct adversary_policy *policy)
{
    *run = (struct adversary_run){.policy = policy,
                                  .messages = run->messages,
                                  .message_count = run->message_count,
                                  .endless = run->endless,
                                  .prefetch = run->prefetch,
                                  .mirrors = run->mirrors,
                                  .length = run->length ? run->length : MINUTE,
                                  .most = MOST_CALLS};
    adversary_play(run);
}

static void check(const struct adversary_run *run)
{
    if (is_calm(run))
        return;
    adversary_tell(run);
    fail();
}

/* ---- one answer for each kind of call ---- */

static void one_answer(struct adversary_policy *policy)
{
    memset(policy, 0, sizeof(*policy));
    for (unsigned kind = 0; kind < ADVERSARY_KINDS; kind++)
        policy->length[kind] = 1;
}

/* The next policy that makes a difference: another answer to the last kind that was called for the first
   time, or where there is none, to the one before it. False: that were all. */
static bool next_policy(struct adversary_policy *policy, const struct adversary_run *run)
{
    for (unsigned i = run->kinds; i-- > 0;) {
        unsigned *answer = &policy->answers[run->order[i]][0];

        if (++*answer < adversary_answers(run->order[i]))
            return true;
        *answer = 0;
    }
    return false;
}

static void try_all(struct adversary_run run)
{
    struct adversary_policy policy;
    unsigned left = test_share(POLICIES);

    one_answer(&policy);
    do {
        play(&run, &policy);
        check(&run);
    } while (--left > 0 && next_policy(&policy, &run));
}

static void test_every_constant_answer_to_removals(void **state)
{
    (void)state;
    try_all((struct adversary_run){PLAY(removals)});
}

static void test_every_constant_answer_to_an_empty_room(void **state)
{
    (void)state;
    try_all((struct adversary_run){PLAY(empty_room)});
}

/* ---- drawn ---- */

/* Cycles of one to four answers, or each by chance; or one for each kind. */
static void draw(struct adversary_policy *policy, unsigned longest)
{
    for (unsigned kind = 0; kind < ADVERSARY_KINDS; kind++) {
        policy->length[kind] = longest == 1 ? 1 : chance_below(longest + 1);
        for (unsigned turn = 0; turn < ADVERSARY_CYCLE; turn++)
            policy->answers[kind][turn] = chance_below(adversary_answers(kind));
    }
}

static void try_drawn(struct adversary_run run, unsigned longest)
{
    for (unsigned i = 0; i < test_share(DRAWN); i++) {
        struct adversary_policy policy = {.length = {0}};

        clock_start(FIRST_SEED + i);
        draw(&policy, longest);
        play(&run, &policy);
        check(&run);
    }
}

static void test_one_answer_for_each_kind(void **state)
{
    (void)state;
    try_drawn((struct adversary_run){PLAY(pupil)}, 1);
    try_drawn((struct adversary_run){PLAY(pupil), .mirrors = true}, 1);
    try_drawn((struct adversary_run){PLAY(course)}, 1);
    try_drawn((struct adversary_run){PLAY(course), .mirrors = true}, 1);
}

static void test_any_answers(void **state)
{
    (void)state;
    try_drawn((struct adversary_run){PLAY(pupil), .mirrors = true}, ADVERSARY_CYCLE);
    try_drawn((struct adversary_run){PLAY(course), .mirrors = true}, ADVERSARY_CYCLE);
    try_drawn((struct adversary_run){PLAY(removals)}, ADVERSARY_CYCLE);
    try_drawn((struct adversary_run){PLAY(all_sorts), .mirrors = true}, ADVERSARY_CYCLE);
}

/* ---- looked for ---- */

static void change(struct adversary_policy *policy, const struct adversary_run *run)
{
    unsigned kind = run->order[chance_below(run->kinds)];
    unsigned turn = chance_below(ADVERSARY_CYCLE);

    if (chance_percent(30))
        policy->length[kind] = 1 + chance_below(ADVERSARY_CYCLE);
    policy->answers[kind][turn] = chance_below(adversary_answers(kind));
}

/* From a policy to a worse one next to it, until there is none. */
static void climb(struct adversary_run run, uint64_t seed)
{
    struct adversary_policy policy = {.length = {0}}, other;
    struct adversary_run better = run;
    struct chance mark;

    clock_start(seed);
    draw(&policy, ADVERSARY_CYCLE);
    mark = chance_mark();
    play(&run, &policy);
    for (unsigned step = 0; step < STEPS; step++) {
        check(&run);
        other = policy;
        chance_return(mark);
        change(&other, &run);
        mark = chance_mark();
        better = run;
        play(&better, &other);
        if (better.calls < run.calls)
            continue;
        policy = other;
        run = better;
        run.policy = &policy;
    }
}

static void try_to_climb(struct adversary_run run)
{
    for (unsigned i = 0; i < test_share(CLIMBS); i++)
        climb(run, FIRST_SEED + i);
}

static void test_what_makes_it_ask_most(void **state)
{
    (void)state;
    try_to_climb((struct adversary_run){PLAY(pupil), .mirrors = true});
    try_to_climb((struct adversary_run){PLAY(course), .mirrors = true});
    try_to_climb((struct adversary_run){PLAY(removals)});
    try_to_climb((struct adversary_run){PLAY(all_sorts)});
}

/* ---- pauses that grow ---- */

static unsigned kind_of(unsigned kind, const char *word)
{
    for (unsigned i = 0; i < adversary_answers(kind); i++)
        if (strstr(adversary_word(kind, i), word))
            return i;
    abort();
}

/* Each room is made, nobody may join it, and then it is gone. */
static void test_rooms_that_are_gone_at_once(void **state)
{
    struct adversary_run run = {PLAY(member), .endless = true, .prefetch = 64, .length = 10 * MINUTE};
    struct adversary_policy policy;

    (void)state;
    one_answer(&policy);
    policy.answers[SYNAPSE_JOIN_USER][0] = kind_of(SYNAPSE_JOIN_USER, "403");
    policy.answers[SYNAPSE_READ_STATE][0] = kind_of(SYNAPSE_READ_STATE, "404");
    play(&run, &policy);
    assert_in_range(run.rooms, 1, MOST_ROOMS_FOR_LONG);
    assert_in_range(run.calls, 1, MOST_IN_A_MINUTE);
}

/* ---- a full queue where nothing succeeds ---- */

static void test_nothing_succeeds(void **state)
{
    (void)state;
    for (unsigned which = 0; which < ADVERSARY_FAILURES; which++) {
        struct adversary_run run = {PLAY(crowd), .endless = true, .prefetch = 64, .mirrors = which % 2 == 0};
        struct adversary_policy policy;

        one_answer(&policy);
        for (unsigned kind = 0; kind < ADVERSARY_KINDS; kind++)
            policy.answers[kind][0] = adversary_failure(kind, which);
        play(&run, &policy);
        if (run.in_a_second > MOST_AT_A_TIME)
            adversary_tell(&run);
        assert_in_range(run.in_a_second, 1, MOST_AT_A_TIME);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_constant_answer_to_removals),
        cmocka_unit_test(test_every_constant_answer_to_an_empty_room),
        cmocka_unit_test(test_one_answer_for_each_kind),
        cmocka_unit_test(test_any_answers),
        cmocka_unit_test(test_what_makes_it_ask_most),
        cmocka_unit_test(test_rooms_that_are_gone_at_once),
        cmocka_unit_test(test_nothing_succeeds),
    };

    log_configure(LOG_ERROR, LOG_LOGFMT);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
