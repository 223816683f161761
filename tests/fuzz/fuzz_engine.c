/*
 * The engine, with a script: the input says which messages come, what becomes of each call and when it is
 * answered, when the daemon is killed or loses its connection, what others change, and how time passes. All
 * chance of the simulation is read from it.
 *
 * Whatever the script says: nothing forbidden is done (the simulation judges that); there are never more than
 * so many calls, and no more is remembered than may be; once nothing goes wrong any more all messages end,
 * each once; the world is then as if they had been handled one after the other; and when the last one comes
 * again, nothing is written. In wild plays others act at any time, and the homeserver refuses what it likes.
 * Then nobody can say what the world should be like, but all else holds.
 */
#include "engine/simulation/script.h"
#include "fuzz.h"

#include "base/log.h"
#include "base/memory.h"

#include <stdlib.h>
#include <string.h>

/* Reaches: engine/account.c engine/attempts.c engine/deeds.c engine/echo.c engine/engine.c engine/errands.c
 * engine/flight.c engine/front.c engine/gate.c engine/held.c engine/ledger.c engine/lineage.c engine/mirror.c
 * engine/order.c engine/outlet.c engine/ownership.c engine/pace.c engine/plan.c engine/protection.c
 * engine/raising.c engine/removal.c engine/rest.c engine/restraint.c engine/room.c engine/room_facts.c
 * engine/room_known.c engine/room_learn.c engine/room_report.c engine/subjects.c engine/told.c engine/turns.c
 * engine/user.c engine/user_known.c engine/user_learn.c engine/wants.c engine/welcome.c engine/witness.c */

/* All that happens is counted, not only what the input brings. */
const struct fuzz_bound fuzz_bound = {.memory = 2000, .blocks = 300, .steps = 5000};

enum {
    SECOND = 1000,
    MINUTE = 60 * SECOND,
    LIMIT = 240 * MINUTE,   /* until all messages have ended, from when nothing goes wrong any more */
    FAILING = 10 * MINUTE,  /* what fails for so long is given up */
    LIST_LIFE = SECOND + 1, /* so old may the list of rooms be, which alone tells of one that was purged */
    MOST_LETTERS = 30,
    MOST_STEPS = 40,
    MOST_CALLS_A_SECOND = 50,  /* where nothing succeeds */
    MOST_CALLS_A_LETTER = 400, /* each time that it is delivered */
};

struct play {
    struct world *expected, *world;
    struct stage *stage;
    size_t judged; /* so many letters were applied to the expected world */
    bool wild;
    struct engine_figures figures;
};

static void check(const struct play *play, bool holds, const char *what)
{
    if (!holds)
        world_accuse(play->world, "%s", what);
    if (!world_is_good(play->world, 0))
        abort();
}

/* ---- what must hold ---- */

/* What the sync cannot know of, where others act between its look and its deed. */
static bool is_excusable(const char *crime)
{
    static const char *const words[] = {
        "which is not ours", "which is sound", "being made",       "room that is there",
        "is lowered",        "is raised",      "other levels",     "not read right",
        "is deactivated",    "an address",     "was there before", "wrong room",
        "is reactivated",    "without a look", "taken away",       "there was never"};

    for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
        if (strstr(crime, words[i]))
            return true;
    return false;
}

static unsigned deliveries(const struct stage *stage)
{
    unsigned count = 1;

    for (size_t i = 0; i < stage->letter_count; i++)
        count += stage->letters[i].deliveries;
    return count;
}

static void look(struct play *play)
{
    const struct stage *stage = play->stage;
    struct engine_figures *figures = &play->figures;

    if (play->wild && is_excusable(play->world->crime))
        play->world->crime[0] = '\0';
    engine_look(stage->engine, NULL, figures);
    check(play, figures->calls == stage->transit_count, "it counts other calls than there are");
    check(play, figures->mirror_bytes <= stage->most_memory, "more is remembered than may be");
    check(play, stage->calls <= MOST_CALLS_A_LETTER * deliveries(stage), "it asks without end");
}

/* That the homeserver kept failing is nothing that the model knows of. */
static bool is_given_up(const struct play *play, const struct letter *letter)
{
    if (!letter->rejected || letter->code != REQUEST_HOMESERVER_FAILING)
        return false;
    check(play, letter->ended_at - letter->delivered_at >= FAILING, "a message is given up too soon");
    return true;
}

static void judge(struct play *play)
{
    for (size_t i = play->judged; i < play->stage->letter_count; i++)
        play->wild = is_given_up(play, &play->stage->letters[i]) || play->wild;
    if (!play->wild)
        script_check(play->expected, play->stage, play->judged);
    play->judged = play->stage->letter_count;
}

/* Nothing goes wrong any more, and all messages end. */
static void settle(struct play *play)
{
    struct stage *stage = play->stage;

    stage->homeserver.patience = stage->losses = stage->deeds = 0;
    if (stage_run(stage, LIMIT))
        judge(play);
    look(play);
}

/* ---- steps ---- */

static void post(struct play *play)
{
    if (play->stage->letter_count < MOST_LETTERS)
        script_post(play->stage);
}

static void post_again(struct play *play)
{
    struct stage *stage = play->stage;

    if (stage->letter_count > 0 && stage->letter_count < MOST_LETTERS)
        stage_post(stage, "%s", stage->letters[chance_below((unsigned)stage->letter_count)].text);
}

