/*
 * The room's planner, from any knowledge to any want, in a world of its own (tests/unit/engine/simulation):
 * whatever goes wrong for a while, it comes to an end, with the room as wanted or a true reason why not, has
 * done nothing forbidden on its way (the simulation judges), and has nothing to do the next time.
 */

#include "base/memory.h"
#include "engine/flight.h"
#include "engine/room.h"
#include "engine/room_learn.h"
#include "engine/room_report.h"
#include "engine/simulation/others.h"
#include "support/test.h"

#include <stdlib.h>
#include <string.h>

enum {
    CASES = 4000,
    FIRST_SEED = 20240601,
    MOST_STEPS = 600, /* of one pursuit */
    A_MOMENT = 100,   /* ms between a reading and what rests on it */
};

struct pursuit {
    struct homeserver *homeserver;
    struct room_known known;
    struct report report;
    bool others;   /* act in between */
    bool helpless; /* at its beginning the sync user had no power in the room, and nobody to give it back */
};

/* ---- what is wanted ---- */

struct want {
    struct room_wanted room;
    struct levels_user members[WORLD_SUBJECTS];
};

static void choose_want(struct want *want, struct world *world)
{
    static const char *const topics[] = {"", "Anna Arnold", "Something"};
    struct room_wanted *room = &want->room;

    *room = (struct room_wanted){.alias = world->aliases[chance_below(2)].alias,
                                 .place = "room",
                                 .removed = chance_percent(20),
                                 .since = instant_now()};
    if (room->removed)
        return;
    room->exists = true;
    room->name = others_choose(15, others_names, 3);
    room->topic = topics[chance_below(3)];
    room->bidirectional = chance_percent(50);
    room->members = want->members;
    for (size_t i = 0; i < WORLD_SUBJECTS; i++)
        if (chance_percent(50) && world->users[i].here && !world->users[i].deactivated)
            want->members[room->member_count++] =
                (struct levels_user){.user = world->users[i].id, .level = chance_percent(40) ? 50 : 0};
}

/* ---- the way there ---- */

/* What the engine does when the homeserver asks for patience or cannot be reached. */
static void pause(struct pursuit *pursuit, enum synapse_outcome outcome)
{
    if (outcome == SYNAPSE_UNREACHABLE || outcome == SYNAPSE_LIMITED || outcome == SYNAPSE_SHUT_OUT) {
        clock_pass(500 + chance_below(60000));
        if (pursuit->others)
            others_act(pursuit->homeserver->world);
    }
}

/* Between these and the reading on which they rest there is a moment in which nobody can help. */
static bool rests_on_reading(enum synapse_kind kind)
{
    return kind == SYNAPSE_WRITE_LEVELS || kind == SYNAPSE_DELETE_ROOM || kind == SYNAPSE_DELETE_ALIAS;
}

static void call(struct pursuit *pursuit, const struct synapse_call *call)
{
    struct flight *flight = flight_new(call, &pursuit->known);
    const struct engine_rules *rules = &pursuit->homeserver->world->rules;
    instant sent = instant_now();
    struct synapse_reply reply;

    if (pursuit->others && !rests_on_reading(call->kind) && chance_percent(10))
        others_act(pursuit->homeserver->world);
    homeserver_answer(pursuit->homeserver, &flight->call, &reply);
    clock_pass(chance_below(40));
    room_learn(&pursuit->known, &(struct news){.call = &flight->call,
                                               .reply = &reply,
                                               .rules = rules,
                                               .others_succeeded = chance_percent(70),
                                               .sent = sent,
                                               .now = instant_now()});
    pause(pursuit, reply.outcome);
    synapse_reply_deinit(&reply);
    flight_free(flight);
}

static void wait(struct pursuit *pursuit, instant until)
{
    if (until <= instant_now())
        world_accuse(pursuit->homeserver->world, "it waits for what is now");
    if (pursuit->others && until > instant_now() + A_MOMENT && chance_percent(50))
        others_act(pursuit->homeserver->world);
    clock_reach(until);
}

/* Whether the sync user lacks power in the room and nobody could give it back. */
static bool is_helpless(struct world *world, const char *alias)
{
    const struct world_room *room = world_room_of(world, alias);
    bool banned = room && room_state_membership(room->state, world->rules.sync_user) == MEMBERSHIP_BAN;

    for (size_t i = 0; room && !banned && i < world->user_count; i++)
        if (world_may(room, world->users[i].id, 100))
            return false;
    return room != NULL;
}

