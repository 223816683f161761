/*
 * The homeserver that is only read: for random messages in random worlds (tests/unit/engine/simulation), and
 * for cases that are hard to come by at random, what is foreseen is what then happens, and to foresee it
 * changes nothing.
 */
#include "engine/assumed.h"

#include "base/log.h"
#include "base/memory.h"
#include "engine/assumed_world.h"
#include "engine/simulation/model.h"
#include "engine/simulation/script.h"
#include "engine/simulation/stage.h"
#include "support/test.h"

#include <stdlib.h>
#include <string.h>

enum {
    CASES = 700,
    FIRST_SEED = 20261129,
    LIMIT = 4 * 3600 * 1000, /* ms of a case */
};

/* A case that is not random. */
struct plot {
    void (*prepare)(struct world *world);
    bool all_at_once;        /* else each message comes when the one before it is over */
    bool roughly;            /* how often the same is changed is up to chance */
    const char *messages[4]; /* NULL at the end */
};

/* All that was changed, in words, without regard to when and for which message. */
struct changes_made {
    char *list[2000];
    size_t count;
};
static struct changes_made foreseen_changes, real_changes, *noted;

static void note(void *context, struct engine_message *message, const struct engine_deed *deed)
{
    (void)context;
    (void)message;
    if (noted->count == sizeof(noted->list) / sizeof(noted->list[0]))
        abort();
    noted->list[noted->count++] =
        text_format("%s %s %s %s=%s %d", engine_change_name(deed->change), deed->user ? deed->user : "-",
                    deed->room ? deed->room : "-", deed->setting ? deed->setting : "",
                    deed->name ? deed->name : "-", (int)deed->level);
}

