#include "loop/loop.h"
#include "support/test.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

enum { MOST = 100 };

/* What the callbacks of a test note down, and act on. */
struct scene {
    struct loop *loop;
    struct member {
        struct scene *scene;
        int name, fd;
        struct loop_watch watch;
        struct loop_timer timer;
        uint32_t events;
    } members[MOST];
    int called[MOST * 10];
    size_t count, end; /* the loop is stopped when so many calls were made */
};

static void begin(struct scene *scene, size_t end)
{
    struct error error;

    memset(scene, 0, sizeof(*scene));
    scene->end = end;
    scene->loop = loop_new(&error);
    assert_non_null(scene->loop);
    for (int i = 0; i < MOST; i++) {
        scene->members[i].scene = scene;
        scene->members[i].name = i;
        scene->members[i].fd = -1;
    }
}

static void end(struct scene *scene)
{
    for (int i = 0; i < MOST; i++) {
        loop_watch_stop(&scene->members[i].watch);
        loop_timer_stop(&scene->members[i].timer);
        if (scene->members[i].fd >= 0)
            (void)close(scene->members[i].fd);
    }
    loop_free(scene->loop);
}

static void note(struct member *member)
{
    struct scene *scene = member->scene;

    assert_true(scene->count < sizeof(scene->called) / sizeof(scene->called[0]));
    scene->called[scene->count++] = member->name;
    if (scene->count == scene->end)
        loop_stop(scene->loop);
}

static void note_timer(void *context)
{
    note(context);
}

static void note_watch(void *context, uint32_t events)
{
    struct member *member = context;

    member->events = events;
    note(member);
}

static void set_timer(struct member *member, void (*due)(void *context), instant at)
{
    loop_timer_init(&member->timer, member->scene->loop, due, member);
    loop_timer_set(&member->timer, at);
}

/* Watches a descriptor that can be read (and goes on to be, for nobody reads it) and written. */
static void watch_ready(struct member *member, void (*ready)(void *context, uint32_t events))
{
    struct error error;

    member->fd = eventfd(1, EFD_CLOEXEC | EFD_NONBLOCK);
    assert_true(member->fd >= 0);
    loop_watch_init(&member->watch, member->scene->loop, ready, member);
    if (!loop_watch_start(&member->watch, member->fd, EPOLLIN, &error))
        fail_msg("%s", error.text);
}

/* ---- timers ---- */

/* All orders of setting four timers: they are called in the order of their times. */
static void test_timers_are_called_in_order(void **state)
{
    instant now = instant_now();

    (void)state;
    for (int code = 0; code < 256; code++) {
        int order[] = {code & 3, code >> 2 & 3, code >> 4 & 3, code >> 6};
        struct scene scene;

        if ((1 << order[0] | 1 << order[1] | 1 << order[2] | 1 << order[3]) != 15)
            continue;
        begin(&scene, 4);
        for (int i = 0; i < 4; i++)
            set_timer(&scene.members[order[i]], note_timer,
                      now - 10 + 4 * (instant)order[i]); /* some due, some not yet */
        loop_run(scene.loop);
        for (int i = 0; i < 4; i++)
            assert_int_equal(scene.called[i], i);
        assert_true(instant_now() >= now + 2);
        end(&scene);
    }
}

static void test_equal_times_in_order_of_setting(void **state)
{
    instant now = instant_now();
    struct scene scene;

    (void)state;
    begin(&scene, MOST);
    for (int i = 0; i < MOST; i++)
        set_timer(&scene.members[i], note_timer, now);
    loop_run(scene.loop);
    for (int i = 0; i < MOST; i++)
        assert_int_equal(scene.called[i], i);
    end(&scene);
}

static void test_timer_is_set_stopped_and_replaced(void **state)
{
    struct scene scene;
    struct loop_timer *timer = &scene.members[0].timer, *stopped = &scene.members[1].timer;

    (void)state;
    begin(&scene, 1);
    set_timer(&scene.members[0], note_timer, INSTANT_NEVER);
    assert_false(loop_timer_is_set(timer));
    loop_timer_set(timer, instant_now() + 3600000);
    assert_true(loop_timer_is_set(timer));
    loop_timer_set(timer, INSTANT_NEVER);
    assert_false(loop_timer_is_set(timer));
    loop_timer_set(timer, instant_now() + 3600000);
    loop_timer_set(timer, INSTANT_PAST);
    set_timer(&scene.members[1], note_timer, INSTANT_PAST);
    loop_timer_stop(stopped);
    loop_timer_stop(stopped);
    loop_run(scene.loop);
    assert_int_equal(scene.count, 1);
    assert_int_equal(scene.called[0], 0);
    assert_false(loop_timer_is_set(timer));
    end(&scene);
}