/* Whether it came to its end. */
static bool pursue(struct pursuit *pursuit, const struct room_wanted *wanted, unsigned most_steps)
{
    struct world *world = pursuit->homeserver->world;

    world->removing = wanted->removed;
    pursuit->helpless = is_helpless(world, wanted->alias);
    world_note(world, "wanted: %s %s, %s, %zu members", wanted->alias, wanted->removed ? "gone" : "there",
               wanted->name ? wanted->name : "(any name)", wanted->member_count);
    for (unsigned i = 0; i < most_steps && !world->crime[0]; i++) {
        struct action action = room_next(&pursuit->known, wanted, &world->rules, instant_now());

        switch (action.kind) {
        case ACTION_NONE:
            report_deinit(&pursuit->report);
            report_init(&pursuit->report);
            room_report(&pursuit->known, wanted, &world->rules, &pursuit->report);
            return true;
        case ACTION_WAIT:
            wait(pursuit, action.until);
            break;
        case ACTION_CALL:
            call(pursuit, &action.call);
            break;
        }
    }
    return false;
}

static void forget_all(struct pursuit *pursuit)
{
    char *id = chance_percent(50) && pursuit->known.presence == PRESENCE_HERE && !pursuit->known.deleting
                   ? text_copy(pursuit->known.id)
                   : NULL;

    room_known_deinit(&pursuit->known);
    if (!id)
        return;
    pursuit->known.id = id;
    pursuit->known.presence = PRESENCE_HERE;
}

/* ---- whether it is as wanted ---- */

static const char *complaint_about_members(struct world_room *room, const struct room_wanted *wanted)
{
    for (size_t i = 0; i < wanted->member_count; i++) {
        const struct levels_user *member = &wanted->members[i];
        enum membership membership = room_state_membership(room->state, member->user);

        if (membership == MEMBERSHIP_BAN)
            continue;
        if (membership != MEMBERSHIP_JOIN)
            return "a member is not joined";
        if (!room_state_reigns(room->state, member->user) &&
            levels_of(room->state->levels, member->user) < member->level)
            return "a member's level is too low";
    }
    return NULL;
}

static const char *complaint_about_room(struct world_room *room, const struct room_wanted *wanted)
{
    const struct room_state *state = room->state;

    if (wanted->name && !text_equal(state->settings[ROOM_NAME], wanted->name))
        return "the name is wrong";
    if (!text_equal(state->settings[ROOM_TOPIC] ? state->settings[ROOM_TOPIC] : "", wanted->topic))
        return "the topic is wrong";
    if (!text_equal(state->settings[ROOM_JOIN_RULE], "invite") ||
        !text_equal(state->settings[ROOM_GUEST_ACCESS], "forbidden") ||
        !text_equal(state->settings[ROOM_CANONICAL_ALIAS], wanted->alias) ||
        !text_equal(state->settings[ROOM_MARKER], "managed"))
        return "a setting is wrong";
    if (world_level(room, "invite", 0) != 70 || world_level(room, "kick", 50) != 70 ||
        world_level(room, "ban", 50) != 70 ||
        world_level(room, "events_default", 0) != (wanted->bidirectional ? 0 : 50))
        return "a level is wrong";
    return complaint_about_members(room, wanted);
}

/* NULL: all is well. */
static const char *complaint(const struct pursuit *pursuit, const struct room_wanted *wanted)
{
    struct world *world = pursuit->homeserver->world;
    const struct report *report = &pursuit->report;
    struct world_room *room = world_room_of(world, wanted->alias);
    bool conflict = room && !world_is_ours(world, room, wanted->alias);

    if (conflict != (report->rejected && report->code == REQUEST_ALIAS_CONFLICT))
        return conflict ? "the conflict is not reported" : "there is no conflict";
    if (conflict)
        return NULL;
    if (wanted->removed)
        return room || world_alias(world, wanted->alias)->room ? "the alias is not free" : NULL;
    if (!room && !wanted->name)
        return report->code == REQUEST_INVALID_MESSAGE ? NULL : "the missing name is not reported";
    if (!room)
        return "there is no room";
    if (report->rejected)
        return pursuit->helpless ? NULL : "it is rejected without reason";
    if (room_state_membership(room->state, world->rules.sync_user) != MEMBERSHIP_JOIN)
        return "the sync user is not in";
    return complaint_about_room(room, wanted);
}