static int by_words(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

static void forget(struct changes_made *changes)
{
    for (size_t i = 0; i < changes->count; i++)
        free(changes->list[i]);
    changes->count = 0;
}

static void compare_changes(struct world *world)
{
    struct changes_made *a = &foreseen_changes, *b = &real_changes;
    size_t i = 0, k = 0;

    qsort(a->list, a->count, sizeof(char *), by_words);
    qsort(b->list, b->count, sizeof(char *), by_words);
    while (i < a->count || k < b->count) {
        int order = i == a->count ? 1 : k == b->count ? -1 : strcmp(a->list[i], b->list[k]);

        if (order != 0)
            world_accuse(world, order < 0 ? "only foreseen: %s" : "not foreseen: %s",
                         order < 0 ? a->list[i] : b->list[k]);
        i += order <= 0;
        k += order >= 0;
    }
}

static void post_by_chance(struct stage *stage, uint64_t seed)
{
    clock_start(seed + 1);
    for (unsigned i = 2 + chance_below(25); i > 0; i--)
        script_post(stage);
    clock_start(chance_below(1000));
}

static void post_plot(struct stage *stage, const struct plot *plot)
{
    for (const char *const *message = plot->messages; *message; message++) {
        stage_post(stage, "%s", *message);
        if (!plot->all_at_once)
            (void)stage_run(stage, LIMIT);
    }
}

/* A stage with the messages of the plot (NULL: of the seed), played to the end. */
static struct stage *play(struct world *world, uint64_t seed, const struct plot *plot, bool assumes)
{
    struct stage *stage = NEW(struct stage);

    stage_init(stage, world, 1 + chance_below(8));
    if (assumes)
        stage_only_assume(stage);
    stage->all_at_once = true;
    stage->changed = note;
    noted = assumes ? &foreseen_changes : &real_changes;
    forget(noted);
    if (plot)
        post_plot(stage, plot);
    else
        post_by_chance(stage, seed);
    (void)stage_run(stage, LIMIT);
    return stage;
}

static struct world *world_of(uint64_t seed, const struct plot *plot)
{
    struct world *world;

    if (!plot)
        return script_world(seed);
    clock_start(seed);
    world = NEW(struct world);
    world_init(world);
    plot->prepare(world);
    return world;
}

static void end(struct stage *stage)
{
    stage_deinit(stage);
    free(stage);
}

static void compare_ends(const struct stage *foreseen, const struct stage *real)
{
    for (size_t i = 0; i < real->letter_count; i++) {
        const struct letter *one = &foreseen->letters[i], *other = &real->letters[i];

        if (one->rejected != other->rejected)
            world_accuse(real->world, "message %zu: foreseen %s%s, then %s%s", i,
                         one->rejected ? "rejected: " : "done", one->detail,
                         other->rejected ? "rejected: " : "done", other->detail);
        if (strlen(one->warnings) != strlen(other->warnings)) /* they come in any order */
            world_accuse(real->world, "message %zu: foreseen %s, then %s", i, one->warnings, other->warnings);
    }
}

static bool run_case(uint64_t seed, const void *plot)
{
    struct world *world = world_of(seed, plot), *untouched = world_of(seed, plot);
    struct stage *foreseen = play(world, seed, plot, true), *real;
    struct buffer difference;
    bool good;

    buffer_init(&difference, 400);
    model_compare(untouched, world, &difference);
    if (difference.size > 0 || world->writes > 0)
        world_accuse(world, "to foresee it changed something: %s", buffer_text(&difference));
    real = play(untouched, seed, plot, false);
    compare_ends(foreseen, real);
    if (!plot || !((const struct plot *)plot)->roughly)
        compare_changes(untouched);
    good = world_is_good(untouched, seed) && world_is_good(world, seed);
    end(foreseen);
    end(real);
    buffer_deinit(&difference);
    script_world_free(world);
    script_world_free(untouched);
    return good;
}

static void test_what_is_foreseen_happens(void **state)
{
    (void)state;
    assert_true(world_try_cases(FIRST_SEED, CASES, run_case, NULL));
}

/* ---- cases that are hard to come by at random ---- */

#define ADD_ANNA "{'method': 'addUser', 'user': {'id': '@anna:school', 'name': 'Anna'}, "
#define MODERATES_MATHS "'rooms': [{'type': 'course', 'id': '1', 'name': 'Maths', 'is_moderator': true}]}"
#define MATHS_ALIAS "#course_1:school"

/* So often, with other chances each time; and that has to be among what is foreseen. */
static void assert_foreseen(const struct plot *plot, const char *change)
{
    enum { TIMES = 20 };
    bool found = false;

    for (uint64_t seed = FIRST_SEED; seed < FIRST_SEED + TIMES; seed++)
        assert_true(run_case(seed, plot));
    for (size_t i = 0; i < foreseen_changes.count; i++)
        found = found || strncmp(foreseen_changes.list[i], change, strlen(change)) == 0;
    assert_true(found);
}

/* Whom we made, and who is still to be greeted; to where the alias of the greeting leads. */
static struct world_room *prepare_anna(struct world *world, enum world_stage stage)
{
    struct world_user *anna = &world->users[0];
    CLEANUP(freep) char *alias = synapse_welcome_alias(anna->id);
    struct world_room *room = world_make_room(world, alias, world->rules.sync_user, stage);

    world_make_user(world, anna, "Anna", NULL);
    anna->ours = anna->has_record = anna->record.open = true;
    room->greets = anna->id;
    text_set(&room->state->made_to_welcome, anna->id);
    return room;
}

static void prepare_half_made_welcome(struct world *world)
{
    (void)prepare_anna(world, STAGE_JOINED);
}

static void prepare_lost_welcome(struct world *world)
{
    struct world_room *room = prepare_anna(world, STAGE_ALL);
    CLEANUP(freep) char *alias = synapse_welcome_alias("@anna:school");

    world_purge(world, room);
    world_alias(world, alias)->room = room;
}

static void prepare_sound_welcome(struct world *world)
{
    room_state_set_membership(prepare_anna(world, STAGE_ALL)->state, "@anna:school", MEMBERSHIP_INVITE);
}

/* It is removed, which is waited for, and the alias is free then. */
static void test_a_welcome_room_that_is_made_anew(void **state)
{
    static const struct plot half_made = {.prepare = prepare_half_made_welcome,
                                          .messages = {ADD_ANNA "'welcome': {'text': 'Hello'}}"}};
    static const struct plot lost = {.prepare = prepare_lost_welcome,
                                     .messages = {ADD_ANNA "'welcome': {'text': 'Hello'}}"}};
    static const struct plot sound = {.prepare = prepare_sound_welcome,
                                      .messages = {ADD_ANNA "'welcome': {'text': 'Hello'}}"}};

    (void)state;
    assert_foreseen(&half_made, "welcomed @anna:school");
    assert_foreseen(&lost, "welcomed @anna:school");
    assert_foreseen(&sound, "welcomed @anna:school");
}

static void prepare_nothing(struct world *world)
{
    (void)world;
}

/* The member of the first message is to be greeted by the second one. */
static void test_a_record_that_was_opened(void **state)
{
    static const struct plot plot = {
        .prepare = prepare_nothing,
        .messages = {"{'method': 'addRoom', 'room': {'type': 'course', 'id': '1', 'name': 'Maths'}, "
                     "'members': [{'id': '@anna:school'}]}",
                     ADD_ANNA "'welcome': {'text': 'Hello'}}"}};

    (void)state;
    assert_foreseen(&plot, "welcomed @anna:school");
}

/* An admin put the sync user out; Bert, who is still in, has the power to let it in again. */
static void prepare_exile(struct world *world)
{
    struct world_room *room = world_make_room(world, MATHS_ALIAS, world->rules.sync_user, STAGE_ALL);

    world_make_user(world, &world->users[0], "Anna", NULL);
    world_make_user(world, &world->users[1], "Bert", NULL);
    world_set_user_level(room, "@bert:school", 100);
    world_set_user_level(room, world->rules.sync_user, 0);
    world_move(world, room, "@bert:school", MEMBERSHIP_JOIN);
    world_move(world, room, world->rules.sync_user, MEMBERSHIP_LEAVE);
}

/* That of another sync user, before this one. */
static void prepare_heritage(struct world *world)
{
    const char *former = world->users[WORLD_FORMER].id;
    struct world_room *room = world_make_room(world, MATHS_ALIAS, former, STAGE_ALL);

    world_make_user(world, &world->users[0], "Anna", NULL);
    world_make_user(world, &world->users[1], "Bert", NULL);
    world_set_user_level(room, "@bert:school", 100);
    world_move(world, room, "@bert:school", MEMBERSHIP_JOIN);
    world_move(world, room, former, MEMBERSHIP_LEAVE);
}

/* It is only assumed to be in, so it may not read the levels there. */
static void test_a_room_that_the_sync_user_comes_into(void **state)
{
    static const struct plot exile = {.prepare = prepare_exile, .messages = {ADD_ANNA MODERATES_MATHS}};
    static const struct plot heritage = {.prepare = prepare_heritage, .messages = {ADD_ANNA MODERATES_MATHS}};

    (void)state;
    assert_foreseen(&exile, "raised @anna:school " MATHS_ALIAS);
    assert_foreseen(&heritage, "raised @anna:school " MATHS_ALIAS);
}

/* Two of them, as old as each other; nobody is in the room any more. */
static void prepare_two_aliases(struct world *world)
{
    struct world_room *room = world_make_room(world, MATHS_ALIAS, world->rules.sync_user, STAGE_ALL);

    world_alias(world, "#course_2:school")->room = room;
    world_empty(world, room);
    world->removing = true;
}

static void test_an_empty_room_to_which_two_aliases_lead(void **state)
{
    static const struct plot plot = {
        .prepare = prepare_two_aliases,
        .all_at_once = true,
        .roughly = true,
        .messages = {"{'method': 'removeRoom', 'room': {'type': 'course', 'id': '1'}}",
                     "{'method': 'removeRoom', 'room': {'type': 'course', 'id': '2'}}"}};

    (void)state;
    assert_foreseen(&plot, "removed_rooms");
}

static void prepare_upgraded(struct world *world)
{
    struct world_room *room = world_make_room(world, MATHS_ALIAS, world->rules.sync_user, STAGE_ALL);

    world_move(world, room, "@bert:school", MEMBERSHIP_JOIN);
    (void)world_upgrade(world, world_alias(world, MATHS_ALIAS), world->rules.sync_user);
    world->removing = true;
}

static void test_a_room_that_was_upgraded(void **state)
{
    static const struct plot plot = {
        .prepare = prepare_upgraded,
        .messages = {"{'method': 'removeRoom', 'room': {'type': 'course', 'id': '1'}}"}};

    (void)state;
    assert_foreseen(&plot, "removed_rooms");
}

/* Anna's account is there, the others are not. */
static void prepare_accounts(struct world *world)
{
    struct world_user *anna = &world->users[0];

    for (size_t i = 0; i < world->user_count; i++)
        world->users[i].account.retires_at = INSTANT_NEVER;
    world->rules.mas = world->rules.reactivate = true;
    world_make_user(world, anna, "Anna", NULL);
    anna->account.here = true;
}

static void test_accounts_of_mas(void **state)
{
    static const struct plot again = {
        .prepare = prepare_accounts,
        .roughly = true,
        .messages = {"{'method': 'removeUser', 'user': {'id': '@anna:school'}}", ADD_ANNA "'rooms': []}"}};
    static const struct plot address = {
        .prepare = prepare_accounts,
        .roughly = true,
        .messages = {
            "{'method': 'addUser', 'user': {'id': '@bert:school', 'name': 'B', 'email': 'one@school'}}",
            "{'method': 'addUser', 'user': {'id': '@carl:school', 'name': 'C', 'email': 'one@school'}}"}};

    (void)state;
    assert_foreseen(&again, "reactivated @anna:school");
    assert_foreseen(&address, "created_users @carl:school");
}

/* ---- one call ---- */

/* A homeserver that waits to be told what to answer. */
struct parrot {
    void (*done)(void *context, struct synapse_reply *reply);
    void *context;
    int64_t doubted;
};

static void keep_call(void *homeserver, const struct synapse_call *call,
                      void (*done)(void *context, struct synapse_reply *reply), void *context)
{
    struct parrot *parrot = homeserver;

    assert_int_equal(call->kind, SYNAPSE_RESOLVE_ALIAS);
    parrot->done = done;
    parrot->context = context;
}

static void note_doubt(void *homeserver, int64_t retry_after)
{
    ((struct parrot *)homeserver)->doubted = retry_after;
}

struct listener {
    struct loop *loop;
    struct synapse_reply heard; /* without what it owned */
};

static void hear(void *context, struct synapse_reply *reply)
{
    struct listener *listener = context;

    listener->heard = *reply;
    loop_stop(listener->loop);
}

static void ask_for_welcome_room(struct assumed *assumed, struct listener *listener)
{
    const struct engine_homeserver homeserver = assumed_homeserver(assumed);
    const struct synapse_call call = {
        .kind = SYNAPSE_CREATE_WELCOME_ROOM, .user = "@anna:school", .alias = "#sync_anna:school"};

    homeserver.send(homeserver.homeserver, &call, hear, listener);
}

/* The alias is looked up first. What stands in the way of that is told with its reason and its pause. */
static void test_why_a_welcome_room_cannot_be_foreseen(void **state)
{
    const struct engine_rules rules = {.server_name = "school", .sync_user = "@sync:school"};
    struct parrot parrot = {.done = NULL};
    const struct engine_homeserver real = {.homeserver = &parrot, .send = keep_call, .doubt = note_doubt};
    struct synapse_reply reply = {.outcome = SYNAPSE_LIMITED, .retry_after = 5000};
    struct error error;
    struct listener listener = {.loop = loop_new(&error)};
    struct assumed *assumed = assumed_new(&real, &rules, listener.loop);

    (void)state;
    (void)error_set(&reply.problem, "too many requests");
    ask_for_welcome_room(assumed, &listener);
    parrot.done(parrot.context, &reply);
    assert_int_equal(listener.heard.outcome, SYNAPSE_LIMITED);
    assert_int_equal(listener.heard.retry_after, 5000);
    assert_string_equal(listener.heard.problem.text, "too many requests");
    assumed_homeserver(assumed).doubt(assumed, 7000);
    assert_int_equal(parrot.doubted, 7000);

    ask_for_welcome_room(assumed, &listener); /* and nobody waits for the answer */
    assumed_free(assumed);
    loop_free(listener.loop);
}

static void test_two_welcome_rooms_of_one_alias(void **state)
{
    const struct engine_rules rules = {.server_name = "school", .sync_user = "@sync:school"};
    struct parrot parrot = {.done = NULL};
    const struct engine_homeserver real = {.homeserver = &parrot, .send = keep_call, .doubt = note_doubt};
    struct synapse_reply reply = {.outcome = SYNAPSE_ABSENT, .retry_after = -1};
    struct error error;
    struct listener listener = {.loop = loop_new(&error)};
    struct assumed *assumed = assumed_new(&real, &rules, listener.loop);

    (void)state;
    ask_for_welcome_room(assumed, &listener);
    parrot.done(parrot.context, &reply);
    assert_int_equal(listener.heard.outcome, SYNAPSE_OK);
    synapse_reply_deinit(&reply);
    parrot.done = NULL; /* what is assumed is known by itself */
    ask_for_welcome_room(assumed, &listener);
    loop_run(listener.loop);
    assert_null(parrot.done);
    assert_int_equal(listener.heard.outcome, SYNAPSE_TAKEN);
    assumed_free(assumed);
    loop_free(listener.loop);
}

/* A kind of call that changes something and is not known here would be carried out by nobody. */
static void test_all_writes_are_known(void **state)
{
    (void)state;
    for (int kind = 0; kind < SYNAPSE_KINDS; kind++)
        if (assumed_knows((enum synapse_kind)kind) != synapse_kind_writes((enum synapse_kind)kind))
            fail_msg("%s", synapse_kind_name((enum synapse_kind)kind));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_all_writes_are_known),
        cmocka_unit_test(test_why_a_welcome_room_cannot_be_foreseen),
        cmocka_unit_test(test_two_welcome_rooms_of_one_alias),
        cmocka_unit_test(test_a_welcome_room_that_is_made_anew),
        cmocka_unit_test(test_a_record_that_was_opened),
        cmocka_unit_test(test_a_room_that_the_sync_user_comes_into),
        cmocka_unit_test(test_an_empty_room_to_which_two_aliases_lead),
        cmocka_unit_test(test_a_room_that_was_upgraded),
        cmocka_unit_test(test_accounts_of_mas),
        cmocka_unit_test(test_what_is_foreseen_happens),
    };

    log_configure(LOG_ERROR, LOG_LOGFMT);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
