#ifndef SYNC_TESTS_ENGINE_SCENE_H
#define SYNC_TESTS_ENGINE_SCENE_H

#include "base/memory.h"
#include "engine/simulation/stage.h"
#include "support/test.h"

/*
 * One case on a stage of its own: the world is empty, everything goes well unless a curse lies on it, and the
 * queue is told at once what has ended.
 */
enum { SECOND = 1000, MINUTE = 60 * SECOND, HOUR = 60 * MINUTE /* ms */, MUCH_MEMORY = 1 << 20 /* bytes */ };

#define MATHS "'id': '1', 'type': 'course', 'name': 'Maths'"
#define MATHS_ALIAS "#course_1:school"

struct scene {
    struct world world;
    struct stage stage;
};

/* The caller gives it to scene_end(). */
static inline struct scene *scene_begin(unsigned concurrency, bool mirrored)
{
    struct scene *scene = NEW(struct scene);

    clock_start(20240901);
    world_init(&scene->world);
    stage_init(&scene->stage, &scene->world, concurrency);
    if (mirrored)
        stage_use_mirror(&scene->stage, MUCH_MEMORY);
    scene->stage.acks_at_once = true;
    scene->stage.homeserver.cursed_kind = -1;
    return scene;
}

/* Fails if anything happened that must not. */
static inline void scene_end(struct scene *scene)
{
    bool good = world_is_good(&scene->world, 0);

    stage_deinit(&scene->stage);
    world_deinit(&scene->world);
    free(scene);
    assert_true(good);
}

/* What becomes of calls of that kind (-1: any) about that user or alias (NULL: any). */
static inline void scene_curse(struct scene *scene, enum fate fate, const char *whom, int kind)
{
    scene->stage.homeserver.curse = fate;
    scene->stage.homeserver.cursed = whom;
    scene->stage.homeserver.cursed_kind = kind;
}

#endif