/* ---- cases ---- */

static void accuse_if(struct world *world, const struct pursuit *pursuit, const char *text)
{
    if (text)
        world_accuse(world, "%s; report: %s", text, buffer_text(&pursuit->report.refusals));
}

/* Messages come and go, others act, the homeserver fails, the daemon is killed: knowledge of all sorts. */
static void gather_knowledge(struct pursuit *pursuit)
{
    struct world *world = pursuit->homeserver->world;

    pursuit->others = chance_percent(70);
    for (unsigned rounds = chance_below(4); rounds > 0 && !world->crime[0]; rounds--) {
        struct want want;

        choose_want(&want, world);
        want.room.alias = world->aliases[0].alias;
        (void)pursue(pursuit, &want.room, chance_percent(50) ? chance_below(20) : MOST_STEPS);
        obstacles_forget_final(&pursuit->known.obstacles, INSTANT_NEVER);
        if (chance_percent(30))
            forget_all(pursuit);
        if (chance_percent(50))
            clock_pass(chance_below(100000));
    }
    pursuit->others = false;
}

static void check_case(struct pursuit *pursuit)
{
    struct world *world = pursuit->homeserver->world;
    struct want want;
    bool was_rejected;
    unsigned writes;

    clock_pass(chance_below(3));
    choose_want(&want, world);
    want.room.alias = world->aliases[0].alias;
    if (!pursue(pursuit, &want.room, MOST_STEPS)) {
        world_accuse(world, "there is no end");
        return;
    }
    if (!pursuit->homeserver->refuses || !pursuit->report.rejected)
        accuse_if(world, pursuit, complaint(pursuit, &want.room));
    room_known_deinit(&pursuit->known);
    clock_pass(1 + chance_below(1000));
    want.room.since = instant_now();
    pursuit->homeserver->trouble = 0;
    was_rejected = pursuit->report.rejected;
    writes = world->writes;
    if (!pursue(pursuit, &want.room, MOST_STEPS))
        world_accuse(world, "there is no end the second time");
    if (world->writes != writes && !was_rejected)
        world_accuse(world, "the second time something is written");
    accuse_if(world, pursuit, complaint(pursuit, &want.room));
}

static bool run_case(uint64_t seed, const void *temper)
{
    struct world *world = NEW(struct world);
    struct homeserver homeserver = *(const struct homeserver *)temper;
    struct pursuit pursuit = {.homeserver = &homeserver};
    bool good;

    clock_start(seed);
    world_init(world);
    homeserver.world = world;
    world->squatters = true;
    for (size_t i = 0; i < WORLD_PUPILS; i++)
        world->users[i].here = true;
    others_build(world);
    clock_pass(chance_percent(50) ? 0 : 3600 * 1000);
    room_known_init(&pursuit.known);
    report_init(&pursuit.report);
    gather_knowledge(&pursuit);
    if (!world->crime[0])
        check_case(&pursuit);
    good = world_is_good(world, seed);
    report_deinit(&pursuit.report);
    room_known_deinit(&pursuit.known);
    world_deinit(world);
    free(world);
    return good;
}

static void test_all_goes_well(void **state)
{
    const struct homeserver temper = {.trouble = 0};

    (void)state;
    assert_true(world_try_cases(FIRST_SEED, CASES, run_case, &temper));
}

static void test_trouble(void **state)
{
    const struct homeserver temper = {.trouble = 25, .patience = 40, .races = 10};

    (void)state;
    assert_true(world_try_cases(FIRST_SEED + CASES, CASES, run_case, &temper));
}

/* What is refused must only be said. */
static void test_refusals(void **state)
{
    const struct homeserver temper = {.trouble = 25, .patience = 40, .races = 10, .refuses = true};

    (void)state;
    assert_true(world_try_cases(FIRST_SEED + 2 * CASES, CASES, run_case, &temper));
}

/* ---- particular cases ---- */

struct scene {
    struct world world;
    struct homeserver homeserver;
    struct pursuit pursuit;
    struct room_wanted wanted;
};

static struct scene *begin(void)
{
    struct scene *scene = NEW(struct scene);

