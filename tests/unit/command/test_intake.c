/* Which deliveries are decoded now, and which wait as bytes. The deliveries are the test's own. */

#include "base/buffer.h"
#include "base/memory.h"
#include "command/intake.h"
#include "support/test.h"

#include <stdlib.h>
#include <string.h>

struct broker_delivery {
    char *body; /* NULL: it was not kept */
    size_t size;
    bool decoded, invalid;
};

const void *broker_delivery_body(const struct broker_delivery *delivery)
{
    return delivery->body;
}

size_t broker_delivery_size(const struct broker_delivery *delivery)
{
    return delivery->size;
}

/* ---- a door ---- */

enum { MOST = 8, MANY = 10000 /* members: a third of what may be held */ };

struct door {
    struct loop *loop;
    struct loop_timer end;
    struct intake intake;
    struct broker_delivery deliveries[MOST];
    size_t count;
    const struct broker_delivery *order[MOST]; /* as they were decoded */
    size_t decoded;
};

static bool decode(void *context, struct broker_delivery *delivery)
{
    struct door *door = context;

    door->order[door->decoded++] = delivery;
    delivery->decoded = !delivery->invalid;
    return delivery->decoded;
}

static void end(void *context)
{
    loop_stop(context);
}

static struct door *door_open(void)
{
    struct door *door = NEW(struct door);
    struct error error;

    door->loop = loop_new(&error);
    assert_non_null(door->loop);
    loop_timer_init(&door->end, door->loop, end, door->loop);
    intake_init(&door->intake, door->loop, decode, door);
    return door;
}

static void door_close(struct door *door)
{
    intake_deinit(&door->intake);
    loop_timer_stop(&door->end);
    loop_free(door->loop);
    for (size_t i = 0; i < door->count; i++)
        free(door->deliveries[i].body);
    free(door);
}

/* One turn of the loop. */
static void go_round(struct door *door)
{
    loop_timer_set(&door->end, instant_now());
    loop_run(door->loop);
}

static struct broker_delivery *add(struct door *door, size_t members)
{
    struct broker_delivery *delivery = &door->deliveries[door->count++];
    struct buffer body;

    buffer_init(&body, SIZE_MAX);
    (void)buffer_append_text(&body, "{\"members\":[{}");
    for (size_t i = 1; i < members; i++)
        (void)buffer_append_text(&body, ",{\"id\":\"@a:h\"}");
    (void)buffer_append_text(&body, "]}");
    *delivery = (struct broker_delivery){.size = body.size};
    delivery->body = buffer_take(&body);
    intake_add(&door->intake, delivery);
    return delivery;
}

/* ---- tests ---- */

static void test_small_ones_come_in_at_once(void **state)
{
    struct door *door = door_open();

    (void)state;
    for (size_t i = 0; i < MOST; i++)
        assert_true(add(door, 3)->decoded);
    for (size_t i = 0; i < MOST; i++)
        intake_leave(&door->intake, &door->deliveries[i], true);
    assert_int_equal(door->intake.held, 0);
    door_close(door);
}

static void test_large_ones_come_in_one_each_turn(void **state)
{
    struct door *door = door_open();

    (void)state;
    for (size_t i = 0; i < 3; i++)
        (void)add(door, MANY);
    assert_int_equal(door->decoded, 0);
    for (size_t i = 1; i <= 3; i++) {
        go_round(door);
        assert_int_equal(door->decoded, i);
    }
    door_close(door);
}

/* A fourth does not fit, and what is behind it, though it would, does not overtake it. */
static void test_what_does_not_fit_waits_in_order(void **state)
{
    struct door *door = door_open();
    struct broker_delivery *fourth, *small;

    (void)state;
    for (size_t i = 0; i < 3; i++)
        (void)add(door, MANY);
    fourth = add(door, MANY);
    small = add(door, 3);
    for (size_t i = 0; i < 9; i++)
        go_round(door);
    assert_false(fourth->decoded || small->decoded);
    assert_true(door->intake.held <= door->intake.most);
    intake_leave(&door->intake, &door->deliveries[1], true);
    assert_false(fourth->decoded);
    go_round(door);
    go_round(door);
    assert_true(fourth->decoded && small->decoded);
    assert_ptr_equal(door->order[3], fourth);
    assert_ptr_equal(door->order[4], small);
    door_close(door);
}

static void test_the_oldest_fits_when_it_is_alone(void **state)
{
    struct door *door = door_open();
    struct broker_delivery *first, *huge;

    (void)state;
    first = add(door, 3);
    huge = add(door, 10 * MANY);
    go_round(door);
    assert_false(huge->decoded);
    intake_leave(&door->intake, first, true);
    go_round(door);
    assert_true(huge->decoded);
    assert_true(door->intake.held > door->intake.most);
    intake_leave(&door->intake, huge, true);
    assert_int_equal(door->intake.held, 0);
    door_close(door);
}

static void test_what_is_rejected_is_not_held(void **state)
{
    struct door *door = door_open();

    (void)state;
    (void)add(door, MANY);
    door->deliveries[0].invalid = true;
    go_round(door);
    assert_int_equal(door->decoded, 1);
    assert_int_equal(door->intake.held, 0);
    door->deliveries[door->count] = (struct broker_delivery){.body = NULL, .size = 1 << 30, .invalid = true};
    intake_add(&door->intake, &door->deliveries[door->count++]); /* too large to be kept */
    go_round(door);
    assert_int_equal(door->decoded, 2);
    door_close(door);
}

static void test_one_that_waits_may_go(void **state)
{
    struct door *door = door_open();
    struct broker_delivery *gone, *next;

    (void)state;
    for (size_t i = 0; i < 3; i++)
        (void)add(door, MANY);
    gone = add(door, MANY);
    next = add(door, 3);
    for (size_t i = 0; i < 4; i++)
        go_round(door);
    intake_leave(&door->intake, gone, false);
    go_round(door);
    assert_true(next->decoded);
    assert_false(gone->decoded);
    door_close(door);
}

/* The weight of a message is at least that of the texts in it, and of its places. */
static void test_short_bodies_weigh_by_their_length(void **state)
{
    char body[1026];

    (void)state;
    memset(body, 'x', sizeof(body));
    assert_int_equal(intake_weigh(NULL, 5000), 0);
    assert_int_equal(intake_weigh(body, 1024), 32 * 1024);
    assert_int_equal(intake_weigh(body, 1025), 2 * 1025);
    assert_int_equal(intake_weigh("{\"a\":[{},{}]}", 13), 13 * 32);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_small_ones_come_in_at_once),
        cmocka_unit_test(test_large_ones_come_in_one_each_turn),
        cmocka_unit_test(test_what_does_not_fit_waits_in_order),
        cmocka_unit_test(test_the_oldest_fits_when_it_is_alone),
        cmocka_unit_test(test_what_is_rejected_is_not_held),
        cmocka_unit_test(test_one_that_waits_may_go),
        cmocka_unit_test(test_short_bodies_weigh_by_their_length),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
