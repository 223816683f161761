#include "base/memory.h"
#include "broker/queue_kind.h"
#include "support/test.h"

#include <string.h>

#define REFUSAL(argument, name, difference)                                                                  \
    "queue q: the broker refused: 406 PRECONDITION_FAILED - inequivalent arg '" argument                     \
    "' for queue '" name "' in vhost '/': received " difference

static void assert_described(const struct queue_kind *kind, const char *text)
{
    CLEANUP(freep) char *description = queue_kind_describe(kind);

    assert_string_equal(description, text);
}

/* As RabbitMQ 3.10 answers for {durable: false, x-max-priority: 2}. */
static void test_what_producers_declare(void **state)
{
    struct queue_kind kind = queue_kind_first_guess();
    bool loses = false;
    CLEANUP(freep) char *not_promised = NULL;

    (void)state;
    assert_int_equal(queue_kind_fold(&kind, REFUSAL("durable", "q", "'true' but current is 'false'")),
                     QUEUE_KIND_AGAIN);
    assert_int_equal(queue_kind_fold(&kind, REFUSAL("x-max-priority", "q",
                                                    "none but current is the value '2' of type 'signedint'")),
                     QUEUE_KIND_AGAIN);
    assert_int_equal(queue_kind_fold(&kind, REFUSAL("x-queue-type", "q",
                                                    "the value 'x' of type 'longstr' but current is none")),
                     QUEUE_KIND_KNOWN);
    assert_int_equal(kind.type, QUEUE_CLASSIC);
    assert_int_equal(kind.arguments[0].kind, QUEUE_KIND_NUMBER);
    assert_described(&kind, "not durable classic, x-max-priority=2");
    not_promised = queue_kind_shortcomings(&kind, &loses);
    assert_true(loses);
    assert_non_null(strstr(not_promised, "its messages are lost when the broker restarts"));
}

/* As RabbitMQ 4.3 answers. */
static void test_quorum(void **state)
{
    struct queue_kind kind = queue_kind_first_guess();
    bool loses = true;
    CLEANUP(freep) char *not_promised = NULL;

    (void)state;
    assert_int_equal(queue_kind_fold(&kind, REFUSAL("x-single-active-consumer", "q",
                                                    "none but current is the value 'true' of type 'bool'")),
                     QUEUE_KIND_AGAIN);
    assert_int_equal(kind.arguments[0].kind, QUEUE_KIND_BOOLEAN);
    assert_int_equal(queue_kind_fold(&kind, REFUSAL("x-queue-type", "q", "'x' but current is 'quorum'")),
                     QUEUE_KIND_KNOWN);
    assert_int_equal(kind.type, QUEUE_QUORUM);
    assert_described(&kind, "durable quorum, x-single-active-consumer=true");
    not_promised = queue_kind_shortcomings(&kind, &loses);
    assert_false(loses);
    assert_null(not_promised);
    assert_true(queue_kind_is_single_active(&kind));
}

static void test_other_types(void **state)
{
    struct queue_kind kind = queue_kind_first_guess();

    (void)state;
    assert_int_equal(queue_kind_fold(&kind, REFUSAL("x-queue-type", "q", "'x' but current is 'classic'")),
                     QUEUE_KIND_KNOWN);
    assert_int_equal(kind.type, QUEUE_CLASSIC);
    assert_int_equal(queue_kind_fold(&kind, REFUSAL("x-queue-type", "q", "'x' but current is 'stream'")),
                     QUEUE_KIND_KNOWN);
    assert_int_equal(kind.type, QUEUE_STREAM);
    assert_int_equal(queue_kind_fold(&kind, REFUSAL("x-queue-type", "q", "'x' but current is 'other'")),
                     QUEUE_KIND_LOST);
}