    clock_start(20240650);
    world_init(&scene->world);
    scene->homeserver = (struct homeserver){.world = &scene->world, .cursed_kind = -1};
    scene->pursuit.homeserver = &scene->homeserver;
    room_known_init(&scene->pursuit.known);
    report_init(&scene->pursuit.report);
    scene->wanted = (struct room_wanted){.alias = scene->world.aliases[0].alias,
                                         .place = "room",
                                         .exists = true,
                                         .name = "Maths",
                                         .topic = "",
                                         .since = instant_now()};
    return scene;
}

static struct world_room *make(struct scene *scene, enum world_stage stage)
{
    return world_make_room(&scene->world, scene->wanted.alias, scene->world.rules.sync_user, stage);
}

/* All is well, and this is the room. */
static void end(struct scene *scene, const struct world_room *room)
{
    bool good;

    if (!pursue(&scene->pursuit, &scene->wanted, MOST_STEPS))
        world_accuse(&scene->world, "there is no end");
    accuse_if(&scene->world, &scene->pursuit, complaint(&scene->pursuit, &scene->wanted));
    good = world_is_good(&scene->world, 0);
    assert_true(!room || world_room_of(&scene->world, scene->wanted.alias) == room);
    report_deinit(&scene->pursuit.report);
    room_known_deinit(&scene->pursuit.known);
    world_deinit(&scene->world);
    free(scene);
    assert_true(good);
}

/* Whatever is known of the room before, a new message goes where the alias points to. */
static void test_the_alias_moves(void **state)
{
    struct scene *scene = begin();
    struct world_room *before = make(scene, STAGE_ALL);

    (void)state;
    assert_true(pursue(&scene->pursuit, &scene->wanted, MOST_STEPS));
    text_set(&before->state->settings[ROOM_CANONICAL_ALIAS], NULL);
    clock_pass(1);
    scene->wanted.since = instant_now();
    end(scene, make(scene, STAGE_ALL));
}

/* The alias pointed to a room that was gone; but not any more when it is to be deleted. */
static void test_the_alias_moves_before_it_is_deleted(void **state)
{
    /* It was found that the room is gone; its alias was seen once more, and not deleted, once and twice. */
    static const unsigned steps[] = {3, 5, 7};

    (void)state;
    for (size_t i = 0; i < sizeof(steps) / sizeof(steps[0]); i++) {
        struct scene *scene = begin();
        struct world_room *gone = make(scene, STAGE_ALL);

        world_purge(&scene->world, gone);
        world_alias(&scene->world, scene->wanted.alias)->room = gone;
        scene->homeserver.curse = FATE_LIMITED;
        scene->homeserver.cursed_kind = SYNAPSE_DELETE_ALIAS;
        assert_false(pursue(&scene->pursuit, &scene->wanted, steps[i]));
        scene->homeserver.curse = FATE_NORMAL;
        clock_pass(1);
        end(scene, make(scene, STAGE_ALL));
    }
}

/* Between two looks the room was finished by whoever was making it: it is not dead. */
static void test_a_room_is_finished_between_two_looks(void **state)
{
    struct scene *scene = begin();
    struct world_room *room = make(scene, STAGE_ALIAS);

    (void)state;
    assert_false(pursue(&scene->pursuit, &scene->wanted, 3)); /* taken, resolved, no state */
    others_finish(&scene->world, room);
    others_finish(&scene->world, room);
    end(scene, room);
}

/* A room that was just made is not deleted; one that stays half made is. */
static void test_half_made_rooms(void **state)
{
    (void)state;
    for (enum world_stage stage = STAGE_ALIAS; stage < STAGE_ALL; stage++) {
        struct scene *scene = begin();
        struct world_room *room = make(scene, stage);

        assert_false(pursue(&scene->pursuit, &scene->wanted, 4));
        assert_ptr_equal(world_room_of(&scene->world, scene->wanted.alias), room);
        end(scene, NULL); /* the simulation judges whether that was too early */
    }
}

/* Half made as it was when the messages of before were given back: it is looked at again. */
static void test_a_half_made_room_that_is_remembered(void **state)
{
    struct scene *scene = begin();
    struct room_known *known = &scene->pursuit.known;

    (void)state;
    world_dedicate(make(scene, STAGE_JOINED), scene->wanted.alias);
    assert_false(pursue(&scene->pursuit, &scene->wanted, 4));
    known->mirrored = true;
    assert_true(room_known_settle(known));
    assert_non_null(known->state);
    /* A look of just now, so that nothing else asks for one. */
    known->read_at = known->whole_at = known->looked_at = instant_now();
    known->found_at = known->resolved_at = scene->wanted.since = instant_now();
    assert_int_equal(room_next(known, &scene->wanted, &scene->world.rules, instant_now()).call.kind,
                     SYNAPSE_READ_STATE);
    end(scene, NULL);
}