static void set_again(void *context)
{
    struct member *member = context;

    note(member);
    loop_timer_set(&member->timer, INSTANT_PAST);
}

/* A timer that is always due lets the others, and the watches, have their turn. */
static void test_timer_set_anew_waits_for_the_next_turn(void **state)
{
    struct scene scene;

    (void)state;
    begin(&scene, 9);
    set_timer(&scene.members[0], set_again, INSTANT_PAST);
    set_timer(&scene.members[1], set_again, INSTANT_PAST);
    watch_ready(&scene.members[2], note_watch);
    loop_run(scene.loop);
    for (int i = 0; i < 9; i += 3) {
        assert_int_equal(scene.called[i], 2);
        assert_int_equal(scene.called[i + 1], 0);
        assert_int_equal(scene.called[i + 2], 1);
    }
    end(&scene);
}

static void stop_other_timers(void *context)
{
    struct member *member = context;

    note(member);
    for (int i = 1; i < 5; i++)
        loop_timer_stop(&member->scene->members[i].timer);
    loop_timer_set(&member->scene->members[5].timer, instant_now() + 1);
}

static void test_due_timer_stopped_by_another(void **state)
{
    struct scene scene;

    (void)state;
    begin(&scene, 3);
    set_timer(&scene.members[0], stop_other_timers, INSTANT_PAST);
    for (int i = 1; i < 7; i++)
        set_timer(&scene.members[i], note_timer, INSTANT_PAST + i);
    loop_run(scene.loop);
    assert_int_equal(scene.called[0], 0);
    assert_int_equal(scene.called[1], 6);
    assert_int_equal(scene.called[2], 5);
    end(&scene);
}

static void stop_at_once(void *context)
{
    struct member *member = context;

    note(member);
    loop_stop(member->scene->loop);
}

/* Timers and watches that were not called before the loop was stopped are called when it runs again. */
static void test_stop_within_a_callback(void **state)
{
    struct scene scene;

    (void)state;
    begin(&scene, 0);
    for (int i = 0; i < 3; i++)
        set_timer(&scene.members[i], stop_at_once, INSTANT_PAST + i);
    for (int i = 0; i < 3; i++) {
        loop_run(scene.loop);
        assert_int_equal(scene.count, i + 1);
        assert_int_equal(scene.called[i], i);
        assert_int_equal(loop_timer_is_set(&scene.members[2].timer), i < 2);
    }
    end(&scene);
}

/* ---- watches ---- */

static void stop_watch_loop(void *context, uint32_t events)
{
    (void)events;
    stop_at_once(context);
}

static void test_stop_within_a_batch(void **state)
{
    struct scene scene;

    (void)state;
    begin(&scene, 0);
    for (int i = 0; i < 3; i++)
        watch_ready(&scene.members[i], stop_watch_loop);
    set_timer(&scene.members[3], note_timer, INSTANT_PAST);
    loop_run(scene.loop);
    assert_int_equal(scene.count, 1);
    end(&scene);
}

static void stop_all_watches(void *context, uint32_t events)
{
    struct member *member = context;

    (void)events;
    note(member);
    for (int i = 0; i < 10; i++) {
        struct member *other = &member->scene->members[i];

        loop_watch_stop(&other->watch);
        loop_watch_stop(&other->watch);
    }
}

/* Ten events in one batch; the first that is called stops all watches, so no other one may be called. */
static void test_watch_stopped_by_another_of_the_batch(void **state)
{
    struct scene scene;

    (void)state;
    begin(&scene, 0);
    for (int i = 0; i < 10; i++)
        watch_ready(&scene.members[i], stop_all_watches);
    set_timer(&scene.members[10], stop_at_once, instant_now() + 5);
    loop_run(scene.loop);
    assert_int_equal(scene.count, 2);
    assert_int_equal(scene.called[1], 10);
    end(&scene);
}

struct disposable {
    struct disposable *other;
    struct loop_watch watch;
    int fd, *calls;
};

static void dispose_of_both(void *context, uint32_t events)
{
    struct disposable *one = context, *other = one->other;

    (void)events;
    ++*one->calls;
    loop_watch_stop(&other->watch);
    loop_watch_stop(&one->watch);
    (void)close(other->fd);
    (void)close(one->fd);
    free(other);
    free(one);
}

static void stop_the_loop(void *context)
{
    loop_stop(context);
}