static void run(struct play *play)
{
    stage_run_for(play->stage, chance_below(chance_percent(50) ? 100 : MINUTE));
}

static void make_trouble(struct play *play)
{
    play->stage->homeserver.trouble = chance_below(60);
    play->stage->homeserver.patience = chance_below(20);
    play->stage->losses = chance_below(3);
    if (play->wild)
        play->stage->deeds += chance_below(10);
}

/* For a while all calls of a kind fail, or all that there are. */
static void curse(struct play *play)
{
    struct stage *stage = play->stage;
    unsigned before = stage->calls, length = chance_below(MINUTE);
    bool everything = chance_percent(30);

    stage->homeserver.curse = (enum fate)(FATE_LOST + chance_below(FATE_RACE - FATE_LOST));
    stage->homeserver.cursed_kind = everything ? -1 : (int)chance_below(SYNAPSE_KINDS);
    stage_run_for(stage, length);
    stage->homeserver.curse = FATE_NORMAL;
    if (everything)
        check(play, stage->calls - before <= MOST_CALLS_A_SECOND * (1 + length / SECOND), "it storms");
}

static void kill_at_a_call(struct play *play)
{
    static const enum fate ways[] = {FATE_LOST, FATE_UNANSWERED, FATE_CUT};
    unsigned call = 1 + chance_below(30);

    if (stage_run_and_crash(play->stage, call, ways[chance_below(3)]))
        stage_restart(play->stage);
}

static void kill_at_any_time(struct play *play)
{
    stage_restart(play->stage);
}

static void lose_connection(struct play *play)
{
    stage_lose_connection(play->stage);
}

/* Nobody knows whether somebody else is at work on the messages. */
static void lose_touch(struct play *play)
{
    unsigned before;

    run(play);
    before = play->stage->calls;
    play->stage->out_of_touch = true;
    stage_run_for(play->stage, chance_below(5 * SECOND));
    play->stage->out_of_touch = false;
    play->stage->lease_since = instant_now();
    check(play, play->stage->calls == before, "a call is made while others may be at work");
}

static void hurry(struct play *play)
{
    stage_set_rest(play->stage, chance_percent(50) ? chance_below(11) : 0);
}

static void let_time_pass(struct play *play)
{
    (void)play;
    clock_pass(chance_below(70 * MINUTE));
}

/* The same in both worlds. */
static void meddle(struct play *play)
{
    struct chance mark;

    if (!play->wild)
        settle(play);
    if (play->wild) {
        others_act(play->world);
        return;
    }
    mark = chance_mark();
    others_meddle(play->expected, play->world->lag == 0);
    chance_return(mark);
    others_meddle(play->world, play->world->lag == 0);
    clock_pass(LIST_LIFE);
}

static void (*const steps[])(struct play *play) = {
    post,
    post,
    post,
    post_again,
    run,
    run,
    make_trouble,
    curse,
    kill_at_a_call,
    kill_at_a_call,
    kill_at_any_time,
    lose_connection,
    lose_touch,
    hurry,
    let_time_pass,
    meddle,
    settle,
};

/* ---- the whole ---- */

static void set_up(struct play *play)
{
    struct stage *stage = play->stage;

    stage_init(stage, play->world, 1 + chance_below(8));
    stage->homeserver.cursed_kind = -1;
    play->wild = chance_percent(40);
    stage->homeserver.races = play->wild ? 20 : 0;
    stage->homeserver.refuses = play->wild;
    stage->acks_at_once = chance_percent(30);
    stage->all_at_once = chance_percent(50);
    play->world->mute = chance_percent(10);
    play->world->lag = chance_percent(30) ? 1 + chance_below(3000) : 0;
    if (chance_percent(80))
        stage_use_mirror(stage, chance_percent(60) ? 1 << 20 : chance_below(3000));
    if (chance_percent(50))
        stage_use_pace(stage);
}

/* The first time something of the mirror may still be marked. */
static void post_the_last_again(struct play *play)
{
    struct stage *stage = play->stage;
    unsigned writes = 0;

    for (int i = 0; i < 2; i++) {
        clock_pass(LIST_LIFE);
        writes = play->world->writes;
        stage_post(stage, "%s", stage->letters[stage->letter_count - 1].text);
        settle(play);
    }
    check(play, stage->letters[stage->letter_count - 1].rejected || play->world->writes == writes,
          "something is written again");
}

static void clear(struct play *play)
{
    stage_deinit(play->stage);
    free(play->stage);
    script_world_free(play->world);
    script_world_free(play->expected);
}

void fuzz_try(const uint8_t *data, size_t size)
{
    struct play play = {.judged = 0};

    if (size == 0)
        return;
    log_configure(LOG_ERROR, LOG_LOGFMT);
    play.expected = script_world(data[0]);
    play.world = script_world(data[0]);
    play.stage = NEW(struct stage);
    chance_follow(data + 1, size - 1);
    set_up(&play);
    for (unsigned i = 0; i < MOST_STEPS && chance_mark().left > 0; i++) {
        steps[chance_below(sizeof(steps) / sizeof(steps[0]))](&play);
        look(&play);
    }
    settle(&play);
    if (play.stage->letter_count > 0)
        post_the_last_again(&play);
    clear(&play);
}