/* A bundle says nothing of its parts: who is refused with it is refused alone, and all others are in. */
static void test_a_member_who_is_vetoed_keeps_out_nobody_else(void **state)
{
    struct scene *scene = begin();
    struct world *world = &scene->world;
    struct levels_user members[3];
    struct world_room *room;

    (void)state;
    for (size_t i = 0; i < 3; i++) {
        world->users[i].here = true;
        members[i] = (struct levels_user){.user = world->users[i].id, .level = 50, .invited = true};
    }
    world->vetoed = members[1].user;
    scene->wanted.members = members;
    scene->wanted.member_count = 3;
    assert_true(pursue(&scene->pursuit, &scene->wanted, MOST_STEPS));
    assert_true(scene->pursuit.report.rejected);
    assert_int_equal(scene->pursuit.report.code, REQUEST_HOMESERVER_REJECTED);
    assert_non_null(strstr(buffer_text(&scene->pursuit.report.refusals), members[1].user));
    assert_null(strstr(buffer_text(&scene->pursuit.report.refusals), members[0].user));
    room = world_room_of(world, scene->wanted.alias);
    assert_non_null(room);
    assert_true(world_may(room, members[0].user, 50) && world_may(room, members[2].user, 50));
    assert_int_equal(world->made[SYNAPSE_CREATE_ROOM], 1); /* the bare one */
    world->vetoed = NULL;
    obstacles_forget_final(&scene->pursuit.known.obstacles, INSTANT_NEVER);
    end(scene, room);
}

static void assert_predecessors_go(unsigned trouble, bool dead)
{
    struct scene *scene = begin();
    struct world *world = &scene->world;
    struct world_alias *alias = world_alias(world, scene->wanted.alias);
    struct world_room *rooms[3] = {make(scene, STAGE_ALL)}, *theirs;

    theirs = world_make_room(world, NULL, "@stranger:school", STAGE_ALL);
    text_set(&rooms[0]->state->predecessor, theirs->id);
    rooms[1] = world_upgrade(world, alias, world->rules.sync_user);
    rooms[2] = world_upgrade(world, alias, world->former[0]);
    if (dead)
        world_empty(world, rooms[0]);
    scene->homeserver.trouble = trouble;
    scene->homeserver.patience = 30;
    scene->wanted = (struct room_wanted){.alias = alias->alias, .removed = true, .since = instant_now()};
    assert_true(pursue(&scene->pursuit, &scene->wanted, MOST_STEPS));
    if (!scene->pursuit.report.rejected)
        for (size_t i = 0; i < 3; i++)
            assert_false(rooms[i]->exists);
    assert_true(theirs->exists);
    end(scene, NULL);
}

/* Also when a run is cut in between, or one of them is dead already. */
static void test_a_room_is_removed_with_its_predecessors(void **state)
{
    (void)state;
    for (unsigned trouble = 0; trouble < 50; trouble += 10) {
        assert_predecessors_go(trouble, false);
        assert_predecessors_go(trouble, true);
    }
}

static void test_predecessors_in_a_circle(void **state)
{
    struct scene *scene = begin();
    struct world_alias *alias = world_alias(&scene->world, scene->wanted.alias);
    struct world_room *old = make(scene, STAGE_ALL), *new;

    (void)state;
    new = world_upgrade(&scene->world, alias, scene->world.rules.sync_user);
    text_set(&old->state->predecessor, new->id);
    scene->wanted = (struct room_wanted){.alias = alias->alias, .removed = true, .since = instant_now()};
    end(scene, NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_all_goes_well),
        cmocka_unit_test(test_trouble),
        cmocka_unit_test(test_refusals),
        cmocka_unit_test(test_the_alias_moves),
        cmocka_unit_test(test_the_alias_moves_before_it_is_deleted),
        cmocka_unit_test(test_a_room_is_finished_between_two_looks),
        cmocka_unit_test(test_half_made_rooms),
        cmocka_unit_test(test_a_half_made_room_that_is_remembered),
        cmocka_unit_test(test_a_member_who_is_vetoed_keeps_out_nobody_else),
        cmocka_unit_test(test_a_room_is_removed_with_its_predecessors),
        cmocka_unit_test(test_predecessors_in_a_circle),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