static void test_text_argument(void **state)
{
    struct queue_kind kind = queue_kind_first_guess();

    (void)state;
    assert_int_equal(
        queue_kind_fold(
            &kind, REFUSAL("x-queue-mode", "q", "none but current is the value 'lazy' of type 'longstr'")),
        QUEUE_KIND_AGAIN);
    assert_int_equal(kind.arguments[0].kind, QUEUE_KIND_TEXT);
    assert_string_equal(kind.arguments[0].value, "lazy");
}

static void test_a_queue_with_a_name_of_ill_will(void **state)
{
    struct queue_kind kind = queue_kind_first_guess();

    (void)state;
    assert_int_equal(queue_kind_fold(&kind, REFUSAL("durable", "but current is 'x' but current is 'true",
                                                    "'true' but current is 'false'")),
                     QUEUE_KIND_AGAIN);
    assert_false(kind.durable);
}

static void test_what_tells_nothing(void **state)
{
    static const char *const refusals[] = {
        "",
        "the broker refused: 403 ACCESS_REFUSED - access to queue 'q' in vhost '/' refused for user 'u'",
        "406 PRECONDITION_FAILED - invalid arg 'x-queue-type' for queue 'q' in vhost '/': \"unsupported\"",
        "inequivalent arg 'durable' for queue 'a very long name that is cu",
        "inequivalent arg 'x-max-priority' for queue 'q' in vhost '/': received none but current is the val",
        "inequivalent arg 'durable",
        " but current is 'true'",
    };

    (void)state;
    for (size_t i = 0; i < sizeof(refusals) / sizeof(refusals[0]); i++) {
        struct queue_kind kind = queue_kind_first_guess();

        assert_int_equal(queue_kind_fold(&kind, refusals[i]), QUEUE_KIND_LOST);
    }
}

/* Neither the same answer again and again nor ever new ones go on for ever. */
static void test_it_comes_to_an_end(void **state)
{
    struct queue_kind kind = queue_kind_first_guess();
    enum queue_kind_step step = QUEUE_KIND_AGAIN;
    int steps = 0;

    (void)state;
    assert_int_equal(queue_kind_fold(&kind, REFUSAL("durable", "q", "'true' but current is 'false'")),
                     QUEUE_KIND_AGAIN);
    assert_int_equal(queue_kind_fold(&kind, REFUSAL("durable", "q", "'false' but current is 'false'")),
                     QUEUE_KIND_LOST);
    assert_int_equal(queue_kind_fold(&kind, REFUSAL("durable", "q", "'false' but current is 'true'")),
                     QUEUE_KIND_LOST);
    assert_int_equal(queue_kind_fold(&kind, REFUSAL("auto_delete", "q", "'false' but current is 'false'")),
                     QUEUE_KIND_LOST);
    while (step == QUEUE_KIND_AGAIN && steps++ < 100) {
        CLEANUP(freep)
        char *refusal =
            text_format("inequivalent arg 'x-%d' for queue 'q': received none but current is '1'", steps);

        step = queue_kind_fold(&kind, refusal);
    }
    assert_int_equal(steps, QUEUE_KIND_ARGUMENTS + 1);
    kind = queue_kind_first_guess();
    step = queue_kind_fold(&kind, REFUSAL("x-a", "q", "none but current is '1'"));
    assert_int_equal(step, QUEUE_KIND_AGAIN);
    assert_int_equal(queue_kind_fold(&kind, REFUSAL("x-a", "q", "'1' but current is '1'")), QUEUE_KIND_LOST);
}

static struct queue_kind with(enum queue_type type, const char *name, const char *value)
{
    struct queue_kind kind = {.type = type, .durable = true, .count = name ? 1 : 0};

    if (name) {
        (void)stpcpy(kind.arguments[0].name, name);
        (void)stpcpy(kind.arguments[0].value, value);
    }
    return kind;
}