/* The memory around both watches is gone after the first call (the sanitizer looks). */
static void test_watches_freed_within_a_batch(void **state)
{
    struct disposable *pair[2];
    struct error error;
    struct loop *loop = loop_new(&error);
    struct loop_timer timer;
    int calls = 0;

    (void)state;
    assert_non_null(loop);
    for (int i = 0; i < 2; i++) {
        pair[i] = calloc(1, sizeof(*pair[i]));
        assert_non_null(pair[i]);
        pair[i]->calls = &calls;
        pair[i]->fd = eventfd(1, EFD_CLOEXEC);
        loop_watch_init(&pair[i]->watch, loop, dispose_of_both, pair[i]);
        assert_true(loop_watch_start(&pair[i]->watch, pair[i]->fd, EPOLLIN, &error));
    }
    pair[0]->other = pair[1];
    pair[1]->other = pair[0];
    loop_timer_init(&timer, loop, stop_the_loop, loop);
    loop_timer_set(&timer, instant_now() + 5);
    loop_run(loop);
    assert_int_equal(calls, 1);
    loop_free(loop);
}

/* Level-triggered: called each turn while the descriptor is ready, for as many watches as there are. */
static void test_every_watch_is_called(void **state)
{
    int calls[MOST] = {0};
    struct scene scene;

    (void)state;
    begin(&scene, (size_t)MOST * 4);
    for (int i = 0; i < MOST; i++)
        watch_ready(&scene.members[i], note_watch);
    loop_run(scene.loop);
    for (size_t i = 0; i < scene.count; i++)
        calls[scene.called[i]]++;
    for (int i = 0; i < MOST; i++) {
        assert_true(calls[i] >= 3);
        assert_int_equal(scene.members[i].events, EPOLLIN);
    }
    end(&scene);
}

static void want_output(void *context, uint32_t events)
{
    struct member *member = context;

    member->events |= events;
    note(member);
    loop_watch_change(&member->watch, EPOLLOUT);
}

static void test_changing_events(void **state)
{
    struct loop_watch stopped = {0};
    struct scene scene;

    (void)state;
    begin(&scene, 2);
    watch_ready(&scene.members[0], want_output);
    loop_run(scene.loop);
    assert_int_equal(scene.members[0].events, EPOLLIN | EPOLLOUT);
    loop_watch_change(&scene.members[0].watch, 0);
    set_timer(&scene.members[1], stop_at_once, instant_now() + 5);
    loop_run(scene.loop);
    assert_int_equal(scene.count, 3); /* only the timer was called */
    loop_watch_change(&stopped, EPOLLIN);
    end(&scene);
}

static void test_hang_up_is_reported(void **state)
{
    struct error error;
    struct scene scene;
    int pair[2];

    (void)state;
    begin(&scene, 1);
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair), 0);
    scene.members[0].fd = pair[0];
    (void)close(pair[1]);
    loop_watch_init(&scene.members[0].watch, scene.loop, note_watch, &scene.members[0]);
    assert_true(loop_watch_start(&scene.members[0].watch, pair[0], 0, &error));
    loop_run(scene.loop);
    assert_true(scene.members[0].events & EPOLLHUP);
    end(&scene);
}

static void test_watch_that_cannot_start(void **state)
{
    struct loop_watch watch = {0};
    struct error error;
    struct scene scene;

    (void)state;
    begin(&scene, 0);
    loop_watch_init(&watch, scene.loop, note_watch, NULL);
    assert_false(loop_watch_start(&watch, -1, EPOLLIN, &error));
    assert_non_null(strstr(error.text, strerror(EBADF)));
    assert_false(watch.active);
    loop_watch_stop(&watch);
    end(&scene);
    loop_free(NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_timers_are_called_in_order),
        cmocka_unit_test(test_equal_times_in_order_of_setting),
        cmocka_unit_test(test_timer_is_set_stopped_and_replaced),
        cmocka_unit_test(test_timer_set_anew_waits_for_the_next_turn),
        cmocka_unit_test(test_due_timer_stopped_by_another),
        cmocka_unit_test(test_stop_within_a_callback),
        cmocka_unit_test(test_stop_within_a_batch),
        cmocka_unit_test(test_watch_stopped_by_another_of_the_batch),
        cmocka_unit_test(test_watches_freed_within_a_batch),
        cmocka_unit_test(test_every_watch_is_called),
        cmocka_unit_test(test_changing_events),
        cmocka_unit_test(test_hang_up_is_reported),
        cmocka_unit_test(test_watch_that_cannot_start),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
