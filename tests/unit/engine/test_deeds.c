/* What is told of changes: each once, for the message that asked for it, and with what people want to know.
 */
#include "base/log.h"
#include "base/memory.h"
#include "engine/simulation/scene.h"
#include "support/test.h"

#include <stdlib.h>
#include <string.h>

enum { LIMIT = 3600 * 1000 /* ms */, MOST_DEEDS = 32 };

/* `<number of the message> <change> <user> <room> <before>><name> <level>`, in the order of their coming. */
static char *deeds[MOST_DEEDS];
static size_t deed_count;

static const char *or_none(const char *text)
{
    return text ? text : "-";
}

static void note(void *context, struct engine_message *message, const struct engine_deed *deed)
{
    const struct stage *stage = context;
    const struct letter *letter = engine_owner(message);

    assert_true(deed_count < MOST_DEEDS);
    deeds[deed_count++] =
        text_format("%zu %s %s %s %s>%s %d", (size_t)(letter - stage->letters),
                    engine_change_name(deed->change), or_none(deed->user), or_none(deed->room),
                    or_none(deed->before), or_none(deed->name), (int)deed->level);
}

static unsigned times_told(const char *expected)
{
    unsigned count = 0;

    for (size_t i = 0; i < deed_count; i++)
        count += text_equal(deeds[i], expected);
    return count;
}

static struct scene *begin(void)
{
    struct scene *scene = scene_begin(4, false);

    for (size_t i = 0; i < deed_count; i++)
        free(deeds[i]);
    deed_count = 0;
    scene->stage.all_at_once = true;
    scene->stage.changed = note;
    return scene;
}

#define ROOM "'type': 'course', 'id': '1', 'name': 'Maths'"

/* Both wait for the room to be made, which then carries the level of both. */
static void test_who_is_raised_by_two_is_raised_once(void **state)
{
    struct scene *scene = begin();

    (void)state;
    stage_post(&scene->stage, "{'method': 'addRoom', 'room': {" ROOM "}, 'members': [{'id': '@anna:school', "
                              "'is_moderator': true}]}");
    stage_post(&scene->stage,
               "{'method': 'addUser', 'user': {'id': '@anna:school', 'name': 'Anna'}, 'rooms': [{" ROOM
               ", 'is_moderator': true}]}");
    (void)stage_run(&scene->stage, LIMIT);
    assert_int_equal(times_told("0 raised @anna:school #course_1:school ->- 50"), 1);
    assert_int_equal(times_told("1 raised @anna:school #course_1:school ->- 50"), 0);
    assert_int_equal(times_told("0 created_rooms - #course_1:school ->Maths 0"), 1);
    assert_int_equal(times_told("0 joined @anna:school #course_1:school ->- 0"), 1);
    scene_end(scene);
}

/* One room serves all three, and each message is told of its own user. */
static void test_each_message_is_told_of_its_own_users(void **state)
{
    static const char *const names[] = {"anna", "bert", "carl"};
    struct scene *scene = begin();

    (void)state;
    for (size_t i = 0; i < 3; i++) {
        CLEANUP(freep)
        char *text =
            text_format("{'method': 'addUser', 'user': {'id': '@%s:school', 'name': '%s'}, 'rooms': [{" ROOM
                        ", 'is_moderator': true}]}",
                        names[i], names[i]);

        stage_post(&scene->stage, "%s", text);
    }
    (void)stage_run(&scene->stage, LIMIT);
    for (size_t i = 0; i < 3; i++) {
        CLEANUP(freep)
        char *joined = text_format("%zu joined @%s:school #course_1:school ->- 0", i, names[i]);
        CLEANUP(freep)
        char *raised = text_format("%zu raised @%s:school #course_1:school ->- 50", i, names[i]);

        assert_int_equal(times_told(joined), 1);
        assert_int_equal(times_told(raised), 1);
    }
    assert_int_equal(times_told("0 created_rooms - #course_1:school ->Maths 0"), 1);
    scene_end(scene);
}

static void test_what_was_there_before(void **state)
{
    struct scene *scene = begin();
    struct world_user *user = world_user(&scene->world, "@anna:school");

    (void)state;
    world_make_user(&scene->world, user, "Old", NULL);
    stage_post(&scene->stage, "{'method': 'addUser', 'user': {'id': '@anna:school', 'name': 'New'}}");
    (void)stage_run(&scene->stage, LIMIT);
    assert_int_equal(deed_count, 1);
    assert_int_equal(times_told("0 renamed @anna:school - Old>New 0"), 1);
    scene_end(scene);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_who_is_raised_by_two_is_raised_once),
        cmocka_unit_test(test_each_message_is_told_of_its_own_users),
        cmocka_unit_test(test_what_was_there_before),
    };

    log_configure(LOG_ERROR, LOG_LOGFMT);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