static void test_shortcomings(void **state)
{
    static const struct {
        const char *name, *value, *sentence;
        enum queue_type type;
        bool loses;
    } cases[] = {
        {NULL, NULL, "priority", QUEUE_CLASSIC, false},
        {"x-expires", "1", "deleted with its messages", QUEUE_CLASSIC, true},
        {"x-message-ttl", "1", "wait too long", QUEUE_CLASSIC, true},
        {"x-max-length", "1", "too many wait", QUEUE_CLASSIC, true},
        {"x-max-length-bytes", "1", "too many wait", QUEUE_CLASSIC, true},
        {"x-single-active-consumer", "false", "two instances", QUEUE_QUORUM, false},
        {NULL, NULL, "cannot be taken out", QUEUE_STREAM, true},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct queue_kind kind = with(cases[i].type, cases[i].name, cases[i].value);
        bool loses = false;
        CLEANUP(freep) char *not_promised = queue_kind_shortcomings(&kind, &loses);

        assert_non_null(not_promised);
        assert_non_null(strstr(not_promised, cases[i].sentence));
        assert_int_equal(loses, cases[i].loses);
    }
}

static void test_queues_that_go_without_a_consumer(void **state)
{
    struct queue_kind stays = with(QUEUE_CLASSIC, NULL, NULL), gone = with(QUEUE_CLASSIC, NULL, NULL);
    struct queue_kind classic = with(QUEUE_CLASSIC, "x-expires", "5000"),
                      quorum = with(QUEUE_QUORUM, "x-expires", "1");
    struct queue_kind half_known = {.type = QUEUE_UNKNOWN, .auto_delete = true};
    bool loses;
    CLEANUP(freep) char *not_promised = NULL;

    (void)state;
    gone.auto_delete = true;
    assert_false(queue_kind_goes_with_consumer(&stays) || queue_kind_is_never_left(&stays));
    assert_true(queue_kind_goes_with_consumer(&gone) && queue_kind_is_never_left(&gone));
    assert_true(queue_kind_goes_with_consumer(&classic) && queue_kind_is_never_left(&classic));
    assert_true(queue_kind_goes_with_consumer(&quorum) && !queue_kind_is_never_left(&quorum));
    assert_true(queue_kind_is_never_left(&half_known));
    assert_true(queue_kind_expiry(&stays) == INT64_MAX && queue_kind_expiry(&gone) == INT64_MAX);
    assert_int_equal(queue_kind_expiry(&classic), 5000);
    not_promised = queue_kind_shortcomings(&gone, &loses);
    assert_non_null(strstr(not_promised, "when this program ends"));
    assert_true(loses);
}

static void test_unknown(void **state)
{
    struct queue_kind kind = {.durable = false};
    bool loses = true;

    (void)state;
    assert_described(&kind, "unknown");
    assert_null(queue_kind_shortcomings(&kind, &loses));
    assert_false(loses);
}

static void test_delivery_limit(void **state)
{
    struct queue_kind classic = with(QUEUE_CLASSIC, NULL, NULL), quorum = with(QUEUE_QUORUM, NULL, NULL);
    struct queue_kind unknown = with(QUEUE_UNKNOWN, NULL, NULL);

    (void)state;
    assert_true(queue_kind_delivery_limit(&classic, 400) == UINT64_MAX);
    assert_true(queue_kind_delivery_limit(&quorum, 310) == UINT64_MAX);
    assert_int_equal(queue_kind_delivery_limit(&quorum, 400), 20);
    assert_int_equal(queue_kind_delivery_limit(&unknown, 400), 20); /* to be on the safe side */
    assert_true(queue_kind_delivery_limit(&unknown, 310) == UINT64_MAX);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_what_producers_declare),
        cmocka_unit_test(test_quorum),
        cmocka_unit_test(test_other_types),
        cmocka_unit_test(test_text_argument),
        cmocka_unit_test(test_a_queue_with_a_name_of_ill_will),
        cmocka_unit_test(test_what_tells_nothing),
        cmocka_unit_test(test_it_comes_to_an_end),
        cmocka_unit_test(test_shortcomings),
        cmocka_unit_test(test_queues_that_go_without_a_consumer),
        cmocka_unit_test(test_unknown),
        cmocka_unit_test(test_delivery_limit),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
